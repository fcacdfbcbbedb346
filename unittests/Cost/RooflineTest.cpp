//===- RooflineTest.cpp - Time and energy, worked by hand -----------------===//

#include "ParsedOps.h"
#include "rac/Cost/CostModel.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

Known number(double v) { return Number{v, Origin::guess, "test", 0, {}, {}}; }

/// A device of round numbers: a core's peak is 2e8 FLOP/s,
/// of which the library attains 1e9, generated contractions 1e8.
Device roundDevice() {
  Device device;
  device.topology.cores = number(4);
  device.clocks.baseHz = number(1e8);
  ComputeUnit unit;
  unit.name = "fpu";
  unit.kind = UnitKind::simd;
  unit.opsPerClock[DataType::f32] = number(2);
  unit.libraryFraction[DataType::f32] = number(5);
  unit.generatedFraction[DataType::f32] = number(0.5);
  device.units.push_back(unit);
  MemoryLevel memory;
  memory.name = "DRAM";
  memory.kind = LevelKind::memory;
  memory.scope = LevelScope::device;
  memory.coreBytesPerSecond = number(1e9);
  memory.deviceBytesPerSecond = number(3e9);
  device.memory.push_back(memory);
  device.overheads.launchSeconds = number(1e-6);
  device.overheads.libraryCallSeconds = number(2e-6);
  device.overheads.forkJoinSeconds = number(5e-6);
  device.power.tdpWatts = number(16);
  return device;
}

PlanAttr planOf(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
  return PlanAttr::get(kind, mlir::Float32Type::get(&p.context), threads);
}

Estimate estimate(ParsedOps &p, KernelKind kind, int64_t threads = 0) {
  Unknowns unknowns;
  Device device = roundDevice();
  Estimate cost = RooflineModel(device, Assumptions(), 1, unknowns)
                      .estimate(Candidate::of(p.ops), planOf(p, kind, threads));
  EXPECT_TRUE(unknowns.list().empty());
  return cost;
}

/// 2 * 100^3 operations, 3 * 10^4 floats.
struct Matmul : ParsedOps {
  Matmul()
      : ParsedOps("(%a: tensor<100x100xf32>, %b: tensor<100x100xf32>) -> "
                  "tensor<100x100xf32>",
                  R"(%0 = rac.matmul %a, %b : (tensor<100x100xf32>,
                       tensor<100x100xf32>) -> tensor<100x100xf32>
                     return %0 : tensor<100x100xf32>)") {}
};

TEST(Roofline, ComputeBound) {
  Matmul p;
  Estimate cost = estimate(p, KernelKind::library);
  EXPECT_DOUBLE_EQ(cost.seconds.value, 2e6 / 1e9 + 1e-6 + 2e-6);
  ASSERT_TRUE(cost.joules);
  EXPECT_EQ(cost.joulesOrigin, JoulesOrigin::tdp);
  EXPECT_DOUBLE_EQ(cost.joules->value, cost.seconds.value * 4);
  EXPECT_DOUBLE_EQ(cost.flops, 2e6);
  EXPECT_DOUBLE_EQ(cost.memoryBytes(), 1.2e5);
}

TEST(Roofline, GeneratedHasItsOwnRateAndNoCall) {
  Matmul p;
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated).seconds.value,
                   2e6 / 1e8 + 1e-6);
}

TEST(Roofline, BandwidthBound) {
  ParsedOps p("(%x: tensor<10000xf32>) -> tensor<10000xf32>",
              R"(%0 = rac.neg %x : (tensor<10000xf32>) -> tensor<10000xf32>
                 return %0 : tensor<10000xf32>)");
  // 10^4 operations take 100 us, 8 * 10^4 bytes 80 us: compute bound. On two
  // threads both halve.
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated).seconds.value,
                   1e-4 + 1e-6);
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated, 2).seconds.value,
                   0.5e-4 + 1e-6 + 5e-6);
  // On four the memory's 3 GB/s bind: 8e4 / 3e9 = 26.7 us against 25 us.
  EXPECT_DOUBLE_EQ(estimate(p, KernelKind::generated, 4).seconds.value,
                   8e4 / 3e9 + 1e-6 + 3 * 5e-6);
}

