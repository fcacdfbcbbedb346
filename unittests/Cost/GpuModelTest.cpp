//===- GpuModelTest.cpp - Contractions on a GPU, worked by hand -----------===//

#include "RoundGpu.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rac;

namespace {

TEST(GpuModel, AProductOfFourBlocks) {
  Product p(128, 128, 256);
  Model model;
  Estimate cost = p.cost(model, block());
  // Four blocks of four steps on four multiprocessors. Each of its 64 + 64
  // rows of 512 B is copied 16 B at once, by 14 instructions, and each of its
  // 64 * 64 results takes 30.
  double products = 2.0 * 128 * 128 * 256;
  EXPECT_NEAR(
      cost.breakdown.computeSeconds,
      (products / 1e12 / 4 + instructionSeconds(128 * 32 * 14 + 64 * 64 * 30)) /
          kOneBlock,
      1e-15);
  EXPECT_DOUBLE_EQ(cost.flops, products);
  // A step brings 64 + 64 rows of 128 B in, which two warps each read.
  double shared = 4 * 4 * (64 + 64) * 128.0 * (1 + 2);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[0], shared / (4 * 1e11));
  EXPECT_EQ(cost.breakdown.transferSeconds[1], 0);
  // Two blocks need each row and each column. One stage of 16 KiB is on its way
  // for a microsecond, which is less than a multiprocessor could take.
  double far = 2 * (128 + 128) * 512 + 128 * 128 * 2, asked = 128 * 128;
  EXPECT_DOUBLE_EQ(cost.bytes[2].bytes, far);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[2], far / (4 * asked / 1e-6));
  double memory = (128 + 128) * 512 + 128 * 128 * 2;
  EXPECT_DOUBLE_EQ(cost.memoryBytes(), memory);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[3], memory / 1e10);
  // The launch and the wait for memory; of a block for its first data, and in
  // each of four steps nine times for shared memory.
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds,
                   1e-6 + 2e-6 + 1e-6 + 9 * 4 * 1e-8);
  EXPECT_TRUE(model.unknowns.list().empty());
}

TEST(GpuModel, ABlockTooManyTakesAnotherRound) {
  Model model;
  // Five blocks: one multiprocessor has two, the others wait for it.
  double
      five =
          Product(320, 64, 256).cost(model, block()).breakdown.computeSeconds,
      eight =
          Product(512, 64, 256).cost(model, block()).breakdown.computeSeconds,
      four =
          Product(256, 64, 256).cost(model, block()).breakdown.computeSeconds;
  EXPECT_DOUBLE_EQ(five, eight);
  EXPECT_DOUBLE_EQ(five, 2 * four * kOneBlock);
}

TEST(GpuModel, WorkersShareTheStepsOfAllTiles) {
  Model model;
  Product p(320, 64, 256);
  GpuBlock shared = block();
  shared.workers = 4;
  Estimate cost = p.cost(model, shared);
  // Five tiles of four steps are five steps each. Nine times 64 * 64 sums pass
  // through shared memory: each worker ends or begins within a tile once.
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              (2.0 * 5 * 64 * 64 * 64 / 1e12 +
               instructionSeconds((9 * 64 * 64 * 30 + 640 * 32 * 14) / 4.0)) /
                  kOneBlock,
              1e-15);
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds,
                   2 * (1e-6 + 2e-6) + 1e-6 + 9 * (5 + 2) * 1e-8);
  // Two parts of each worker are written, and read again.
  EXPECT_DOUBLE_EQ(cost.bytes[2].bytes, p.cost(model, block()).bytes[2].bytes +
                                            2 * 2 * 4 * 64 * 64 * 4.0);
}

