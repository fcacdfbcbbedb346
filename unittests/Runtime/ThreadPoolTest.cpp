//===- ThreadPoolTest.cpp - When threads begin, wait and end --------------===//

#include "TestModel.h"

#include <ctime>
#include <filesystem>
#include <sched.h>
#include <thread>
#include <unistd.h>

using namespace rac::test;

namespace {

size_t threadsOfProcess() {
  size_t count = 0;
  for ([[maybe_unused]] auto &entry :
       std::filesystem::directory_iterator("/proc/self/task"))
    ++count;
  return count;
}

/// A thread that was joined may still be listed for a moment: gives it time.
size_t threadsSoon(size_t expected) {
  for (int i = 0; i < 500 && threadsOfProcess() != expected; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return threadsOfProcess();
}

void loop(RacContext *context) {
  auto body = [](RacContext *, void *, int64_t, int64_t) {};
  rac_parallel_for(context, 3, 1, 0, body, nullptr);
}

TEST(ThreadPool, ThreadsLiveFromTheFirstLoopToTheContextsEnd) {
  TestModel model({}, {}, {}, loop);
  size_t before = threadsSoon(1);
  {
    TestContext context(model, 3, 300);
    EXPECT_EQ(threadsOfProcess(), before);
    for (int i = 0; i < 3; ++i)
      ASSERT_EQ(context.run({}, {}), RAC_OK);
    EXPECT_EQ(threadsOfProcess(), before + 2);
  }
  EXPECT_EQ(threadsSoon(before), before);
}

TEST(ThreadPool, OneThreadStartsNone) {
  TestModel model({}, {}, {}, loop);
  size_t before = threadsSoon(1);
  TestContext context(model, 1);
  ASSERT_EQ(context.run({}, {}), RAC_OK);
  EXPECT_EQ(threadsOfProcess(), before);
}

double processSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

TEST(ThreadPool, ThreadsThatWaitSleepWhenTheyHaveSpun) {
  TestModel model({}, {}, {}, loop);
  for (int spin : {int(RAC_SPIN_NONE), 5, 1000}) {
    TestContext context(model, 3, spin);
    ASSERT_EQ(context.run({}, {}), RAC_OK);
    // Two threads at most as long as they may, and what starting to sleep
    // takes.
    double before = processSeconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_LT(processSeconds() - before, 0.05);
  }
}

/// With sleeps between loops, in which threads find a new place.
void runSeldom(const TestModel &model, int threads) {
  TestContext context(model, threads, RAC_SPIN_NONE);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(context.run({}, {}), RAC_OK);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(ThreadPool, OneCpuIsEnough) {
  TestModel model({}, {}, {}, loop);
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &before))
    ++cpu;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  runSeldom(model, 3);
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(ThreadPool, ThreadsKeepToTheProcessesCpus) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *, void *env, int64_t, int64_t) {
      cpu_set_t process, mine, both;
      sched_getaffinity(getpid(), sizeof(process), &process);
      sched_getaffinity(0, sizeof(mine), &mine);
      CPU_AND(&both, &process, &mine);
      EXPECT_TRUE(CPU_EQUAL(&both, &mine));
      EXPECT_GT(CPU_COUNT(&mine), 0);
    };
    rac_parallel_for(context, 3, 1, 0, body, nullptr);
  });
  runSeldom(model, 3);
}

} // namespace
