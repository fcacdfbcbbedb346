//===- FakeCuda.h - What the fake driver does and tells ---------*- C++ -*-===//

#ifndef RAC_UNITTESTS_RUNTIME_CUDA_FAKECUDA_H
#define RAC_UNITTESTS_RUNTIME_CUDA_FAKECUDA_H

#include <cstdint>
#include <map>
#include <set>
#include <string>

/// Runs once for each launch. All parameters are of 8 bytes.
using FakeKernel = void (*)(const int64_t *params, const unsigned *grid,
                            const unsigned *block, unsigned shared);

/// What the data of an image that the fake driver loads points to.
struct FakeImage {
  static constexpr uint64_t kMagic = 0x656b61662d636172;
  uint64_t magic = kMagic;
  std::map<std::string, FakeKernel> kernels;
};

/// What the library's function fakeCuda gives. The device's memory is the
/// host's, but what is enqueued in a stream happens only when something waits
/// for it.
struct FakeCuda {
  struct Failure {
    int after = 0; ///< so many calls succeed
    int code = 0;
    int times = -1; ///< then so many fail; -1: all
  };

  int devices = 2;
  int major = 9, minor = 0;
  std::map<std::string, Failure> failures; ///< by function
  std::map<std::string, int> calls;
  std::set<std::string> forbidden; ///< calls of them give error 999

  // What is there and hasn't been given back.
  std::map<uint64_t, uint64_t> deviceMemory, hostMemory; ///< address to size
  int contexts = 0, modules = 0, streams = 0, events = 0, graphs = 0,
      executables = 0;
  std::map<std::string, int> sharedAllowed; ///< by kernel: cuFuncSetAttribute
};

#endif // RAC_UNITTESTS_RUNTIME_CUDA_FAKECUDA_H
