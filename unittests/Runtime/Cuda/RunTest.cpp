//===- RunTest.cpp - Runs on a GPU, whose memory is another ---------------===//

#include "CudaModel.h"

#include <thread>

using namespace rac::test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

struct Run : CudaTest {
  PlusTwo model;
  float xs[3] = {1, 2, 3}, ys[3] = {};
  TestTensor x{xs, {3}}, y{ys, {3}};
};

TEST_F(Run, FromHostToHost) {
  TestContext context(model);
  for (int i = 0; i < 4; ++i) {
    xs[0] = float(i);
    ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
    EXPECT_THAT(ys, ElementsAre(i + 2, 4, 5));
  }
}

TEST_F(Run, LendsHostMemoryForInputsOnTheHost) {
  TestContext context(model);
  DLTensor lent = {};
  ASSERT_EQ(context.run({&x}, {&lent}), RAC_OK) << context.error();
  EXPECT_EQ(lent.device.device_type, kDLCPU);
  EXPECT_EQ(lent.shape[0], 3);
  EXPECT_EQ(static_cast<float *>(lent.data)[2], 5);
  EXPECT_EQ(cuda.hostMemory.count(reinterpret_cast<uint64_t>(lent.data)), 1u);
}

TEST_F(Run, LendsDeviceMemoryForInputsOnTheDevice) {
  TestContext context(model);
  DeviceArray device({1, 2, 3});
  DeviceTensor dx(device.data(), {3});
  DLTensor lent = {};
  ASSERT_EQ(context.run({&dx}, {&lent}), RAC_OK) << context.error();
  EXPECT_EQ(lent.device.device_type, kDLCUDA);
  EXPECT_EQ(static_cast<float *>(lent.data)[2], 5);
  EXPECT_EQ(cuda.deviceMemory.count(reinterpret_cast<uint64_t>(lent.data)), 1u);
  EXPECT_EQ(cuda.calls["cuMemcpyHtoDAsync_v2"], 0);
  EXPECT_EQ(cuda.calls["cuMemcpyDtoHAsync_v2"], 0);
}

TEST_F(Run, OutputsFedBack) {
  TestContext context(model);
  for (bool onDevice : {false, true}) {
    DeviceArray device({1, 2, 3});
    DeviceTensor dx(device.data(), {3});
    DLTensor state = {};
    ASSERT_EQ(context.run({onDevice ? &dx : &x}, {&state}), RAC_OK);
    for (int i = 0; i < 8; ++i) {
      DLTensor next = {};
      ASSERT_EQ(context.run({&state}, {&next}), RAC_OK) << context.error();
      EXPECT_NE(next.data, state.data);
      EXPECT_EQ(next.device.device_type, state.device.device_type);
      EXPECT_EQ(static_cast<float *>(next.data)[0], 5 + 2 * i);
      EXPECT_EQ(static_cast<float *>(state.data)[0], 3 + 2 * i) << "only read";
      state = next;
    }
  }
}

TEST_F(Run, GivenDeviceMemoryIsUsedItself) {
  TestContext context(model);
  DeviceArray from({1, 2, 3}), to({0, 0, 0});
  DeviceTensor dx(from.data(), {3}), dy(to.data(), {3});
  ASSERT_EQ(context.run({&dx}, {&dy}), RAC_OK) << context.error();
  EXPECT_EQ(to.data()[1], 4);
  EXPECT_EQ(cuda.calls["cuMemcpyDtoDAsync_v2"], 0);
  EXPECT_EQ(cuda.calls["cuStreamWaitEvent"], 1) << "after the caller's work";
}

TEST_F(Run, GivenDeviceMemoryThatIsNotAlignedIsCopied) {
  TestContext context(model);
  DeviceArray from({1, 2, 3}, /*offset=*/4), to({0, 0, 0, 9}, /*offset=*/8);
  DeviceTensor dx(from.data(), {3}), dy(to.data(), {3});
  for (int i = 0; i < 3; ++i) {
    from.data()[0] = float(i);
    ASSERT_EQ(context.run({&dx}, {&dy}), RAC_OK) << context.error();
    EXPECT_EQ(to.data()[0], i + 2);
    EXPECT_EQ(to.data()[2], 5);
    EXPECT_EQ(to.data()[3], 9);
  }
  EXPECT_EQ(cuda.calls["cuMemcpyDtoDAsync_v2"], 6);
}

