//===- RangesTest.cpp - Ranges against all values -------------------------===//

#include "rac/Precision/Ranges.h"
#include "rac/Precision/Rounding.h"
#include "rac/Transforms/Float8.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace rac;

namespace {

std::vector<float> normal(unsigned seed, size_t count, float mean = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> values(mean, 1);
  std::vector<float> list(count);
  for (float &value : list)
    value = values(random);
  return list;
}

/// What rounding to the range's steps does, value by value.
double trueError(llvm::ArrayRef<float> values, Range range) {
  QuantParams params = paramsOf(range);
  double sum = 0;
  for (float value : values) {
    float q = std::nearbyint(value / params.scale) + params.zero;
    q = std::min(255.0f, std::max(0.0f, q));
    double error = value - (q - params.zero) * double(params.scale);
    sum += error * error;
  }
  return sum / values.size();
}

constexpr RangeEstimator kAll[] = {RangeEstimator::minMax,
                                   RangeEstimator::percentile,
                                   RangeEstimator::meanSquare};

TEST(Histogram, CountsTheSameInAnyParts) {
  std::vector<float> values = normal(1, 10000);
  values[17] = 1000; // bins have to be merged on the way
  Histogram whole, parts;
  whole.add(values);
  for (size_t i = 0; i < values.size(); i += 16)
    parts.add(llvm::ArrayRef(values).slice(i, 16));
  EXPECT_EQ(whole.total(), values.size());
  EXPECT_EQ(parts.total(), values.size());
  EXPECT_EQ(whole.least(), parts.least());
  EXPECT_EQ(whole.most(), 1000);
  EXPECT_EQ(whole.binWidth(), parts.binWidth());
  for (unsigned bin = 0; bin < Histogram::kBins; ++bin)
    EXPECT_EQ(whole.count(bin), parts.count(bin)) << bin;
}

TEST(Histogram, PutsValuesWhereTheyAre) {
  Histogram histogram;
  histogram.add({1.0f, -0.5f, 0.0f, 0.0f});
  EXPECT_EQ(histogram.zeros(), 2u);
  for (unsigned bin = 0; bin < Histogram::kBins; ++bin) {
    if (!histogram.count(bin))
      continue;
    double center = histogram.binCenter(bin);
    EXPECT_LE(std::min(std::fabs(center - 1), std::fabs(center + 0.5)),
              histogram.binWidth() / 2);
  }
}

TEST(Histogram, CountsWhatIsNoNumberApart) {
  Histogram histogram;
  float infinity = std::numeric_limits<float>::infinity();
  histogram.add({1.0f, std::nanf(""), infinity, -infinity});
  EXPECT_EQ(histogram.total(), 1u);
  EXPECT_EQ(histogram.notFinite(), 3u);
  EXPECT_EQ(histogram.most(), 1);
  Histogram extreme;
  extreme.add({std::numeric_limits<float>::max(),
               -std::numeric_limits<float>::max(), 1e-45f});
  EXPECT_EQ(extreme.total(), 3u);
  EXPECT_TRUE(std::isfinite(extreme.binWidth()));
}

TEST(Ranges, OfNothingAndOfZerosAreNothing) {
  Histogram none, zeros, ones;
  zeros.add(std::vector<float>(100, 0.0f));
  ones.add(std::vector<float>(100, 1.0f));
  for (RangeEstimator estimator : kAll) {
    EXPECT_EQ(estimateRange(none, estimator), Range());
    EXPECT_EQ(estimateRange(zeros, estimator), Range());
    // Zero is in every range.
    EXPECT_EQ(estimateRange(ones, estimator).low, 0) << nameOf(estimator).str();
    EXPECT_NEAR(estimateRange(ones, estimator).high, 1, 0.02);
  }
  EXPECT_EQ(paramsOf(Range()).scale, 1);
  EXPECT_EQ(rangeError(zeros, Range()), 0);
}

TEST(Ranges, ErrorIsThatOfRoundingEachValue) {
  struct Case {
    float mean, outlier;
    bool positive;
  };
  for (const Case &c :
       {Case{0, 0, false}, Case{3, 0, false}, Case{0, 50, false},
        Case{0, 0, true}, Case{0, 200, true}}) {
    std::vector<float> values = normal(3, 50000, c.mean);
    if (c.positive)
      for (float &value : values)
        value = std::max(0.0f, value);
    if (c.outlier > 0)
      values[7] = c.outlier;
    Histogram histogram;
    histogram.add(values);
    for (RangeEstimator estimator : kAll) {
      Range range = estimateRange(histogram, estimator);
      double wanted = trueError(values, range);
      EXPECT_NEAR(rangeError(histogram, range), wanted, 0.05 * wanted)
          << nameOf(estimator).str() << " " << c.mean << " " << c.outlier;
    }
  }
}

TEST(Ranges, MeanSquareIsTheBestOfManyRanges) {
  std::vector<float> values = normal(4, 20000);
  values[11] = 40;
  Histogram histogram;
  histogram.add(values);
  Range found = estimateRange(histogram, RangeEstimator::meanSquare);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 1; i <= 50; ++i)
    for (int j = 1; j <= 50; ++j)
      least = std::min(least, trueError(values, {histogram.least() * i / 50,
                                                 histogram.most() * j / 50}));
  EXPECT_LE(trueError(values, found), 1.03 * least);
}

