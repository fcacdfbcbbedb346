//===- PredictionBoundTest.cpp - Bounds against tables and draws ----------===//

#include "rac/Precision/PredictionBound.h"
#include "rac/Precision/ErrorMetric.h"
#include "gtest/gtest.h"
#include <cmath>
#include <numeric>
#include <random>

using namespace rac;

namespace {

TEST(PredictionBound, StudentAsInTables) {
  // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
  struct {
    double probability;
    unsigned degrees;
    double t;
  } rows[] = {{0.95, 1, 6.314},  {0.95, 2, 2.920},   {0.95, 5, 2.015},
              {0.95, 7, 1.895},  {0.95, 30, 1.697},  {0.975, 4, 2.776},
              {0.99, 9, 2.821},  {0.995, 12, 3.055}, {0.999, 3, 10.215},
              {0.95, 100, 1.660}};
  for (auto [probability, degrees, t] : rows)
    EXPECT_NEAR(studentQuantile(probability, degrees), t, 5.1e-4)
        << probability << ", " << degrees;
  EXPECT_NEAR(studentQuantile(0.5, 3), 0, 1e-12);
}

TEST(PredictionBound, OfAShareAsInTables) {
  // One-sided limits of Clopper and Pearson; of none 1 - 0.05^(1/n).
  EXPECT_NEAR(boundOfShare(0, 10), 1 - std::pow(0.05, 0.1), 1e-9);
  EXPECT_NEAR(boundOfShare(0, 299), 0.01, 5e-5);
  EXPECT_NEAR(boundOfShare(1, 10), 0.3942, 1e-4);
  EXPECT_NEAR(boundOfShare(5, 20), 0.4556, 1e-4);
  EXPECT_EQ(boundOfShare(4, 4), 1);
  EXPECT_EQ(boundOfShare(0, 0), 0);
}

TEST(PredictionBound, ByHand) {
  // Of four alike but for one third: mean 3/4, residuals of spread 0.1, and so
  // a standard error of 1/15 of it; t 2.353.
  double t = studentQuantile(0.95, 3), root = 1 - 1 / 2025.0 - t / 45;
  double off = 0.1 * std::sqrt(0.75);
  EXPECT_NEAR(boundOfRatio({0.75 + off, 0.75 - off, 0.75 + off, 0.75 - off},
                           {1, 1, 1, 1}),
              0.75 / (root * root * root), 1e-12);
  // Two have t 6.3: ratio 3/4, a standard error of a third of it.
  root = 1 - 1 / 81.0 - studentQuantile(0.95, 1) / 9;
  EXPECT_NEAR(boundOfRatio({1, 2}, {2, 2}), 0.75 / (root * root * root), 1e-9);
  // They may lie too far apart to tell anything.
  EXPECT_EQ(boundOfRatio({1, 5}, {2, 2}), INFINITY);
  // Cube roots of mean 2 and spread 1, each of three with a risk of 1/60.
  double each = studentQuantile(1 - 0.05 / 3, 2);
  EXPECT_NEAR(boundOfWorst({1, 8, 27}),
              std::pow(2 + each * std::sqrt(4.0 / 3), 3), 1e-9);
}

TEST(PredictionBound, WithoutSpreadIsWhatWasMeasured) {
  EXPECT_DOUBLE_EQ(boundOfRatio({1, 2, 4}, {2, 4, 8}), 0.5);
  EXPECT_NEAR(boundOfWorst({3, 3, 3}), 3, 1e-12);
  EXPECT_DOUBLE_EQ(boundOfRatio({1}, {4}), 0.25);
  EXPECT_DOUBLE_EQ(boundOfWorst({2}), 2);
  EXPECT_EQ(boundOfRatio({}, {}), 0);
  EXPECT_EQ(boundOfRatio({0, 0}, {0, 0}), 0);
  EXPECT_EQ(boundOfRatio({0, 1}, {0, 0}), INFINITY);
  EXPECT_EQ(boundOfWorst({0, INFINITY}), INFINITY);
}

using Values = std::vector<double>;

/// How often, of 4000 times, `holds` of `count` numbers that `draw` gives.
template <typename Draw, typename Holds>
double share(size_t count, Draw draw, Holds holds) {
  constexpr int kRounds = 4000;
  int kept = 0;
  Values values(count);
  for (int i = 0; i < kRounds; ++i) {
    for (double &value : values)
      value = draw();
    kept += holds(values);
  }
  return double(kept) / kRounds;
}

/// How often the mean of all that could be drawn is below the bound.
template <typename Draw>
double coverageOfMean(size_t count, Draw draw, double mean) {
  Values ones(count, 1.0);
  return share(count, draw, [&](const Values &values) {
    return mean <= boundOfRatio(values, ones);
  });
}

TEST(PredictionBound, OfTheMeanHoldsAsOftenAsItSays) {
  std::mt19937 random(3);
  // Errors are sums of squares; the noise of 4000 rounds is 0.0035.
  for (size_t count : {3, 6, 8, 24}) {
    for (double shape : {1, 2, 4, 16}) {
      std::gamma_distribution<double> gamma(shape, 3);
      double held =
          coverageOfMean(count, [&] { return gamma(random); }, 3 * shape);
      EXPECT_GE(held, kConfidence - 0.025) << shape << ", " << count;
      EXPECT_LE(held, kConfidence + 0.02) << shape << ", " << count;
    }
    std::normal_distribution<double> normal(10, 2);
    EXPECT_GE(coverageOfMean(
                  count, [&] { return normal(random); }, 10),
              0.94)
        << count;
    // More skewed than any sum of squares.
    std::lognormal_distribution<double> heavy(0, 0.5);
    EXPECT_GE(coverageOfMean(
                  count, [&] { return heavy(random); }, std::exp(0.125)),
              0.9)
        << count;
  }
}

TEST(PredictionBound, OfARatioHoldsAsOftenAsItSays) {
  // Loud samples have large errors: the ratio is the mean share of the error.
  std::mt19937 random(5);
  std::gamma_distribution<double> off(2, 0.5), loud(4, 1);
  for (size_t count : {6, 8, 24}) {
    double held = share(
        count, [&] { return loud(random); },
        [&](const Values &wholes) {
          Values parts;
          for (double whole : wholes)
            parts.push_back(whole * off(random));
          return 1 <= boundOfRatio(parts, wholes);
        });
    EXPECT_NEAR(held, kConfidence, 0.045) << count;
  }
}

TEST(PredictionBound, OfTheWorstHoldsAsOftenAsItSays) {
  std::mt19937 random(3);
  for (size_t count : {3, 6, 24}) {
    auto isHeld = [&](auto draw) {
      return [&, draw](const Values &values) {
        double bound = boundOfWorst(values);
        for (size_t i = 0; i < values.size(); ++i)
          if (draw() > bound)
            return false;
        return true;
      };
    };
    std::normal_distribution<double> normal(10, 2);
    auto even = [&] { return normal(random); };
    EXPECT_GE(share(count, even, isHeld(even)), kConfidence - 0.015) << count;
    std::gamma_distribution<double> gamma(4, 2);
    auto skewed = [&] { return gamma(random); };
    EXPECT_GE(share(count, skewed, isHeld(skewed)), 0.93) << count;
  }
}

HostArray array(std::vector<float> values) {
  HostArray array{RAC_F32, {int64_t(values.size())}, {}};
  const char *bytes = reinterpret_cast<const char *>(values.data());
  array.bytes.assign(bytes, bytes + values.size() * sizeof(float));
  return array;
}

TEST(ErrorBound, GrowsWithTheSpread) {
  for (ErrorMetric metric :
       {ErrorMetric::relativeL2, ErrorMetric::cosine, ErrorMetric::maxAbs}) {
    ErrorMeter alike(metric), apart(metric);
    HostArray wanted = array({3, 4});
    for (float off : {0.1f, 0.1f, 0.1f, 0.1f}) {
      HostArray got = array({3 + off, 4 - off});
      alike.add(0, wanted.view(), got.view());
    }
    for (float off : {0.05f, 0.05f, 0.05f, 0.1f}) {
      HostArray got = array({3 + off, 4 - off});
      apart.add(0, wanted.view(), got.view());
    }
    EXPECT_NEAR(alike.bound(), alike.error(), 1e-6 * alike.error());
    EXPECT_GT(apart.bound(), 1.1 * apart.error());
  }
}

TEST(ErrorBound, ByHand) {
  ErrorMeter meter(ErrorMetric::relativeL2);
  HostArray wanted = array({1, 1}), near = array({1, 2}), far = array({2, 2});
  meter.add(0, wanted.view(), near.view());
  meter.add(0, wanted.view(), far.view());
  EXPECT_DOUBLE_EQ(meter.error(), std::sqrt(0.75));
  EXPECT_DOUBLE_EQ(meter.bound(), std::sqrt(boundOfRatio({1, 2}, {2, 2})));
}

TEST(ErrorBound, OfRowsThatNeverChanged) {
  ErrorMeter meter(ErrorMetric::top1);
  HostArray wanted = array({1, 2});
  for (int i = 0; i < 10; ++i)
    meter.add(0, wanted.view(), wanted.view());
  EXPECT_EQ(meter.error(), 0);
  EXPECT_DOUBLE_EQ(meter.bound(), boundOfShare(0, 10));
}

} // namespace
