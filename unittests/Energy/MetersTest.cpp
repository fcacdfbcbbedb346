//===- MetersTest.cpp - What is found in sysfs, and what is refused -------===//

#include "FakeSystem.h"

using namespace rac::energy;
using namespace rac::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

const char kZone0[] = "/sys/class/powercap/intel-rapl:0/energy_uj";

//===----------------------------------------------------------------------===//
// Numbers in files
//===----------------------------------------------------------------------===//

TEST(ReadNumber, Reads) {
  FakeSystem system;
  uint64_t value = 1;
  system["a"] = "18446744073709551615\n";
  EXPECT_EQ(readNumber(system, "/sys/a", value), "");
  EXPECT_EQ(value, UINT64_MAX);
  system["a"] = "0";
  EXPECT_EQ(readNumber(system, "/sys/a", value), "");
  EXPECT_EQ(value, 0u);
}

TEST(ReadNumber, Refuses) {
  FakeSystem system;
  uint64_t value = 0;
  auto refused = [&](const std::string &contents) {
    system["a"] = contents;
    return readNumber(system, "/sys/a", value);
  };
  EXPECT_EQ(refused("-5\n"), "/sys/a: it holds '-5', a negative number");
  EXPECT_EQ(refused(""), "/sys/a: it is empty");
  EXPECT_EQ(refused(" \n"), "/sys/a: it is empty");
  EXPECT_EQ(refused("12 J\n"), "/sys/a: it holds '12 J', which is no number");
  EXPECT_EQ(refused("1.5"), "/sys/a: it holds '1.5', which is no number");
  EXPECT_EQ(refused("-"), "/sys/a: it holds '-', which is no number");
  EXPECT_EQ(refused("--5"), "/sys/a: it holds '--5', which is no number");
  EXPECT_EQ(refused("\x01\xff"), "/sys/a: it holds '\?\?', which is no number");
  EXPECT_EQ(refused("18446744073709551616"),
            "/sys/a: it holds '18446744073709551616', which is more than 64 "
            "bits");
  EXPECT_THAT(refused(std::string(4000, 'x')), HasSubstr("x…'"));
  EXPECT_EQ(readNumber(system, "/sys/b", value),
            "/sys/b: No such file or directory");
}

//===----------------------------------------------------------------------===//
// powercap
//===----------------------------------------------------------------------===//

TEST(Powercap, TwoSocketsWithoutTheirParts) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1);
  system.addZone("intel-rapl:0:0", "core", 1);
  system.addZone("intel-rapl:0:1", "dram", 1);
  system.addZone("intel-rapl:1", "package-1", 1);
  system.addZone("intel-rapl:1:0", "uncore", 1);
  system.addZone("intel-rapl:1:1", "dram", 1);
  system.addZone("intel-rapl:2", "psys", 1);
  system.addZone("intel-rapl-mmio:0", "package-0", 1);
  system["class/powercap/intel-rapl/enabled"] = "1\n";
  Found found;
  EXPECT_TRUE(findPowercap(system, found));
  EXPECT_THAT(namesOf(found), ElementsAre("package-0", "package-0/dram",
                                          "package-1", "package-1/dram"));
  EXPECT_EQ(found.domains[0].kind, RAC_ENERGY_PROCESSOR);
  EXPECT_EQ(found.domains[1].kind, RAC_ENERGY_MEMORY);
  EXPECT_EQ(found.domains[0].source, kZone0);
  EXPECT_DOUBLE_EQ(found.domains[0].unit, 1e-6);
  EXPECT_EQ(found.domains[0].range, 262143328850u);
  EXPECT_THAT(said(found, "powercap"), HasSubstr("psys) is not counted"));
}

