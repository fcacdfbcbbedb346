//===- AccumulatorTest.cpp - A domain's energy over a window --------------===//

#include "FakeSystem.h"

#include <cmath>

using namespace rac::energy;
using namespace rac::test;
using testing::HasSubstr;

namespace {

/// A domain whose raw value and clock the test sets.
struct Accumulated : testing::Test {
  FakeSystem system;
  uint64_t raw = 0;
  Error problem;

  Domain domain(RacEnergyOrigin origin, double unit, uint64_t range = 0) {
    Domain domain;
    domain.name = "package-0";
    domain.source = "energy_uj";
    domain.origin = origin;
    domain.unit = unit;
    domain.range = range;
    domain.update = 1e-3;
    domain.read = [this](uint64_t &value) {
      value = raw;
      return problem;
    };
    return domain;
  }
  void at(double seconds, uint64_t value) {
    system.now = seconds;
    raw = value;
  }
};

TEST_F(Accumulated, CounterAddsUp) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6));
  at(10, 5'000'000);
  sum.start();
  at(11, 6'500'000);
  sum.sample();
  at(12, 9'000'000);
  sum.finish();
  RacEnergyReading reading = sum.reading();
  EXPECT_DOUBLE_EQ(reading.joules, 4);
  EXPECT_DOUBLE_EQ(reading.seconds, 2);
  EXPECT_DOUBLE_EQ(reading.resolution_joules, 1e-6);
  EXPECT_EQ(reading.samples, 3);
  EXPECT_EQ(reading.error, nullptr);
  EXPECT_FALSE(reading.too_short);
}

TEST_F(Accumulated, AWindowBeginsAnew) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6));
  at(0, 0);
  sum.start();
  at(1, 1'000'000);
  sum.finish();
  at(5, 7'000'000);
  sum.start();
  at(6, 7'250'000);
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().joules, .25);
  EXPECT_DOUBLE_EQ(sum.reading().seconds, 1);
}

TEST_F(Accumulated, CounterWraps) {
  // From 5 below its largest value to 7: 5 steps to the largest, one to 0,
  // 7 more.
  constexpr uint64_t range = 65'532'610'987;
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6, range));
  at(0, range - 5);
  sum.start();
  at(1, 7);
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().joules, 13e-6);
}

TEST_F(Accumulated, CounterWrapsInEachSample) {
  // A counter of 65.5 kJ, 40 kJ each 6 s: wraps thrice in 240 kJ.
  constexpr uint64_t range = 65'532'610'987, step = 40'000'000'000;
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6, range));
  at(0, 123);
  sum.start();
  for (int i = 1; i <= 6; ++i) {
    at(i * 6.0, (123 + i * step) % (range + 1));
    sum.sample();
  }
  EXPECT_NEAR(sum.reading().joules, 240'000, 1e-6);
}

TEST_F(Accumulated, TwoWrapsCannotHide) {
  // 65.5 kJ at the most that a domain may take, 10 kW, is 6.55 s.
  constexpr uint64_t range = 65'532'610'987;
  Domain counter = domain(RAC_ENERGY_COUNTER, 1e-6, range);
  EXPECT_NEAR(wrapSeconds(counter), 6.55326, 1e-5);
  Accumulator sum(system, counter);
  EXPECT_LT(sum.period(), wrapSeconds(counter));
  at(0, 1);
  sum.start();
  at(7, 2);
  sum.sample();
  EXPECT_THAT(sum.reading().error, HasSubstr("may have wrapped unseen"));
  EXPECT_TRUE(std::isnan(sum.reading().joules));
}

TEST_F(Accumulated, ASmallRangeIsReadMoreOften) {
  // 10 kJ: 1 s at 10 kW.
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6, 10'000'000'000));
  EXPECT_DOUBLE_EQ(sum.period(), .5);
}

TEST_F(Accumulated, AboveItsRange) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6, 1'000'000'000));
  at(0, 1);
  sum.start();
  at(.01, 1'000'000'001);
  sum.sample();
  EXPECT_THAT(sum.reading().error,
              HasSubstr("it holds 1000000001, above its range of 1000000000"));
  at(1, 2'000'000'000);
  sum.start();
  EXPECT_THAT(sum.reading().error, HasSubstr("above its range"));
}

TEST_F(Accumulated, ACounterThatNeverWrapsMustNotGoBack) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-3));
  at(0, 1000);
  sum.start();
  at(1, 999);
  sum.sample();
  EXPECT_THAT(sum.reading().error, HasSubstr("it went from 1000 to 999"));
}

TEST_F(Accumulated, ACounterMustMove) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6));
  at(0, 4);
  sum.start();
  at(1, 4);
  sum.finish();
  EXPECT_THAT(sum.reading().error, HasSubstr("it did not move from 4"));
  // In a window too short to tell it may stand still.
  sum.start();
  at(1.01, 4);
  sum.finish();
  EXPECT_EQ(sum.reading().error, nullptr);
  EXPECT_TRUE(sum.reading().too_short);
}

TEST_F(Accumulated, VanishesDuringTheWindow) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6));
  at(0, 0);
  sum.start();
  at(1, 1000);
  sum.sample();
  problem = "energy_uj: No such file or directory";
  at(2.5, 2000);
  sum.sample();
  problem.clear(); // coming back doesn't help: what was between is unknown
  at(4, 3000);
  sum.finish();
  RacEnergyReading reading = sum.reading();
  EXPECT_TRUE(std::isnan(reading.joules));
  EXPECT_STREQ(reading.error, "energy_uj: No such file or directory (2.500 s "
                              "after the start)");
  EXPECT_EQ(reading.samples, 2);
}

TEST_F(Accumulated, PowerIsIntegrated) {
  // W: 10 for 1 s rising to 30, then falling to 0 within 2 s.
  Accumulator sum(system, domain(RAC_ENERGY_INTEGRATED_POWER, 1e-6));
  at(0, 10'000'000);
  sum.start();
  at(1, 30'000'000);
  sum.sample();
  at(3, 0);
  sum.finish();
  RacEnergyReading reading = sum.reading();
  EXPECT_DOUBLE_EQ(reading.joules, 20 + 30);
  EXPECT_DOUBLE_EQ(reading.seconds, 3);
  EXPECT_EQ(reading.origin, RAC_ENERGY_INTEGRATED_POWER);
  EXPECT_DOUBLE_EQ(sum.period(), 1e-3);
}

TEST_F(Accumulated, ShortWindowsAreMarked) {
  Accumulator sum(system, domain(RAC_ENERGY_COUNTER, 1e-6));
  at(0, 0);
  sum.start();
  at(.049, 1000);
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().shortest_window_seconds, .05);
  EXPECT_TRUE(sum.reading().too_short);
  at(0, 0);
  sum.start();
  at(.051, 1000);
  sum.finish();
  EXPECT_FALSE(sum.reading().too_short);
}

} // namespace
