//===- Driver.h - NVIDIA's driver -------------------------------*- C++ -*-===//
//
// libcuda.so.1, loaded when the first context of a model for NVIDIA GPUs is
// created: nothing of NVIDIA's is needed to build, nor to load a model. The
// environment variable RAC_CUDA_DRIVER names another library with the same
// functions, such as a simulator.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_CUDA_DRIVER_H
#define RAC_RUNTIME_CUDA_DRIVER_H

#include "../Context.h"

// As in cuda.h, where CUstream and so on point to them.
struct CUctx_st;
struct CUmod_st;
struct CUfunc_st;
struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;

namespace rac::runtime::cuda {

using ContextHandle = CUctx_st *;
using Module = CUmod_st *;
using Kernel = CUfunc_st *;
using Stream = CUstream_st *;
using Event = CUevent_st *;
using Graph = CUgraph_st *;
using Executable = CUgraphExec_st *;
/// An address in the device's memory (64 bits on all hosts that have a driver).
using Address = unsigned long long;
using DeviceHandle = int;

/// cuda.h's values, of what is used here.
enum : int {
  kSuccess = 0,
  kOutOfMemory = 2,         // CUDA_ERROR_OUT_OF_MEMORY
  kStubLibrary = 34,        // CUDA_ERROR_STUB_LIBRARY
  kDeviceUnavailable = 46,  // CUDA_ERROR_DEVICE_UNAVAILABLE
  kNoDevice = 100,          // CUDA_ERROR_NO_DEVICE
  kInvalidImage = 200,      // CUDA_ERROR_INVALID_IMAGE
  kNoBinaryForGpu = 209,    // CUDA_ERROR_NO_BINARY_FOR_GPU
  kInvalidPtx = 218,        // CUDA_ERROR_INVALID_PTX
  kUnsupportedPtx = 222,    // CUDA_ERROR_UNSUPPORTED_PTX_VERSION
  kNotSupported = 801,      // CUDA_ERROR_NOT_SUPPORTED
  kSystemNotReady = 802,    // CUDA_ERROR_SYSTEM_NOT_READY
  kDriverMismatch = 803,    // CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
  kDeviceIncompatible = 804 // CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE
};
enum DeviceAttribute : int {
  kCapabilityMajor = 75, // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
  kCapabilityMinor = 76  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
};
enum KernelAttribute : int {
  kMostDynamicShared = 8 // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
};
enum TensorMapType : int {
  kMapUint8 = 0,    // CU_TENSOR_MAP_DATA_TYPE_UINT8
  kMapFloat16 = 6,  // CU_TENSOR_MAP_DATA_TYPE_FLOAT16
  kMapFloat32 = 7,  // CU_TENSOR_MAP_DATA_TYPE_FLOAT32
  kMapBfloat16 = 9, // CU_TENSOR_MAP_DATA_TYPE_BFLOAT16
};
enum : int {
  kNotInterleaved = 0, // CU_TENSOR_MAP_INTERLEAVE_NONE
  kSwizzle128 = 3,     // CU_TENSOR_MAP_SWIZZLE_128B
  kPromote256 = 3,     // CU_TENSOR_MAP_L2_PROMOTION_L2_256B
  kZerosOutside = 0    // CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE
};
enum CaptureMode : int { kCaptureRelaxed = 2 };
enum : unsigned {
  kStreamNonBlocking = 1, // CU_STREAM_NON_BLOCKING
  kEventNoTiming = 2,     // CU_EVENT_DISABLE_TIMING
  kHostMapped = 2         // CU_MEMHOSTALLOC_DEVICEMAP
};
/// CU_STREAM_LEGACY: what programs use that don't say which stream.
inline Stream legacyStream() { return reinterpret_cast<Stream>(1); }

/// CUlaunchAttribute: its number, and a value that is an int of 64 bytes.
struct LaunchAttribute {
  int id;
  alignas(8) int value;
  char rest[60];
};
static_assert(sizeof(LaunchAttribute) == 72, "as in cuda.h");
/// CUlaunchConfig.
struct LaunchConfig {
  unsigned grid[3], block[3], sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned numAttributes;
};
static_assert(sizeof(LaunchConfig) == 56, "as in cuda.h");
/// CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
constexpr int kOverlapsLaunch = 6;

/// What a function of the driver gave. True: it failed.
struct Result {
  const char *function;
  int code;
  explicit operator bool() const { return code != kSuccess; }
};

template <typename... Parameters> struct Function {
  const char *name;
  int (*address)(Parameters...) = nullptr;

  Result operator()(Parameters... arguments) const {
    return {name, address(arguments...)};
  }
  explicit operator bool() const { return address != nullptr; }
};

struct Driver {
  void *library = nullptr;