TEST(GpuModel, WorkersAreWhereWavesAreRagged) {
  Device device = roundGpu();
  auto offers = [&](double rows) {
    return llvm::any_of(gpuBlocks({1, rows, 64, 4096, false, false}, 2,
                                  {DataType::f16, 1}, device),
                        [](const GpuBlock &block) {
                          return block.workers > 0 && block.rows == 64 &&
                                 block.columns == 64;
                        });
  };
  // Of 64 x 64 several run at once: rows for half a wave more than whole ones.
  GpuRoom room(device);
  double places =
      4 * residentBlocks(needsOf(block(), 2, {DataType::f16, 1}), room);
  EXPECT_TRUE(offers(1.5 * places * 64));
  // Nearly whole waves of many blocks lose nothing.
  EXPECT_FALSE(offers(200 * places * 64));
}

TEST(GpuModel, ProductsBeyondTheEdgeTakeTimeAndNoBytes) {
  Model model;
  Estimate whole = Product(64, 64, 256).cost(model, block()),
           part = Product(10, 64, 256).cost(model, block());
  EXPECT_NEAR(part.breakdown.computeSeconds,
              whole.breakdown.computeSeconds -
                  instructionSeconds((64 - 10) * 32 * 14) / kOneBlock,
              1e-15);
  EXPECT_DOUBLE_EQ(part.bytes[2].bytes, (10 + 64) * 512 + 10 * 64 * 2);
}

TEST(GpuModel, F32IsThreeProductsOfTf32) {
  Product p(64, 64, 256, "f32");
  Device device = roundGpu();
  Model model(device);
  // In each of four steps, two warps split each row and each column, and add
  // what they have to their sums.
  double splits = 4 * (64 * (64 * 2 + 64 * 2) * 9 + 64 * 64 * 3);
  EXPECT_NEAR(p.cost(model, block()).breakdown.computeSeconds,
              (3 * 2.0 * 64 * 64 * 256 / (1e12 * 0.5) +
               instructionSeconds(128 * 64 * 14 + 64 * 64 * 30 + splits)) /
                  kOneBlock,
              1e-14);
}

TEST(GpuModel, WhatIsNotCopiedInLinesOf16BytesTakesMoreInstructions) {
  Model model;
  auto seconds = [&](int64_t n, int64_t k) {
    return Product(64, n, k).cost(model, block()).breakdown.computeSeconds;
  };
  // 64 rows of 252 elements are 8 B apart: twice as many copies of them. Of 62
  // columns neither the copies nor the results are wide, and 63 need a copy for
  // each element.
  const double products = 2.0 * 64 * 64 * 256 / 1e12;
  auto expected = [&](double copies, double results) {
    return (products + instructionSeconds(copies + 64 * 64 * results)) /
           kOneBlock;
  };
  EXPECT_NEAR(seconds(64, 252), expected(64 * 63 * 14 + 252 * 8 * 14, 30),
              1e-15);
  EXPECT_NEAR(seconds(62, 256), expected(64 * 32 * 14 + 256 * 31 * 14, 45),
              1e-15);
  EXPECT_NEAR(seconds(63, 256), expected(64 * 32 * 14 + 256 * 63 * 46, 45),
              1e-15);
}

TEST(GpuModel, PartsOfSumsAreAddedUpByAnotherKernel) {
  Model model;
  Estimate one = Product(64, 64, 1024).cost(model, block()),
           four = Product(64, 64, 1024).cost(model, block(4));
  // Each block writes all of the results.
  double results = instructionSeconds(64 * 64 * 30) / kOneBlock;
  EXPECT_NEAR(four.breakdown.computeSeconds,
              (one.breakdown.computeSeconds - results) / 4 + results, 1e-15);
  // Four parts of 64 x 64 sums of 4 B are written and read.
  double parts = 2 * 4 * 64 * 64 * 4;
  EXPECT_DOUBLE_EQ(four.bytes[2].bytes, one.bytes[2].bytes + parts);
  // Another launch that reads four parts, and a quarter of the steps.
  EXPECT_NEAR(four.breakdown.overheadSeconds,
              one.breakdown.overheadSeconds + 3e-6 + (4 - 12) * 9 * 1e-8,
              1e-15);
}

