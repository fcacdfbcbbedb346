//===- GpuScanTest.cpp - Running sums on a GPU, worked by hand ------------===//

#include "rac/Cost/GpuScan.h"
#include "RoundGpu.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

Estimate costOfScan(const std::string &shape, int axis) {
  std::string type = "tensor<" + shape + "xf32>";
  ParsedOps p("(%x: " + type + ") -> " + type,
              "%0 = rac.scan sum %x axis " + std::to_string(axis) + " : " +
                  type + " return %0 : " + type);
  EXPECT_TRUE(p.module);
  Model model;
  return model.model.estimate(
      Candidate::of(p.ops),
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context)));
}

/// What a tile's accesses to shared memory and shuffles take.
constexpr double kExchange = 2e-8, kOfLanes = 5e-8;

TEST(GpuScan, ThreadsAreAlongRows) {
  GpuScan rows = GpuScan::choose(2000, 5000, /*neighboursAreRows=*/false);
  EXPECT_EQ(rows.lanes, 32);
  EXPECT_EQ(rows.parts, 8);
  EXPECT_EQ(rows.rows, 1);
  // Rows of 20 elements have eight lanes each, with four at once.
  GpuScan few = GpuScan::choose(2000, 20, false);
  EXPECT_EQ(few.lanes, 8);
  EXPECT_EQ(few.parts, 1);
  EXPECT_EQ(few.rows, 32);
  // Of a single element there is one lane.
  EXPECT_EQ(GpuScan::choose(2000, 1, false).rows, 256);
  // What only the run knows may be long.
  EXPECT_EQ(GpuScan::choose(std::nullopt, std::nullopt, false).parts, 8);
}

TEST(GpuScan, ThreadsAreAcrossRows) {
  GpuScan columns = GpuScan::choose(4096, 1000, /*neighboursAreRows=*/true);
  EXPECT_EQ(columns.lanes, 1);
  EXPECT_EQ(columns.parts, 8);
  EXPECT_EQ(columns.rows, 32);
  // As many as fill the device have a thread each.
  EXPECT_EQ(GpuScan::choose(1 << 20, 1000, true).parts, 1);
  EXPECT_EQ(GpuScan::choose(4096, 5, true).parts, 2);
}

TEST(GpuScan, BlocksShareFewLongRows) {
  GpuScan scan = GpuScan::choose(1, 100000, false);
  // A tile is 1024 elements.
  EXPECT_EQ(scan.segments(2, 98), 98);
  EXPECT_EQ(scan.segments(2, 4), 1);
  EXPECT_EQ(scan.segments(256, 100), 4);
  EXPECT_EQ(scan.segments(257, 100), 1);
  // Whole tiles each: 1024 would be 1.001 tiles.
  EXPECT_EQ(scan.segments(1, 1025), 513);
  EXPECT_EQ(scan.segments(0, 0), 1);
}

TEST(GpuScan, ManyRowsAreOneKernel) {
  Estimate cost = costOfScan("2000x5000", 1);
  // 2000 blocks of five tiles, eight of a multiprocessor at once: 63 waves.
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds,
                   3e-6 + 63 * 5 * (kExchange + kOfLanes));
  EXPECT_DOUBLE_EQ(cost.memoryBytes(), 2 * 4e7);
  // 17 instructions, 4 for each of five doublings, 8 for the parts; a sum.
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds,
                   instructionSeconds(1e7 * (17 + 20 + 8 + 1) / 4));
}

TEST(GpuScan, SegmentsAreTwoKernels) {
  Estimate cost = costOfScan("2x100000", 1);
  // 97 and 98 segments of a tile: 7 waves of 32 blocks. The second kernel waits
  // for what comes before its segments, too.
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds,
                   2 * 1e-6 + 3 * 2e-6 + 2 * 7 * (kExchange + kOfLanes));
  // It finds in the cache most of what the first has read.
  EXPECT_NEAR(cost.memoryBytes(), 2 * 8e5, 0.1 * 8e5);
  EXPECT_DOUBLE_EQ(cost.bytes[2].bytes, 3 * 8e5);
  // Not if that is larger.
  EXPECT_NEAR(costOfScan("2x1000000", 1).memoryBytes(), 3 * 8e6, 1);
}

TEST(GpuScan, ColumnsHaveNoShuffles) {
  Estimate cost = costOfScan("1000x40000", 0);
  // 1250 blocks of 32 rows, 32 tiles each: 40 waves.
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 3e-6 + 40 * 32 * kExchange);
  EXPECT_DOUBLE_EQ(cost.memoryBytes(), 2 * 1.6e8);
}

TEST(GpuScan, NonZeroCountsThenFinds) {
  ParsedOps p("(%x: tensor<100000xf32>) -> tensor<1x?xi64>",
              "%0 = rac.non_zero %x : (tensor<100000xf32>) -> tensor<1x?xi64> "
              "return %0 : tensor<1x?xi64>");
  ASSERT_TRUE(p.module);
  Model model;
  Estimate cost = model.model.estimate(
      Candidate::of(p.ops),
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context)));
  // A reduction, and two kernels as above, the second of which writes.
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds,
                   3e-6 + 2 * 1e-6 + 3 * 2e-6 + 2 * 4 * (kExchange + kOfLanes));
}

} // namespace
