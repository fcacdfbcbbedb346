//===- GpuKernelsTest.cpp - Other kernels of a GPU, worked by hand --------===//

#include "RoundGpu.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace rac;

namespace {

TEST(GpuModel, ElementsAreThreads) {
  ParsedOps p("(%x: tensor<1000000xf32>) -> tensor<1000000xf32>",
              "%0 = rac.neg %x : (tensor<1000000xf32>) -> tensor<1000000xf32> "
              "return %0 : tensor<1000000xf32>");
  Model model;
  Estimate cost = model.model.estimate(
      Candidate::of(p.ops),
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context)));
  // 250000 threads of four elements in 977 blocks; the multiprocessor with the
  // most has 245. What is written isn't read.
  double share = 977.0 / 245;
  EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds, 2e6 / (1e11 * share));
  EXPECT_DOUBLE_EQ(cost.bytes[2].bytes, 8e6);
  EXPECT_DOUBLE_EQ(cost.memoryBytes(), 8e6);
  EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[3], 8e6 / 1e10);
  EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 3e-6);
}

TEST(GpuModel, WhatIsPaddedIsOneKernel) {
  auto cost = [](int pad, const std::string &size) {
    ParsedOps p(ConvText("1x16x16x8xf16", "8x8x3x3xf16",
                         "1x" + size + "x" + size + "x8xf16", pad));
    Model model;
    return model.model.estimate(
        Candidate::of(p.ops),
        rac::planOf(block(), mlir::Float16Type::get(&p.context), 4));
  };
  Estimate whole = cost(0, "14"), padded = cost(1, "16");
  EXPECT_DOUBLE_EQ(padded.breakdown.overheadSeconds,
                   whole.breakdown.overheadSeconds);
  // Four blocks of the 256 rows each read the filter.
  double loads = 72 * 2 * (256 + 4 * 8) + 256 * 16;
  EXPECT_DOUBLE_EQ(padded.bytes[2].bytes, loads);
}

TEST(GpuModel, TilesOfRowsAreOneKernel) {
  ParsedOps p("(%x: tensor<1024x256xf32>) -> tensor<1024x256xf32>",
              "%0 = rac.softmax %x axis 1 : tensor<1024x256xf32> "
              "return %0 : tensor<1024x256xf32>");
  ASSERT_FALSE(p.ops.empty());
  Model model;
  auto f32 = mlir::Float32Type::get(&p.context);
  Estimate rows = model.model.estimate(
      Candidate::of(p.ops),
      PlanAttr::get(KernelKind::generated, f32, 0, {1, 0}));
  Estimate passes = model.model.estimate(
      Candidate::of(p.ops), PlanAttr::get(KernelKind::generated, f32));
  // A row is read from and written to memory once, if a block has it; all have
  // the same memory for a row of exponentials.
  EXPECT_DOUBLE_EQ(rows.memoryBytes(), 2.0 * 1024 * 256 * 4 + 256 * 4);
  EXPECT_DOUBLE_EQ(rows.breakdown.overheadSeconds, 3e-6);
  EXPECT_GT(passes.memoryBytes(), 2 * rows.memoryBytes());
  EXPECT_GE(passes.breakdown.overheadSeconds, 3 * 3e-6);
}

TEST(GpuModel, EnergyOfTheWholeDeviceByItsPower) {
  Product p(128, 128, 256);
  Model model;
  Estimate cost = p.cost(model, block());
  ASSERT_TRUE(cost.joules);
  EXPECT_EQ(cost.joulesOrigin, JoulesOrigin::tdp);
  EXPECT_DOUBLE_EQ(cost.joules->value, 100 * cost.seconds.value);
}

/// A joule's worth of everything: pJ of an operation on each unit and of a byte
/// of each level, and W of the device at work.
Device withEnergy(double op, double byte, double watts) {
  Device device = roundGpu();
  for (ComputeUnit &unit : device.units)
    for (auto &[type, rate] : unit.opsPerClock)
      unit.picojoulesPerOp[type] = energy(op, EnergyScope::board);
  for (MemoryLevel &level : device.memory)
    level.picojoulesPerByte = energy(byte, EnergyScope::board);
  device.power.idleWatts = number(0);
  device.power.coreStaticWatts = number(0);
  device.power.deviceStaticWatts = number(watts);
  return device;
}

