//===- SearchTest.cpp - Parameters that are known come back ---------------===//

#include "rac/Calibrate/Search.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace rac;

namespace {

/// Times as the cost model has them: (compute^p + transfer^p)^(1/p) + call.
struct Truth {
  double rate, half, bandwidth, call, exponent;
  double seconds(double ops, double size, double bytes) const {
    double compute = ops / rate * (1 + half / size), move = bytes / bandwidth;
    return std::pow(std::pow(compute, exponent) + std::pow(move, exponent),
                    1 / exponent) +
           call;
  }
};

struct Sample {
  double ops, size, bytes, seconds;
};

std::vector<Sample> samplesOf(const Truth &truth, int count, double wild) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> ops(3, 9), size(0, 3), bytes(3, 8),
      share(0, 1);
  std::vector<Sample> samples;
  for (int i = 0; i < count; ++i) {
    Sample s = {std::pow(10, ops(random)), std::pow(10, size(random)),
                std::pow(10, bytes(random)), 0};
    s.seconds = truth.seconds(s.ops, s.size, s.bytes);
    if (share(random) < wild)
      s.seconds *= 5;
    samples.push_back(s);
  }
  return samples;
}

/// Mean absolute relative error.
double lossOf(const Truth &guess, const std::vector<Sample> &samples) {
  double sum = 0;
  for (const Sample &s : samples)
    sum += std::abs(guess.seconds(s.ops, s.size, s.bytes) / s.seconds - 1);
  return sum / samples.size();
}

void expectRecovered(double wild, double relative) {
  const Truth truth = {9e10, 12, 2.5e10, 8e-7, 2};
  std::vector<Sample> samples = samplesOf(truth, 300, wild);
  Truth guess = {2e10, 1, 8e10, 1e-7, 5};
  std::vector<Parameter> parameters = {
      {"rate", &guess.rate, 1e8, 1e12},
      {"half", &guess.half, 1e-3, 1e4},
      {"bandwidth", &guess.bandwidth, 1e8, 1e12},
      {"call", &guess.call, 1e-9, 1e-4},
      {"exponent", &guess.exponent, 1, 16}};
  search(parameters, [&] { return lossOf(guess, samples); }, 0.01, 40);
  EXPECT_NEAR(guess.rate / truth.rate, 1, relative);
  EXPECT_NEAR(guess.half / truth.half, 1, 4 * relative);
  EXPECT_NEAR(guess.bandwidth / truth.bandwidth, 1, relative);
  EXPECT_NEAR(guess.call / truth.call, 1, 2 * relative);
  EXPECT_NEAR(guess.exponent / truth.exponent, 1, 4 * relative);
}

TEST(Search, RecoversWhatMadeTheTimes) { expectRecovered(0, 0.02); }

TEST(Search, WildTimesDoNotSway) { expectRecovered(0.1, 0.05); }

TEST(Search, WhatDoesNotMatterIsUncertain) {
  double used = 1, unused = 3;
  std::vector<Parameter> parameters = {{"used", &used, 1e-3, 1e3},
                                       {"unused", &unused, 1e-3, 1e3}};
  double least =
      search(parameters, [&] { return std::abs(std::log(used / 20)); }, 0.1);
  EXPECT_NEAR(used, 20, 0.2);
  EXPECT_NEAR(least, 0, 0.01);
  EXPECT_NEAR(parameters[0].uncertainty, 0.1, 0.07); // log(1.1) is 0.095
  EXPECT_TRUE(std::isinf(parameters[1].uncertainty));
  EXPECT_EQ(unused, 3);
}

TEST(Search, StaysWithinBounds) {
  double value = 5;
  std::vector<Parameter> parameters = {{"value", &value, 2, 10}};
  search(parameters, [&] { return 1 / value; }, 0.1);
  EXPECT_LE(value, 10);
  EXPECT_GT(value, 9.8);
}

} // namespace
