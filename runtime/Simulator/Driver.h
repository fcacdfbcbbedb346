//===- Driver.h - What the parts of the driver share ------------*- C++ -*-===//
//
// The CUDA driver's interface, as far as rac uses it: cuda.h is not needed.
// Everything is done when it is enqueued, or recorded where the stream
// captures.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_SIMULATOR_DRIVER_H
#define RAC_RUNTIME_SIMULATOR_DRIVER_H

#include "rac-c/Simulator.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#define RAC_CUDA_API extern "C" __attribute__((visibility("default")))

/// cuda.h's values.
enum CUresult : int {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES = 701,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_INVALID_CLUSTER_SIZE = 912,
  CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
  CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
  CUDA_ERROR_ILLEGAL_STATE = 401
};
using CUdevice = int;
using CUdeviceptr = unsigned long long;
// NOLINTBEGIN(readability-identifier-naming): NVIDIA's names
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;
// NOLINTEND(readability-identifier-naming)

namespace rac::simulator {

/// A kernel of a module.
struct CUlaunchAttribute {
  int id;
  alignas(8) int value;
  char rest[60];
};
struct CUlaunchConfig {
  unsigned grid[3], block[3], sharedBytes;
  CUstream stream;
  const CUlaunchAttribute *attributes;
  unsigned numAttributes;
};

struct Kernel {
  const RacSimKernel *code;
  int32_t dynamicLimit = 48 * 1024; ///< until cuFuncSetAttribute raises it
};

/// What an SM has, B: sm_90's.
constexpr int kSharedPerBlock = 227 * 1024;

using Work = std::function<CUresult()>;

/// Does it, or records it where the stream captures.
CUresult enqueue(CUstream stream, Work work);

/// Whether all `bytes` from `address` are of one allocation of the device.
bool isDeviceMemory(CUdeviceptr address, size_t bytes);

/// Prints why `result` is returned.
CUresult because(CUresult result, const std::string &why);

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_DRIVER_H