/// What is rare enough is better cut off.
TEST(Ranges, MeanSquareCutsOffAnOutlier) {
  std::vector<float> values = normal(8, 1000000);
  values[11] = 12;
  Histogram histogram;
  histogram.add(values);
  Range found = estimateRange(histogram, RangeEstimator::meanSquare),
        whole = estimateRange(histogram, RangeEstimator::minMax);
  EXPECT_EQ(whole.high, 12);
  EXPECT_LT(found.high, 8);
  EXPECT_LT(trueError(values, found), 0.7 * trueError(values, whole));
}

TEST(Ranges, PercentileLeavesOutAShareAtEitherEnd) {
  std::vector<float> values = normal(5, 100000);
  Histogram histogram;
  histogram.add(values);
  std::sort(values.begin(), values.end());
  Range range = estimateRange(histogram, RangeEstimator::percentile);
  double width = histogram.binWidth();
  EXPECT_NEAR(range.low, values[10], 2 * width);
  EXPECT_NEAR(range.high, values[values.size() - 11], 2 * width);
}

TEST(Ranges, ZeroIsAStep) {
  std::mt19937 random(6);
  std::uniform_real_distribution<float> end(0, 10);
  for (int i = 0; i < 1000; ++i) {
    Range range{-end(random) * (i % 3 != 0), end(random) * (i % 5 != 0)};
    QuantParams params = paramsOf(range);
    EXPECT_GE(params.zero, 0);
    EXPECT_LE(params.zero, 255);
    // The ends are reached but for half a step.
    EXPECT_LE((0 - params.zero) * params.scale,
              range.low + params.scale * 0.501f);
    EXPECT_GE((255 - params.zero) * params.scale,
              range.high - params.scale * 0.501f);
  }
}

TEST(Ranges, ScalesOfChannels) {
  std::vector<float> weights = {1, -2, 0, 127, 3, 0};
  EXPECT_EQ(channelScales(weights, {2, 3}, 0),
            (std::vector<float>{2.0f / 127, 1}));
  EXPECT_EQ(channelScales(weights, {2, 3}, 1),
            (std::vector<float>{1, 3.0f / 127, 1}));
}

/// All values of 16 bits, the values halfway between them, and their
/// neighbours.
template <typename Round>
void compareRounding(const llvm::fltSemantics &semantics, Round round) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    llvm::APFloat narrow(semantics, llvm::APInt(16, bits));
    if (narrow.isNaN())
      continue;
    bool loses;
    narrow.convert(llvm::APFloat::IEEEsingle(),
                   llvm::APFloat::rmNearestTiesToEven, &loses);
    uint32_t exact = narrow.bitcastToAPInt().getZExtValue();
    bool isBf16 = &semantics == &llvm::APFloat::BFloat();
    uint32_t halfStep = isBf16 ? 0x8000 : 0x1000;
    for (uint32_t nearby : {exact, exact + 1, exact + halfStep - 1,
                            exact + halfStep, exact + halfStep + 1}) {
      float value = llvm::bit_cast<float>(nearby);
      if (std::isnan(value))
        continue;
      llvm::APFloat wanted(value);
      wanted.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &loses);
      wanted.convert(llvm::APFloat::IEEEsingle(),
                     llvm::APFloat::rmNearestTiesToEven, &loses);
      ASSERT_EQ(llvm::bit_cast<uint32_t>(round(value)),
                wanted.bitcastToAPInt().getZExtValue())
          << value;
    }
  }
}

TEST(Rounding, To16BitsIsToTheNearest) {
  compareRounding(llvm::APFloat::BFloat(), roundToBf16);
  compareRounding(llvm::APFloat::IEEEhalf(), roundToF16);
  EXPECT_TRUE(std::isnan(roundToBf16(std::nanf(""))));
  EXPECT_TRUE(std::isnan(roundToF16(std::nanf(""))));
}

