//===- BlockScaleTest.cpp - Scales against all that could be --------------===//

#include "rac/Transforms/BlockScale.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>
#include <random>

using namespace rac;

namespace {

double errorOf(llvm::ArrayRef<float> values, float scale) {
  double error = 0;
  for (float value : values) {
    double apart = value - roundToStep(value, scale, true) * double(scale);
    error += apart * apart;
  }
  return error;
}

TEST(BlockScale, OfEightBitsIsThatOfTheFurthest) {
  EXPECT_EQ(chooseBlockScale({1, -254, 3}, false), 2);
  EXPECT_EQ(roundToStep(-254, 2, false), -127);
  EXPECT_EQ(roundToStep(300, 2, false), 127);
  // Ties to even.
  EXPECT_EQ(roundToStep(1, 2, false), 0);
  EXPECT_EQ(roundToStep(3, 2, false), 2);
}

TEST(BlockScale, KeepsWhatFits) {
  // All multiples of one step, up to either end.
  EXPECT_EQ(chooseBlockScale({-4, 1, 3.5f, 0.5f}, true), 0.5f);
  EXPECT_EQ(chooseBlockScale({4, -1, -3.5f, 0.5f}, true), -0.5f);
  EXPECT_EQ(chooseBlockScale({7, -7, 1, 0}, true), 1);
}

TEST(BlockScale, ClipsWhereThatIsBetter) {
  // One value far out would make all others coarse.
  std::vector<float> values(32);
  for (int i = 0; i < 32; ++i)
    values[i] = static_cast<float>(i % 15 - 7);
  values[0] = 8.9f;
  float scale = chooseBlockScale(values, true);
  EXPECT_LT(errorOf(values, scale), errorOf(values, 8.9f / -8));
}

TEST(BlockScale, IsNearTheBestThereIs) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  double found = 0, best = 0, plain = 0;
  for (int block = 0; block < 200; ++block) {
    std::vector<float> values(32);
    float furthest = 0;
    for (float &value : values) {
      value = normal(random);
      if (std::fabs(value) > std::fabs(furthest))
        furthest = value;
    }
    found += errorOf(values, chooseBlockScale(values, true));
    plain += errorOf(values, furthest / -8);
    double least = std::numeric_limits<double>::infinity();
    for (float end : {-8.0f, 7.0f})
      for (float share = 1.1f; share > 0.5f; share -= 0.002f)
        least = std::min(least, errorOf(values, furthest / end * share));
    best += least;
  }
  EXPECT_LT(found, 0.92 * plain);
  EXPECT_LT(found, 1.05 * best);
}

TEST(BlockScale, IsOneWhereThereIsNothing) {
  EXPECT_EQ(chooseBlockScale({}, true), 1);
  EXPECT_EQ(chooseBlockScale({0, 0}, true), 1);
  EXPECT_EQ(chooseBlockScale({0, -0.0f}, false), 1);
  // What has no eighth or 127th part.
  EXPECT_EQ(chooseBlockScale({1e-45f}, true), 1);
  EXPECT_EQ(chooseBlockScale({1e-40f}, false), 1);
  float most = std::numeric_limits<float>::max();
  EXPECT_TRUE(std::isfinite(chooseBlockScale({most, -most}, true)));
}

} // namespace
