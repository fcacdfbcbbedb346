//===- GpuWarpgroupTest.cpp - Products of four warps, and clusters --------===//

#include "RoundGpu.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rac;

namespace {

GpuBlock blockOfWarpgroup() {
  GpuBlock group = block();
  group.warpRows = 16;
  group.warpColumns = 64;
  group.stages = 4;
  return group;
}

TEST(GpuModel, GroupsOfWarpsReadSharedMemoryThemselves) {
  Device device = gpuWithWarpgroups();
  Model model(device);
  GpuBlock groups = blockOfWarpgroup();
  Product p(64, 64, 256);
  Estimate cost = p.cost(model, groups);
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds,
                   2.0 * 64 * 64 * 256 / (4e12 * 0.5) +
                       instructionSeconds(64 * 64 * 30));
  // Each step's tiles, of 64 lines of 128 B, are written and read once.
  EXPECT_DOUBLE_EQ(cost.bytes[0].bytes, 4 * 2 * (2 * 64 * 128.0));
  auto blocks =
      gpuBlocks({1, 64, 64, 256, false, false}, 2, {DataType::f16, 1}, device);
  EXPECT_TRUE(llvm::any_of(
      blocks, [](const GpuBlock &block) { return block.warpgroups; }));
  // Of other types, or of rows that aren't 16 bytes apart, there are none.
  for (const GpuBlock &block :
       gpuBlocks({1, 64, 63, 256, false, false}, 2, {DataType::f16, 1}, device))
    EXPECT_FALSE(block.warpgroups);
  for (const GpuBlock &block : gpuBlocks({1, 64, 64, 256, false, false}, 4,
                                         {DataType::tf32, 3}, device))
    EXPECT_FALSE(block.warpgroups);
}

TEST(GpuModel, GroupsOfWarpsShareSumsToo) {
  Device device = gpuWithWarpgroups();
  Model model(device);
  GpuBlock alone = blockOfWarpgroup(), parts = alone, workers = alone;
  parts.split = 2;
  workers.workers = 3;
  EXPECT_TRUE(fitsWarpgroups(parts, {DataType::f16, 1}));
  EXPECT_TRUE(fitsWarpgroups(workers, {DataType::f16, 1}));
  // Both parts of all sums are written, and read again.
  Product p(64, 64, 256);
  EXPECT_DOUBLE_EQ(p.cost(model, parts).bytes[2].bytes,
                   p.cost(model, alone).bytes[2].bytes + 2 * 2 * 4 * 64 * 64.0);
  parts.workers = 3;
  EXPECT_FALSE(fitsWarpgroups(parts, {DataType::f16, 1}));
  auto blocks =
      gpuBlocks({1, 64, 64, 4096, false, false}, 2, {DataType::f16, 1}, device);
  EXPECT_TRUE(llvm::any_of(blocks, [](const GpuBlock &block) {
    return block.warpgroups && block.split > 1;
  }));
}

TEST(GpuModel, Float8TakesHalfTheBytesAndTwiceTheRegisters) {
  Device device = roundGpu();
  device.units[1].opsPerClock[DataType::f8] = number(2000);
  ComputeUnit unit = device.units[1];
  unit.name = "warpgroup";
  device.units.push_back(unit);
  // Both operands lie along the terms: columns may be of any number.
  for (double columns : {64, 63}) {
    auto blocks = gpuBlocks({1, 256, columns, 256, false, false}, 1,
                            {DataType::f8, 1}, device);
    EXPECT_TRUE(llvm::any_of(
        blocks, [](const GpuBlock &block) { return block.warpgroups; }));
    for (const GpuBlock &block : blocks) {
      EXPECT_TRUE(block.depth == 128);
      EXPECT_TRUE(!block.warpgroups || block.columns <= 128);
      EXPECT_LE(block.warpRows * block.warpColumns, 64 * 32);
    }
  }
  for (const GpuBlock &block :
       gpuBlocks({1, 256, 64, 250, false, false}, 1, {DataType::f8, 1}, device))
    EXPECT_FALSE(block.warpgroups);
  GpuBlock wide;
  wide.rows = 64, wide.columns = wide.warpColumns = 128;
  wide.depth = 128, wide.warpRows = 16, wide.stages = 4;
  EXPECT_TRUE(fitsWarpgroups(wide, {DataType::f8, 1}));
  wide.warpgroups = true;
  EXPECT_EQ(needsOf(wide, 1, {DataType::f8, 1}).registers, 2 * 64 + 48);
  wide.columns = wide.warpColumns = 256;
  EXPECT_FALSE(fitsWarpgroups(wide, {DataType::f8, 1}));
}