TEST(Roofline, MoreThreadsTakeMorePower) {
  Matmul p;
  Estimate one = estimate(p, KernelKind::library, 1);
  Estimate two = estimate(p, KernelKind::library, 2);
  EXPECT_LT(two.seconds.value, one.seconds.value);
  EXPECT_GT(two.joules->value, one.joules->value);
}

TEST(Roofline, FusionSavesTraffic) {
  ParsedOps p("(%x: tensor<1000xf32>) -> tensor<1000xf32>",
              R"(%0 = rac.neg %x : (tensor<1000xf32>) -> tensor<1000xf32>
                 %1 = rac.abs %0 : (tensor<1000xf32>) -> tensor<1000xf32>
                 return %1 : tensor<1000xf32>)");
  Device device = roundDevice();
  Unknowns unknowns;
  RooflineModel model(device, Assumptions(), 1, unknowns);
  PlanAttr plan = planOf(p, KernelKind::generated);
  Estimate apart = model.estimate(Candidate::of({p.ops[0]}), plan) +
                   model.estimate(Candidate::of({p.ops[1]}), plan);
  Estimate together = model.estimate(Candidate::of(p.ops), plan);
  EXPECT_LT(together.seconds.value, apart.seconds.value);
  EXPECT_DOUBLE_EQ(apart.memoryBytes() - together.memoryBytes(), 2 * 4000);
  EXPECT_DOUBLE_EQ(apart.flops, together.flops);
}

TEST(Roofline, WhatIsUnknownIsStoodInForAndListed) {
  Matmul p;
  Device device = roundDevice();
  device.units[0].libraryFraction.clear();
  device.overheads.libraryCallSeconds = std::nullopt;
  device.power.tdpWatts = std::nullopt;
  device.memory[0].coreBytesPerSecond = std::nullopt;
  Unknowns unknowns;
  RooflineModel model(device, Assumptions(), 1, unknowns);
  for (int times = 0; times < 2; ++times) {
    Estimate cost =
        model.estimate(Candidate::of(p.ops), planOf(p, KernelKind::library));
    EXPECT_DOUBLE_EQ(cost.seconds.value, 2e6 / 2e8 + 1e-6);
    EXPECT_FALSE(cost.joules);
    EXPECT_FALSE((cost + cost).joules);
  }
  std::vector<std::string> what;
  for (const Unknowns::StandIn &standIn : unknowns.list())
    what.push_back(standIn.what);
  EXPECT_EQ(what, (std::vector<std::string>{"units.fpu.library_fraction.f32",
                                            "memory.DRAM.core_bytes_per_s",
                                            "overheads.library_call_s",
                                            "power.tdp_w"}));
  EXPECT_EQ(unknowns.list()[0].instead, 1);
  EXPECT_EQ(unknowns.list()[1].instead, 3e9 / 4);
}

TEST(Roofline, TypeWhoseRateIsUnknownCountsAsF32) {
  Device device = roundDevice();
  device.units[0].opsPerClock[DataType::bf16] = std::nullopt;
  Matmul p;
  Unknowns unknowns;
  PlanAttr plan = PlanAttr::get(KernelKind::generated,
                                mlir::BFloat16Type::get(&p.context), 1);
  RooflineModel(device, Assumptions(), 1, unknowns)
      .estimate(Candidate::of(p.ops), plan);
  ASSERT_FALSE(unknowns.list().empty());
  EXPECT_EQ(unknowns.list()[0].what, "units.fpu.ops_per_clock.bf16");
  EXPECT_EQ(unknowns.list()[0].instead, 2e8);
}

} // namespace
