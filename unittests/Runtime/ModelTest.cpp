//===- ModelTest.cpp - Creating and running -------------------------------===//

#include "TestModel.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <gmock/gmock.h>
#include <thread>

using namespace rac::test;
using ::testing::HasSubstr;

namespace {

/// y[n] = x[n] + 1, by way of arena, heap and scratch.
void plusOne(RacContext *context) {
  int64_t n = rac_input_dim(context, 0, 0);
  auto *x = static_cast<const float *>(rac_input(context, 0));
  float *steps[] = {static_cast<float *>(rac_arena(context, n * 4)),
                    static_cast<float *>(rac_heap(context, n * 4)),
                    static_cast<float *>(rac_scratch(context, n * 4))};
  auto *y = static_cast<float *>(rac_output(context, 0, 1, &n));
  for (int64_t i = 0; i < n; ++i) {
    steps[0][i] = x[i];
    steps[1][i] = steps[0][i];
    steps[2][i] = steps[1][i] + 1;
    y[i] = steps[2][i];
  }
}

TestModel::Tensor vectorOf(const char *name) { return {name, RAC_F32, {-1}}; }

struct PlusOne : TestModel {
  PlusOne() : TestModel({vectorOf("x")}, {vectorOf("y")}, {"n"}, plusOne) {}
};

TEST(Model, LendsOutputs) {
  PlusOne model;
  TestContext context(model);
  float xs[] = {1, 2, 3};
  TestTensor x(xs, {3});
  DLTensor y = {};
  ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
  EXPECT_EQ(y.ndim, 1);
  EXPECT_EQ(y.shape[0], 3);
  EXPECT_EQ(y.strides[0], 1);
  EXPECT_EQ(y.dtype.bits, 32);
  EXPECT_EQ(static_cast<float *>(y.data)[2], 4);
}

TEST(Model, LentOutputsCanBePassedAgain) {
  PlusOne model;
  TestContext context(model);
  std::vector<float> xs(5000, 1);
  DLTensor y = {};
  for (int64_t n : {3, 5, 5000, 2}) {
    TestTensor x(xs.data(), {n});
    ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
    EXPECT_EQ(y.shape[0], n);
  }
}

TEST(Model, OutputFedBack) {
  PlusOne model;
  TestContext context(model);
  float xs[] = {1, 2, 3};
  TestTensor x(xs, {3});
  DLTensor state = {};
  ASSERT_EQ(context.run({&x}, {&state}), RAC_OK);
  for (int i = 0; i < 5; ++i) {
    DLTensor next = {};
    ASSERT_EQ(context.run({&state}, {&next}), RAC_OK) << context.error();
    EXPECT_NE(next.data, state.data);
    EXPECT_EQ(static_cast<float *>(next.data)[0], 3 + i);
    state = next;
  }
}

TEST(Model, OutputOfAnotherShape) {
  static const auto main = [](RacContext *context) {
    int64_t sizes[] = {2};
    rac_output(context, 0, 1, sizes);
  };
  TestModel model({}, {vectorOf("y")}, {"found"}, main);
  TestContext context(model);
  float ys[3];
  TestTensor y(ys, {3});
  EXPECT_EQ(context.run({}, {&y}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "output 'y': must be of shape [2], is [3]");
}

TEST(Model, ForgottenOutput) {
  TestModel model({}, {vectorOf("y")}, {"n"}, [](RacContext *) {});
  TestContext context(model);
  DLTensor y = {};
  EXPECT_EQ(context.run({}, {&y}), RAC_FAILED);
  EXPECT_EQ(context.error(), "output 'y': the model did not compute it");
}

TEST(Model, Fails) {
  TestModel model({}, {}, {}, [](RacContext *context) {
    rac_fail(context, "index 5 of 3");
  });
  TestContext context(model);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(context.run({}, {}), RAC_FAILED);
    EXPECT_EQ(context.error(), "index 5 of 3");
  }
}

TEST(Model, ArenaSize) {
  PlusOne model;
  model.info.arena_size = [](RacContext *context) {
    return 4 * rac_input_dim(context, 0, 0);
  };
  TestContext context(model);
  TestTensor x(nullptr, {10});
  const DLTensor *inputs[] = {&x};
  int64_t bytes = 0;
  ASSERT_EQ(rac_model_arena_size(context.context, inputs, 1, &bytes), RAC_OK);
  EXPECT_EQ(bytes, 40);
  EXPECT_EQ(rac_model_arena_size(context.context, inputs, 1, nullptr),
            RAC_INVALID_ARGUMENT);
  x.ndim = 2;
  EXPECT_EQ(rac_model_arena_size(context.context, inputs, 1, &bytes),
            RAC_INVALID_ARGUMENT);
  EXPECT_EQ(bytes, -1);
}

TEST(Model, ArenaSizeUnknown) {
  PlusOne model;
  TestContext context(model);
  TestTensor x(nullptr, {10});
  const DLTensor *inputs[] = {&x};
  int64_t bytes = 0;
  ASSERT_EQ(rac_model_arena_size(context.context, inputs, 1, &bytes), RAC_OK);
  EXPECT_EQ(bytes, -1);
}

TEST(Model, Options) {
  PlusOne model;
  RacContext *context = reinterpret_cast<RacContext *>(1);
  RacOptions options = makeOptions();
  options.size = 4;
  EXPECT_EQ(rac_model_create(&model.info, &options, &context),
            RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context, nullptr);
  EXPECT_THAT(rac_model_last_error(nullptr), HasSubstr("options.size must be"));
  options = makeOptions(-1);
  EXPECT_EQ(rac_model_create(&model.info, &options, &context),
            RAC_INVALID_ARGUMENT);
  EXPECT_THAT(rac_model_last_error(nullptr), HasSubstr("options.threads"));
  for (int32_t spin : {-2, RAC_MOST_SPIN + 1}) {
    options = makeOptions(1, spin);
    EXPECT_EQ(rac_model_create(&model.info, &options, &context),
              RAC_INVALID_ARGUMENT);
    EXPECT_THAT(rac_model_last_error(nullptr), HasSubstr("options.spin_us"));
  }
  EXPECT_EQ(rac_model_create(&model.info, nullptr, nullptr),
            RAC_INVALID_ARGUMENT);
  ASSERT_EQ(rac_model_create(&model.info, nullptr, &context), RAC_OK);
  EXPECT_GE(context->threads, 1);
  rac_model_destroy(context);
}

TEST(Model, SpinIsTheModelsUnlessTheCallerSays) {
  PlusOne model;
  model.info.spin_us = 70;
  EXPECT_EQ(TestContext(model).context->spin, 70);
  EXPECT_EQ(TestContext(model, 1, 30).context->spin, 30);
  EXPECT_EQ(TestContext(model, 1, RAC_SPIN_NONE).context->spin, RAC_SPIN_NONE);
  // A caller whose RacOptions ended before spin_us.
  RacOptions options = makeOptions(1, 30);
  options.size = 8;
  RacContext *context = nullptr;
  ASSERT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK);
  EXPECT_EQ(context->spin, 70);
  rac_model_destroy(context);
}