Device gpuOfBytes() {
  Device device = gpuWithWarpgroups();
  for (auto [unit, rate] : {std::pair(1, 4000), std::pair(2, 8000)}) {
    device.units[unit].opsPerClock[DataType::i8] = number(rate);
    device.units[unit].generatedFraction[DataType::i8] = number(0.5);
  }
  return device;
}

TEST(GpuModel, BytesAreAddedUpByTensorCoresAlone) {
  GpuBlock wide;
  wide.rows = 64, wide.columns = wide.warpColumns = 256;
  wide.depth = 128, wide.warpRows = 16, wide.stages = 4;
  wide.warpgroups = true;
  EXPECT_TRUE(fitsWarpgroups(wide, {DataType::i8, 1}));
  EXPECT_EQ(needsOf(wide, 1, {DataType::i8, 1}).registers, 128 + 48);
  EXPECT_TRUE(
      llvm::any_of(gpuBlocks({1, 256, 255, 256, false, false}, 1,
                             {DataType::i8, 1}, gpuOfBytes()),
                   [](const GpuBlock &block) { return block.warpgroups; }));
  wide.depth = 64;
  EXPECT_FALSE(fitsWarpgroups(wide, {DataType::i8, 1}));
}

TEST(GpuModel, GroupsOfWarpsReadBytesAlongTheirTerms) {
  const std::string types = "(tensor<64x256xi8>, tensor<256x64xi8>)",
                    result = "tensor<64x64xi32>",
                    product = "%0 = rac.matmul %a, %b : " + types + " -> " +
                              result + " return %0 : " + result;
  ParsedOps computed(
      "(%a: tensor<64x256xi8>, %b: tensor<256x64xi8>) -> " + result, product);
  ParsedOps constant("(%a: tensor<64x256xi8>) -> " + result,
                     "%b = rac.constant dense<1> : tensor<256x64xi8> " +
                         product);
  ASSERT_TRUE(computed.module && constant.module);
  GpuBlock groups = blockOfWarpgroup();
  groups.depth = 128;
  Model model(gpuOfBytes());
  auto seconds = [&](ParsedOps &p) {
    return model.model
        .estimate(Candidate::of(p.ops),
                  rac::planOf(groups, mlir::IntegerType::get(&p.context, 8), 2))
        .breakdown.computeSeconds;
  };
  const double products = 2.0 * 64 * 64 * 256, results = 64 * 64 * 30;
  // Constants are laid out along the terms.
  EXPECT_NEAR(seconds(constant), products / 4e12 + instructionSeconds(results),
              1e-15);
  // What isn't is multiplied by single warps: 64 rows are copied 16 B at once,
  // of 256 times 64 columns each byte.
  EXPECT_NEAR(seconds(computed),
              (products / 2e12 + instructionSeconds(64 * 256 / 16 * 14 +
                                                    256 * 64 * 46 + results)) /
                  kOneBlock,
              1e-15);
}