TEST_F(Run, FromHostToDeviceAndBack) {
  TestContext context(model);
  DeviceArray memory({0, 0, 0});
  DeviceTensor between(memory.data(), {3});
  ASSERT_EQ(context.run({&x}, {&between}), RAC_OK) << context.error();
  ASSERT_EQ(context.run({&between}, {&y}), RAC_OK) << context.error();
  EXPECT_THAT(ys, ElementsAre(5, 6, 7));
}

TEST_F(Run, PageLockedMemoryIsCopiedFromAndToDirectly) {
  TestContext context(model);
  DLTensor lent = {};
  ASSERT_EQ(context.run({&x}, {&lent}), RAC_OK); // gives some
  TestTensor px(lent.data, {3});
  px.device = {kDLCUDAHost, 0};
  y.device = {kDLCUDAHost, 0};
  ASSERT_EQ(context.run({&px}, {&y}), RAC_OK) << context.error();
  EXPECT_THAT(ys, ElementsAre(5, 6, 7));
}

TEST_F(Run, EmptyTensors) {
  TestContext context(model);
  TestTensor nothing(nullptr, {0});
  for (int i = 0; i < 3; ++i) {
    DLTensor lent = {};
    ASSERT_EQ(context.run({&nothing}, {&lent}), RAC_OK) << context.error();
    EXPECT_EQ(lent.shape[0], 0);
  }
  EXPECT_EQ(cuda.calls["cuLaunchKernel"], 0);
}

/// Only kernels that wait by themselves are launched before the last one ends.
TEST_F(Run, Overlap) {
  model.addKernel("waits", addOneKernel);
  model.kernels.back().overlaps = 1;
  model.info.main = [](RacContext *context) {
    int64_t n = rac_input_dim(context, 0, 0);
    const void *x = rac_input(context, 0);
    void *between = rac_arena(context, n * 4);
    void *y = rac_output(context, 0, 1, &n);
    launch(context, 0, 1, {number(between), number(x), n});
    launch(context, 1, 1, {number(y), number(between), n});
  };
  for (bool off : {false, true}) {
    cuda.calls.clear();
    RacOptions options = makeOptions();
    options.graphs = RAC_GRAPHS_NONE;
    options.overlap = off ? RAC_OVERLAP_NONE : 0;
    RacContext *context = nullptr;
    ASSERT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK);
    const DLTensor *inputs[] = {&x};
    DLTensor *outputs[] = {&y};
    EXPECT_EQ(rac_model_run(context, inputs, 1, outputs, 1), RAC_OK);
    rac_model_destroy(context);
    // The fake's own call of cuLaunchKernel counts, too.
    EXPECT_EQ(cuda.calls["cuLaunchKernel"], 2);
    EXPECT_EQ(cuda.calls["cuLaunchKernelEx"], off ? 0 : 1);
  }
}

TEST_F(Run, NoSuchOverlap) {
  RacOptions options = makeOptions();
  options.overlap = 5;
  EXPECT_EQ(createError(model, RAC_INVALID_ARGUMENT, options),
            "create: options.overlap must be 0 or -1, is 5");
}

TEST_F(Run, LargeInputs) {
  TestContext context(model);
  std::vector<float> xs(700001), ys(xs.size());
  for (size_t i = 0; i < xs.size(); ++i)
    xs[i] = float(i);
  TestTensor x(xs.data(), {int64_t(xs.size())}), y(ys.data(), x.sizes);
  ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
  for (size_t i = 0; i < xs.size(); ++i)
    ASSERT_EQ(ys[i], xs[i] + 2);
  EXPECT_EQ(cuda.calls["cuMemcpyHtoDAsync_v2"], 3);
}

