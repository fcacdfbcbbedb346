//===- DeviceUnknownsTest.cpp - What is not known, or not exactly ---------===//

#include "RoundModel.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

TEST(DeviceModel, WhatIsUnknownIsStoodInForAndListed) {
  Matmul p;
  Device device = roundDevice();
  device.units[0].libraryFraction.clear();
  device.overheads.libraryCallSeconds = std::nullopt;
  device.power.tdpWatts = std::nullopt;
  device.memory[1].coreBytesPerSecond = std::nullopt;
  Model model(device);
  for (int times = 0; times < 2; ++times) {
    Estimate cost = model(p, KernelKind::library);
    EXPECT_DOUBLE_EQ(cost.breakdown.computeSeconds,
                     2e6 / 2e8 / Matmul::lanes + Matmul::repacking);
    EXPECT_DOUBLE_EQ(cost.breakdown.transferSeconds[1],
                     Matmul::memoryFills / (3e9 / 4));
    EXPECT_DOUBLE_EQ(cost.breakdown.overheadSeconds, 1e-6);
    EXPECT_FALSE(cost.joules);
    EXPECT_FALSE((cost + cost).joules);
  }
  std::vector<std::string> what;
  for (const Unknowns::StandIn &standIn : model.unknowns.list())
    what.push_back(standIn.what);
  EXPECT_EQ(what, (std::vector<std::string>{"units.fpu.library_fraction.f32",
                                            "memory.DRAM.core_bytes_per_s",
                                            "overheads.library_call_s",
                                            "power.tdp_w"}));
}

TEST(DeviceModel, TypeWhoseRateIsUnknownCountsAsF32) {
  Device device = roundDevice();
  device.units[0].opsPerClock[DataType::bf16] = std::nullopt;
  Matmul p;
  Model model(device);
  model.model.estimate(Candidate::of(p.ops),
                       PlanAttr::get(KernelKind::library,
                                     mlir::BFloat16Type::get(&p.context), 1));
  ASSERT_FALSE(model.unknowns.list().empty());
  EXPECT_EQ(model.unknowns.list()[0].what, "units.fpu.ops_per_clock.bf16");
  EXPECT_EQ(model.unknowns.list()[0].instead, 2e8);
}

TEST(DeviceModel, UncertaintyGivesAnInterval) {
  Matmul p;
  Device device = roundDevice();
  device.units[0].libraryFraction[DataType::f32] = number(5, 1);
  device.overheads.launchSeconds = number(1e-6, 3);
  Estimate cost = Model(device)(p, KernelKind::library);
  double rest = Matmul::repacking + Matmul::cacheBytes() / 1e10 +
                Matmul::memoryFills / 1e9 + 2e-6;
  EXPECT_DOUBLE_EQ(cost.seconds.low,
                   2e6 / 2e9 / Matmul::lanes + rest + 1e-6 / 4);
  EXPECT_DOUBLE_EQ(cost.seconds.value, 2e6 / 1e9 / Matmul::lanes + rest + 1e-6);
  EXPECT_DOUBLE_EQ(cost.seconds.high,
                   2e6 / 0.5e9 / Matmul::lanes + rest + 4e-6);
}

TEST(DeviceModel, WhatBothRestOnDecidesNothing) {
  // Memory may have half the bandwidth, or twice: for both.
  Device device = roundDevice();
  device.memory[1].coreBytesPerSecond = number(1e9, 1);
  device.memory[1].deviceBytesPerSecond = std::nullopt;
  Neg small(16000), large(24000);
  Model model(device);
  Estimate a = model(small, KernelKind::generated),
           b = model(large, KernelKind::generated);
  EXPECT_GT(a.seconds.high, b.seconds.low);
  EXPECT_FALSE(undecided(a, b));
  EXPECT_FALSE(undecided(b, a));
}

TEST(DeviceModel, ChoiceThatFlipsIsUndecided) {
  Matmul p;
  Device device = roundDevice();
  // Generated code takes 22.4 ms, or between half and twice of that; the
  // library 10 to 11.
  device.units[0].libraryFraction[DataType::f32] = number(1);
  device.units[0].generatedFraction[DataType::f32] = number(0.5, 2);
  Model model(device);
  Estimate library = model(p, KernelKind::library),
           generated = model(p, KernelKind::generated);
  EXPECT_LT(library.seconds.value, generated.seconds.value);
  EXPECT_TRUE(undecided(library, generated));
  EXPECT_TRUE(undecided(generated, library));
  device.units[0].generatedFraction[DataType::f32] = number(0.5, 0.1);
  Model sure(device);
  EXPECT_FALSE(
      undecided(sure(p, KernelKind::library), sure(p, KernelKind::generated)));
}

TEST(DeviceModel, SumsKeepWhatTheyRestOn) {
  Device device = roundDevice();
  device.units[0].vectorFraction[DataType::f32] = number(1, 1);
  Neg p(16000);
  Model model(device);
  Estimate one = model(p, KernelKind::generated), two = one + one;
  ASSERT_EQ(two.coefficients.size(), one.coefficients.size());
  for (size_t i = 0; i < one.coefficients.size(); ++i) {
    EXPECT_EQ(two.coefficients[i].coefficient, one.coefficients[i].coefficient);
    EXPECT_DOUBLE_EQ(two.coefficients[i].moreSeconds,
                     2 * one.coefficients[i].moreSeconds);
  }
}

} // namespace
