//===- EnergyTest.cpp - The C interface, on a simulated tree --------------===//

#include "rac-c/Energy.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

/// A folder in place of /sys, and the meters that are found there.
struct Tree : testing::Test {
  fs::path root;
  RacEnergy *energy = nullptr;

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "rac-energy-XXXXXX");
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
  }
  void TearDown() override {
    rac_energy_close(energy);
    fs::remove_all(root);
  }

  void write(const std::string &path, const std::string &contents) {
    fs::create_directories((root / path).parent_path());
    // As the kernel does it: whoever reads sees the old value or the new one.
    std::ofstream(root / (path + "~")) << contents << "\n";
    fs::rename(root / (path + "~"), root / path);
  }
  void addPackage() {
    write("class/powercap/intel-rapl:0/name", "package-0");
    write("class/powercap/intel-rapl:0/max_energy_range_uj", "65532610987");
    count(65532610000);
  }
  void count(uint64_t microjoules) {
    write("class/powercap/intel-rapl:0/energy_uj", std::to_string(microjoules));
  }
  void open() {
    std::string sysfs = root.string();
    RacEnergyOptions options = {sizeof(options), sysfs.c_str(), ""};
    ASSERT_EQ(rac_energy_open(&options, &energy), RAC_OK);
  }
  RacEnergyReading reading() {
    RacEnergyReading reading = {};
    EXPECT_EQ(rac_energy_reading(energy, 0, &reading), RAC_OK);
    return reading;
  }
};

TEST_F(Tree, MeasuresAWindow) {
  addPackage();
  open();
  ASSERT_EQ(rac_energy_num_domains(energy), 1);
  ASSERT_EQ(rac_energy_start(energy), RAC_OK);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  count(1999012); // 987 to the range's end, one to 0: 2 J in all
  ASSERT_EQ(rac_energy_stop(energy), RAC_OK) << rac_energy_last_error();
  RacEnergyReading window = reading();
  EXPECT_DOUBLE_EQ(window.joules, 2);
  EXPECT_GE(window.seconds, .06);
  EXPECT_STREQ(window.domain, "package-0");
  EXPECT_STREQ(window.meter, "powercap");
  EXPECT_FALSE(window.too_short);
}

TEST_F(Tree, PowerIsSampledMeanwhile) {
  write("class/hwmon/hwmon0/name", "power_meter");
  write("class/hwmon/hwmon0/power1_average", "20000000");
  write("class/hwmon/hwmon0/power1_average_interval", "10");
  open();
  ASSERT_EQ(rac_energy_num_domains(energy), 1);
  ASSERT_EQ(rac_energy_start(energy), RAC_OK);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_EQ(rac_energy_stop(energy), RAC_OK);
  EXPECT_GT(reading().samples, 3) << "only at the start and the stop";
  EXPECT_NEAR(reading().joules, 20 * reading().seconds, 1e-6);
  EXPECT_EQ(reading().origin, RAC_ENERGY_INTEGRATED_POWER);
}

TEST_F(Tree, VanishesAndComesBack) {
  addPackage();
  open();
  rac_energy_start(energy);
  fs::remove_all(root / "class/powercap/intel-rapl:0");
  EXPECT_EQ(rac_energy_stop(energy), RAC_FAILED);
  EXPECT_THAT(rac_energy_last_error(), HasSubstr("No such file"));
  EXPECT_TRUE(std::isnan(reading().joules));
  EXPECT_STREQ(reading().error, rac_energy_last_error());
  addPackage();
  ASSERT_EQ(rac_energy_start(energy), RAC_OK);
  count(65532610500);
  EXPECT_EQ(rac_energy_stop(energy), RAC_OK);
  EXPECT_DOUBLE_EQ(reading().joules, 500e-6);
  EXPECT_TRUE(reading().too_short);
}

TEST_F(Tree, AFolderInPlaceOfACounter) {
  addPackage();
  fs::remove(root / "class/powercap/intel-rapl:0/energy_uj");
  fs::create_directory(root / "class/powercap/intel-rapl:0/energy_uj");
  open();
  EXPECT_EQ(rac_energy_num_domains(energy), 0);
  RacEnergyAttempt attempt;
  ASSERT_EQ(rac_energy_attempt(energy, 0, &attempt), RAC_OK);
  EXPECT_STREQ(attempt.meter, "powercap");
  EXPECT_FALSE(attempt.used);
  EXPECT_THAT(attempt.message, HasSubstr("energy_uj: Is a directory"));
}

TEST_F(Tree, Empty) {
  open();
  EXPECT_EQ(rac_energy_num_domains(energy), 0);
  EXPECT_EQ(rac_energy_start(energy), RAC_OK);
  EXPECT_EQ(rac_energy_stop(energy), RAC_OK);
  EXPECT_GE(rac_energy_num_attempts(energy), 6);
}

TEST_F(Tree, Misuse) {
  addPackage();
  open();
  RacEnergyReading reading;
  EXPECT_EQ(rac_energy_stop(energy), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(rac_energy_reading(energy, 1, &reading), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(rac_energy_reading(energy, 0, nullptr), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(rac_energy_reading(nullptr, 0, &reading), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(rac_energy_attempt(energy, -1, nullptr), RAC_INVALID_ARGUMENT);
  rac_energy_start(energy);
  EXPECT_EQ(rac_energy_reading(energy, 0, &reading), RAC_INVALID_ARGUMENT);
  EXPECT_THAT(rac_energy_last_error(), HasSubstr("still open"));
  RacEnergyOptions options = {4, nullptr, nullptr};
  RacEnergy *other = nullptr;
  EXPECT_EQ(rac_energy_open(&options, &other), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(rac_energy_open(nullptr, nullptr), RAC_INVALID_ARGUMENT);
  rac_energy_close(nullptr);
}

TEST(Energy, ThisMachine) {
  // Whatever it has: what is found can be read, and what isn't says why.
  RacEnergy *energy = nullptr;
  ASSERT_EQ(rac_energy_open(nullptr, &energy), RAC_OK);
  for (int32_t i = 0; i < rac_energy_num_attempts(energy); ++i) {
    RacEnergyAttempt attempt;
    ASSERT_EQ(rac_energy_attempt(energy, i, &attempt), RAC_OK);
    EXPECT_STRNE(attempt.message, "") << attempt.meter;
  }
  EXPECT_EQ(rac_energy_start(energy), RAC_OK);
  EXPECT_EQ(rac_energy_stop(energy), RAC_OK) << rac_energy_last_error();
  rac_energy_close(energy);
}

TEST(Energy, Names) {
  EXPECT_STREQ(rac_energy_origin_name(RAC_ENERGY_COUNTER), "counter");
  EXPECT_STREQ(rac_energy_origin_name(RAC_ENERGY_INTEGRATED_POWER),
               "integrated-power");
  EXPECT_STREQ(rac_energy_origin_name(RAC_ENERGY_MODELLED), "modelled");
  EXPECT_STREQ(rac_energy_origin_name(RAC_ENERGY_TDP), "tdp");
  EXPECT_EQ(rac_energy_origin_name(4), nullptr);
  EXPECT_STREQ(rac_energy_kind_name(RAC_ENERGY_BOARD), "board");
  EXPECT_EQ(rac_energy_kind_name(-1), nullptr);
}

} // namespace