TEST(Rounding, ToFloat8IsToTheNearest) {
  auto want = [](float value) {
    llvm::APFloat number(std::clamp(value, -448.0f, 448.0f));
    bool losesInfo;
    number.convert(llvm::APFloat::Float8E4M3FN(),
                   llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    number.convert(llvm::APFloat::IEEEsingle(),
                   llvm::APFloat::rmNearestTiesToEven, &losesInfo);
    return number.convertToFloat();
  };
  // Every 1,000th float with either sign, and all that end in zeros: ties.
  for (uint64_t bits = 0; bits < 0x7f800000; bits += 1000)
    for (uint64_t tie : {bits, bits << 8 & 0x7ff80000})
      for (float sign : {1.0f, -1.0f}) {
        float value = sign * llvm::bit_cast<float>(uint32_t(tie));
        if (std::isfinite(value))
          ASSERT_EQ(roundToFloat8(value), want(value)) << value;
      }
  EXPECT_TRUE(std::isnan(roundToFloat8(std::nanf(""))));
  EXPECT_EQ(roundToFloat8(-INFINITY), -448);
}

ProbeWeights matrix(llvm::ArrayRef<float> values, int64_t rows, int64_t columns,
                    bool columnsAreChannels = true) {
  ProbeWeights weights;
  weights.values = values;
  weights.shape = {rows, columns};
  weights.channels = columnsAreChannels ? 1 : 0;
  weights.terms = columnsAreChannels ? 0 : 1;
  return weights;
}

TEST(Rounding, WeightsByTheLargestOfEachChannel) {
  std::vector<float> values = {1, 100, -0.5f, 3, 0.001f, 0};
  std::vector<float> rounded =
      roundWeights(matrix(values, 3, 2), GroupType::steps, true);
  float first = 1.0f / 127, second = 100.0f / 127;
  std::vector<float> wanted = {
      127 * first, 127 * second, -64 * first, 4 * second, 0, 0};
  EXPECT_EQ(rounded, wanted);
}

TEST(Rounding, WeightsInFloat8ByTheLargestOfEachChannel) {
  std::vector<float> values = {448, 0.5f, -17, 7, 0, -3};
  std::vector<float> rounded =
      roundWeights(matrix(values, 3, 2), GroupType::float8, true);
  float second = 7.0f / 448;
  EXPECT_EQ(rounded, (std::vector<float>{448, 32 * second, -16, 448 * second, 0,
                                         -192 * second}));
  EXPECT_EQ(float8Scale(0), 1);
  EXPECT_EQ(float8Scale(INFINITY), 1);
}

/// Of values in steps of which the one furthest from zero is the last: 127, or
/// -8 of 4 bits.
double plainError(llvm::ArrayRef<float> values, bool nibbles) {
  float furthest = 0;
  for (float value : values)
    if (std::fabs(value) > std::fabs(furthest))
      furthest = value;
  float scale = nibbles ? furthest / -8 : std::fabs(furthest) / 127;
  double error = 0;
  for (float value : values) {
    float step = std::nearbyint(value / scale);
    step = nibbles ? std::clamp(step, -8.0f, 7.0f) : step;
    error += (step * scale - value) * (step * scale - value);
  }
  return error;
}

TEST(Rounding, WeightsByGroupsOfTerms) {
  std::vector<float> values = normal(7, 70 * 3);
  // The second half of a channel's terms is larger, so has steps of its own.
  for (size_t i = 32 * 3; i < values.size(); ++i)
    values[i] *= 1000;
  std::vector<float> transposed(values.size());
  for (int i = 0; i < 70; ++i)
    for (int j = 0; j < 3; ++j)
      transposed[j * 70 + i] = values[i * 3 + j];
  for (GroupType type : {GroupType::weights8, GroupType::weights4}) {
    std::vector<float> rounded =
        roundWeights(matrix(values, 70, 3), type, true);
    std::vector<float> other =
        roundWeights(matrix(transposed, 3, 70, false), type, true);
    for (int j = 0; j < 3; ++j)
      for (int first = 0; first < 70; first += 32) {
        std::vector<float> own;
        double error = 0;
        for (int i = first; i < std::min(70, first + 32); ++i) {
          float value = values[i * 3 + j], got = rounded[i * 3 + j];
          own.push_back(value);
          error += (got - value) * (got - value);
          EXPECT_EQ(got, other[j * 70 + i]);
        }
        EXPECT_LE(error, plainError(own, type == GroupType::weights4));
      }
  }
}

TEST(Rounding, SaysWhatItCannotHold) {
  std::vector<float> values(8);
  ProbeWeights weights = matrix(values, 2, 4);
  EXPECT_EQ(cannotHold(weights, GroupType::steps), "");
  EXPECT_EQ(cannotHold(weights, GroupType::weights4), "");
  weights.terms = std::nullopt;
  EXPECT_NE(cannotHold(weights, GroupType::weights4), "");
  weights.channels = std::nullopt;
  EXPECT_NE(cannotHold(weights, GroupType::steps), "");
}

} // namespace
