//===- TeamTest.cpp - The OpenMP that oneDNN calls ------------------------===//

#include "runtime/OneDnn/Team.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

extern "C" {
int rac_omp_get_max_threads();
int rac_omp_get_num_threads();
int rac_omp_get_thread_num();
int rac_omp_in_parallel();
void rac_GOMP_parallel_start(void (*)(void *), void *, unsigned);
void rac_GOMP_parallel_end();
void rac_GOMP_barrier();
bool rac_GOMP_loop_static_start(long, long, long, long, long *, long *);
bool rac_GOMP_loop_static_next(long *, long *);
void rac_GOMP_loop_end_nowait();
}

using namespace rac::runtime;
using testing::Each;
using testing::ElementsAreArray;

namespace {

/// As compiled code does it: the thread that starts a region works in it.
template <typename Body> void parallel(unsigned threads, Body body) {
  auto call = [](void *body) { (*static_cast<Body *>(body))(); };
  rac_GOMP_parallel_start(call, &body, threads);
  call(&body);
  rac_GOMP_parallel_end();
}

struct Team : testing::Test {
  ThreadPool *pool = createPool(kThreads, 50);
  static constexpr int kThreads = 4;

  Team() { rac::onednn::useTeam(pool, kThreads); }
  ~Team() override {
    rac::onednn::useTeam(nullptr, 1);
    destroyPool(pool);
  }
};

TEST_F(Team, EachThreadTakesPartOnce) {
  for (int limit = 1; limit <= kThreads; ++limit) {
    rac::onednn::useTeam(pool, limit);
    EXPECT_EQ(rac_omp_get_max_threads(), limit);
    for (int asked = 0; asked <= kThreads + 1; ++asked) {
      int expected = asked ? std::min(asked, limit) : limit;
      std::vector<std::atomic<int>> visits(kThreads);
      std::atomic<bool> good{true};
      parallel(asked, [&] {
        ++visits[rac_omp_get_thread_num()];
        if (rac_omp_get_num_threads() != expected ||
            rac_omp_in_parallel() != (expected > 1) ||
            rac_omp_get_max_threads() != 1)
          good = false;
      });
      EXPECT_TRUE(good);
      for (int i = 0; i < kThreads; ++i)
        EXPECT_EQ(visits[i], i < expected) << limit << " " << asked;
      EXPECT_EQ(rac_omp_get_num_threads(), 1);
      EXPECT_EQ(rac_omp_get_thread_num(), 0);
      EXPECT_FALSE(rac_omp_in_parallel());
    }
  }
}

TEST_F(Team, NobodyPassesABarrierBeforeAllAreThere) {
  std::atomic<int> arrived{0};
  std::atomic<bool> good{true};
  constexpr int kRounds = 500;
  parallel(kThreads, [&] {
    for (int round = 1; round <= kRounds; ++round) {
      ++arrived;
      rac_GOMP_barrier();
      if (arrived != round * kThreads)
        good = false;
      rac_GOMP_barrier();
    }
  });
  EXPECT_TRUE(good);
  rac_GOMP_barrier(); // of nobody
}

TEST_F(Team, LoopsWithinLoopsHaveOneThread) {
  std::atomic<int> inner{0}, outer{0};
  std::atomic<bool> good{true};
  parallel(kThreads, [&] {
    int before = rac_omp_get_thread_num();
    parallel(kThreads, [&] {
      ++inner;
      if (rac_omp_get_num_threads() != 1 || rac_omp_get_thread_num() != 0 ||
          !rac_omp_in_parallel())
        good = false;
    });
    ++outer;
    if (rac_omp_get_num_threads() != kThreads ||
        rac_omp_get_thread_num() != before)
      good = false;
  });
  EXPECT_TRUE(good);
  EXPECT_EQ(inner, kThreads);
  EXPECT_EQ(outer, kThreads);
}

/// What `#pragma omp for schedule(static, chunk)` compiles to; who had each
/// iteration.
std::vector<int> owners(long start, long end, long step, long chunk,
                        int threads) {
  std::vector<int> owners;
  for (long i = start; step > 0 ? i < end : i > end; i += step)
    owners.push_back(-1);
  std::mutex mutex;
  parallel(threads, [&] {
    long low, high;
    for (bool more =
             rac_GOMP_loop_static_start(start, end, step, chunk, &low, &high);
         more; more = rac_GOMP_loop_static_next(&low, &high))
      for (long i = low; step > 0 ? i < high : i > high; i += step) {
        std::lock_guard<std::mutex> lock(mutex);
        int &owner = owners.at((i - start) / step);
        EXPECT_EQ(owner, -1);
        owner = rac_omp_get_thread_num();
      }
    rac_GOMP_loop_end_nowait();
  });
  return owners;
}

TEST_F(Team, SharedLoops) {
  // Without a size of blocks one for each, the first ones longer.
  EXPECT_THAT(owners(0, 10, 1, 0, 4),
              ElementsAreArray({0, 0, 0, 1, 1, 1, 2, 2, 3, 3}));
  EXPECT_THAT(owners(5, 0, -2, 0, 2), ElementsAreArray({0, 0, 1}));
  EXPECT_THAT(owners(0, 2, 1, 0, 4), ElementsAreArray({0, 1}));
  EXPECT_THAT(owners(0, 9, 1, 2, 3),
              ElementsAreArray({0, 0, 1, 1, 2, 2, 0, 0, 1}));
  EXPECT_THAT(owners(3, 3, 1, 2, 3), testing::IsEmpty());
  std::mt19937 random(1);
  auto number = [&](int low, int high) {
    return long(std::uniform_int_distribution<int>(low, high)(random));
  };
  for (int i = 0; i < 200; ++i) {
    long start = number(-20, 20), step = number(1, 3) * (number(0, 1) ? 1 : -1);
    long end = start + step * number(-2, 40) + number(-1, 1);
    EXPECT_THAT(owners(start, end, step, number(0, 5), int(number(1, 4))),
                Each(testing::Ge(0)));
  }
}

TEST_F(Team, EveryThreadHasItsOwnTeam) {
  // Two models at once: the second has its own threads.
  ThreadPool *other = createPool(2, 50);
  std::atomic<int> first{0}, second{0};
  std::thread beside([&] {
    EXPECT_EQ(rac_omp_get_max_threads(), 1); // nobody has said anything yet
    rac::onednn::useTeam(other, 2);
    for (int i = 0; i < 1000; ++i)
      parallel(0, [&] { ++second; });
  });
  for (int i = 0; i < 1000; ++i)
    parallel(0, [&] { ++first; });
  beside.join();
  destroyPool(other);
  EXPECT_EQ(first, 4000);
  EXPECT_EQ(second, 2000);
}

TEST_F(Team, WithoutAPoolLoopsHaveOneThread) {
  rac::onednn::useTeam(nullptr, 3);
  // What primitives are made for.
  EXPECT_EQ(rac_omp_get_max_threads(), 3);
  int calls = 0;
  parallel(3, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
}

} // namespace
