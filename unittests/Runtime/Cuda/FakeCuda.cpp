//===- FakeCuda.cpp - Stands for NVIDIA's driver --------------------------===//
//
// The functions that rac calls, by the names, errors and types of cuda.h.
// Streams are queues that are worked off as late as the driver may, so that
// whoever doesn't wait sees old data. Misuse is an error: memory that isn't the
// device's, a thread without a current context, waiting for a stream that is
// being captured.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace {

enum {
  kInvalidValue = 1,
  kNotInitialized = 3,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kInvalidHandle = 400,
  kNotFound = 500,
  kCaptureUnsupported = 900,
  kUnknown = 999
};

using Work = std::function<void()>;
struct Graph {
  std::vector<Work> work;
};
struct Stream {
  std::deque<Work> queue;
  std::unique_ptr<Graph> capture;
};
struct Event {
  bool recorded = false;
  Stream *stream = nullptr; ///< must be worked off for it to happen
  int64_t time = 0;
};
/// What is destroyed stays until it has happened.
using EventHandle = std::shared_ptr<Event>;
struct Module {
  const FakeImage *image;
};

FakeCuda state;
Stream legacy;
std::recursive_mutex mutex;
bool initialized;
int64_t now;            ///< one more with each piece of work
thread_local int depth; ///< of the thread's stack of contexts

Stream *find(void *stream) {
  // Null, CU_STREAM_LEGACY and CU_STREAM_PER_THREAD.
  return reinterpret_cast<uintptr_t>(stream) <= 2
             ? &legacy
             : static_cast<Stream *>(stream);
}

void workOff(Stream &stream) {
  while (!stream.queue.empty()) {
    Work work = std::move(stream.queue.front());
    stream.queue.pop_front();
    ++now;
    work();
  }
}

int enqueue(void *handle, Work work) {
  Stream &stream = *find(handle);
  if (stream.capture)
    stream.capture->work.push_back(std::move(work));
  else
    stream.queue.push_back(std::move(work));
  return 0;
}

bool holds(const std::map<uint64_t, uint64_t> &blocks, uint64_t address,
           size_t size) {
  auto at = blocks.upper_bound(address);
  if (at == blocks.begin())
    return false;
  --at;
  return address + size <= at->first + at->second;
}

/// Counts a call; what it fails with, or 0.
int begin(const char *name, bool needsContext) {
  ++state.calls[name];
  if (state.forbidden.count(name))
    return kUnknown;
  auto failure = state.failures.find(name);
  if (failure != state.failures.end()) {
    FakeCuda::Failure &planned = failure->second;
    if (planned.after > 0)
      --planned.after;
    else if (planned.times != 0) {
      planned.times -= planned.times > 0;
      return planned.code;
    }
  }
  if (!initialized && strcmp(name, "cuInit") != 0)
    return kNotInitialized;
  return needsContext && depth == 0 ? kInvalidContext : 0;
}

} // namespace

#define ENTER(needsContext)                                                    \
  std::lock_guard<std::recursive_mutex> guard(mutex);                          \
  if (int code = begin(__func__, needsContext))                                \
  return code