void spend(int64_t nanoseconds) {
  auto end =
      std::chrono::steady_clock::now() + std::chrono::nanoseconds(nanoseconds);
  while (std::chrono::steady_clock::now() < end)
    ;
}

/// Group 1 twice, then an end that is no group's.
void timedMain(RacContext *context) {
  constexpr int64_t kGroup = 200000, kRest = 100000; // ns
  for (int i = 0; i < 2; ++i) {
    rac_profile(context, 1);
    spend(kGroup);
    rac_profile(context, -1);
  }
  spend(kRest);
}

TEST(Model, Profile) {
  TestModel model({}, {}, {}, timedMain);
  model.info.num_times = 3;
  TestContext context(model);
  ASSERT_EQ(context.run({}, {}), RAC_OK);
  ASSERT_EQ(context.run({}, {}), RAC_OK);
  RacGroupTime times[3];
  ASSERT_EQ(rac_model_profile(context.context, times, 3), RAC_OK);
  EXPECT_EQ(times[0].calls, 0);
  EXPECT_EQ(times[0].seconds, 0);
  EXPECT_EQ(times[1].calls, 4);
  EXPECT_GE(times[1].seconds, 8e-4);
  EXPECT_EQ(times[2].calls, 2);
  EXPECT_GE(times[2].seconds, 2e-4);
  // What was told is forgotten.
  ASSERT_EQ(rac_model_profile(context.context, times, 3), RAC_OK);
  EXPECT_EQ(times[1].calls, 0);
  EXPECT_EQ(times[1].seconds, 0);

  EXPECT_EQ(rac_model_profile(context.context, times, 2), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(), "profile: needs room for 3 times, got 2");
  EXPECT_EQ(rac_model_profile(context.context, nullptr, 3),
            RAC_INVALID_ARGUMENT);
}

