//===- CreateTest.cpp - A model gets onto a GPU ---------------------------===//

#include "CudaModel.h"
#include "runtime/Cuda/Images.h"

using namespace rac::test;
using ::testing::HasSubstr;

namespace {

struct Create : CudaTest {
  PlusTwo model;
};

TEST_F(Create, AndDestroy) {
  TestContext context(model);
  EXPECT_EQ(cuda.contexts, 1);
  EXPECT_EQ(cuda.modules, 1);
}

TEST_F(Create, WhichDevice) {
  RacOptions options = makeOptions();
  options.device = 2;
  EXPECT_EQ(createError(model, RAC_INVALID_ARGUMENT, options),
            "create: options.device is 2: the driver has 2 GPUs, counted from "
            "0");
  options.device = -1;
  EXPECT_THAT(createError(model, RAC_INVALID_ARGUMENT, options),
              HasSubstr("options.device is -1"));
}

TEST_F(Create, GraphsOption) {
  RacOptions options = makeOptions();
  options.graphs = 2;
  EXPECT_EQ(createError(model, RAC_INVALID_ARGUMENT, options),
            "create: options.graphs must be 0 or -1, is 2");
}

TEST_F(Create, ByCallersThatKnowFewerOptions) {
  RacOptions options = {};
  options.device = 77; // not theirs
  options.size = offsetof(RacOptions, device);
  RacContext *context = nullptr;
  EXPECT_EQ(rac_model_create(&model.info, &options, &context), RAC_OK);
  rac_model_destroy(context);
}

TEST_F(Create, TakesTheFirstImageThatTheDeviceRuns) {
  FakeImage other;
  other.magic = 0; // the driver refuses it
  model.images = {{"sm_80", &model.image, 0},
                  {"simulator", &other, 0},
                  {"compute_80", &model.image, 0},
                  {"sm_90a", nullptr, 0}};
  model.update();
  TestContext context(model);
  EXPECT_EQ(cuda.calls["cuModuleLoadData"], 2);
}

TEST_F(Create, NoImageRuns) {
  cuda.major = 8;
  cuda.minor = 6;
  FakeImage other;
  other.magic = 0;
  model.images.push_back({"simulator", &other, 0});
  model.update();
  EXPECT_EQ(createError(model, RAC_UNSUPPORTED),
            "GPU 0, Fake GPU, of compute capability 8.6, runs none of what "
            "the model was compiled for: sm_90a, simulator: cuModuleLoadData: "
            "CUDA_ERROR_INVALID_IMAGE");
}

TEST(Images, WhichDeviceRunsThem) {
  using rac::runtime::cuda::canRun;
  EXPECT_TRUE(canRun("sm_90a", 9, 0));
  EXPECT_FALSE(canRun("sm_90a", 9, 1));
  EXPECT_FALSE(canRun("sm_90a", 10, 0));
  EXPECT_TRUE(canRun("sm_80", 8, 0));
  EXPECT_TRUE(canRun("sm_80", 8, 6));
  EXPECT_FALSE(canRun("sm_89", 8, 6));
  EXPECT_FALSE(canRun("sm_80", 9, 0));
  EXPECT_TRUE(canRun("sm_100", 10, 3));
  EXPECT_TRUE(canRun("sm_100f", 10, 3));
  EXPECT_TRUE(canRun("compute_80", 9, 0));
  EXPECT_FALSE(canRun("compute_90", 8, 9));
  EXPECT_FALSE(canRun("compute_90a", 10, 0));
  EXPECT_FALSE(canRun("compute_100f", 12, 0));
  EXPECT_TRUE(canRun("simulator", 8, 0));
}

TEST_F(Create, KernelsAndWeightsOnceForAllContexts) {
  std::vector<uint8_t> weights(1000, 7);
  model.info.weights = weights.data();
  model.info.weights_size = weights.size();
  TestContext first(model);
  {
    TestContext second(model);
    RacOptions options = makeOptions();
    options.device = 1;
    RacContext *elsewhere = nullptr;
    ASSERT_EQ(rac_model_create(&model.info, &options, &elsewhere), RAC_OK);
    EXPECT_EQ(cuda.calls["cuModuleLoadData"], 2);
    EXPECT_EQ(cuda.calls["cuMemAlloc_v2"], 2);
    rac_model_destroy(elsewhere);
  }
  EXPECT_EQ(cuda.modules, 1);
  ASSERT_EQ(cuda.deviceMemory.size(), 1u);
  auto *copy = reinterpret_cast<char *>(cuda.deviceMemory.begin()->first);
  EXPECT_EQ(copy[999], 7);
}

// 48 KiB and a few bytes of static shared memory are too much without leave: an
// H200 said so.
TEST_F(Create, DynamicSharedMemoryNeedsLeave) {
  model.addKernel("big", addOneKernel, 100 << 10);
  model.addKernel("small", addOneKernel, 48 << 10);
  model.addKernel("none", addOneKernel, 0);
  TestContext context(model);
  EXPECT_EQ(cuda.sharedAllowed["big"], 100 << 10);
  EXPECT_EQ(cuda.sharedAllowed["small"], 48 << 10);
  EXPECT_EQ(cuda.sharedAllowed.count("none"), 0u);
}

TEST_F(Create, KernelIsMissing) {
  model.kernels[0].name = "none";
  EXPECT_EQ(createError(model, RAC_FAILED),
            "none: cuModuleGetFunction: CUDA_ERROR_NOT_FOUND");
}

TEST_F(Create, NoMemoryForWeights) {
  uint8_t weights[4] = {};
  model.info.weights = weights;
  model.info.weights_size = sizeof(weights);
  cuda.failures["cuMemAlloc_v2"] = {0, 2};
  EXPECT_EQ(createError(model, RAC_OUT_OF_MEMORY),
            "memory of the GPU for 4 bytes of weights: cuMemAlloc: "
            "CUDA_ERROR_OUT_OF_MEMORY");
}

/// Every call may fail; nothing is kept then.
TEST_F(Create, EveryCallFails) {
  uint8_t weights[4] = {};
  model.info.weights = weights;
  model.info.weights_size = sizeof(weights);
  model.addKernel("big", addOneKernel, 100 << 10);
  {
    TestContext context(model);
  }
  const std::map<std::string, int> calls = cuda.calls;
  int tried = 0;
  for (auto &[name, count] : calls) {
    // Without a stream to record in, runs are slower, no more; what gives back
    // has no way to say so.
    if (name.find("Destroy") != name.npos || name.find("Free") != name.npos ||
        name.find("Release") != name.npos || name.find("Unload") != name.npos ||
        name.find("Pop") != name.npos || name == "cuStreamCreate")
      continue;
    ++tried;
    cuda.calls.clear();
    cuda.failures = {{name, {0, 999, 1}}};
    std::string error = createError(model, RAC_FAILED);
    EXPECT_THAT(error, HasSubstr(name.substr(0, name.find('_'))));
    EXPECT_THAT(error, HasSubstr("no name for"));
    EXPECT_TRUE(cuda.deviceMemory.empty()) << name;
    EXPECT_TRUE(cuda.hostMemory.empty()) << name;
    EXPECT_EQ(cuda.modules + cuda.streams + cuda.events + cuda.contexts, 0)
        << name;
  }
  EXPECT_GT(tried, 10);
}

TEST_F(Create, NoMemoryOnTheHost) {
  for (int count = 0;; ++count) {
    rac::runtime::failAllocationsAfter(count);
    RacContext *context = nullptr;
    int status = rac_model_create(&model.info, nullptr, &context);
    rac::runtime::failAllocationsAfter(-1);
    if (status == RAC_OK) {
      rac_model_destroy(context);
      EXPECT_GE(count, 3);
      return;
    }
    EXPECT_EQ(status, RAC_OUT_OF_MEMORY);
  }
}

} // namespace
