//===- CarbonTest.cpp - Grams of a run, by hand ---------------------------===//

#include "rac/Cost/Carbon.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace rac;

namespace {

Number number(double v, double unc = 0) {
  return Number{v, Origin::guess, "test", unc, {}, {}};
}

/// A day is 1 / (4 * 365.25) of the lifetime: 1461 kg make 1 kg a day.
Device device(double unc = 0) {
  Device device;
  device.embodied.kgCO2e = number(1461, unc);
  device.embodied.lifetimeYears = number(4, unc);
  return device;
}

Site site(double unc = 0) {
  Site site;
  site.gramsPerKWh = number(400, unc);
  site.pue = number(1.5, unc);
  return site;
}

constexpr double kDay = 86400; // s

void expectInterval(const Interval &value, double exact, double low,
                    double high) {
  EXPECT_DOUBLE_EQ(value.value, exact);
  EXPECT_DOUBLE_EQ(value.low, low);
  EXPECT_DOUBLE_EQ(value.high, high);
}

TEST(Carbon, OperationalIsEnergyTimesBuildingTimesGrid) {
  Unknowns unknowns;
  // 36 kJ are 0.01 kWh: 0.01 * 1.5 * 400.
  Carbon carbon = *carbonOf(36e3, 0, 1, device(), site(), unknowns);
  expectInterval(carbon.operational, 6, 6, 6);
  expectInterval(carbon.embodied, 0, 0, 0);
  EXPECT_TRUE(unknowns.list().empty());
}

TEST(Carbon, EmbodiedIsTheShareOfLifetimeAndOfCores) {
  Unknowns unknowns;
  Carbon carbon = *carbonOf(0, kDay, 1, device(), site(), unknowns);
  expectInterval(carbon.embodied, 1000, 1000, 1000);
  // Half of it for half a day.
  carbon = *carbonOf(0, kDay / 2, 0.5, device(), site(), unknowns);
  expectInterval(carbon.embodied, 250, 250, 250);
}

TEST(Carbon, TotalAddsUp) {
  Unknowns unknowns;
  Carbon carbon = *carbonOf(36e3, kDay, 0.5, device(), site(), unknowns);
  expectInterval(carbon.total(), 506, 506, 506);
}

TEST(Carbon, UncertaintiesMultiply) {
  Unknowns unknowns;
  // Everything within a factor of 2; J from 18 to 72 thousand, s from half a
  // day to two. A PUE of 0.75 can't be: its least is 1.
  Carbon carbon = *carbonOf({36e3, 18e3, 72e3}, {kDay, kDay / 2, 2 * kDay}, 1,
                            device(1), site(1), unknowns);
  // 0.005 kWh * 1 * 200, and 0.02 kWh * 3 * 800.
  expectInterval(carbon.operational, 6, 1, 48);
  // Half as much made, over twice the lifetime, for half a day; and the other
  // way round.
  expectInterval(carbon.embodied, 1000, 125, 8000);
  expectInterval(carbon.total(), 1006, 126, 8048);
}

TEST(Carbon, WhatIsUnknownIsStoodInForAndNoted) {
  Device unknownDevice;
  Site bare;
  bare.gramsPerKWh = number(400);
  Unknowns unknowns;
  Carbon carbon = *carbonOf(36e3, kDay, 1, unknownDevice, bare, unknowns);
  expectInterval(carbon.operational, 4, 4, 4);
  expectInterval(carbon.embodied, 0, 0, 0);
  std::vector<std::string> what;
  for (const Unknowns::StandIn &standIn : unknowns.list())
    what.push_back(standIn.what);
  EXPECT_THAT(what, testing::ElementsAre("site.pue", "embodied.kg_co2e",
                                         "embodied.lifetime_years"));
}

TEST(Carbon, WithoutTheGridThereIsNone) {
  Unknowns unknowns;
  EXPECT_FALSE(carbonOf(1, 1, 1, device(), Site(), unknowns));
}

} // namespace