TEST(Model, ProfileOfAModelWithout) {
  PlusOne model;
  TestContext context(model);
  RacGroupTime times[1];
  EXPECT_EQ(rac_model_profile(context.context, times, 1), RAC_UNSUPPORTED);
  EXPECT_EQ(context.error(), "profile: the model was compiled without it");
}

TEST(Model, AbiVersion) {
  PlusOne model;
  model.info.abi_version = 99;
  RacContext *context;
  EXPECT_EQ(rac_model_create(&model.info, nullptr, &context), RAC_UNSUPPORTED);
  EXPECT_STREQ(rac_model_last_error(nullptr),
               "the model is of ABI version 99, not 4");
}

TEST(Model, CpuFeatures) {
  PlusOne model;
  RacContext *context;
  model.info.cpu_features = "antigravity,warp9";
  EXPECT_EQ(rac_model_create(&model.info, nullptr, &context), RAC_UNSUPPORTED);
  EXPECT_STREQ(
      rac_model_last_error(nullptr),
      "this CPU lacks what the model was compiled for: antigravity, warp9");
#if defined(__x86_64__)
  model.info.cpu_features = "sse2";
  ASSERT_EQ(rac_model_create(&model.info, nullptr, &context), RAC_OK);
  rac_model_destroy(context);
  // The compiler's own idea of this CPU must be ours.
  model.info.cpu_features = "avx512f,avx512bw,avx512vl,avx512dq,fma";
  int status = rac_model_create(&model.info, nullptr, &context);
  EXPECT_EQ(status == RAC_OK, __builtin_cpu_supports("avx512f") &&
                                  __builtin_cpu_supports("avx512bw") &&
                                  __builtin_cpu_supports("avx512vl") &&
                                  __builtin_cpu_supports("avx512dq") &&
                                  __builtin_cpu_supports("fma"));
  rac_model_destroy(context);
#endif
}

TEST(Model, Busy) {
  static std::atomic<int> stage;
  stage = 0;
  TestModel model({}, {}, {}, [](RacContext *) {
    stage = 1;
    while (stage != 2)
      std::this_thread::yield();
  });
  TestContext context(model);
  std::thread thread([&] { EXPECT_EQ(context.run({}, {}), RAC_OK); });
  while (stage != 1)
    std::this_thread::yield();
  EXPECT_EQ(context.run({}, {}), RAC_BUSY);
  EXPECT_EQ(context.error(), "the context is running on another thread");
  stage = 2;
  thread.join();
}

TEST(Model, ContextsAreIndependent) {
  PlusOne model;
  auto work = [&model](float start) {
    TestContext context(model, 2);
    std::vector<float> xs(1000, start);
    TestTensor x(xs.data(), {1000});
    for (int i = 0; i < 200; ++i) {
      DLTensor y = {};
      ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
      ASSERT_EQ(static_cast<float *>(y.data)[999], start + 1);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back(work, float(10 * i));
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace
