//===- Module.cpp - Images, and launching their kernels -------------------===//

#include "Driver.h"
#include "Grid.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

using namespace rac::simulator;

namespace {

struct LoadedModule {
  void *library = nullptr;
  /// The library's, kept open: the loader knows libraries by their paths, and
  /// another file's must not be the same.
  int file = -1;
  std::vector<std::unique_ptr<Kernel>> kernels;

  LoadedModule() = default;
  LoadedModule(const LoadedModule &) = delete;
  ~LoadedModule() {
    if (library)
      dlclose(library);
    if (file >= 0)
      close(file);
  }
};

/// The end of an ELF file, which is its table of sections: LLVM's linker writes
/// that last.
size_t fileBytes(const Elf64_Ehdr &header) {
  return header.e_shoff + size_t(header.e_shnum) * header.e_shentsize;
}

bool writeAll(int file, const char *data, size_t size) {
  while (size) {
    ssize_t bytes = write(file, data, size);
    if (bytes < 0)
      return false;
    data += bytes;
    size -= bytes;
  }
  return true;
}

/// Empty, or why it can't be loaded.
std::string loadLibrary(const char *image, LoadedModule &module) {
  if (strncmp(image, ELFMAG, SELFMAG))
    return "the image is not a shared object";
  Elf64_Ehdr header;
  memcpy(&header, image, sizeof(header));
  module.file = memfd_create("rac-kernels", MFD_CLOEXEC);
  if (module.file < 0 || !writeAll(module.file, image, fileBytes(header)))
    return std::string("the image cannot be copied: ") + strerror(errno);
  std::string path = "/proc/self/fd/" + std::to_string(module.file);
  module.library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  return module.library ? "" : dlerror();
}

/// Empty, or why they can't be used.
std::string findKernels(LoadedModule &module) {
  auto *image =
      static_cast<const RacSimImage *>(dlsym(module.library, "rac_sim_image"));
  if (!image)
    return "the image is none of the simulator's";
  if (image->version != RAC_SIM_VERSION)
    return "the image is of another version";
  for (int32_t i = 0; i < image->num_kernels; ++i)
    module.kernels.push_back(
        std::make_unique<Kernel>(Kernel{&image->kernels[i]}));
  return "";
}

/// A parameter's bytes, aligned as a tensor map has to be.
class Parameter {
public:
  Parameter(const void *source, size_t bytes)
      : lines((bytes + sizeof(Line) - 1) / sizeof(Line)) {
    memcpy(lines.data(), source, bytes);
  }
  void *data() { return lines.data(); }

private:
  struct alignas(64) Line {
    char bytes[64];
  };
  std::vector<Line> lines;
};

/// A launch that may be done again: its parameters are its own.
class RecordedLaunch {
public:
  RecordedLaunch(const Kernel &kernel, const unsigned *grid,
                 const unsigned *block, unsigned dynamicBytes, void **params)
      : kernel(kernel.code) {
    std::copy_n(grid, 3, launch.grid);
    std::copy_n(block, 3, launch.block);
    launch.dynamicBytes = dynamicBytes;
    launch.kernel = kernel.code;
    launch.settings = Settings::fromEnvironment();
    for (int32_t i = 0; i < this->kernel->num_params; ++i)
      values.emplace_back(params[i], this->kernel->param_bytes[i]);
  }

  CUresult operator()() {
    std::vector<void *> params;
    for (Parameter &value : values)
      params.push_back(value.data());
    launch.params = params.data();
    auto start = std::chrono::steady_clock::now();
    std::string problem = runGrid(launch);
    if (getenv("RAC_SIMULATOR_TRACE"))
      trace(std::chrono::steady_clock::now() - start);
    return problem.empty() ? CUDA_SUCCESS
                           : because(CUDA_ERROR_LAUNCH_FAILED, problem);
  }

private:
  void trace(std::chrono::duration<double, std::milli> time) const {
    fprintf(stderr,
            "rac simulator: %s, %d x %d x %d blocks of %d x %d x %d, "
            "%.3f ms\n",
            kernel->name, launch.grid[0], launch.grid[1], launch.grid[2],
            launch.block[0], launch.block[1], launch.block[2], time.count());
  }

  const RacSimKernel *kernel;
  Launch launch;
  std::vector<Parameter> values;
};

bool isSize(const unsigned (&sizes)[3], unsigned x, unsigned y, unsigned z) {
  const unsigned limits[3] = {x, y, z};
  for (int d = 0; d < 3; ++d)
    if (sizes[d] < 1 || sizes[d] > limits[d])
      return false;
  return true;
}

} // namespace