TEST(GpuModel, EnergyOfOperationsBytesAndTime) {
  Product p(128, 128, 256);
  Model model(withEnergy(2, 3, 10));
  Estimate cost = p.cost(model, block());
  ASSERT_TRUE(cost.joules);
  EXPECT_EQ(cost.joulesOrigin, JoulesOrigin::modelled);
  // Of an instruction as of a multiply-add, two operations.
  double ops = 2.0 * 128 * 128 * 256 + 2 * (4 * (128 * 32 * 14 + 64 * 64 * 30)),
         bytes = 0;
  for (const LevelBytes &level : cost.bytes)
    bytes += level.bytes;
  EXPECT_NEAR(cost.joules->value,
              2e-12 * ops + 3e-12 * bytes + 10 * cost.seconds.value, 1e-18);
}

TEST(GpuModel, CoresThatHaveNoBlockTakeNoStaticPower) {
  Device device = withEnergy(0, 0, 0);
  device.power.coreStaticWatts = number(5);
  Model model(device);
  Estimate one = Product(64, 64, 256).cost(model, block()),
           four = Product(128, 128, 256).cost(model, block());
  EXPECT_DOUBLE_EQ(one.joules->value, 5 * one.seconds.value);
  EXPECT_DOUBLE_EQ(four.joules->value, 4 * 5 * four.seconds.value);
}

TEST(GpuModel, EnergyAndTimeWantOtherBlocksWhereNothingIsHeld) {
  // Few results of long sums: in parts they are there sooner, for which each
  // part is written and read, and all of a block's results are written by each.
  // Where time costs nothing, that is all that there is to save; where it
  // costs most, the quickest is the thriftiest.
  auto blocksOf = [](double watts) {
    Product p(16, 16, 65536);
    Model model(withEnergy(1, 100, watts));
    auto blocks = model.model.bestBlocks(Candidate::of(p.ops), p.precision());
    auto thriftiest =
        std::min_element(blocks.begin(), blocks.end(),
                         [&](const GpuBlock &a, const GpuBlock &b) {
                           return p.cost(model, a).joules->value <
                                  p.cost(model, b).joules->value;
                         });
    return std::pair(blocks.front(), *thriftiest);
  };
  auto [quickest, thriftiest] = blocksOf(0);
  EXPECT_GT(quickest.split, 1);
  EXPECT_EQ(thriftiest.split, 1);
  auto [same, alsoSame] = blocksOf(1e4);
  EXPECT_EQ(same.split, quickest.split);
  EXPECT_EQ(alsoSame.split, same.split);
}

TEST(GpuModel, ColumnsAreCombinedByFewThreadsSideBySide) {
  auto cost = [](llvm::StringRef axis, llvm::StringRef out) {
    ParsedOps p(
        ("(%x: tensor<1024x4096xf32>) -> tensor<" + out + "xf32>").str(),
        ("%0 = rac.reduce sum %x axes [" + axis +
         "] : (tensor<1024x4096xf32>) -> tensor<" + out +
         "xf32> return %0 : tensor<" + out + "xf32>")
            .str());
    Model model;
    return model.model.estimate(
        Candidate::of(p.ops),
        PlanAttr::get(KernelKind::generated,
                      mlir::Float32Type::get(&p.context)));
  };
  // Both read all once.
  EXPECT_DOUBLE_EQ(cost("0", "4096").memoryBytes(), 1024 * 4096 * 4 + 4096 * 4);
  EXPECT_DOUBLE_EQ(cost("1", "1024").memoryBytes(), 1024 * 4096 * 4 + 1024 * 4);
}

TEST(GpuModel, SortingTakesAKernelForEachDoubling) {
  auto overheads = [](const std::string &keys) {
    ParsedOps p("(%x: tensor<1x" + keys + "xf32>, %k: index) -> " +
                    "tensor<1x8xf32>",
                "%0, %1 = rac.top_k %x, %k axis 1 : (tensor<1x" + keys +
                    "xf32>) -> (tensor<1x8xf32>, tensor<1x8xi64>) "
                    "return %0 : tensor<1x8xf32>");
    EXPECT_TRUE(p.module);
    Model model;
    return model.model
        .estimate(Candidate::of({p.ops.front()}),
                  PlanAttr::get(KernelKind::generated,
                                mlir::Float32Type::get(&p.context)))
        .breakdown.overheadSeconds;
  };
  // Ranks, and a kernel that writes the result: a launch and a wait each.
  EXPECT_DOUBLE_EQ(overheads("256"), 2 * (1e-6 + 2e-6));
  // Runs of 256, 512 and 1024 are merged before: another launch each, and as
  // many reads of the second cache as a search has steps, and one.
  EXPECT_DOUBLE_EQ(overheads("4096"),
                   2 * (1e-6 + 2e-6) + 3 * 1e-6 + (8 + 9 + 10 + 3) * 1e-6);
}

