//===- DeviceEnergyTest.cpp - Energy, worked by hand ----------------------===//

#include "RoundModel.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

TEST(DeviceModel, TdpIsABound) {
  Matmul p;
  Estimate one = Model()(p, KernelKind::library, 1);
  ASSERT_TRUE(one.joules);
  EXPECT_EQ(one.joulesOrigin, JoulesOrigin::tdp);
  EXPECT_DOUBLE_EQ(one.joules->value, one.seconds.value * 16 / 4);
  Estimate two = Model()(p, KernelKind::library, 2);
  EXPECT_DOUBLE_EQ(two.joules->value, two.seconds.value * 16 / 2);
}

/// 100 pJ an operation, 10 and 1000 pJ a byte; 4 W idle, 8 W more at work, 3 W
/// more a core.
Device measuredDevice() {
  Device device = roundDevice();
  device.units[0].picojoulesPerOp[DataType::f32] = energy(100);
  device.memory[0].picojoulesPerByte = energy(10);
  device.memory[1].picojoulesPerByte = energy(1000);
  device.power.idleWatts = number(4);
  device.power.deviceStaticWatts = number(8);
  device.power.coreStaticWatts = number(3);
  return device;
}

TEST(DeviceModel, EnergyAddsUp) {
  Matmul p;
  Model model(measuredDevice());
  Estimate cost = model(p, KernelKind::library, 2);
  EXPECT_EQ(cost.joulesOrigin, JoulesOrigin::modelled);
  EXPECT_DOUBLE_EQ(cost.breakdown.opsJoules, 2e6 * 100e-12);
  EXPECT_DOUBLE_EQ(cost.breakdown.bytesJoules[0],
                   Matmul::registerBytes() * 10e-12);
  // Each core reads all of one factor, 40000 B.
  EXPECT_DOUBLE_EQ(cost.breakdown.bytesJoules[1],
                   (Matmul::memoryBytes + 40000) * 1000e-12);
  // Two of four cores: half of the device, and both cores.
  EXPECT_DOUBLE_EQ(cost.breakdown.staticJoules,
                   cost.seconds.value * (4 / 2.0 + 8 / 2.0 + 2 * 3));
  EXPECT_DOUBLE_EQ(cost.joules->value, cost.breakdown.opsJoules +
                                           cost.breakdown.bytesJoules[0] +
                                           cost.breakdown.bytesJoules[1] +
                                           cost.breakdown.staticJoules);
  EXPECT_TRUE(model.unknowns.list().empty());
}

TEST(DeviceModel, EnergiesOfTwoScopesDontAddUp) {
  Matmul p;
  Device device = measuredDevice();
  device.memory[1].picojoulesPerByte = energy(1000, EnergyScope::board);
  Model model(device);
  Estimate cost = model(p, KernelKind::library);
  EXPECT_EQ(cost.breakdown.bytesJoules[1], 0);
  ASSERT_EQ(model.unknowns.list().size(), 1u);
  EXPECT_EQ(model.unknowns.list()[0].what, "memory.DRAM.pj_per_byte");
}

TEST(DeviceModel, BoundsPerOpAreNoEnergyPerOp) {
  Matmul p;
  Device device = measuredDevice();
  device.units[0].picojoulesPerOp[DataType::f32] =
      energy(100, EnergyScope::package, Origin::tdp);
  EXPECT_EQ(Model(device)(p, KernelKind::library).joulesOrigin,
            JoulesOrigin::tdp);
}

} // namespace