TEST(GpuModel, WhoEndsLastReadsPartsInRounds) {
  Model model;
  Product p(64, 96, 1024);
  // What it waits for beyond what a second kernel does: that is launched, and
  // waits for memory and four parts.
  auto more = [&](int64_t rows, int64_t columns) {
    GpuBlock apart = block(4);
    apart.rows = rows;
    apart.columns = columns;
    apart.warpRows = rows / 2;
    apart.warpColumns = columns / 2;
    GpuBlock together = apart;
    together.inLaunch = true;
    return p.cost(model, together).breakdown.overheadSeconds -
           p.cost(model, apart).breakdown.overheadSeconds;
  };
  auto expected = [](int64_t rounds) {
    return (1 + rounds) * 2e-6 + (rounds - 1) * 4 * 9 * 1e-8 - 3e-6;
  };
  // 64 x 64 sums are 1024 times 16 B: four times what 128 threads read at once,
  // 32 B each. Of 80 x 80, 1600 times, they read 16 B, the last time some.
  EXPECT_NEAR(more(64, 64), expected(4), 1e-15);
  EXPECT_NEAR(more(80, 80), expected(13), 1e-15);
  EXPECT_NEAR(more(16, 16), expected(1), 1e-15);
}

TEST(GpuModel, WhatDoesNotStayIsReadAgainForEachStrip) {
  Product p(512, 128, 256);
  Device device = roundGpu();
  device.memory[2].sizeBytes = number(1e5);
  Model model(device);
  // Eight rows of two blocks, of which four rows run at once, two blocks on
  // each multiprocessor. The right factor, 64 KiB, comes for each four rows,
  // which is less than the left one twice.
  double left = 512 * 512, right = 128 * 512, result = 512 * 128 * 2;
  EXPECT_DOUBLE_EQ(p.cost(model, block()).memoryBytes(),
                   left + 2 * right + result);
}

TEST(GpuModel, BlocksFitTheDevice) {
  Device device = roundGpu();
  GpuRoom room(device);
  // 32 sums, 16 registers of operands and 48 others; two stages of 2 * 64 lines
  // of 144 B.
  GpuNeeds needs = needsOf(block(), 2, {DataType::f16, 1});
  EXPECT_EQ(needs.registers, 96);
  EXPECT_EQ(needs.sharedBytes, 2 * 2 * 64 * 144);
  EXPECT_EQ(residentBlocks(needs, room), 2);       // 102400 / (36864 + 1024)
  EXPECT_EQ(residentBlocks({4, 128, 0}, room), 4); // registers
  EXPECT_EQ(residentBlocks({32, 16, 0}, room), 2); // warps
  EXPECT_EQ(residentBlocks({1, 16, 0}, room), 32); // blocks
  EXPECT_EQ(residentBlocks({4, 256, 0}, room), 0); // registers of a thread
  EXPECT_EQ(residentBlocks({64, 16, 0}, room), 0); // threads of a block
  EXPECT_EQ(residentBlocks({4, 16, 100001}, room), 0);
  for (const GpuBlock &block : gpuBlocks({1, 4096, 4096, 4096, false, false}, 4,
                                         {DataType::tf32, 3}, device)) {
    EXPECT_GE(residentBlocks(needsOf(block, 4, {DataType::tf32, 3}), room), 1);
    EXPECT_EQ(block.split, 1);
  }
}