/// What a join of two results costs, the last op of a function, whose parts
/// have such shapes.
Estimate costOfJoin(const std::string &first, const std::string &second,
                    const std::string &result, int axis) {
  auto tensor = [](const std::string &shape) {
    return "tensor<" + shape + ">";
  };
  ParsedOps p("(%x: " + tensor(first) + ", %y: " + tensor(second) + ") -> " +
                  tensor(result),
              "%0 = rac.neg %x : (" + tensor(first) + ") -> " + tensor(first) +
                  " %1 = rac.neg %y : (" + tensor(second) + ") -> " +
                  tensor(second) + " %2 = rac.concat %0, %1 axis " +
                  std::to_string(axis) + " : (" + tensor(first) + ", " +
                  tensor(second) + ") -> " + tensor(result) +
                  " return %2 : " + tensor(result));
  EXPECT_TRUE(p.module);
  Model model;
  return model.model.estimate(
      Candidate::of({p.ops[2]}),
      PlanAttr::get(KernelKind::generated, mlir::Float32Type::get(&p.context)));
}

// As rac-copies-in-place{alignment=16} has it.
TEST(GpuModel, PartsThatDoNotBeginAtMultiplesOf16BytesAreCopied) {
  // The second begins after 4000 B: nothing is left to do.
  Estimate inPlace = costOfJoin("1x1000xf32", "1x1000xf32", "2x1000xf32", 0);
  EXPECT_EQ(inPlace.seconds.value, 0);
  EXPECT_EQ(inPlace.memoryBytes(), 0);
  // After 8 B: a kernel reads its 4000 B and writes them there; the first part
  // begins where the result does.
  Estimate copied = costOfJoin("1x2xf32", "1x1000xf32", "1x1002xf32", 1);
  EXPECT_DOUBLE_EQ(copied.memoryBytes(), 8000);
  EXPECT_DOUBLE_EQ(copied.breakdown.overheadSeconds, 1e-6 + 2e-6);
  // Rows of 16 B, however many there are, and of 8 B.
  EXPECT_EQ(costOfJoin("1x?x4xf32", "1x2x4xf32", "1x?x4xf32", 1).seconds.value,
            0);
  EXPECT_GT(costOfJoin("1x?x2xf32", "1x2x2xf32", "1x?x2xf32", 1).seconds.value,
            0);
  EXPECT_EQ(costOfJoin("1x8xf16", "1x8xf16", "1x16xf16", 1).seconds.value, 0);
  EXPECT_GT(costOfJoin("1x4xf16", "1x8xf16", "1x12xf16", 1).seconds.value, 0);
  // Where there are several of what comes before, parts aren't whole pieces.
  EXPECT_DOUBLE_EQ(
      costOfJoin("2x1000xf32", "2x1000xf32", "2x2000xf32", 1).memoryBytes(),
      2 * 2 * 8000);
}

TEST(GpuModel, PartsOfInputsAreReadWhereTheyLie) {
  auto seconds = [](int64_t columns) {
    std::string n = std::to_string(columns), from = "tensor<4x" + n + "xf32>",
                to = "tensor<1x" + n + "xf32>";
    ParsedOps p("(%x: " + from + ") -> " + to,
                "%0 = rac.slice %x [1, 0] [1, " + n + "] [1, 1] : (" + from +
                    ") -> " + to + " return %0 : " + to);
    EXPECT_TRUE(p.module);
    Model model;
    return model.model
        .estimate(Candidate::of(p.ops),
                  PlanAttr::get(KernelKind::generated,
                                mlir::Float32Type::get(&p.context)))
        .seconds.value;
  };
  EXPECT_EQ(seconds(1000), 0);
  EXPECT_GT(seconds(1001), 0); // from 4004 B on
}

} // namespace