RAC_CUDA_API CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  auto loaded = std::make_unique<LoadedModule>();
  std::string problem = loadLibrary(static_cast<const char *>(image), *loaded);
  if (problem.empty())
    problem = findKernels(*loaded);
  if (!problem.empty())
    return because(CUDA_ERROR_INVALID_IMAGE, problem);
  *module = reinterpret_cast<CUmodule>(loaded.release());
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuModuleUnload(CUmodule module) {
  delete reinterpret_cast<LoadedModule *>(module);
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                                          const char *name) {
  for (auto &kernel : reinterpret_cast<LoadedModule *>(module)->kernels)
    if (!strcmp(kernel->code->name, name)) {
      *function = reinterpret_cast<CUfunction>(kernel.get());
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_NOT_FOUND;
}

RAC_CUDA_API CUresult cuFuncSetAttribute(CUfunction function, int attribute,
                                         int value) {
  constexpr int kMaxDynamicShared = 8;
  auto *kernel = reinterpret_cast<Kernel *>(function);
  if (attribute != kMaxDynamicShared)
    return CUDA_SUCCESS;
  if (value < 0 || value > kSharedPerBlock - kernel->code->shared_bytes)
    return CUDA_ERROR_INVALID_VALUE;
  kernel->dynamicLimit = value;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuFuncGetAttribute(int *value, int attribute,
                                         CUfunction function) {
  constexpr int kMaxThreadsPerBlock = 0, kSharedBytes = 1;
  auto *kernel = reinterpret_cast<Kernel *>(function);
  *value = attribute == kMaxThreadsPerBlock ? kMaxThreads
           : attribute == kSharedBytes      ? kernel->code->shared_bytes
                                            : 0;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuLaunchKernel(CUfunction function, unsigned gridX,
                                     unsigned gridY, unsigned gridZ,
                                     unsigned blockX, unsigned blockY,
                                     unsigned blockZ, unsigned shared,
                                     CUstream stream, void **params,
                                     void **extra) {
  const auto &kernel = *reinterpret_cast<const Kernel *>(function);
  const unsigned grid[3] = {gridX, gridY, gridZ};
  const unsigned block[3] = {blockX, blockY, blockZ};
  std::string name = kernel.code->name;
  if (extra || !isSize(grid, 0x7FFFFFFF, 65535, 65535))
    return because(CUDA_ERROR_INVALID_VALUE,
                   "kernel " + name + ": no such grid can be launched");
  if (!isSize(block, 1024, 1024, 64) || blockX * blockY * blockZ > kMaxThreads)
    return because(CUDA_ERROR_INVALID_VALUE,
                   "kernel " + name + ": no such block can be launched");
  if (gridX % kernel.code->cluster)
    return because(CUDA_ERROR_INVALID_CLUSTER_SIZE,
                   "kernel " + name + ": no whole number of clusters");
  if (shared > unsigned(kernel.dynamicLimit))
    return because(CUDA_ERROR_INVALID_VALUE,
                   "kernel " + name +
                       ": more dynamic shared memory than allowed");
  return enqueue(stream, RecordedLaunch(kernel, grid, block, shared, params));
}

RAC_CUDA_API CUresult cuLaunchKernelEx(const CUlaunchConfig *config,
                                       CUfunction function, void **params,
                                       void **extra) {
  const auto &kernel = *reinterpret_cast<const Kernel *>(function);
  constexpr int kOverlaps = 6; // ..._PROGRAMMATIC_STREAM_SERIALIZATION
  for (unsigned i = 0; i < config->numAttributes; ++i) {
    const CUlaunchAttribute &attribute = config->attributes[i];
    if (attribute.id != kOverlaps)
      return because(CUDA_ERROR_INVALID_VALUE,
                     "an unknown attribute of a launch");
    if (attribute.value && !kernel.code->overlaps)
      return because(CUDA_ERROR_INVALID_VALUE,
                     std::string("kernel ") + kernel.code->name +
                         ": it would not wait for the one before");
  }
  const unsigned *grid = config->grid, *block = config->block;
  return cuLaunchKernel(function, grid[0], grid[1], grid[2], block[0], block[1],
                        block[2], config->sharedBytes, config->stream, params,
                        extra);
}