  Function<unsigned> init{"cuInit"};
  Function<int, const char **> getErrorName{"cuGetErrorName"};
  Function<int *> deviceGetCount{"cuDeviceGetCount"};
  Function<DeviceHandle *, int> deviceGet{"cuDeviceGet"};
  Function<char *, int, DeviceHandle> deviceGetName{"cuDeviceGetName"};
  Function<int *, DeviceAttribute, DeviceHandle> deviceGetAttribute{
      "cuDeviceGetAttribute"};
  Function<ContextHandle *, DeviceHandle> primaryRetain{
      "cuDevicePrimaryCtxRetain"};
  Function<DeviceHandle> primaryRelease{"cuDevicePrimaryCtxRelease_v2"};
  Function<ContextHandle> pushCurrent{"cuCtxPushCurrent_v2"};
  Function<ContextHandle *> popCurrent{"cuCtxPopCurrent_v2"};

  Function<Module *, const void *> moduleLoad{"cuModuleLoadData"};
  Function<Module> moduleUnload{"cuModuleUnload"};
  Function<Kernel *, Module, const char *> moduleGetFunction{
      "cuModuleGetFunction"};
  Function<Kernel, KernelAttribute, int> functionSetAttribute{
      "cuFuncSetAttribute"};
  /// Sizes of the grid and of a block, dynamic shared memory, the stream, the
  /// addresses of the parameters, null.
  Function<Kernel, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
           unsigned, Stream, void **, void **>
      launchKernel{"cuLaunchKernel"};
  Function<int *> getVersion{"cuDriverGetVersion"};
  /// Sizes and the stream, the kernel, as above. Missing before CUDA 11.8.
  Function<const LaunchConfig *, Kernel, void **, void **> launchKernelEx{
      "cuLaunchKernelEx"};
  /// Whether kernels may be launched before others end, in graphs, too.
  bool overlaps = false;

  Function<Address *, size_t> memAlloc{"cuMemAlloc_v2"};
  Function<Address> memFree{"cuMemFree_v2"};
  Function<void **, size_t, unsigned> hostAlloc{"cuMemHostAlloc"};
  Function<void *> hostFree{"cuMemFreeHost"};
  Function<Address *, void *, unsigned> hostGetDevicePointer{
      "cuMemHostGetDevicePointer_v2"};
  Function<Address, const void *, size_t, Stream> copyToDevice{
      "cuMemcpyHtoDAsync_v2"};
  Function<void *, Address, size_t, Stream> copyToHost{"cuMemcpyDtoHAsync_v2"};
  Function<Address, Address, size_t, Stream> copyOnDevice{
      "cuMemcpyDtoDAsync_v2"};
  /// So many bytes become a value.
  Function<Address, unsigned char, size_t, Stream> fill{"cuMemsetD8Async"};

  Function<Stream *, unsigned> streamCreate{"cuStreamCreate"};
  Function<Stream> streamDestroy{"cuStreamDestroy_v2"};
  Function<Stream> streamSynchronize{"cuStreamSynchronize"};
  Function<Stream, Event, unsigned> streamWaitEvent{"cuStreamWaitEvent"};
  Function<Event *, unsigned> eventCreate{"cuEventCreate"};
  Function<Event> eventDestroy{"cuEventDestroy_v2"};
  Function<Event, Stream> eventRecord{"cuEventRecord"};
  /// Milliseconds.
  Function<float *, Event, Event> eventElapsedTime{"cuEventElapsedTime"};

  /// The map, its elements' type, rank, address, sizes, strides between lines
  /// (B), box, steps; interleaving, swizzling, prefetching, what lies outside.
  /// Missing before CUDA 12.
  Function<void *, int, unsigned, void *, const unsigned long long *,
           const unsigned long long *, const unsigned *, const unsigned *, int,
           int, int, int>
      tensorMapEncode{"cuTensorMapEncodeTiled"};

  // Where one of these is missing, runs are not replayed.
  Function<Stream, CaptureMode> beginCapture{"cuStreamBeginCapture_v2"};
  Function<Stream, Graph *> endCapture{"cuStreamEndCapture"};
  Function<Graph> graphDestroy{"cuGraphDestroy"};
  Function<Executable *, Graph, unsigned long long> graphInstantiate{
      "cuGraphInstantiateWithFlags"};
  Function<Executable, Stream> graphLaunch{"cuGraphLaunch"};
  Function<Executable> executableDestroy{"cuGraphExecDestroy"};
  bool hasGraphs = false;
};

/// The driver: after loadDriver gave RAC_OK, and until the process ends.
extern Driver driver;

/// Loads the driver if it isn't yet and initialises it. RAC_OK, or reports.
int loadDriver();

/// "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY"
struct ErrorText {
  char text[96];
  explicit ErrorText(Result result);
};

/// The status that the interface of models has for it.
RacStatus statusOf(Result result);

/// Reports, outside of runs, that `what` failed.
int reportResult(const char *what, Result result);

/// Fails the run if `result` is a failure; `what` is what it was to do.
inline void check(RacContext *context, const char *what, Result result) {
  if (result)
    fail(context, statusOf(result), "%s: %s", what, ErrorText(result).text);
}

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_DRIVER_H