TEST(GpuModel, GroupsOfWarpsTakeF32InParts) {
  Device device = gpuWithWarpgroups();
  device.units[2].opsPerClock[DataType::tf32] = number(2000);
  Model model(device);
  constexpr TensorForm f32{DataType::tf32, 3}, tf32{DataType::tf32, 1};
  GpuBlock groups = blockOfWarpgroup();
  groups.depth = 32;
  EXPECT_TRUE(fitsWarpgroups(groups, f32));
  // In each of eight steps rows and columns are split once, and a step's sums
  // are added to those of others.
  double splits = 8 * (32 * (64 + 64) * 9 + 64 * 64 * 3);
  Product p(64, 64, 256, "f32");
  Estimate cost = p.cost(model, groups);
  EXPECT_NEAR(cost.breakdown.computeSeconds,
              3 * 2.0 * 64 * 64 * 256 / (2e12 * 0.5) +
                  instructionSeconds(64 * 64 * 30 + splits),
              1e-14);
  // Lines of each tile are written and read; columns are written in two parts,
  // which three products read.
  EXPECT_DOUBLE_EQ(cost.bytes[0].bytes, 8 * (2 * 2 + 2 + 3) * (64 * 128.0));
  // A step's sums by themselves take registers, and left factors in two parts.
  groups.warpgroups = true;
  EXPECT_EQ(needsOf(groups, 4, f32).registers, 2 * 32 + 2 * 16 + 48);
  EXPECT_EQ(needsOf(groups, 4, tf32).registers, 32 + 16 + 48);
  EXPECT_EQ(needsOf(groups, 4, f32).sharedBytes,
            4 * 128 * 128 + 2 * 2 * 64 * 128 + 1024);
  groups.columns = groups.warpColumns = 256;
  EXPECT_FALSE(fitsWarpgroups(groups, f32));
  EXPECT_TRUE(fitsWarpgroups(groups, tf32));
  EXPECT_TRUE(
      llvm::any_of(gpuBlocks({1, 256, 256, 256, false, false}, 4, f32, device),
                   [](const GpuBlock &block) { return block.warpgroups; }));
}

/// Whose blocks may be in clusters of four, all in one group.
Device gpuWithClusters(double cores = 4, double groups = 1) {
  Device device = gpuWithWarpgroups();
  device.topology.cores = number(cores);
  device.topology.gpu->blocksPerCluster = number(4);
  device.topology.gpu->clusterGroups = number(groups);
  return device;
}

GpuBlock inCluster(int64_t rows, int64_t columns) {
  GpuBlock block = blockOfWarpgroup();
  block.clusterRows = rows;
  block.clusterColumns = columns;
  return block;
}

TEST(GpuModel, AClusterReadsWhatItsBlocksShareOnce) {
  Model model(gpuWithClusters());
  // Two blocks down and two across, of four steps: each row of 512 B comes to
  // two blocks, and each column.
  Product p(128, 128, 256);
  Estimate alone = p.cost(model, blockOfWarpgroup());
  double operand = 2 * 128 * 512, result = 128 * 128 * 2;
  EXPECT_DOUBLE_EQ(alone.bytes[2].bytes, 2 * operand + result);
  EXPECT_DOUBLE_EQ(alone.breakdown.transferSeconds[2],
                   (2 * operand + result) / 1e11);
  // Blocks below each other share columns, side by side rows.
  for (GpuBlock two : {inCluster(2, 1), inCluster(1, 2)}) {
    Estimate cost = p.cost(model, two);
    EXPECT_DOUBLE_EQ(cost.bytes[2].bytes, 1.5 * operand + result);
    EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[2],
                     (1.5 * operand + result) / 1e11);
    // They wait for L2 as they begin, as they end and in each step.
    EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds,
                     alone.breakdown.overheadSeconds + (2 + 4) * 1e-6);
    EXPECT_DOUBLE_EQ(cost.memoryBytes(), alone.memoryBytes());
    EXPECT_DOUBLE_EQ(cost.bytes[0].bytes, alone.bytes[0].bytes);
  }
  Estimate all = p.cost(model, inCluster(2, 2));
  EXPECT_DOUBLE_EQ(all.bytes[2].bytes, operand + result);
  EXPECT_TRUE(model.unknowns.list().empty());
}

TEST(GpuModel, AMultiprocessorTakesWhatOthersAskFor) {
  // The cache gives all at once what it takes a multiprocessor a while to take:
  // 3 stages of 16 KiB in the time of a delivery.
  Device device = gpuWithClusters();
  device.memory[2].deviceBytesPerSecond = number(1e15);
  Model model(device);
  Product p(128, 128, 256);
  for (GpuBlock block : {inCluster(1, 1), inCluster(2, 2)})
    EXPECT_DOUBLE_EQ(p.cost(model, block).breakdown.transferSeconds[2],
                     (2 * 2 * 128 * 512 + 128 * 128 * 2) /
                         (4 * (3 * 16384 / 1e-6)));
}

