//===- CudaModel.h - Hand-made models for the fake driver -------*- C++ -*-===//

#ifndef RAC_UNITTESTS_RUNTIME_CUDA_CUDAMODEL_H
#define RAC_UNITTESTS_RUNTIME_CUDA_CUDAMODEL_H

#include "../TestModel.h"
#include "FakeCuda.h"

#include <cstdlib>
#include <dlfcn.h>
#include <gmock/gmock.h>

namespace rac::test {

/// The fake driver, as each test finds it.
inline FakeCuda &fakeCuda() {
  setenv("RAC_CUDA_DRIVER", FAKE_CUDA, /*overwrite=*/1);
  static auto *get = reinterpret_cast<FakeCuda *(*)()>(
      dlsym(dlopen(FAKE_CUDA, RTLD_NOW), "fakeCuda"));
  return *get();
}

/// A model with one image, whose kernels have these names and shared memory.
struct CudaModel : TestModel {
  FakeImage image;
  std::vector<std::string> names;
  std::vector<RacImage> images;
  std::vector<RacKernel> kernels;
  std::vector<const char *> messages{"index out of range", "no such token"};
  RacDeviceInfo device = {};

  CudaModel(std::vector<Tensor> inputs, std::vector<Tensor> outputs,
            std::vector<std::string> symbols, void (*main)(RacContext *))
      : TestModel(std::move(inputs), std::move(outputs), std::move(symbols),
                  main) {
    images.push_back({"sm_90a", &image, sizeof(image)});
    info.device = &device;
    update();
  }

  void addKernel(const char *name, FakeKernel kernel, int32_t shared = 0) {
    image.kernels[name] = kernel;
    kernels.push_back({name, shared, 0, /*overlaps=*/0});
    update();
  }
  void update() {
    device.num_images = int32_t(images.size());
    device.images = images.data();
    device.num_kernels = int32_t(kernels.size());
    device.kernels = kernels.data();
    device.num_messages = int32_t(messages.size());
    device.messages = messages.data();
  }
};

/// What a test allocates on the device.
struct DeviceArray {
  uint64_t address = 0;
  std::vector<char> block;

  explicit DeviceArray(const std::vector<float> &values, int offset = 0)
      : block(values.size() * sizeof(float) + 512) {
    auto start = reinterpret_cast<uint64_t>(block.data());
    address = (start + 255) / 256 * 256 + offset;
    fakeCuda().deviceMemory[start] = block.size();
    memcpy(data(), values.data(), values.size() * sizeof(float));
  }
  DeviceArray(const DeviceArray &) = delete;
  ~DeviceArray() {
    fakeCuda().deviceMemory.erase(reinterpret_cast<uint64_t>(block.data()));
  }
  float *data() const { return reinterpret_cast<float *>(address); }
};

/// A tensor in the memory of a GPU.
struct DeviceTensor : TestTensor {
  DeviceTensor(void *data, std::vector<int64_t> shape, int number = 0)
      : TestTensor(data, std::move(shape)) {
    device = {kDLCUDA, number};
  }
};

inline void launch(RacContext *context, int32_t kernel, int64_t blocks,
                   std::vector<int64_t> params, int64_t shared = 0) {
  int64_t sizes[] = {blocks, 1, 1, 32, 1, 1, shared};
  std::vector<void *> addresses;
  for (int64_t &param : params)
    addresses.push_back(&param);
  addresses.push_back(nullptr);
  rac_launch(context, kernel, sizes, addresses.data());
}

inline int64_t number(const void *pointer) {
  return reinterpret_cast<int64_t>(pointer);
}

/// to[i] = from[i] + 1, for i < count.
inline void addOneKernel(const int64_t *params, const unsigned *,
                         const unsigned *, unsigned) {
  auto *to = reinterpret_cast<float *>(params[0]);
  auto *from = reinterpret_cast<const float *>(params[1]);
  for (int64_t i = 0; i < params[2]; ++i)
    to[i] = from[i] + 1;
}

/// y[n] = x[n] + 2, by way of the arena.
inline void plusTwoMain(RacContext *context) {
  int64_t n = rac_input_dim(context, 0, 0), blocks = (n + 31) / 32;
  const void *x = rac_input(context, 0);
  void *between = rac_arena(context, n * 4);
  void *y = rac_output(context, 0, 1, &n);
  launch(context, 0, blocks, {number(between), number(x), n});
  launch(context, 0, blocks, {number(y), number(between), n});
}

struct PlusTwo : CudaModel {
  explicit PlusTwo(void (*main)(RacContext *) = plusTwoMain)
      : CudaModel({{"x", RAC_F32, {-1}}}, {{"y", RAC_F32, {-1}}}, {"n"}, main) {
    addKernel("add_one", addOneKernel);
  }
};

/// Nothing that the fake driver gave is kept.
struct CudaTest : testing::Test {
  FakeCuda &cuda = fakeCuda();

  CudaTest() { cuda = FakeCuda(); }
  ~CudaTest() override {
    EXPECT_TRUE(cuda.deviceMemory.empty());
    EXPECT_TRUE(cuda.hostMemory.empty());
    EXPECT_EQ(cuda.contexts, 0);
    EXPECT_EQ(cuda.modules, 0);
    EXPECT_EQ(cuda.streams, 0);
    EXPECT_EQ(cuda.events, 0);
    EXPECT_EQ(cuda.graphs, 0);
    EXPECT_EQ(cuda.executables, 0);
  }

  /// The message of a create that fails.
  static std::string createError(const CudaModel &model, int status,
                                 RacOptions options = makeOptions()) {
    RacContext *context = nullptr;
    EXPECT_EQ(rac_model_create(&model.info, &options, &context), status);
    EXPECT_EQ(context, nullptr);
    return rac_model_last_error(nullptr);
  }
};

} // namespace rac::test

#endif // RAC_UNITTESTS_RUNTIME_CUDA_CUDAMODEL_H