TEST(GpuModel, WhatIsInTheCacheIsNotReadAgain) {
  ParsedOps p("(%a: tensor<64x64xf16>, %b: tensor<64x64xf16>, %r: "
              "tensor<64x64xf16>) -> tensor<64x64xf16>",
              "%0 = rac.matmul %a, %b : (tensor<64x64xf16>, tensor<64x64xf16>) "
              "-> tensor<64x64xf16> %1 = rac.add %0, %r : (tensor<64x64xf16>, "
              "tensor<64x64xf16>) -> tensor<64x64xf16> return %1 : "
              "tensor<64x64xf16>");
  Unknowns unknowns;
  Device device = roundGpu();
  DeviceModel warm(device, Assumptions(), 1, unknowns);
  PlanAttr plan = rac::planOf(block(), mlir::Float16Type::get(&p.context), 2);
  Estimate cost = warm.estimate(Candidate::of(p.ops), plan);
  EXPECT_EQ(cost.memoryBytes(), 0);
  // Both factors, what is added, and the result.
  EXPECT_DOUBLE_EQ(cost.bytes[2].bytes, 4 * 64 * 64 * 2);
  Model cold;
  EXPECT_DOUBLE_EQ(
      cold.model.estimate(Candidate::of(p.ops), plan).memoryBytes(),
      4 * 64 * 64 * 2);
}

TEST(GpuModel, NothingCostsALaunch) {
  Product p(64, 64, 0);
  Model model;
  EXPECT_TRUE(
      std::isfinite(Product(0, 64, 64).cost(model, block()).seconds.value));
  Estimate cost = p.cost(model, block());
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds,
                   instructionSeconds(64 * 64 * 30) / kOneBlock);
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 4e-6);
  EXPECT_TRUE(std::isfinite(cost.seconds.value));
  EXPECT_FALSE(
      model.model.bestBlocks(Candidate::of(p.ops), p.precision()).empty());
}

TEST(GpuModel, FewBlocksShareLongSums) {
  Model model;
  auto best = [&](Product p) {
    return model.model.bestBlocks(Candidate::of(p.ops), p.precision()).front();
  };
  EXPECT_EQ(best({4096, 4096, 512}).split, 1);
  EXPECT_GT(best({16, 16, 65536}).split, 1);
  // Ten rows need no more than the least block; one has none.
  EXPECT_EQ(best({10, 4096, 4096}).rows, 16);
  Product row(1, 4096, 4096);
  EXPECT_TRUE(
      model.model.bestBlocks(Candidate::of(row.ops), row.precision()).empty());
}

TEST(GpuModel, ThePlanSaysTheBlock) {
  mlir::MLIRContext context;
  context.loadDialect<RacDialect>();
  auto f32 = mlir::Float32Type::get(&context);
  GpuBlock given = block(4);
  given.slices = 2;
  given.stages = 4;
  PlanAttr plan = rac::planOf(given, f32, 3);
  EXPECT_EQ(plan.getTiles(), llvm::ArrayRef<int64_t>({0, 64, 64}));
  EXPECT_EQ(plan.getReduction(), llvm::ArrayRef<int64_t>({64}));
  EXPECT_EQ(plan.getRegisters(), llvm::ArrayRef<int64_t>({32, 32}));
  EXPECT_EQ(plan.getWarps(), 8);
  std::optional<GpuBlock> read = blockOf(plan);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->slices, 2);
  EXPECT_EQ(read->stages, 4);
  EXPECT_EQ(read->split, 4);
  EXPECT_EQ(read->workers, 0);
  given = block();
  given.workers = 12;
  EXPECT_EQ(blockOf(rac::planOf(given, f32, 2))->workers, 12);
  given = block();
  given.clusterRows = 4;
  given.clusterColumns = 2;
  plan = rac::planOf(given, f32, 2);
  EXPECT_EQ(plan.getCluster(), llvm::ArrayRef<int64_t>({4, 2}));
  EXPECT_EQ(blockOf(plan)->cluster(), 8);
  EXPECT_FALSE(blockOf(PlanAttr::get(KernelKind::generated, f32, 0, {1, 0})));
  // Three warps can't share four tiles.
  EXPECT_FALSE(
      blockOf(PlanAttr::get(&context, KernelKind::generated, f32, 0, {64, 64},
                            {64}, {}, {32, 32}, 3, 2, 0, {})));
}

} // namespace