TEST(GpuModel, AClusterIsInOneGroupOfMultiprocessors) {
  // Three pairs of multiprocessors in two groups: one has two pairs, the other
  // no place for four blocks. Twelve take three rounds there instead of two.
  Model model(gpuWithClusters(6, 2));
  Product p(12 * 64, 64, 256);
  double alone = p.cost(model, inCluster(1, 1)).breakdown.computeSeconds;
  EXPECT_DOUBLE_EQ(p.cost(model, inCluster(2, 1)).breakdown.computeSeconds,
                   alone);
  EXPECT_DOUBLE_EQ(p.cost(model, inCluster(4, 1)).breakdown.computeSeconds,
                   1.5 * alone);
  // A block too many is another cluster.
  EXPECT_DOUBLE_EQ(Product(13 * 64, 64, 256)
                       .cost(model, inCluster(4, 1))
                       .breakdown.computeSeconds,
                   2 * alone);
}

TEST(GpuModel, UnknownGroupsOfMultiprocessorsAreListed) {
  Device device = gpuWithClusters();
  device.topology.gpu->clusterGroups = std::nullopt;
  Model model(device);
  Product(128, 128, 256).cost(model, inCluster(2, 1));
  ASSERT_EQ(model.unknowns.list().size(), 1u);
  EXPECT_EQ(model.unknowns.list()[0].what, "topology.gpu.cluster_groups");
}

TEST(GpuModel, PairsAreListedWhereThereAreClusters) {
  auto pairs = [](const ContractionShape &shape, const Device &device) {
    bool down = false, across = false;
    for (const GpuBlock &block :
         gpuBlocks(shape, 2, {DataType::f16, 1}, device)) {
      EXPECT_LE(block.cluster(), 2);
      down |= block.clusterRows == 2;
      across |= block.clusterColumns == 2;
    }
    return std::pair(down, across);
  };
  const std::pair none(false, false), both(true, true);
  ContractionShape square{1, 512, 512, 256}, image = square;
  image.isConv = true;
  EXPECT_EQ(pairs(square, gpuWithWarpgroups()), none);
  EXPECT_EQ(pairs(square, gpuWithClusters()), both);
  EXPECT_EQ(pairs(image, gpuWithClusters()), none);
  // Of two tiles and of one.
  EXPECT_EQ(pairs({1, 128, 64, 256}, gpuWithClusters()),
            std::pair(true, false));
  EXPECT_EQ(pairs({1, 64, 64, 256}, gpuWithClusters()), none);
  Device device = gpuWithClusters();
  device.units.pop_back(); // those for groups of warps
  EXPECT_EQ(pairs(square, device), none);
}

TEST(GpuModel, PairsShareSumsWithOthers) {
  Model model(gpuWithClusters());
  GpuBlock pair = inCluster(2, 1);
  pair.split = 2;
  // Both parts read what they need of each operand, the columns once for two
  // blocks; parts of all sums are written, and read again.
  Product p(128, 128, 256);
  double operand = 128 * 512, result = 128 * 128;
  EXPECT_DOUBLE_EQ(p.cost(model, pair).bytes[2].bytes,
                   (2 + 1) * operand + result * 2 + 2 * 2 * 4 * result);
  auto blocks = gpuBlocks({1, 128, 64, 4096, false, false}, 2,
                          {DataType::f16, 1}, gpuWithClusters());
  EXPECT_TRUE(llvm::any_of(blocks, [](const GpuBlock &block) {
    return block.cluster() == 2 && block.split > 1 && block.inLaunch;
  }));
  EXPECT_FALSE(llvm::any_of(blocks, [](const GpuBlock &block) {
    return block.cluster() > 1 && block.workers > 0;
  }));
}

TEST(GpuModel, APairPaysWhereTheCacheIsTheLimit) {
  // The cache gives 1e11 B/s, half of what four multiprocessors could take, and
  // is near, so that waiting for each other costs little.
  Device device = gpuWithClusters();
  device.memory[2].latencySeconds = number(1e-9);
  Product p(1024, 1024, 4096);
  auto gain = [&] {
    Model model(device);
    return p.cost(model, inCluster(1, 1)).seconds.value -
           p.cost(model, inCluster(2, 1)).seconds.value;
  };
  EXPECT_GT(gain(), 0);
  device.memory[2].deviceBytesPerSecond = number(1e15);
  EXPECT_LT(gain(), 0);
}

} // namespace