extern "C" {
FakeCuda *fakeCuda() { return &state; }

int cuInit(unsigned) {
  ENTER(false);
  initialized = true;
  return 0;
}
int cuGetErrorName(int code, const char **name) {
  static const std::map<int, const char *> names = {
      {1, "CUDA_ERROR_INVALID_VALUE"},
      {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {100, "CUDA_ERROR_NO_DEVICE"},
      {200, "CUDA_ERROR_INVALID_IMAGE"},
      {201, "CUDA_ERROR_INVALID_CONTEXT"},
      {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {500, "CUDA_ERROR_NOT_FOUND"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"}};
  auto found = names.find(code);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? kInvalidValue : 0;
}

int cuDeviceGetCount(int *count) {
  ENTER(false);
  *count = state.devices;
  return 0;
}
int cuDeviceGet(int *device, int ordinal) {
  ENTER(false);
  *device = ordinal + 10; // not the same thing
  return ordinal < state.devices ? 0 : kInvalidDevice;
}
int cuDeviceGetName(char *name, int length, int) {
  ENTER(false);
  snprintf(name, length, "Fake GPU");
  return 0;
}
int cuDeviceGetAttribute(int *value, int attribute, int) {
  ENTER(false);
  *value = attribute == 75 ? state.major : state.minor;
  return attribute == 75 || attribute == 76 ? 0 : kInvalidValue;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
  ENTER(false);
  *context = reinterpret_cast<void *>(intptr_t(device));
  ++state.contexts;
  return 0;
}
int cuDevicePrimaryCtxRelease_v2(int) {
  ENTER(false);
  --state.contexts;
  return 0;
}
int cuCtxPushCurrent_v2(void *context) {
  ENTER(false);
  ++depth;
  return context ? 0 : kInvalidContext;
}
int cuCtxPopCurrent_v2(void **) {
  ENTER(true);
  --depth;
  return 0;
}

int cuModuleLoadData(void **module, const void *data) {
  ENTER(true);
  auto *image = static_cast<const FakeImage *>(data);
  if (image->magic != FakeImage::kMagic)
    return kInvalidImage;
  *module = new Module{image};
  ++state.modules;
  return 0;
}
int cuModuleUnload(void *module) {
  ENTER(true);
  delete static_cast<Module *>(module);
  --state.modules;
  return 0;
}
int cuModuleGetFunction(const void **function, void *module, const char *name) {
  ENTER(true);
  auto &kernels = static_cast<Module *>(module)->image->kernels;
  auto found = kernels.find(name);
  *function = found == kernels.end() ? nullptr : &*found;
  return *function ? 0 : kNotFound;
}
int cuFuncSetAttribute(const void *function, int attribute, int value) {
  ENTER(true);
  auto *kernel =
      static_cast<const std::pair<const std::string, FakeKernel> *>(function);
  state.sharedAllowed[kernel->first] = value;
  return attribute == 8 ? 0 : kInvalidValue;
}
int cuLaunchKernel(const void *function, unsigned gx, unsigned gy, unsigned gz,
                   unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   void *stream, void **params, void **extra) {
  ENTER(true);
  if (extra || bx * by * bz > 1024 || !bx || !by || !bz || !gx || gy > 65535)
    return kInvalidValue;
  auto *kernel =
      static_cast<const std::pair<const std::string, FakeKernel> *>(function);
  if (shared > (48u << 10) &&
      shared > unsigned(state.sharedAllowed[kernel->first]))
    return kInvalidValue;
  std::vector<int64_t> values;
  for (; *params; ++params) // tests end them with null
    values.push_back(*static_cast<int64_t *>(*params));
  return enqueue(stream, [=] {
    unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
    kernel->second(values.data(), grid, block, shared);
  });
}

int cuDriverGetVersion(int *version) {
  *version = 13000;
  return 0;
}
struct LaunchConfig {
  unsigned grid[3], block[3], shared;
  void *stream;
  const struct {
    int id;
    alignas(8) int value;
    char rest[60];
  } *attributes;
  unsigned numAttributes;
};
int cuLaunchKernelEx(const LaunchConfig *config, const void *function,
                     void **params, void **extra) {
  ENTER(true);
  // CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
  if (config->numAttributes != 1 || config->attributes->id != 6 ||
      config->attributes->value != 1)
    return kInvalidValue;
  const unsigned *grid = config->grid, *block = config->block;
  return cuLaunchKernel(function, grid[0], grid[1], grid[2], block[0], block[1],
                        block[2], config->shared, config->stream, params,
                        extra);
}

/// Puts what it was told where the map is: 16 numbers.
int cuTensorMapEncodeTiled(void *map, int type, unsigned rank, void *address,
                           const uint64_t *sizes, const uint64_t *strides,
                           const unsigned *box, const unsigned *steps,
                           int interleave, int swizzle, int, int fill) {
  ENTER(true);
  if (reinterpret_cast<uint64_t>(map) % 64 || rank < 1 || rank > 5 ||
      reinterpret_cast<uint64_t>(address) % 16 || interleave || fill)
    return kInvalidValue;
  auto *told = static_cast<uint64_t *>(map);
  *told++ = uint64_t(type);
  *told++ = uint64_t(swizzle);
  for (unsigned i = 0; i < rank; ++i) {
    if (sizes[i] == 0 || box[i] == 0 || box[i] > 256 || steps[i] != 1 ||
        (i > 0 && strides[i - 1] % 16))
      return kInvalidValue;
    *told++ = sizes[i];
    *told++ = box[i];
    *told++ = i > 0 ? strides[i - 1] : 0;
  }
  return 0;
}

int cuMemAlloc_v2(uint64_t *address, size_t size) {
  ENTER(true);
  if (size == 0 || size > uint64_t(1) << 40)
    return size ? 2 : kInvalidValue;
  void *memory = aligned_alloc(256, (size + 255) / 256 * 256);
  memset(memory, 0xcd, size);
  *address = reinterpret_cast<uint64_t>(memory);
  state.deviceMemory[*address] = size;
  return 0;
}
int cuMemFree_v2(uint64_t address) {
  ENTER(true);
  if (!state.deviceMemory.erase(address))
    return kInvalidValue;
  free(reinterpret_cast<void *>(address));
  return 0;
}
int cuMemHostAlloc(void **memory, size_t size, unsigned) {
  ENTER(true);
  if (size == 0 || size > uint64_t(1) << 40)
    return size ? 2 : kInvalidValue;
  *memory = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  memset(*memory, 0xcd, size);
  state.hostMemory[reinterpret_cast<uint64_t>(*memory)] = size;
  return 0;
}
int cuMemFreeHost(void *memory) {
  ENTER(true);
  if (!state.hostMemory.erase(reinterpret_cast<uint64_t>(memory)))
    return kInvalidValue;
  free(memory);
  return 0;
}
int cuMemHostGetDevicePointer_v2(uint64_t *address, void *memory, unsigned) {
  ENTER(true);
  *address = reinterpret_cast<uint64_t>(memory);
  return holds(state.hostMemory, *address, 1) ? 0 : kInvalidValue;
}
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t size,
                         void *stream) {
  ENTER(true);
  if (!holds(state.deviceMemory, to, size))
    return kInvalidValue;
  if (find(stream)->capture)
    return kCaptureUnsupported; // of memory that the driver doesn't know
  if (holds(state.hostMemory, reinterpret_cast<uint64_t>(from), size))
    return enqueue(stream,
                   [=] { memcpy(reinterpret_cast<void *>(to), from, size); });
  std::string copy(static_cast<const char *>(from), size);
  return enqueue(
      stream, [=] { memcpy(reinterpret_cast<void *>(to), copy.data(), size); });
}
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t size, void *stream) {
  ENTER(true);
  if (!holds(state.deviceMemory, from, size))
    return kInvalidValue;
  return enqueue(stream,
                 [=] { memcpy(to, reinterpret_cast<void *>(from), size); });
}
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t size,
                         void *stream) {
  ENTER(true);
  return enqueue(stream, [=] {
    memcpy(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), size);
  });
}
int cuMemsetD8Async(uint64_t to, unsigned char value, size_t size,
                    void *stream) {
  ENTER(true);
  return enqueue(stream,
                 [=] { memset(reinterpret_cast<void *>(to), value, size); });
}
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t size) {
  ENTER(true);
  if (!holds(state.deviceMemory, from, size))
    return kInvalidValue;
  workOff(legacy);
  memcpy(to, reinterpret_cast<void *>(from), size);
  return 0;
}
/// Need not have happened when it returns.
int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t size) {
  return cuMemcpyDtoDAsync_v2(to, from, size, nullptr);
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t size) {
  std::lock_guard<std::recursive_mutex> guard(mutex);
  int code = cuMemcpyHtoDAsync_v2(to, from, size, nullptr);
  workOff(legacy);
  return code;
}

