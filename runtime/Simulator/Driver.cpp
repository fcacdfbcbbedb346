//===- Driver.cpp - One device, and what its errors are called ------------===//

#include "Driver.h"

#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <iterator>

using namespace rac::simulator;

namespace {

struct Name {
  CUresult result;
  const char *name, *text;
};
constexpr Name kNames[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED",
     "initialization error"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE",
     "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE",
     "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT",
     "invalid device context"},
    {CUDA_ERROR_ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE",
     "the operation cannot be performed in the present state"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED",
     "unspecified launch failure"},
    {CUDA_ERROR_INVALID_CLUSTER_SIZE, "CUDA_ERROR_INVALID_CLUSTER_SIZE",
     "the cluster size is not supported, or does not divide the grid"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
     "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
     "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "operation failed due to a previous error during capture"}};

const Name *nameOf(CUresult result) {
  for (const Name &name : kNames)
    if (name.result == result)
      return &name;
  return nullptr;
}

/// An attribute of sm_90, by its number in cuda.h.
struct Attribute {
  int number, value;
};
constexpr Attribute kAttributes[] = {
    {1, 1024},            // MAX_THREADS_PER_BLOCK
    {2, 1024},            // MAX_BLOCK_DIM_X
    {3, 1024},            // MAX_BLOCK_DIM_Y
    {4, 64},              // MAX_BLOCK_DIM_Z
    {5, 0x7FFFFFFF},      // MAX_GRID_DIM_X
    {6, 65535},           // MAX_GRID_DIM_Y
    {7, 65535},           // MAX_GRID_DIM_Z
    {8, 48 * 1024},       // MAX_SHARED_MEMORY_PER_BLOCK
    {10, 32},             // WARP_SIZE
    {16, 1},              // MULTIPROCESSOR_COUNT
    {75, 9},              // COMPUTE_CAPABILITY_MAJOR
    {76, 0},              // COMPUTE_CAPABILITY_MINOR
    {97, kSharedPerBlock} // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
};

/// There is one device with one context.
CUcontext theContext() {
  static char context;
  return reinterpret_cast<CUcontext>(&context);
}

bool isInitialised = false;
thread_local std::vector<CUcontext> contexts;

} // namespace

CUresult rac::simulator::because(CUresult result, const std::string &why) {
  fprintf(stderr, "rac simulator: %s\n", why.c_str());
  return result;
}

RAC_CUDA_API CUresult cuInit(unsigned flags) {
  // Kernels find rac_sim_barrier and the like however this library was loaded.
  Dl_info own;
  if (!dladdr(reinterpret_cast<void *>(&cuInit), &own) ||
      !dlopen(own.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL))
    return because(CUDA_ERROR_NOT_INITIALIZED, "cannot find its own symbols");
  isInitialised = true;
  return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuDriverGetVersion(int *version) {
  *version = 13000;
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuGetErrorName(CUresult result, const char **name) {
  const Name *found = nameOf(result);
  *name = found ? found->name : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

RAC_CUDA_API CUresult cuGetErrorString(CUresult result, const char **text) {
  const Name *found = nameOf(result);
  *text = found ? found->text : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

RAC_CUDA_API CUresult cuDeviceGetCount(int *count) {
  *count = 1;
  return isInitialised ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

RAC_CUDA_API CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  if (!isInitialised)
    return CUDA_ERROR_NOT_INITIALIZED;
  *device = ordinal;
  return ordinal == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

RAC_CUDA_API CUresult cuDeviceGetName(char *name, int size, CUdevice device) {
  snprintf(name, size, "simulator");
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

RAC_CUDA_API CUresult cuDeviceGetAttribute(int *value, int attribute,
                                           CUdevice device) {
  if (device != 0)
    return CUDA_ERROR_INVALID_DEVICE;
  for (const Attribute &known : kAttributes)
    if (known.number == attribute) {
      *value = known.value;
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_INVALID_VALUE;
}

RAC_CUDA_API CUresult cuDevicePrimaryCtxRetain(CUcontext *context,
                                               CUdevice device) {
  *context = theContext();
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

RAC_CUDA_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

RAC_CUDA_API CUresult cuCtxPushCurrent_v2(CUcontext context) {
  contexts.push_back(context);
  return context == theContext() ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

RAC_CUDA_API CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  if (contexts.empty())
    return CUDA_ERROR_INVALID_CONTEXT;
  if (context)
    *context = contexts.back();
  contexts.pop_back();
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuCtxGetCurrent(CUcontext *context) {
  *context = contexts.empty() ? nullptr : contexts.back();
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuCtxSetCurrent(CUcontext context) {
  if (!contexts.empty())
    contexts.pop_back();
  if (context)
    contexts.push_back(context);
  return CUDA_SUCCESS;
}

RAC_CUDA_API CUresult cuCtxSynchronize() { return CUDA_SUCCESS; }