TEST(Powercap, ElevenPackages) {
  // intel-rapl:1 is no part of intel-rapl:10, nor the other way round.
  FakeSystem system;
  for (int i = 0; i < 11; ++i)
    system.addZone("intel-rapl:" + std::to_string(i),
                   "package-" + std::to_string(i), 1);
  system.addZone("intel-rapl:10:0", "dram", 1);
  Found found;
  EXPECT_TRUE(findPowercap(system, found));
  EXPECT_EQ(found.domains.size(), 12u);
  EXPECT_THAT(namesOf(found), testing::Contains("package-10/dram"));
}

TEST(Powercap, Missing) {
  FakeSystem system;
  Found found;
  EXPECT_FALSE(findPowercap(system, found));
  EXPECT_THAT(said(found, "powercap"),
              AllOf(HasSubstr("/sys/class/powercap: No such file"),
                    HasSubstr("virtual machine")));
  // The kernel's folder, but no zone in it.
  system["class/powercap/dtpm/enabled"] = "1";
  Found again;
  EXPECT_FALSE(findPowercap(system, again));
  EXPECT_THAT(said(again, "powercap"), HasSubstr("no intel-rapl package"));
}

TEST(Powercap, PermissionDenied) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1);
  system.addZone("intel-rapl:1", "package-1", 1);
  system.errors["/sys/class/powercap/intel-rapl:1/energy_uj"] = EACCES;
  Found found;
  // Not even package-0: half of the machine would pass for all of it.
  EXPECT_FALSE(findPowercap(system, found));
  EXPECT_THAT(found.domains, IsEmpty());
  EXPECT_THAT(said(found, "powercap"),
              AllOf(HasSubstr("intel-rapl:1/energy_uj: Permission denied"),
                    HasSubstr("CVE-2020-8694"), HasSubstr("run as root")));
}

TEST(Powercap, MemoryThatCannotBeReadIsLeftOutAloud) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1);
  system.addZone("intel-rapl:0:0", "dram", 1);
  system.errors["/sys/class/powercap/intel-rapl:0:0/energy_uj"] = EIO;
  Found found;
  EXPECT_TRUE(findPowercap(system, found));
  EXPECT_THAT(namesOf(found), ElementsAre("package-0"));
  EXPECT_THAT(said(found, "powercap"),
              HasSubstr("package-0/dram is not counted: "));
}

TEST(Powercap, Garbage) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1);
  auto refused = [&] {
    Found found;
    EXPECT_FALSE(findPowercap(system, found));
    EXPECT_THAT(found.domains, IsEmpty());
    return said(found, "powercap");
  };
  system["class/powercap/intel-rapl:0/energy_uj"] = "-17\n";
  EXPECT_THAT(refused(), HasSubstr("'-17', a negative number"));
  system["class/powercap/intel-rapl:0/energy_uj"] = "n/a\n";
  EXPECT_THAT(refused(), HasSubstr("'n/a', which is no number"));
  system["class/powercap/intel-rapl:0/energy_uj"] = "17\n";
  system["class/powercap/intel-rapl:0/max_energy_range_uj"] = "1000\n";
  EXPECT_THAT(refused(), HasSubstr("so small that the counter wraps unseen"));
  system["class/powercap/intel-rapl:0/max_energy_range_uj"] = "0\n";
  EXPECT_THAT(refused(), HasSubstr("wraps unseen"));
  system.files.erase("/sys/class/powercap/intel-rapl:0/max_energy_range_uj");
  EXPECT_THAT(refused(), HasSubstr("max_energy_range_uj: No such file"));
  system.files.erase("/sys/class/powercap/intel-rapl:0/name");
  EXPECT_THAT(refused(), HasSubstr("name: it cannot be read"));
}

TEST(Powercap, VanishesDuringAWindow) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1000);
  Found found;
  ASSERT_TRUE(findPowercap(system, found));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.files.erase(kZone0);
  system.now = .5;
  sum.finish();
  EXPECT_THAT(sum.reading().error,
              AllOf(HasSubstr(kZone0), HasSubstr("No such file"),
                    HasSubstr("0.500 s after the start")));
}

