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
  // Ratio 3/4; residuals -0.5 and 0.5, spread 0.7071; t 6.314; sqrt(2/2).
  double t = studentQuantile(0.95, 1);
  EXPECT_DOUBLE_EQ(boundOfRatio({1, 2}, {2, 2}), 0.75 + t * std::sqrt(0.5) / 2);
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

/// How often what comes next stays below the bound.
template <typename Draw, typename Bound, typename Next>
double coverage(Draw draw, Bound bound, Next next) {
  constexpr int kRounds = 2000;
  int kept = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::vector<double> seen = draw(), unseen = draw();
    kept += next(unseen) <= bound(seen);
  }
  return double(kept) / kRounds;
}

TEST(PredictionBound, HoldsAsOftenAsItSays) {
  std::mt19937 random(3);
  auto mean = [](llvm::ArrayRef<double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / values.size();
  };
  auto worst = [](llvm::ArrayRef<double> values) {
    return *std::max_element(values.begin(), values.end());
  };
  auto ofMean = [](llvm::ArrayRef<double> values) {
    return boundOfRatio(values, std::vector<double>(values.size(), 1.0));
  };
  for (size_t count : {3, 6, 24}) {
    std::normal_distribution<double> normal(10, 2);
    auto draw = [&] {
      std::vector<double> values(count);
      for (double &value : values)
        value = normal(random);
      return values;
    };
    // Exact for normal values, but for the noise of 2000 rounds (0.005).
    EXPECT_NEAR(coverage(draw, ofMean, mean), kConfidence, 0.015) << count;
    EXPECT_GE(coverage(draw, boundOfWorst, worst), kConfidence - 0.015)
        << count;
    // Errors are skewed: squares of normal values.
    std::normal_distribution<double> unit;
    auto skewed = [&] {
      std::vector<double> values(count);
      for (double &value : values)
        for (int i = 0; i < 8; ++i)
          value += std::pow(unit(random), 2);
      return values;
    };
    EXPECT_GE(coverage(skewed, ofMean, mean), 0.91) << count;
    EXPECT_GE(coverage(skewed, boundOfWorst, worst), 0.93) << count;
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
