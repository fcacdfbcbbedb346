//===- OpenMpPoolTest.cpp - What becomes of OpenMP's threads after a run --===//

#include "TestModel.h"

#include <filesystem>
#include <set>
#include <thread>

using namespace rac::test;

namespace {

std::set<std::string> threadsOfProcess() {
  std::set<std::string> threads;
  for (auto &entry : std::filesystem::directory_iterator("/proc/self/task"))
    threads.insert(entry.path().filename());
  return threads;
}

/// How many threads there are that weren't there before. One that was joined
/// may still be listed for a moment, so that is given time to become
/// `expected`.
size_t newThreads(const std::set<std::string> &before, size_t expected) {
  size_t count = 0;
  for (int i = 0; i < 500; ++i) {
    count = 0;
    for (const std::string &thread : threadsOfProcess())
      count += !before.count(thread);
    if (count == expected)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return count;
}

/// Runs a model of one loop on a thread of its own, which so has a team of its
/// own; gives how many threads there are more after it.
size_t threadsLeftBy(int spin, size_t expected) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *, void *, int64_t, int64_t) {};
    rac_parallel_for(context, 3, 1, 0, body, nullptr);
  });
  size_t left = 0;
  std::thread([&] {
    std::set<std::string> before = threadsOfProcess();
    TestContext context(model, 3, spin);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(context.run({}, {}), RAC_OK);
    left = newThreads(before, expected);
  }).join();
  return left;
}

TEST(OpenMpPool, ThreadsEndWhereTheyMayNotSpin) {
  EXPECT_EQ(threadsLeftBy(RAC_SPIN_NONE, 0), 0u);
  EXPECT_EQ(threadsLeftBy(5, 0), 0u);
}

TEST(OpenMpPool, ThreadsStayWhereTheyMay) {
  EXPECT_EQ(threadsLeftBy(300, 2), 2u);
}

} // namespace