TEST(Powercap, PermissionIsWithdrawnDuringAWindow) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1000);
  Found found;
  ASSERT_TRUE(findPowercap(system, found));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.errors[kZone0] = EACCES;
  sum.finish();
  EXPECT_THAT(sum.reading().error, HasSubstr("CVE-2020-8694"));
}

//===----------------------------------------------------------------------===//
// perf
//===----------------------------------------------------------------------===//

void addPerf(FakeSystem &system) {
  std::string folder = "bus/event_source/devices/power/";
  system[folder + "type"] = "22\n";
  system[folder + "cpumask"] = "0,24\n";
  for (const char *event : {"energy-pkg", "energy-ram"}) {
    std::string path = folder + "events/" + event;
    system[path] = event[7] == 'p' ? "event=0x02\n" : "event=0x03\n";
    system[path + ".scale"] = "2.3283064365386962890625e-10\n";
    system[path + ".unit"] = "Joules\n";
  }
}

TEST(Perf, EachPackage) {
  FakeSystem system;
  addPerf(system);
  {
    Found found;
    ASSERT_TRUE(findPerf(system, found));
    EXPECT_THAT(namesOf(found),
                ElementsAre("energy-pkg@cpu0", "energy-pkg@cpu24",
                            "energy-ram@cpu0", "energy-ram@cpu24"));
    ASSERT_EQ(system.perf.size(), 4u);
    EXPECT_EQ(system.perf[1].type, 22u);
    EXPECT_EQ(system.perf[1].config, 2u);
    EXPECT_EQ(system.perf[1].cpu, 24);
    EXPECT_EQ(system.perf[2].config, 3u);
    Accumulator sum(system, found.domains[1]);
    sum.start();
    system.perf[1].value = uint64_t(3) << 32; // its unit is 2^-32 J
    system.now = 1;
    sum.finish();
    EXPECT_DOUBLE_EQ(sum.reading().joules, 3);
  }
  EXPECT_EQ(system.closed.size(), 4u) << "descriptors are closed";
}

TEST(Perf, Refused) {
  FakeSystem system;
  addPerf(system);
  auto refused = [&] {
    Found found;
    EXPECT_FALSE(findPerf(system, found));
    EXPECT_THAT(found.domains, IsEmpty());
    return said(found, "perf");
  };
  system.perfStatus = EACCES;
  EXPECT_THAT(refused(), AllOf(HasSubstr("Permission denied"),
                               HasSubstr("perf_event_paranoid")));
  system.perfStatus = ENODEV;
  EXPECT_THAT(refused(), HasSubstr("No such device"));
  system.perfStatus = 0;
  std::string events = "bus/event_source/devices/power/events/";
  system[events + "energy-pkg.unit"] = "Volts\n";
  EXPECT_THAT(refused(), HasSubstr("it holds 'Volts', not Joules"));
  system[events + "energy-pkg.scale"] = "-1\n";
  EXPECT_THAT(refused(), HasSubstr("no number of joules"));
  system[events + "energy-pkg"] = "umask=1\n";
  EXPECT_THAT(refused(), HasSubstr("not an event's number"));
  for (const char *mask : {"", "a", "0-", "3-1", "0;1", "0-99999999"}) {
    system["bus/event_source/devices/power/cpumask"] = mask;
    EXPECT_THAT(refused(), HasSubstr("no list of CPUs")) << mask;
  }
}

TEST(Perf, FailsDuringAWindow) {
  FakeSystem system;
  addPerf(system);
  Found found;
  ASSERT_TRUE(findPerf(system, found));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.perf[0].status = ENODEV; // the CPU was taken offline
  sum.finish();
  EXPECT_THAT(sum.reading().error, HasSubstr("No such device"));
}

