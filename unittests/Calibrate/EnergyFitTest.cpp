//===- EnergyFitTest.cpp - Energies against a simulated meter -------------===//

#include "lib/Calibrate/EnergyFit.h"
#include "../Energy/FakeSystem.h"

using namespace rac;
using rac::test::FakeSystem;

namespace {

/// A machine whose energy is known exactly, and a powercap zone that counts it
/// in whole microjoules.
struct PoweredMachine {
  double idle = 12, core = 3.5;               // W
  std::vector<double> perOp = {8e-12, 2e-12}; // J
  std::vector<double> perByte = {5e-12, 4e-11};

  FakeSystem system;
  double counted = 1000; // uJ

  PoweredMachine() { system.addZone("intel-rapl:0", "package-0", 1000); }

  void pass(const EnergyWindow &did) {
    double joules = idle * did.seconds + core * did.coreSeconds;
    for (size_t i = 0; i < perOp.size(); ++i)
      joules += perOp[i] * did.ops[i];
    for (size_t i = 0; i < perByte.size(); ++i)
      joules += perByte[i] * did.bytes[i];
    counted += joules * 1e6;
    system["class/powercap/intel-rapl:0/energy_uj"] =
        std::to_string(uint64_t(counted)) + "\n";
    system.now += did.seconds;
  }
  EnergyWork work(std::string name, double cores,
                  const std::vector<double> &opsPerSecond,
                  const std::vector<double> &bytesPerSecond) {
    return {std::move(name), [=](double seconds, EnergyWindow &did) {
              did.seconds = seconds;
              did.coreSeconds = cores * seconds;
              for (double rate : opsPerSecond)
                did.ops.push_back(rate * seconds);
              for (double rate : bytesPerSecond)
                did.bytes.push_back(rate * seconds);
              pass(did);
            }};
  }
  /// Each does one thing more than another.
  std::vector<EnergyWork> works() {
    return {work("idle", 0, {0, 0}, {0, 0}),
            work("one counts", 1, {0, 0}, {0, 0}),
            work("all count", 4, {0, 0}, {0, 0}),
            work("f32", 4, {4e11, 0}, {0, 0}),
            work("i8", 4, {0, 1.6e12}, {0, 0}),
            work("near", 4, {0, 0}, {1e12, 0}),
            work("far", 4, {0, 0}, {5e10, 5e10})};
  }
  /// Through what reads real meters.
  EnergyMeter meter() {
    auto found = std::make_shared<energy::Found>(
        energy::findMeters(system, /*nvml=*/""));
    auto accumulator =
        std::make_shared<energy::Accumulator>(system, found->domains.front());
    return {[=] { accumulator->start(); },
            [=](double &joules, double &seconds, std::string &problem) {
              accumulator->finish();
              RacEnergyReading reading = accumulator->reading();
              joules = reading.joules, seconds = reading.seconds;
              problem = reading.error ? reading.error : "";
              return !reading.error;
            }};
  }
};

std::vector<EnergyWindow> measure(PoweredMachine &machine, int rounds,
                                  std::string &problem) {
  return measureWindows(machine.works(), machine.meter(), /*seconds=*/1, rounds,
                        problem);
}

TEST(EnergyFit, RecoversTheMachine) {
  PoweredMachine machine;
  std::string problem;
  std::vector<EnergyWindow> windows = measure(machine, 3, problem);
  EXPECT_EQ(problem, "");
  ASSERT_EQ(windows.size(), 21u);
  EnergyFit fit = fitEnergy(windows);
  // The counter's microjoules are less than a millionth of a window's joules.
  EXPECT_NEAR(fit.idleWatts->value, 12, 1e-4);
  EXPECT_NEAR(fit.coreWatts->value, 3.5, 1e-4);
  EXPECT_NEAR(fit.joulesPerOp[0]->value / 8e-12, 1, 1e-4);
  EXPECT_NEAR(fit.joulesPerOp[1]->value / 2e-12, 1, 1e-4);
  EXPECT_NEAR(fit.joulesPerByte[0]->value / 5e-12, 1, 1e-4);
  EXPECT_NEAR(fit.joulesPerByte[1]->value / 4e-11, 1, 1e-4);
  EXPECT_NEAR(fit.quality.r2, 1, 1e-9);
}

TEST(EnergyFit, WhatCostsNothingIsUnknown) {
  PoweredMachine machine;
  machine.perByte[0] = 0;
  std::string problem;
  EnergyFit fit = fitEnergy(measure(machine, 2, problem));
  EXPECT_NEAR(fit.idleWatts->value, 12, 1e-4);
  EXPECT_NEAR(fit.joulesPerByte[1]->value / 4e-11, 1, 1e-4);
  if (fit.joulesPerByte[0]) // what the counter's rounding may leave
    EXPECT_LT(fit.joulesPerByte[0]->value, 1e-16);
}

TEST(EnergyFit, WithoutIdleWindowsItsPowerIsNotToldFromTheCores) {
  PoweredMachine machine;
  std::vector<EnergyWork> works = machine.works();
  works.erase(works.begin(), works.begin() + 2); // all that is left has 4 cores
  std::string problem;
  EnergyFit fit =
      fitEnergy(measureWindows(works, machine.meter(), 1, 2, problem));
  EXPECT_FALSE(fit.idleWatts);
  EXPECT_FALSE(fit.coreWatts);
  EXPECT_NEAR(fit.joulesPerOp[0]->value / 8e-12, 1, 1e-4);
}

TEST(EnergyFit, CountersThatVanishEndIt) {
  PoweredMachine machine;
  std::vector<EnergyWork> works = machine.works();
  works[3].run = [&](double, EnergyWindow &) {
    machine.system.errors["/sys/class/powercap/intel-rapl:0/energy_uj"] = EIO;
  };
  std::string problem;
  EXPECT_TRUE(measureWindows(works, machine.meter(), 1, 2, problem).empty());
  EXPECT_THAT(problem, testing::HasSubstr("intel-rapl:0/energy_uj"));
}

TEST(EnergyFit, AStandingCounterEndsIt) {
  PoweredMachine machine;
  std::vector<EnergyWork> works = machine.works();
  for (EnergyWork &work : works)
    work.run = [&](double, EnergyWindow &) { machine.system.now += 0.01; };
  std::string problem;
  EXPECT_TRUE(measureWindows(works, machine.meter(), 1, 2, problem).empty());
  EXPECT_EQ(problem, "the meter counted nothing while idle");
}

} // namespace
