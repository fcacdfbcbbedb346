//===- ParallelTest.cpp - Parallel loops ----------------------------------===//

#include "TestModel.h"

#include <atomic>
#include <thread>

using namespace rac::test;

namespace {

/// What the models below do in their loops.
struct Plan {
  int64_t count, grain, threads;
  std::vector<int> visits;
  std::atomic<int> ranges{0}, running{0}, most{0};
  bool goodBounds = true;
};
Plan *plan;

void loop(RacContext *context) {
  auto body = [](RacContext *, void *env, int64_t low, int64_t high) {
    Plan &plan = *static_cast<Plan *>(env);
    int running = ++plan.running, most = plan.most;
    while (running > most && !plan.most.compare_exchange_weak(most, running))
      ;
    ++plan.ranges;
    if (low >= high || low % plan.grain ||
        (high % plan.grain && high != plan.count))
      plan.goodBounds = false;
    for (int64_t i = low; i < high; ++i)
      ++plan.visits[i];
    --plan.running;
  };
  rac_parallel_for(context, plan->count, plan->grain, plan->threads, body,
                   plan);
}

TEST(Parallel, EachStepOnce) {
  TestModel model({}, {}, {}, loop);
  for (int threads : {1, 2, 3, 8}) {
    TestContext context(model, threads);
    for (int64_t count : {0, 1, 2, 7, 64, 1000})
      for (int64_t grain : {1, 3, 16, 5000})
        for (int64_t limit : {0, 1, 2}) {
          Plan here = {count, grain, limit, std::vector<int>(count)};
          plan = &here;
          ASSERT_EQ(context.run({}, {}), RAC_OK);
          for (int visits : here.visits)
            ASSERT_EQ(visits, 1);
          EXPECT_TRUE(here.goodBounds);
          int most = limit ? std::min<int64_t>(limit, threads) : threads;
          EXPECT_LE(here.ranges, most);
          EXPECT_LE(here.most, most);
        }
  }
}

TEST(Parallel, WhoeverSleepsIsWoken) {
  // Loops of one worker more and one less, with pauses in which threads that
  // spin go to sleep and without.
  TestModel model({}, {}, {}, loop);
  for (int spin : {int(RAC_SPIN_NONE), 1, 200, 100000}) {
    TestContext context(model, 4, spin);
    for (int i = 0; i < 200; ++i) {
      Plan here = {100, 1, 1 + i % 4, std::vector<int>(100)};
      plan = &here;
      ASSERT_EQ(context.run({}, {}), RAC_OK);
      for (int visits : here.visits)
        ASSERT_EQ(visits, 1);
      if (i % 10 == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  }
}

TEST(Parallel, ReallyParallel) {
  // Both halves wait for each other.
  static std::atomic<int> arrived;
  arrived = 0;
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *, void *, int64_t, int64_t) {
      ++arrived;
      while (arrived < 2)
        std::this_thread::yield();
    };
    rac_parallel_for(context, 2, 1, 0, body, nullptr);
  });
  TestContext context(model, 2);
  EXPECT_EQ(context.run({}, {}), RAC_OK);
}

TEST(Parallel, Nested) {
  static std::atomic<int> steps;
  steps = 0;
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto inner = [](RacContext *context, void *, int64_t low, int64_t high) {
      rac_scratch(context, 100);
      steps += int(high - low);
    };
    auto outer = [](RacContext *context, void *env, int64_t low, int64_t high) {
      auto *mine = static_cast<int64_t *>(rac_scratch(context, 8));
      *mine = low;
      auto body =
          *static_cast<void (**)(RacContext *, void *, int64_t, int64_t)>(env);
      for (int64_t i = low; i < high; ++i)
        rac_parallel_for(context, 10, 1, 0, body, nullptr);
      if (*mine != low)
        rac_fail(context, "scratch memory was overwritten");
    };
    void (*body)(RacContext *, void *, int64_t, int64_t) = inner;
    rac_parallel_for(context, 20, 1, 0, outer, &body);
  });
  for (int threads : {1, 4}) {
    TestContext context(model, threads);
    steps = 0;
    EXPECT_EQ(context.run({}, {}), RAC_OK) << context.error();
    EXPECT_EQ(steps, 200);
  }
}

TEST(Parallel, ScratchIsReleased) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *context, void *, int64_t, int64_t) {
      rac_scratch(context, 100000);
    };
    for (int i = 0; i < 1000; ++i)
      rac_parallel_for(context, 4, 1, 0, body, nullptr);
  });
  for (int threads : {1, 2}) {
    TestContext context(model, threads);
    EXPECT_EQ(context.run({}, {}), RAC_OK);
    for (int i = 0; i < threads; ++i)
      EXPECT_LT(context.context->workers[i].scratch.total, 1000000u);
  }
}

/// Fails in the range that holds step number `env`.
void failAt(RacContext *context, void *env, int64_t low, int64_t high) {
  auto step = *static_cast<int64_t *>(env);
  rac_scratch(context, 64);
  if (low <= step && step < high)
    rac_fail(context, "a worker failed");
}

int64_t failingStep;

TEST(Parallel, FailureInAWorker) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    rac_parallel_for(context, 8, 1, 0, failAt, &failingStep);
    if (failingStep >= 0)
      rac_fail(context, "went on after the loop");
  });
  for (int threads : {1, 2, 4}) {
    TestContext context(model, threads);
    for (failingStep = 0; failingStep < 8; ++failingStep) {
      EXPECT_EQ(context.run({}, {}), RAC_FAILED);
      EXPECT_EQ(context.error(), "a worker failed");
    }
    failingStep = -1;
    EXPECT_EQ(context.run({}, {}), RAC_OK)
        << "the context is usable after a failure";
  }
}

TEST(Parallel, FailureInAllWorkers) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *context, void *, int64_t, int64_t) {
      rac_fail(context, "all workers fail");
    };
    rac_parallel_for(context, 100, 1, 0, body, nullptr);
  });
  TestContext context(model, 4);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(context.run({}, {}), RAC_FAILED);
    EXPECT_EQ(context.error(), "all workers fail");
  }
}

TEST(Parallel, ManyContextsAtOnce) {
  static std::atomic<int64_t> steps;
  steps = 0;
  TestModel model({}, {}, {}, [](RacContext *context) {
    auto body = [](RacContext *, void *, int64_t low, int64_t high) {
      steps += high - low;
    };
    for (int i = 0; i < 50; ++i)
      rac_parallel_for(context, 100, 1, 0, body, nullptr);
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      TestContext context(model, 2);
      for (int i = 0; i < 10; ++i)
        EXPECT_EQ(context.run({}, {}), RAC_OK);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(steps, 4 * 10 * 50 * 100);
}

} // namespace