TEST(Perf, NotOfASimulatedTree) {
  // The number of an event type means something else to the real kernel.
  Machine machine("/tmp");
  EXPECT_EQ(machine.openPerf(1, 0, 0), -EOPNOTSUPP);
}

//===----------------------------------------------------------------------===//
// Hardware monitors
//===----------------------------------------------------------------------===//

TEST(AmdEnergy, SocketsWithoutTheirCores) {
  FakeSystem system;
  std::string folder = "class/hwmon/hwmon3/";
  system[folder + "name"] = "amd_energy\n";
  system[folder + "energy1_label"] = "Ecore000\n";
  system[folder + "energy1_input"] = "1\n";
  system[folder + "energy2_label"] = "Esocket0\n";
  system[folder + "energy2_input"] = "2\n";
  system[folder + "energy3_label"] = "Esocket1\n";
  system[folder + "energy3_input"] = "3\n";
  Found found;
  EXPECT_TRUE(findAmdEnergy(system, found));
  EXPECT_THAT(namesOf(found), ElementsAre("package-0", "package-1"));
  EXPECT_EQ(found.domains[1].source, "/sys/" + folder + "energy3_input");
  system.errors["/sys/" + folder + "energy3_input"] = EACCES;
  Found again;
  EXPECT_FALSE(findAmdEnergy(system, again));
  EXPECT_THAT(said(again, "amd_energy"), HasSubstr("Permission denied"));
}

TEST(PowerMeter, OneOfTheBoard) {
  FakeSystem system;
  std::string folder = "class/hwmon/hwmon0/";
  system[folder + "name"] = "power_meter\n";
  system[folder + "device/power1_average"] = "95000000\n";
  system[folder + "device/power1_average_interval"] = "50\n";
  Found found;
  EXPECT_TRUE(findPowerMeter(system, found));
  ASSERT_THAT(namesOf(found), ElementsAre("board"));
  EXPECT_EQ(found.domains[0].kind, RAC_ENERGY_BOARD);
  EXPECT_EQ(found.domains[0].origin, RAC_ENERGY_INTEGRATED_POWER);
  EXPECT_DOUBLE_EQ(found.domains[0].update, .05);
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.now = 2;
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().joules, 190);
  EXPECT_TRUE(sum.reading().too_short); // 50 updates are 2.5 s
}

TEST(PowerMeter, Grace) {
  FakeSystem system;
  int number = 0;
  for (const char *label :
       {"Module Power Socket 0", "Grace Power Socket 0", "CPU Power Socket 0",
        "SysIO Power Socket 0", "Grace Power Socket 1"}) {
    std::string folder = "class/hwmon/hwmon" + std::to_string(number++) + "/";
    system[folder + "name"] = "power_meter\n";
    system[folder + "device/power1_average"] = "1000000\n";
    system[folder + "device/power1_oem_info"] = std::string(label) + "\n";
  }
  Found found;
  EXPECT_TRUE(findPowerMeter(system, found));
  EXPECT_THAT(namesOf(found),
              ElementsAre("Grace Power Socket 0", "Grace Power Socket 1"));
}

TEST(PowerMeter, SeveralThatMayBeNested) {
  FakeSystem system;
  for (const char *monitor : {"hwmon0", "hwmon1"}) {
    std::string folder = std::string("class/hwmon/") + monitor + "/";
    system[folder + "name"] = "power_meter\n";
    system[folder + "power1_average"] = "1000000\n";
  }
  Found found;
  EXPECT_FALSE(findPowerMeter(system, found));
  EXPECT_THAT(said(found, "power_meter"),
              HasSubstr("which of these contains which is not known"));
}

void addRail(FakeSystem &system, const std::string &channel, const char *label,
             const char *volts, const char *amperes) {
  std::string folder = "class/hwmon/hwmon1/";
  system[folder + "name"] = "ina3221\n";
  system[folder + "in" + channel + "_label"] = std::string(label) + "\n";
  system[folder + "in" + channel + "_input"] = volts;
  system[folder + "curr" + channel + "_input"] = amperes;
}

