//===- CalibrateTest.cpp - Probes, kernels, and a whole calibration -------===//
//
// Nothing here depends on how long something takes.
//
//===----------------------------------------------------------------------===//

#include "rac/Calibrate/Calibrate.h"
#include "lib/Calibrate/LevelSpans.h"
#include "lib/Calibrate/Sampler.h"
#include "lib/Calibrate/Team.h"
#include "rac/Cost/Config.h"
#include "rac/Target/X86/Kernels.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <atomic>

using namespace rac;
using testing::Each;
using testing::HasSubstr;

namespace {

Device deviceOf(llvm::StringRef id) {
  return llvm::cantFail(
      loadDevice((RAC_DESCRIPTIONS_DIR "/devices/" + id + ".json").str()));
}

TEST(Sampler, TakesQuartilesOfTurns) {
  // A probe that takes 1 ms each, but every fourth turn ten times that.
  int turn = 0;
  Probe probe = {"probe", [&](int64_t times) {
                   return 1e-3 * times * (turn++ % 4 == 3 ? 10 : 1);
                 }};
  SamplerOptions options;
  options.seconds = 10e-3;
  options.rounds = 40;
  Timing timing = timeInTurn(probe, options).front();
  EXPECT_NEAR(timing.seconds, 1e-3, 1e-9);
  EXPECT_NEAR(timing.spread, 0, 9.01); // the disturbed are a quarter of all
}

TEST(Sampler, TakesTurns) {
  std::string order;
  auto probe = [&](char name) {
    return Probe{"", [&order, name](int64_t times) {
                   order += name;
                   return 1e-3 * times;
                 }};
  };
  SamplerOptions options;
  options.rounds = 3;
  options.seconds = 1e-3;
  timeInTurn({probe('a'), probe('b')}, options);
  EXPECT_THAT(order, testing::EndsWith("ababab"));
}

TEST(Sampler, AStandingClockIsNoEndlessLoop) {
  Probe probe = {"probe", [](int64_t) { return 0.0; }};
  SamplerOptions options;
  options.rounds = 1;
  EXPECT_EQ(timeInTurn(probe, options).front().seconds, 0);
}

TEST(Team, EachMemberWorksOnceAfterAllArePrepared) {
  std::atomic<int> prepared = 0, early = 0;
  std::vector<int> done(4, 0);
  runTeam(
      4,
      [&](int i) {
        early += prepared != 4;
        ++done[i];
      },
      [&](int) { ++prepared; });
  EXPECT_THAT(done, Each(1));
  EXPECT_EQ(early, 0);
}

TEST(Kernels, AllOfThisCpuRun) {
  Kernels kernels = withPlainKernels(x86Kernels());
  ASSERT_GE(kernels.compute.size(), 2u);
  std::set<std::pair<UnitKind, DataType>> seen;
  for (const ComputeKernel &kernel : kernels.compute) {
    SCOPED_TRACE(kernel.what);
    EXPECT_TRUE(seen.insert({kernel.unit, kernel.type}).second);
    EXPECT_GT(kernel.opsPerStep, 0);
    kernel.run(3);
  }
  alignas(64) static char bytes[4 * kReadStep];
  kernels.read.run(bytes, sizeof(bytes));
  plainKernels().read.run(bytes, sizeof(bytes));
  addInTurn(100);
}

TEST(Kernels, ChasingFollowsPointers) {
  void *ring[3] = {&ring[2], &ring[0], &ring[1]}; // 0 to 2 to 1 to 0
  EXPECT_EQ(chase(&ring[0], 1), &ring[2]);
  EXPECT_EQ(chase(&ring[0], 2), &ring[1]);
  EXPECT_EQ(chase(&ring[0], 300), &ring[0]);
}

TEST(MemorySpans, LieInTheirLevels) {
  Device device = deviceOf("epyc-zen4");
  device.memory[2].sizeBytes->v = 16 << 20; // so that memory can be had
  std::vector<std::string> problems;
  MemorySpans spans(device, 2, problems);
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(spans.levels.size(), 4u);
  ASSERT_TRUE(*spans.buffer);
  double inner = 0;
  for (const LevelSpans &level : spans.levels) {
    const MemoryLevel &memory = device.memory[level.level];
    EXPECT_EQ(level.cached, memory.kind == LevelKind::cache);
    EXPECT_GT(level.one.bytes, inner);
    EXPECT_GT(level.allBytes(), inner);
    EXPECT_EQ(level.one.bytes % kReadStep, 0);
    if (level.cached) {
      EXPECT_LT(level.one.bytes, memory.sizeBytes->v);
      inner = memory.sizeBytes->v;
    }
  }
  // One level's bytes are no other's.
  for (size_t i = 1; i < spans.levels.size(); ++i) {
    const LevelSpans &before = spans.levels[i - 1];
    EXPECT_GE(spans.levels[i].one.begin, before.one.begin + before.allBytes());
    EXPECT_GE(spans.levels[i].one.begin, before.one.begin + before.one.bytes);
  }
}

TEST(MemorySpans, SayWhatCannotBeMeasured) {
  Device device = deviceOf("epyc-zen4");
  device.memory[1].sizeBytes.reset();
  device.memory[2].sizeBytes->v = 1e13; // memory beyond that isn't there
  std::vector<std::string> problems;
  MemorySpans spans(device, 1, problems);
  EXPECT_EQ(spans.levels.size(), 1u);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0],
            "memory.L2: its size, or that of the level before, isn't known");
  EXPECT_THAT(problems[2], HasSubstr("more than a quarter of the memory"));
}

} // namespace
