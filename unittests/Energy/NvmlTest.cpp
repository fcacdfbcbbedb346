//===- NvmlTest.cpp - GPUs, through a fake management library -------------===//

#include "FakeNvml.h"
#include "FakeSystem.h"

#include <dlfcn.h>

using namespace rac::energy;
using namespace rac::test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

struct Nvml : testing::Test {
  void *handle = dlopen(FAKE_NVML, RTLD_NOW);
  FakeNvml *fake = nullptr;
  FakeSystem system;

  void SetUp() override {
    ASSERT_NE(handle, nullptr) << dlerror();
    fake = reinterpret_cast<FakeNvml *(*)()>(dlsym(handle, "fakeNvml"))();
    *fake = FakeNvml();
    fake->count = 2;
  }
  void TearDown() override {
    EXPECT_EQ(fake->users, 0) << "not shut down";
    dlclose(handle);
  }
};

TEST_F(Nvml, CountsEnergy) {
  Found found;
  ASSERT_TRUE(findNvml(FAKE_NVML, found));
  EXPECT_THAT(namesOf(found),
              ElementsAre("gpu-0 (Fake GPU)", "gpu-1 (Fake GPU)"));
  EXPECT_EQ(found.domains[1].kind, RAC_ENERGY_ACCELERATOR);
  Accumulator sum(system, found.domains[1]);
  fake->gpus[1].energy = 1000;
  sum.start();
  fake->gpus[1].energy = 351000;
  system.now = 1;
  sum.finish();
  RacEnergyReading reading = sum.reading();
  EXPECT_DOUBLE_EQ(reading.joules, 350);
  EXPECT_EQ(reading.origin, RAC_ENERGY_COUNTER);
  EXPECT_DOUBLE_EQ(reading.shortest_window_seconds, 5);
  EXPECT_TRUE(reading.too_short);
}

TEST_F(Nvml, IntegratesPowerWhereThereIsNoCounter) {
  fake->gpus[0].energyStatus = 3;
  fake->gpus[0].power = 250000;
  Found found;
  ASSERT_TRUE(findNvml(FAKE_NVML, found));
  EXPECT_EQ(found.domains[0].origin, RAC_ENERGY_INTEGRATED_POWER);
  EXPECT_EQ(found.domains[1].origin, RAC_ENERGY_COUNTER);
  EXPECT_THAT(said(found, "nvml"),
              AllOf(HasSubstr("gpu-0 (Fake GPU) has no counter, so its power "
                              "is integrated"),
                    HasSubstr("Not Supported")));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  system.now = 6;
  sum.finish();
  EXPECT_DOUBLE_EQ(sum.reading().joules, 1500);
  EXPECT_STREQ(sum.reading().source, "nvmlDeviceGetPowerUsage");
}

TEST_F(Nvml, Refused) {
  auto refused = [&] {
    Found found;
    EXPECT_FALSE(findNvml(FAKE_NVML, found));
    EXPECT_THAT(found.domains, IsEmpty());
    return said(found, "nvml");
  };
  fake->gpus[0].energyStatus = 4;
  fake->gpus[0].powerStatus = 4;
  EXPECT_THAT(refused(),
              AllOf(HasSubstr("gpu-0"), HasSubstr("Insufficient Permissions")));
  fake->count = 0;
  EXPECT_THAT(refused(), HasSubstr("knows no GPU"));
  fake->initStatus = 9;
  EXPECT_THAT(refused(),
              HasSubstr("nvmlInit_v2: Driver Not Loaded (NVML status 9)"));
}

TEST_F(Nvml, IsLostDuringAWindow) {
  Found found;
  ASSERT_TRUE(findNvml(FAKE_NVML, found));
  Accumulator sum(system, found.domains[0]);
  sum.start();
  fake->gpus[0].energyStatus = 15;
  system.now = 3;
  sum.finish();
  EXPECT_THAT(sum.reading().error,
              AllOf(HasSubstr("GPU is lost"), HasSubstr("3.000 s")));
}

TEST_F(Nvml, NoLibrary) {
  Found found;
  EXPECT_FALSE(findNvml("libno-such-nvml.so.1", found));
  EXPECT_THAT(said(found, "nvml"), HasSubstr("libno-such-nvml.so.1"));
  Found other;
  EXPECT_FALSE(findNvml("libm.so.6", other));
  EXPECT_THAT(said(other, "nvml"), HasSubstr("the library lacks nvmlInit_v2"));
}

} // namespace
