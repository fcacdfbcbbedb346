//===- FitTest.cpp - Coefficients that are known come back ----------------===//

#include "rac/Calibrate/Fit.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace rac;
using testing::DoubleNear;

namespace {

std::vector<Observation> observe(const std::vector<double> &coefficients,
                                 int count, std::mt19937 &random,
                                 double noise = 0) {
  // Amounts over six orders of magnitude, as bytes and operations are.
  std::uniform_real_distribution<double> magnitude(0, 6), wobble(-noise, noise);
  std::vector<Observation> observations(count);
  for (Observation &observation : observations) {
    for (double coefficient : coefficients) {
      observation.amounts.push_back(std::pow(10, magnitude(random)));
      observation.measured += coefficient * observation.amounts.back();
    }
    observation.measured *= 1 + wobble(random);
  }
  return observations;
}

void expectNear(const LinearFit &fit, const std::vector<double> &wanted,
                double relative) {
  ASSERT_EQ(fit.terms.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_TRUE(fit.terms[i]) << i;
    EXPECT_NEAR(fit.terms[i]->value / wanted[i], 1, relative) << i;
  }
}

TEST(Quantile, Interpolates) {
  EXPECT_EQ(quantile({3, 1, 2}, 0), 1);
  EXPECT_EQ(quantile({3, 1, 2}, 1), 3);
  EXPECT_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_EQ(quantile({0, 10}, 0.25), 2.5);
  EXPECT_EQ(quantile({7}, 0.3), 7);
}

TEST(RoundTo, KeepsDigits) {
  EXPECT_EQ(roundTo(123456, 3), 123000);
  EXPECT_EQ(roundTo(0.00123456, 3), 0.00123);
  EXPECT_EQ(roundTo(-9.996, 3), -10);
  EXPECT_EQ(roundTo(0, 3), 0);
  EXPECT_EQ(roundTo(1.5e-7, 2), 1.5e-7);
  EXPECT_EQ(roundTo(2.9e10, 4), 2.9e10);
}

TEST(FitQuality, ByHand) {
  // Errors 1, 0, 1 of 10, 20, 10: squares 2; around the mean 40/3: 200/3.
  FitQuality quality = qualityOf({11, 20, 9}, {10, 20, 10});
  EXPECT_NEAR(quality.mape, 20.0 / 3, 1e-12);
  EXPECT_NEAR(quality.r2, 1 - 2 / (200.0 / 3), 1e-12);
  EXPECT_EQ(qualityOf({5, 5}, {5, 5}).r2, 1);
  EXPECT_EQ(qualityOf({4, 5}, {5, 5}).r2, 0);
}

TEST(Fit, ExactWhereThereIsNoNoise) {
  std::mt19937 random(1);
  std::vector<double> wanted = {2e-9, 3.5e-11, 7e-8};
  LinearFit fit = fitTerms(observe(wanted, 30, random));
  expectNear(fit, wanted, 1e-9);
  EXPECT_NEAR(fit.quality.r2, 1, 1e-12);
  EXPECT_NEAR(fit.quality.mape, 0, 1e-7);
}

TEST(Fit, WildMeasurementsDoNotSway) {
  std::mt19937 random(2);
  std::vector<double> wanted = {2e-9, 3.5e-11, 7e-8};
  std::vector<Observation> observations = observe(wanted, 40, random);
  for (int i : {3, 11, 12, 25, 33, 38}) { // disturbed: up to 11 times as long
    int times = 2 + i / 4;
    observations[i].measured *= times;
  }
  expectNear(fitTerms(observations), wanted, 1e-3);
}

TEST(Fit, NoiseIsInTheUncertainty) {
  std::mt19937 random(3);
  std::vector<double> wanted = {1e-9, 1e-9};
  LinearFit fit = fitTerms(observe(wanted, 200, random, 0.1));
  expectNear(fit, wanted, 0.03);
  for (const auto &term : fit.terms) {
    EXPECT_GT(term->uncertainty, 1e-4);
    EXPECT_LT(term->uncertainty, 0.05);
  }
  EXPECT_THAT(fit.quality.mape, DoubleNear(5, 1)); // the mean of |+-10 %|
}

TEST(Fit, NothingIsNegative) {
  // The best line through these falls: the second term would be below zero.
  LinearFit fit = fitTerms({{{1, 1}, 10}, {{1, 2}, 9}, {{1, 3}, 8}});
  ASSERT_TRUE(fit.terms[0]);
  EXPECT_GE(fit.terms[0]->value, 8);
  EXPECT_LE(fit.terms[0]->value, 10);
  EXPECT_FALSE(fit.terms[1]);
}

TEST(Fit, WhatAlwaysComesTogetherCannotBeTold) {
  std::mt19937 random(4);
  std::vector<Observation> observations = observe({2, 5}, 20, random);
  for (Observation &observation : observations)
    observation.amounts.push_back(3 * observation.amounts[1]);
  LinearFit fit = fitTerms(observations);
  ASSERT_TRUE(fit.terms[0]);
  EXPECT_NEAR(fit.terms[0]->value, 2, 1e-6);
  EXPECT_FALSE(fit.terms[1]);
  EXPECT_FALSE(fit.terms[2]);
  EXPECT_NEAR(fit.quality.mape, 0, 1e-4); // together they are right
}

TEST(Fit, WhatNeverHappensCannotBeTold) {
  LinearFit fit = fitTerms({{{1, 0}, 2}, {{2, 0}, 4}});
  ASSERT_TRUE(fit.terms[0]);
  EXPECT_NEAR(fit.terms[0]->value, 2, 1e-9);
  EXPECT_FALSE(fit.terms[1]);
  LinearFit none = fitTerms({{{0, 0}, 2}});
  EXPECT_FALSE(none.terms[0]);
  EXPECT_FALSE(none.terms[1]);
}

TEST(Fit, FewerObservationsThanTerms) {
  LinearFit fit = fitTerms({{{1, 2, 3}, 6}, {{3, 1, 2}, 6}});
  for (const auto &term : fit.terms)
    EXPECT_FALSE(term);
}

TEST(Minimize, FindsTheValley) {
  auto valley = [](double x) { return std::abs(std::log(x / 42)); };
  EXPECT_NEAR(minimize(1, 1e6, valley), 42, 0.01);
  EXPECT_NEAR(minimize(100, 1e6, valley), 100, 0.02); // at its end
}

} // namespace
