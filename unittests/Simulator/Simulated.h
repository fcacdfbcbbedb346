//===- Simulated.h - Runs kernels in MLIR on the simulator ------*- C++ -*-===//

#ifndef RAC_UNITTESTS_SIMULATOR_SIMULATED_H
#define RAC_UNITTESTS_SIMULATOR_SIMULATED_H

#include "SimulatorImage.h"
#include "mlir/Parser/Parser.h"
#include "rac/Pipelines/Pipelines.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

namespace rac::simulated {

using Address = unsigned long long;
using Handle = void *;

/// A function of the driver.
template <typename... Parameters> auto driver(const char *name) {
  static void *library = dlopen(RAC_SIMULATOR, RTLD_NOW | RTLD_LOCAL);
  auto *address = library ? dlsym(library, name) : nullptr;
  EXPECT_NE(address, nullptr) << name;
  return reinterpret_cast<int (*)(Parameters...)>(address);
}

/// `text` with `by` for each `what`.
inline std::string replaced(std::string text, const std::string &what,
                            const std::string &by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos;
       at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

/// An array in the device's memory.
template <typename T> class Array {
public:
  explicit Array(const std::vector<T> &values) : count(values.size()) {
    EXPECT_EQ(driver<unsigned>("cuInit")(0), 0);
    auto allocate = driver<Address *, size_t>("cuMemAlloc_v2");
    EXPECT_EQ(allocate(&address, count * sizeof(T)), 0);
    auto copy = driver<Address, const void *, size_t>("cuMemcpyHtoD_v2");
    EXPECT_EQ(copy(address, values.data(), count * sizeof(T)), 0);
  }
  explicit Array(size_t count) : Array(std::vector<T>(count)) {}
  Array(const Array &) = delete;
  ~Array() { driver<Address>("cuMemFree_v2")(address); }

  std::vector<T> read() const {
    std::vector<T> values(count);
    auto copy = driver<void *, Address, size_t>("cuMemcpyDtoH_v2");
    EXPECT_EQ(copy(values.data(), address, count * sizeof(T)), 0);
    return values;
  }

  Address address;
  size_t count;
};

/// cuda.h's CUtensorMap.
struct alignas(64) TensorMap {
  char bytes[128];
};

/// The parameters of a launch, each in 8 bytes, but tensor maps where they
/// are.
class Params {
public:
  template <typename... Arguments> explicit Params(const Arguments &...list) {
    (add(list), ...);
  }
  void **addresses() {
    pointers.clear();
    for (uint64_t &value : values)
      pointers.push_back(&value);
    for (auto [place, map] : maps)
      pointers[place] = const_cast<TensorMap *>(map);
    return pointers.data();
  }

private:
  template <typename T> void add(const Array<T> &array) {
    // Two pointers, the offset, the size, the stride.
    values.insert(values.end(),
                  {array.address, array.address, 0, array.count, 1});
  }
  void add(const TensorMap &map) {
    maps.push_back({values.size(), &map});
    values.push_back(0);
  }
  template <typename T>
  std::enable_if_t<std::is_arithmetic_v<T>> add(const T &value) {
    values.push_back(0);
    memcpy(&values.back(), &value, sizeof(T));
  }
  std::vector<uint64_t> values;
  std::vector<std::pair<size_t, const TensorMap *>> maps;
  std::vector<void *> pointers;
};

struct Grid {
  unsigned blocks, threads, shared = 0;
};

/// A module of the driver, compiled from the content of a gpu.module.
class Module {
public:
  explicit Module(llvm::StringRef body) {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    mlir::MLIRContext context(registry);
    auto parsed = mlir::parseSourceString<mlir::ModuleOp>(
        ("gpu.module @kernels {\n" + body + "\n}").str(), &context);
    if (!parsed) {
      ADD_FAILURE() << "the kernels cannot be parsed";
      return;
    }
    auto kernels = *parsed->getOps<mlir::gpu::GPUModuleOp>().begin();
    mlir::PassManager manager(&context);
    populateSimulatorPipeline(manager, KernelOptions());
    if (failed(manager.run(*parsed))) {
      ADD_FAILURE() << "the kernels can't be lowered";
      return;
    }
    auto image = makeSimulatorImage(kernels);
    if (!image) {
      ADD_FAILURE() << llvm::toString(image.takeError());
      return;
    }
    EXPECT_EQ(driver<unsigned>("cuInit")(0), 0);
    auto load = driver<Handle *, const void *>("cuModuleLoadData");
    EXPECT_EQ(load(&module, image->data()), 0);
  }
  Module(const Module &) = delete;
  ~Module() {
    if (module)
      driver<Handle>("cuModuleUnload")(module);
  }

  Handle kernel(const char *name) const {
    Handle kernel = nullptr;
    auto find = driver<Handle *, Handle, const char *>("cuModuleGetFunction");
    EXPECT_EQ(find(&kernel, module, name), 0) << name;
    return kernel;
  }

  /// What cuLaunchKernel gives.
  int launch(const char *name, Grid grid, Params params,
             Handle stream = nullptr) const {
    auto launch =
        driver<Handle, unsigned, unsigned, unsigned, unsigned, unsigned,
               unsigned, unsigned, Handle, void **, void **>("cuLaunchKernel");
    return launch(kernel(name), grid.blocks, 1, 1, grid.threads, 1, 1,
                  grid.shared, stream, params.addresses(), nullptr);
  }

private:
  Handle module = nullptr;
};

constexpr int kLaunchFailed = 719;

} // namespace rac::simulated

#endif // RAC_UNITTESTS_SIMULATOR_SIMULATED_H
