//===- MemoryTest.cpp - Allocations: how many, and when they fail ---------===//

#include "TestModel.h"

#include <gmock/gmock.h>

using namespace rac::runtime;
using namespace rac::test;
using ::testing::HasSubstr;

namespace {

bool isAligned(const void *memory) {
  return reinterpret_cast<uintptr_t>(memory) % kAlignment == 0;
}

TEST(Memory, Allocates) {
  for (uint64_t bytes : {0ull, 1ull, 64ull, 1000ull, 1ull << 20, 5ull << 20}) {
    auto *memory = static_cast<char *>(allocate(bytes));
    ASSERT_NE(memory, nullptr);
    EXPECT_TRUE(isAligned(memory));
    if (bytes)
      memory[0] = memory[bytes - 1] = 1;
    release(memory, bytes);
  }
}

TEST(Memory, RefusesTheAbsurd) {
  EXPECT_EQ(allocate(uint64_t(1) << 60), nullptr);
  EXPECT_EQ(allocate(UINT64_MAX), nullptr);
}

TEST(Memory, StackReusesItsChunks) {
  Stack stack = {};
  void *first = nullptr;
  for (int round = 0; round < 3; ++round) {
    uint64_t before = allocationCount();
    for (int i = 0; i < 100; ++i) {
      void *memory = stack.push(10000);
      ASSERT_TRUE(memory && isAligned(memory));
      if (i == 0) {
        if (round > 0) {
          EXPECT_EQ(memory, first);
        }
        first = memory;
      }
    }
    if (round > 0) {
      EXPECT_EQ(allocationCount(), before);
    }
    stack.clear();
  }
  stack.free();
}

TEST(Memory, StackPopsToAMark) {
  Stack stack = {};
  stack.push(100);
  Stack::Mark mark = stack.mark();
  void *next = stack.push(100);
  stack.push(1 << 20);
  stack.pop(mark);
  EXPECT_EQ(stack.push(50), next);
  EXPECT_EQ(stack.push(UINT64_MAX), nullptr);
  stack.free();
}

/// Asks for everything, twice as much of the arena as at first, in two threads.
void greedy(RacContext *context) {
  int64_t n = rac_input_dim(context, 0, 0);
  char *small = static_cast<char *>(rac_arena(context, n));
  EXPECT_EQ(rac_arena(context, n / 2), small);
  small[n - 1] = 1;
  auto *large = static_cast<char *>(rac_arena(context, 2 * n));
  small[0] = 1; // still there
  large[2 * n - 1] = 1;
  EXPECT_EQ(rac_arena(context, 2 * n), large);
  rac_heap(context, n);
  rac_scratch(context, n);
  auto body = [](RacContext *context, void *env, int64_t, int64_t) {
    rac_scratch(context, *static_cast<int64_t *>(env));
  };
  rac_parallel_for(context, 8, 1, 0, body, &n);
  rac_output(context, 0, 1, &n);
}

struct Greedy : TestModel {
  Greedy()
      : TestModel({{"x", RAC_I8, {-1}}}, {{"y", RAC_I8, {-1}}}, {"n"}, greedy) {
  }
};

TEST(Memory, LaterRunsAllocateNothing) {
  Greedy model;
  TestContext context(model, 2);
  std::vector<char> data(3 << 20);
  DLTensor y = {};
  uint64_t before = 0;
  for (int round = 0; round < 4; ++round) {
    before = allocationCount();
    for (int64_t n : {1 << 20, 1 << 10, 3 << 20, 5000}) {
      TestTensor x(data.data(), {n}, RAC_I8);
      ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
    }
  }
  EXPECT_EQ(allocationCount(), before);
}

TEST(Memory, EveryFailedAllocationIsAStatus) {
  Greedy model;
  std::vector<char> data(100000);
  TestTensor x(data.data(), {100000}, RAC_I8);
  const DLTensor *inputs[] = {&x};
  int failures = 0;
  for (int64_t good = 0; good < 100; ++good) {
    failAllocationsAfter(good);
    RacContext *context;
    DLTensor y = {};
    DLTensor *outputs[] = {&y};
    int status = rac_model_create(&model.info, nullptr, &context);
    if (status == RAC_OK)
      status = rac_model_run(context, inputs, 1, outputs, 1);
    failAllocationsAfter(-1);
    if (status == RAC_OK) {
      rac_model_destroy(context);
      EXPECT_GT(failures, 4);
      return;
    }
    ++failures;
    EXPECT_EQ(status, RAC_OUT_OF_MEMORY);
    EXPECT_THAT(rac_model_last_error(context), HasSubstr("no memory"));
    if (context) { // it works as soon as there is memory
      EXPECT_EQ(rac_model_run(context, inputs, 1, outputs, 1), RAC_OK);
    }
    rac_model_destroy(context);
  }
  FAIL() << "never enough memory";
}

TEST(Memory, TooMuchIsAStatus) {
  TestModel model({}, {}, {},
                  [](RacContext *c) { rac_arena(c, int64_t(1) << 60); });
  TestContext context(model);
  EXPECT_EQ(context.run({}, {}), RAC_OUT_OF_MEMORY);
  model.info.main = [](RacContext *c) { rac_heap(c, -1); };
  EXPECT_EQ(context.run({}, {}), RAC_OUT_OF_MEMORY);
  EXPECT_EQ(
      context.error(),
      "a tensor would have a negative size, or be larger than any memory");
  model.info.main = [](RacContext *c) { rac_scratch(c, INT64_MAX); };
  EXPECT_EQ(context.run({}, {}), RAC_OUT_OF_MEMORY);
  EXPECT_EQ(context.error(),
            "no memory for 9223372036854775807 bytes of scratch");
}

} // namespace