TEST(Ina3221, TheInputFeedsTheOthers) {
  FakeSystem system;
  addRail(system, "1", "VDD_IN", "5000", "2000");
  addRail(system, "2", "VDD_CPU_GPU_CV", "5000", "800");
  addRail(system, "3", "VDD_SOC", "5000", "500");
  Found found;
  EXPECT_TRUE(findIna3221(system, found));
  ASSERT_THAT(namesOf(found), ElementsAre("VDD_IN"));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.now = 10;
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().joules, 100); // 5 V, 2 A, 10 s
  EXPECT_FALSE(sum.reading().too_short);
}

TEST(Ina3221, RailsSideBySide) {
  FakeSystem system;
  addRail(system, "1", "GPU", "19000", "100");
  addRail(system, "2", "CPU", "19000", "200");
  addRail(system, "3", "NC", "0", "0");
  Found found;
  EXPECT_TRUE(findIna3221(system, found));
  EXPECT_THAT(namesOf(found), ElementsAre("GPU", "CPU"));
}

TEST(Ina3221, TheOlderDriver) {
  FakeSystem system;
  std::string folder = "bus/i2c/drivers/ina3221x/1-0040/iio:device0/";
  system[folder + "rail_name_0"] = "POM_5V_IN\n";
  system[folder + "in_power0_input"] = "4200\n";
  system[folder + "rail_name_1"] = "POM_5V_GPU\n";
  system[folder + "in_power1_input"] = "1100\n";
  Found found;
  EXPECT_TRUE(findIna3221(system, found));
  ASSERT_THAT(namesOf(found), ElementsAre("POM_5V_IN"));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.now = 2;
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().joules, 8.4);
}

TEST(Ina3221, Refused) {
  FakeSystem system;
  addRail(system, "1", "VDD_IN", "5000", "-3");
  Found found;
  EXPECT_FALSE(findIna3221(system, found));
  EXPECT_THAT(said(found, "ina3221"),
              AllOf(HasSubstr("curr1_input"), HasSubstr("a negative number")));
  addRail(system, "1", "VDD_IN", "18446744073709551615", "2");
  Found again;
  EXPECT_FALSE(findIna3221(system, again));
  EXPECT_THAT(said(again, "ina3221"), HasSubstr("more than 64 bits"));
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

TEST(Meters, NothingIsCountedTwice) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1);
  addPerf(system);
  system["class/hwmon/hwmon0/name"] = "power_meter\n";
  system["class/hwmon/hwmon0/power1_average"] = "1\n";
  Found found = findMeters(system, "");
  EXPECT_THAT(namesOf(found), ElementsAre("package-0"));
  for (const char *meter : {"perf", "amd_energy", "power_meter", "ina3221"})
    EXPECT_THAT(said(found, meter),
                HasSubstr("would count again what powercap counts"));
  EXPECT_TRUE(system.perf.empty());
}

TEST(Meters, TheNextIsTriedAloud) {
  FakeSystem system;
  system.addZone("intel-rapl:0", "package-0", 1);
  system.errors[kZone0] = EACCES;
  addPerf(system);
  Found found = findMeters(system, "");
  EXPECT_EQ(found.domains.size(), 4u);
  EXPECT_EQ(found.domains[0].meter, "perf");
  EXPECT_THAT(said(found, "powercap"), HasSubstr("Permission denied"));
}

TEST(Meters, None) {
  FakeSystem system;
  Found found = findMeters(system, "");
  EXPECT_THAT(found.domains, IsEmpty());
  for (const char *meter :
       {"powercap", "perf", "amd_energy", "power_meter", "ina3221", "nvml"})
    EXPECT_NE(said(found, meter), "") << meter;
  for (const Attempt &attempt : found.attempts)
    EXPECT_FALSE(attempt.used);
}

} // namespace
