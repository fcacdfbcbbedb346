//===- GpuAttentionTest.cpp - Attention by warp groups, worked by hand ----===//

#include "RoundGpu.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

/// Four heads of 512 rows and columns, in vectors of 64.
struct Attention : ParsedOps {
  explicit Attention(llvm::StringRef attribute)
      : ParsedOps("(%q: tensor<1x4x512x64xf16>) -> tensor<1x4x512x64xf16>",
                  ("%0 = rac.attention %q, %q, %q scale 0.125 " + attribute +
                   " : (tensor<1x4x512x64xf16>, tensor<1x4x512x64xf16>, "
                   "tensor<1x4x512x64xf16>) -> tensor<1x4x512x64xf16> return "
                   "%0 : tensor<1x4x512x64xf16>")
                      .str()) {}
  Estimate cost(Model &model, int64_t rows, int64_t columns) {
    GpuBlock block;
    block.rows = rows;
    block.columns = block.warpColumns = columns;
    block.warpRows = 16;
    return model.model.estimate(
        Candidate::of(ops), planOf(block, mlir::Float16Type::get(&context), 4));
  }
};

constexpr double kScores = 4.0 * 512 * 512;
/// Two for each of the terms of a score, and of the values that it weighs.
constexpr double kProducts = kScores * 2 * (64 + 64) / (4e12 * 0.5);

/// 3.5 instructions of a score, eight for its power, and what rescales sums
/// once for so many columns; 14 for each 16 B of keys and values, of as many
/// blocks of `rows`.
double softmaxSeconds(double columns, double rows) {
  double copies = 512 / rows * kScores / 512 * (64 + 64) * 2 / 16;
  return instructionSeconds(kScores * (3.5 + 8 + 64 / columns) + 14 * copies);
}

TEST(GpuAttention, BlocksOfAMultiprocessorTakeTurns) {
  Device device = gpuWithWarpgroups();
  Model model(device);
  Attention attention("");
  Estimate cost = attention.cost(model, 128, 64);
  // 16 blocks on four multiprocessors, two of which have registers at once: of
  // the products, which take less time, half is hidden.
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              (kProducts / 2 + softmaxSeconds(64, 128)) / 4, 1e-12);
  // A launch, memory for two waves, and nine waits in each of eight steps of
  // four blocks.
  EXPECT_NEAR(cost.breakdown.overheadSeconds,
              1e-6 + 2 * 2e-6 + 9 * 8 * 4 * 1e-8, 1e-15);
  // Of 128 columns there are registers for one.
  cost = attention.cost(model, 128, 128);
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              (kProducts + softmaxSeconds(128, 128)) / 4, 1e-12);
  EXPECT_NEAR(cost.breakdown.overheadSeconds,
              1e-6 + 4 * 2e-6 + 9 * 4 * 4 * 1e-8, 1e-15);
}

TEST(GpuAttention, WhatIsHiddenIsLeftOut) {
  Device device = gpuWithWarpgroups();
  Model model(device);
  Attention attention("causal");
  Estimate cost = attention.cost(model, 128, 64);
  // Of 8 tiles, the four blocks of a head have 2, 4, 6 and 8; comparisons take
  // registers that a second block would need.
  double part = 20.0 / 32;
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              part * (kProducts + softmaxSeconds(64, 128)) / 4, 1e-12);
  EXPECT_NEAR(cost.breakdown.overheadSeconds,
              1e-6 + 4 * 2e-6 + 9 * 5 * 4 * 1e-8, 1e-15);
}

} // namespace