int cuStreamCreate(void **stream, unsigned) {
  ENTER(true);
  *stream = new Stream;
  ++state.streams;
  return 0;
}
int cuStreamDestroy_v2(void *stream) {
  ENTER(true);
  workOff(*find(stream));
  delete static_cast<Stream *>(stream);
  --state.streams;
  return 0;
}
int cuStreamSynchronize(void *stream) {
  ENTER(true);
  if (find(stream)->capture)
    return kCaptureUnsupported;
  workOff(*find(stream));
  return 0;
}
int cuStreamWaitEvent(void *stream, void *handle, unsigned) {
  ENTER(true);
  auto event = *static_cast<EventHandle *>(handle);
  return enqueue(stream, [=] {
    if (event->stream)
      workOff(*event->stream);
  });
}
int cuEventCreate(void **event, unsigned) {
  ENTER(true);
  *event = new EventHandle(new Event);
  ++state.events;
  return 0;
}
int cuEventDestroy_v2(void *event) {
  ENTER(true);
  delete static_cast<EventHandle *>(event);
  --state.events;
  return 0;
}
int cuEventRecord(void *handle, void *stream) {
  ENTER(true);
  auto event = *static_cast<EventHandle *>(handle);
  event->stream = find(stream);
  event->recorded = false;
  return enqueue(stream, [=] {
    event->time = now;
    event->recorded = true;
  });
}
/// One piece of work takes a millisecond.
int cuEventElapsedTime(float *milliseconds, void *from, void *to) {
  ENTER(true);
  auto first = *static_cast<EventHandle *>(from);
  auto last = *static_cast<EventHandle *>(to);
  *milliseconds = float(last->time - first->time);
  return first->recorded && last->recorded ? 0 : kInvalidHandle;
}

int cuStreamBeginCapture_v2(void *stream, int mode) {
  ENTER(true);
  find(stream)->capture = std::make_unique<Graph>();
  return mode == 2 ? 0 : kInvalidValue;
}
int cuStreamEndCapture(void *stream, void **graph) {
  ENTER(true);
  *graph = find(stream)->capture.release();
  ++state.graphs;
  return 0;
}
int cuGraphDestroy(void *graph) {
  ENTER(true);
  delete static_cast<Graph *>(graph);
  --state.graphs;
  return 0;
}
int cuGraphInstantiateWithFlags(void **executable, void *graph,
                                unsigned long long) {
  ENTER(true);
  *executable = new Graph(*static_cast<Graph *>(graph));
  ++state.executables;
  return 0;
}
int cuGraphLaunch(void *executable, void *stream) {
  ENTER(true);
  Graph graph = *static_cast<Graph *>(executable);
  return enqueue(stream, [=] {
    for (const Work &work : graph.work)
      work();
  });
}
int cuGraphExecDestroy(void *executable) {
  ENTER(true);
  delete static_cast<Graph *>(executable);
  --state.executables;
  return 0;
}
}