TEST_F(Run, NothingIsAllocatedOnceShapesAreKnown) {
  TestContext context(model);
  ASSERT_EQ(context.run({&x}, {&y}), RAC_OK);
  cuda.forbidden = {"cuMemAlloc_v2", "cuMemHostAlloc", "cuMemFree_v2",
                    "cuMemFreeHost"};
  uint64_t before = rac::runtime::allocationCount();
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
  EXPECT_EQ(rac::runtime::allocationCount(), before);
  cuda.forbidden.clear();
}

TEST_F(Run, WrongDevice) {
  TestContext context(model);
  DeviceTensor elsewhere(xs, {3}, /*number=*/1);
  EXPECT_EQ(context.run({&elsewhere}, {&y}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(),
            "input 'x': must be in CPU memory or on GPU 0, is on DLPack device "
            "type 2, number 1");
  EXPECT_EQ(context.run({&x}, {&elsewhere}), RAC_INVALID_ARGUMENT);
  EXPECT_THAT(context.error(), HasSubstr("output 'y': must be in CPU memory"));
}

TEST_F(Run, ModelsForTheCpuTakeNoDeviceMemory) {
  TestModel cpu({{"x", RAC_F32, {-1}}}, {}, {"n"}, [](RacContext *) {});
  TestContext context(cpu);
  DeviceTensor dx(xs, {3});
  EXPECT_EQ(context.run({&dx}, {}), RAC_INVALID_ARGUMENT);
  EXPECT_EQ(context.error(),
            "input 'x': must be in CPU memory, is on DLPack device type 2; the "
            "model was compiled for the CPU");
  EXPECT_EQ(cuda.calls["cuInit"], 0);
}

TEST_F(Run, WrongShapeIsToldOnEveryRun) {
  TestContext context(model);
  float more[4] = {}, result[4] = {};
  TestTensor wrong(result, {4});
  // The symbol's size is in the check before the run; here main says more.
  model.info.main = [](RacContext *context) {
    int64_t n = 3;
    launch(context, 0, 1,
           {number(rac_output(context, 0, 1, &n)),
            number(rac_input(context, 0)), n});
  };
  TestTensor x4(more, {4});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(context.run({&x4}, {&wrong}), RAC_INVALID_ARGUMENT);
    EXPECT_EQ(context.error(), "output 'y': must be of shape [3], is [4]");
    DLTensor lent = {};
    EXPECT_EQ(context.run({&x4}, {&lent}), RAC_OK) << context.error();
  }
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

/// What the fake driver leaves in the map of an array of n x 100 x 72, of which
/// rows are 80 apart.
struct alignas(64) Map {
  uint64_t told[16];
};
Map mapped;
int32_t mappedBits = 16;

void mapMain(RacContext *context) {
  int64_t n = rac_input_dim(context, 0, 0);
  const int64_t sizes[] = {n, 100, 72}, strides[] = {8000, 80},
                box[] = {1, 32, 64};
  rac_tensor_map(context, &mapped, rac_input(context, 0), kDLBfloat, mappedBits,
                 3, sizes, strides, box);
  rac_output(context, 0, 1, &n);
}

TEST_F(Run, TensorMapsCountDimensionsFromTheFastest) {
  PlusTwo maps(mapMain);
  TestContext context(maps);
  mapped.told[0] = 1;
  ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
  constexpr int bfloat16 = 9, swizzled = 3;
  EXPECT_THAT(mapped.told, ElementsAre(bfloat16, swizzled, 72, 64, 0, 100, 32,
                                       160, 3, 1, 16000, 0, 0, 0, 0, 0));
}

TEST_F(Run, TensorMapsOfNothingAreEmpty) {
  PlusTwo maps(mapMain);
  TestContext context(maps);
  TestTensor none{xs, {0}}, result{ys, {0}};
  mapped.told[0] = 1;
  ASSERT_EQ(context.run({&none}, {&result}), RAC_OK) << context.error();
  EXPECT_THAT(mapped.told, Each(0u));
  EXPECT_EQ(cuda.calls["cuTensorMapEncodeTiled"], 0);
}

TEST_F(Run, TensorMapsFail) {
  PlusTwo maps(mapMain);
  TestContext context(maps);
  cuda.failures["cuTensorMapEncodeTiled"] = {0, 1};
  EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
  EXPECT_THAT(context.error(),
              HasSubstr("describing an array to the copy unit: "
                        "cuTensorMapEncodeTiled: "));
  cuda.failures.clear();
  mappedBits = 4;
  EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
  EXPECT_THAT(context.error(), HasSubstr("no tensor map has 3 dimensions of "
                                         "4 bits"));
  mappedBits = 16;
}

//===----------------------------------------------------------------------===//
// Several inputs, reading, the heap
//===----------------------------------------------------------------------===//

/// y[k] = x[...] + 1 with k from the input `count`; its last number from the
/// device's memory.
void resizeMain(RacContext *context) {
  int64_t n = 0;
  rac_read(context, &n, rac_input(context, 1), sizeof(n));
  if (n < 0)
    rac_fail(context, "a negative size");
  auto *between = static_cast<float *>(rac_heap(context, n * 4));
  launch(context, 0, n > 0,
         {number(between), number(rac_input(context, 0)), n});
  float first = 0;
  if (n > 0)
    rac_read(context, &first, between, sizeof(first));
  int64_t size = n + (first == 100);
  void *y = rac_output(context, 0, 1, &size);
  launch(context, 0, size > 0, {number(y), number(between), n});
}

struct Resize : CudaTest {
  CudaModel model{{{"x", RAC_F32, {8}}, {"count", RAC_I64, {}}},
                  {{"y", RAC_F32, {-1}}},
                  {"k"},
                  resizeMain};
  float xs[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  int64_t count = 2;
  TestTensor x{xs, {8}}, k{&count, {}, RAC_I64};

  Resize() { model.addKernel("add_one", addOneKernel); }
};

TEST_F(Resize, ReadsWhatIsOnTheHostWithoutWaiting) {
  TestContext context(model);
  for (int64_t size : {5, 0, 2, 5, 5, 5}) { // the largest first
    count = size;
    DLTensor y = {};
    cuda.calls.clear();
    ASSERT_EQ(context.run({&x, &k}, {&y}), RAC_OK) << context.error();
    ASSERT_EQ(y.shape[0], size);
    for (int64_t i = 0; i < size; ++i)
      EXPECT_EQ(static_cast<float *>(y.data)[i], xs[i] + 2);
    EXPECT_EQ(cuda.calls["cuStreamSynchronize"], 1 + (size > 0))
        << "at the end, and for what was computed";
    EXPECT_EQ(cuda.calls["cuGraphLaunch"], 0) << "sizes come from data";
  }
}

TEST_F(Resize, ReadsWhatIsOnTheDevice) {
  TestContext context(model);
  DeviceArray memory({0, 0});
  memcpy(memory.data(), &count, sizeof(count));
  DeviceTensor dk(memory.data(), {});
  dk.dtype = rac::runtime::dlpackType(RAC_I64);
  DLTensor y = {};
  xs[0] = 99;
  ASSERT_EQ(context.run({&x, &dk}, {&y}), RAC_OK) << context.error();
  EXPECT_EQ(y.shape[0], 3);
}

TEST_F(Resize, ModelsFail) {
  TestContext context(model);
  count = -5;
  DLTensor y = {};
  EXPECT_EQ(context.run({&x, &k}, {&y}), RAC_FAILED);
  EXPECT_EQ(context.error(), "a negative size");
  count = 4;
  EXPECT_EQ(context.run({&x, &k}, {&y}), RAC_OK);
}

TEST_F(Resize, AbsurdSizes) {
  TestContext context(model);
  count = int64_t(1) << 60;
  DLTensor y = {};
  EXPECT_EQ(context.run({&x, &k}, {&y}), RAC_OUT_OF_MEMORY);
  EXPECT_THAT(context.error(), HasSubstr("no memory for intermediate results"));
  EXPECT_THAT(context.error(), HasSubstr("CUDA_ERROR_OUT_OF_MEMORY"));
}

/// z = x + 1, w = y + 1, sizes of their own.
void twoMain(RacContext *context) {
  for (int64_t i = 0; i < 2; ++i) {
    int64_t n = rac_input_dim(context, i, 0);
    launch(context, 0, n > 0,
           {number(rac_output(context, i, 1, &n)),
            number(rac_input(context, i)), n});
  }
}

TEST_F(Run, InputsFromHostAndDeviceInAnyOrder) {
  CudaModel two({{"x", RAC_F32, {-1}}, {"y", RAC_F32, {-2}}},
                {{"z", RAC_F32, {-1}}, {"w", RAC_F32, {-2}}}, {"n", "m"},
                twoMain);
  two.addKernel("add_one", addOneKernel);
  TestContext context(two);
  std::vector<float> small(3, 5), large(70, 6);
  DeviceArray unaligned(large, /*offset=*/4);
  TestTensor hx(small.data(), {3}), hy(large.data(), {70});
  DeviceTensor dy(unaligned.data(), {70});
  for (int repeat = 0; repeat < 3; ++repeat)
    for (bool swap : {false, true})
      for (TestTensor *second : {&hy, static_cast<TestTensor *>(&dy)}) {
        DLTensor z = {}, w = {};
        if (swap)
          ASSERT_EQ(context.run({second, &hx}, {&z, &w}), RAC_OK);
        else
          ASSERT_EQ(context.run({&hx, second}, {&z, &w}), RAC_OK);
        EXPECT_EQ(static_cast<float *>(z.data)[2], swap ? 7 : 6);
        EXPECT_EQ(static_cast<float *>(w.data)[2], swap ? 6 : 7);
        EXPECT_EQ(static_cast<float *>((swap ? z : w).data)[69], 7);
      }
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

TEST_F(Run, TooLargeAGrid) {
  model.info.main = [](RacContext *context) {
    launch(context, 0, int64_t(1) << 40, {});
  };
  TestContext context(model);
  EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
  EXPECT_EQ(context.error(),
            "kernel 'add_one', a grid of [1099511627776, 1, 1] blocks, each of "
            "[32, 1, 1] threads and 0 bytes: is too large");
}

TEST_F(Run, TooMuchSharedMemory) {
  model.info.main = [](RacContext *context) {
    launch(context, 0, 1, {}, 200 << 10);
  };
  TestContext context(model);
  EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
  EXPECT_THAT(context.error(), HasSubstr("204800 bytes: cuLaunchKernel: "
                                         "CUDA_ERROR_INVALID_VALUE"));
}

/// As after a kernel that went astray: all fails from then on.
TEST_F(Run, DeadContext) {
  TestContext context(model);
  ASSERT_EQ(context.run({&x}, {&y}), RAC_OK);
  cuda.failures["cuStreamSynchronize"] = {0, 700};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(context.run({&x}, {&y}), RAC_FAILED);
    EXPECT_EQ(context.error(), "running kernels: cuStreamSynchronize: "
                               "CUDA_ERROR_ILLEGAL_ADDRESS");
  }
  cuda.failures.clear();
}

/// Every call of a run may fail, in any of the first runs; once it doesn't, the
/// context works.
TEST_F(Run, EveryCallFails) {
  DeviceArray from({1, 2, 3});
  DeviceTensor dx(from.data(), {3});
  std::map<std::string, int> calls;
  {
    TestContext context(model);
    cuda.calls.clear();
    for (int i = 0; i < 4; ++i) {
      ASSERT_EQ(context.run({&x}, {&y}), RAC_OK);
      ASSERT_EQ(context.run({&dx}, {&y}), RAC_OK);
    }
    calls = cuda.calls;
  }
  int failed = 0;
  for (auto &[name, count] : calls)
    for (int after = 0; after < count; ++after) {
      // What gives back has no way to say that it failed.
      if (name == "cuCtxPopCurrent_v2" || name == "cuGraphDestroy")
        continue;
      TestContext context(model);
      cuda.failures = {{name, {after, 2, 1}}};
      for (int i = 0; i < 4; ++i)
        for (TestTensor *input : {&x, static_cast<TestTensor *>(&dx)}) {
          ys[0] = 0;
          if (context.run({input}, {&y}) == RAC_OK) {
            EXPECT_EQ(ys[0], 3) << name << " after " << after;
            continue;
          }
          ++failed;
          EXPECT_THAT(context.error(), HasSubstr("CUDA_ERROR_OUT_OF_MEMORY"));
        }
      cuda.failures.clear();
      EXPECT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
    }
  EXPECT_GT(failed, 20);
}

TEST_F(Run, Concurrently) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      TestContext context(model);
      std::vector<float> xs(1000 * (t + 1), float(t)), ys(xs.size());
      TestTensor x(xs.data(), {int64_t(xs.size())}), y(ys.data(), x.sizes);
      for (int i = 0; i < 50; ++i) {
        xs.back() = float(i);
        ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
        ASSERT_EQ(ys.back(), i + 2);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST_F(Run, CallersStream) {
  DeviceArray from({1, 2, 3}), to({0, 0, 0});
  DeviceTensor dx(from.data(), {3}), dy(to.data(), {3});
  RacOptions options = makeOptions();
  options.stream = reinterpret_cast<void *>(1); // the default one
  RacContext *context = nullptr;
  ASSERT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK);
  const DLTensor *inputs[] = {&dx}, *hostInputs[] = {&x};
  DLTensor *outputs[] = {&dy}, *hostOutputs[] = {&y};
  cuda.calls.clear();
  for (int i = 0; i < 4; ++i)
    ASSERT_EQ(rac_model_run(context, inputs, 1, outputs, 1), RAC_OK);
  EXPECT_EQ(cuda.calls["cuStreamSynchronize"], 0);
  EXPECT_EQ(to.data()[0], 0) << "not done yet";
  ASSERT_EQ(rac_model_run(context, hostInputs, 1, hostOutputs, 1), RAC_OK);
  EXPECT_EQ(ys[0], 3);
  EXPECT_EQ(to.data()[0], 3);
  rac_model_destroy(context);
}

//===----------------------------------------------------------------------===//
// Profiles
//===----------------------------------------------------------------------===//

void profiledMain(RacContext *context) {
  int64_t n = rac_input_dim(context, 0, 0);
  int64_t x = number(rac_input(context, 0));
  int64_t y = number(rac_output(context, 0, 1, &n));
  for (int i = 0; i < 1000; ++i) { // more than there are marks
    rac_profile(context, 0);
    launch(context, 0, 1, {y, x, n});
    launch(context, 0, 1, {y, x, n});
    rac_profile(context, 1);
    launch(context, 0, 1, {y, x, n});
    rac_profile(context, -1);
  }
}

TEST_F(Run, ProfileIsOfTheDevicesTime) {
  PlusTwo profiled(profiledMain);
  profiled.info.num_times = 3;
  TestContext context(profiled);
  for (int i = 0; i < 4; ++i)
    ASSERT_EQ(context.run({&x}, {&y}), RAC_OK) << context.error();
  EXPECT_EQ(cuda.calls["cuGraphLaunch"], 0);
  RacGroupTime times[3];
  ASSERT_EQ(rac_model_profile(context.context, times, 3), RAC_OK);
  EXPECT_EQ(times[0].calls, 4000);
  EXPECT_EQ(times[1].calls, 4000);
  EXPECT_EQ(times[2].calls, 4);
  // A piece of work takes a millisecond; the marks are such, too.
  EXPECT_NEAR(times[0].seconds, 4000 * 3e-3, 1e-6);
  EXPECT_NEAR(times[1].seconds, 4000 * 2e-3, 1e-6);
  EXPECT_GT(times[2].seconds, 0);
}

} // namespace
