//===- SmoothingTest.cpp - Factors by channel, and what they gain ---------===//

#include "rac/Precision/Smoothing.h"
#include "rac/Precision/Rounding.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace rac;

namespace {

ProbeWeights matrix(llvm::ArrayRef<float> values, int64_t terms,
                    int64_t channels) {
  ProbeWeights weights;
  weights.values = values;
  weights.shape = {terms, channels};
  weights.terms = 0;
  weights.channels = 1;
  return weights;
}

TEST(ChannelRanges, ByHand) {
  ChannelRanges ranges(2);
  ranges.add({1, -2, 3, 0});
  ranges.add({});
  ranges.add({NAN, 4, -1, INFINITY});
  EXPECT_EQ(ranges.range(0), (Range{-1, 3}));
  EXPECT_EQ(ranges.range(1), (Range{-2, 4}));
  EXPECT_DOUBLE_EQ(ranges.meanSquare(0), (1 + 9 + 1) / 4.0);
  EXPECT_DOUBLE_EQ(ranges.meanSquare(1), (4 + 16) / 4.0);
  // Eight values: the largest of as many is about 2.04 times the root.
  float first = std::sqrt(2 * std::log(8.0) * 11 / 4),
        second = std::sqrt(2 * std::log(8.0) * 5);
  EXPECT_FLOAT_EQ(ranges.reach(0).high, first);
  EXPECT_FLOAT_EQ(ranges.reach(0).low, -first / 3);
  EXPECT_FLOAT_EQ(ranges.largest(1), second);
  EXPECT_FLOAT_EQ(smoothedRange(ranges).high, second);
  EXPECT_FLOAT_EQ(smoothedRange(ranges, {0.5f, 4}).high, first * 2);
  EXPECT_FLOAT_EQ(smoothedRange(ranges, {0.5f, 4}).low, -first / 3 * 2);
  // What has reached further stays so, and zeros reach nowhere.
  ChannelRanges rare(2);
  for (int i = 0; i < 100; ++i)
    rare.add({i == 50 ? 9.0f : 0.0f, 0});
  EXPECT_EQ(rare.reach(0), (Range{0, 9}));
  EXPECT_EQ(rare.reach(1), (Range{0, 0}));
  ChannelRanges none;
  none.add({1, 2});
  EXPECT_EQ(none.channels(), 0u);
}

TEST(WeightTerms, OfAProductAndOfGroups) {
  WeightTerms product{1, 0};
  EXPECT_EQ(product.count({3, 2}), 3);
  EXPECT_EQ(product.termOf(5, {3, 2}), 2);
  WeightTerms turned{0, 1};
  EXPECT_EQ(turned.termOf(5, {2, 3}), 2);
  // Four results of two groups, two terms each, a window of three.
  WeightTerms grouped{0, 1, 2};
  EXPECT_EQ(grouped.count({4, 2, 3}), 4);
  for (int64_t i = 0; i < 24; ++i) {
    int64_t result = i / 6, term = i / 3 % 2;
    EXPECT_EQ(grouped.termOf(i, {4, 2, 3}), result / 2 * 2 + term) << i;
  }
}

TEST(Smoothing, FactorsByHand) {
  ChannelRanges ranges(4);
  ranges.add({4, -16, 0, 1});
  float values[] = {1, -2, 0.5f, 1, 3, 3, 0, 0}; // largest 2, 1, 3, 0
  ProbeWeights weights = matrix(values, 4, 2);
  // sqrt(4 / 2), sqrt(16 / 1), their geometric mean taken out; 1 for a channel
  // of zeros and for one that meets zeros only.
  std::vector<float> factors = smoothingFactors(ranges, &weights, 0.5);
  double mean = std::sqrt(std::sqrt(2.0) * 4);
  ASSERT_EQ(factors.size(), 4u);
  EXPECT_FLOAT_EQ(factors[0], std::sqrt(2.0) / mean);
  EXPECT_FLOAT_EQ(factors[1], 4 / mean);
  EXPECT_EQ(factors[2], 1);
  EXPECT_EQ(factors[3], 1);
  // With 1 all channels of the activation reach equally far.
  factors = smoothingFactors(ranges, &weights, 1);
  EXPECT_FLOAT_EQ(4 / factors[0], 16 / factors[1]);
}

TEST(Smoothing, StaysFinite) {
  ChannelRanges ranges(3);
  ranges.add({1e-38f, 1e38f, 1});
  float values[] = {1, 1, 1};
  ProbeWeights weights = matrix(values, 3, 1);
  for (float factor : smoothingFactors(ranges, &weights, 1)) {
    EXPECT_GE(factor, 0x1p-21f);
    EXPECT_LE(factor, 0x1p21f);
  }
}

TEST(Smoothing, StepsHaveThreeDigitsAndAreNotSmaller) {
  std::vector<float> factors = {1, 0.333333f, 7.77777f, 1e-6f, 1e6f};
  std::vector<double> steps = channelSteps(0.0123456f, factors);
  ASSERT_EQ(steps.size(), factors.size());
  EXPECT_EQ(steps[0], 0.0124);
  for (auto [step, factor] : llvm::zip(steps, factors)) {
    EXPECT_GE(step, 0.0123456 * factor * (1 - 1e-6));
    EXPECT_LE(step, 0.0123456 * factor * 1.011);
  }
}

/// x W with both rounded to 8 bits, x in steps of each channel.
double productError(llvm::ArrayRef<float> x, const ProbeWeights &weights,
                    llvm::ArrayRef<double> steps, int32_t zero) {
  int64_t terms = weights.shape[0], channels = weights.shape[1];
  std::vector<float> rounded =
      roundWeights(weights, GroupType::steps, true, steps);
  double wanted = 0, off = 0;
  for (size_t row = 0; row < x.size() / terms; ++row)
    for (int64_t c = 0; c < channels; ++c) {
      double exact = 0, got = 0;
      for (int64_t k = 0; k < terms; ++k) {
        float value = x[row * terms + k];
        double q = std::nearbyint(value / steps[k]) + zero;
        q = std::clamp(q, 0.0, 255.0) - zero;
        exact += double(value) * weights.values[k * channels + c];
        got += q * steps[k] * rounded[k * channels + c];
      }
      wanted += exact * exact;
      off += (exact - got) * (exact - got);
    }
  return std::sqrt(off / wanted);
}

TEST(Smoothing, LowersTheErrorOfOutlyingChannels) {
  constexpr int64_t terms = 64, channels = 32, rows = 128;
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> x(rows * terms), values(terms * channels);
  for (auto [i, value] : llvm::enumerate(x))
    value = normal(random) * (i % terms % 16 == 3 ? 100 : 1);
  for (auto [i, value] : llvm::enumerate(values))
    value = normal(random) * (i / channels % 16 == 3 ? 0.02f : 1);
  ChannelRanges ranges(terms);
  ranges.add(x);
  ProbeWeights weights = matrix(values, terms, channels);
  auto stepsWith = [&](llvm::ArrayRef<float> factors) {
    QuantParams params = paramsOf(smoothedRange(ranges, factors));
    return std::pair(channelSteps(params.scale, factors), params.zero);
  };
  std::vector<float> ones(terms, 1),
      factors = smoothingFactors(ranges, &weights, 0.5);
  auto [plain, plainZero] = stepsWith(ones);
  auto [smooth, smoothZero] = stepsWith(factors);
  double before = productError(x, weights, plain, plainZero),
         after = productError(x, weights, smooth, smoothZero);
  EXPECT_LT(after, before / 10);
  // What the noise promised.
  double wanted = 0;
  for (int64_t k = 0; k < terms; ++k)
    for (int64_t c = 0; c < channels; ++c)
      wanted += ranges.meanSquare(k) * std::pow(values[k * channels + c], 2);
  EXPECT_NEAR(std::sqrt(roundingNoise(ranges, &weights, factors) / wanted),
              after, 0.2 * after);
  EXPECT_NEAR(std::sqrt(roundingNoise(ranges, &weights) / wanted), before,
              0.2 * before);
}

} // namespace
