//===- Accelerator.cpp - NVIDIA GPUs --------------------------------------===//
//
// The table that the runtime asks where a model is for a GPU, and what host
// code of such models calls.
//
//===----------------------------------------------------------------------===//

#include "Replay.h"
#include "Timeline.h"

#include <climits>
#include <cstdio>
#include <cstring>

using namespace rac::runtime;
using namespace rac::runtime::cuda;

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

/// Streams, the event, and what the device and the host share.
static int createParts(State &state, const RacOptions &options) {
  Result result = {};
  state.stream = static_cast<Stream>(options.stream);
  if (!state.stream) {
    result = driver.streamCreate(&state.own, kStreamNonBlocking);
    state.stream = state.own;
  }
  if (!result)
    result = driver.eventCreate(&state.event, kEventNoTiming);
  void *shared = nullptr;
  if (!result)
    result = driver.hostAlloc(&shared, sizeof(State::Shared), kHostMapped);
  if (shared) {
    state.shared = static_cast<State::Shared *>(shared);
    *state.shared = {};
    result = driver.hostGetDevicePointer(&state.statusAddress,
                                         &state.shared->status, /*flags=*/0);
  }
  return result ? reportResult("create: the GPU", result) : RAC_OK;
}

static int createState(RacContext *context, const RacOptions &options) {
  const RacModelInfo *info = context->info;
  uint64_t size = sizeof(State) + info->num_inputs * sizeof(RunInput) +
                  info->num_outputs * sizeof(RunOutput);
  auto *state = static_cast<State *>(allocateZeroed(size));
  if (!state)
    return report(nullptr, RAC_OUT_OF_MEMORY,
                  "create: no memory for a context");
  context->acceleratorState = state;
  state->blockSize = size;
  state->inputs = reinterpret_cast<RunInput *>(state + 1);
  state->outputs =
      reinterpret_cast<RunOutput *>(state->inputs + info->num_inputs);
  if (int status =
          acquire(info, context->weights, options.device, state->loaded))
    return status;
  if (Result result = driver.pushCurrent(state->loaded->context))
    return reportResult("using the GPU", result);
  int status = createParts(*state, options);
  if (!status && info->num_times > 0 && !(state->timeline = createTimeline()))
    status =
        report(nullptr, RAC_OUT_OF_MEMORY, "create: no memory for a context");
  // Without it runs are slower, no more. A timeline needs all its marks.
  if (!status && info->num_times == 0 && options.graphs == 0 &&
      driver.hasGraphs)
    state->replays = createReplays(context);
  // Times of groups are those between their kernels.
  state->overlaps =
      driver.overlaps && options.overlap == 0 && info->num_times == 0;
  ContextHandle popped;
  driver.popCurrent(&popped);
  return status;
}

static int create(RacContext *context, const RacOptions &options) {
  if (options.graphs != 0 && options.graphs != RAC_GRAPHS_NONE)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.graphs must be 0 or %d, is %d",
                  RAC_GRAPHS_NONE, options.graphs);
  if (options.overlap != 0 && options.overlap != RAC_OVERLAP_NONE)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.overlap must be 0 or %d, is %d",
                  RAC_OVERLAP_NONE, options.overlap);
  if (int status = loadDriver())
    return status;
  return createState(context, options);
}

/// Nothing is wrong with a driver that is gone by now, at a process's end.
static void destroyParts(RacContext *context, State &state) {
  if (state.stream)
    driver.streamSynchronize(state.stream);
  destroyReplays(state);
  destroyTimeline(state.timeline);
  freeDevice(context->arena);
  freeDevice(state.deviceStaging);
  freeHost(state.hostStaging);
  freeDevice(state.counters);
  state.temporary.free();
  for (int32_t i = 0; i < context->info->num_outputs; ++i)
    for (int k = 0; k < 2; ++k) {
      freeDevice(context->outputs[i].buffers[k]);
      freeHost(context->outputs[i].hostBuffers[k]);
    }
  if (state.shared)
    driver.hostFree(state.shared);
  if (state.event)
    driver.eventDestroy(state.event);
  if (state.own)
    driver.streamDestroy(state.own);
}

static void destroy(RacContext *context) {
  auto *state = static_cast<State *>(context->acceleratorState);
  if (!state)
    return;
  if (state->loaded) {
    bool entered = !driver.pushCurrent(state->loaded->context);
    destroyParts(context, *state);
    ContextHandle popped;
    if (entered)
      driver.popCurrent(&popped);
    release(state->loaded);
  }
  rac::runtime::release(state, state->blockSize);
  context->acceleratorState = nullptr;
}

static bool canUse(const RacContext *context, DLDevice device) {
  return device.device_type == kDLCUDAHost ||
         (device.device_type == kDLCUDA &&
          device.device_id == stateOf(context).loaded->ordinal);
}

static void describe(const RacContext *context, char *text, size_t size) {
  snprintf(text, size, "GPU %d", stateOf(context).loaded->ordinal);
}

//===----------------------------------------------------------------------===//
// Memory for generated code
//===----------------------------------------------------------------------===//

static const void *inputMemory(RacContext *context, int64_t index) {
  return pointer(stateOf(context).inputs[index].address);
}

static const void *weights(RacContext *context) {
  return pointer(stateOf(context).loaded->weights);
}

static void reserveArena(RacContext *context) {
  reserveDevice(context, "an arena", context->arena, context->arenaWanted);
}

static void *allocateTemporary(RacContext *context, int64_t bytes) {
  // A negative size is more than there can be.
  return stateOf(context).temporary.push(context, uint64_t(bytes));
}

static constexpr Accelerator kAccelerator = {
    create,  destroy,      canUse,       describe,          run, inputMemory,
    weights, outputMemory, reserveArena, allocateTemporary, mark};

extern "C" const Accelerator *rac_accelerator() { return &kAccelerator; }

//===----------------------------------------------------------------------===//
// What generated code calls
//===----------------------------------------------------------------------===//

/// `sizes`: rac_launch's, as the driver wants them.
static Result launch(State &state, int32_t number, bool overlaps,
                     const unsigned (&sizes)[7], void **params) {
  Kernel kernel = state.loaded->kernels[number];
  Stream stream = state.capturing ? state.capturing : state.stream;
  if (!overlaps)
    return driver.launchKernel(kernel, sizes[0], sizes[1], sizes[2], sizes[3],
                               sizes[4], sizes[5], sizes[6], stream, params,
                               nullptr);
  LaunchAttribute attribute = {};
  attribute.id = kOverlapsLaunch;
  attribute.value = 1;
  LaunchConfig config = {{sizes[0], sizes[1], sizes[2]},
                         {sizes[3], sizes[4], sizes[5]},
                         sizes[6],
                         stream,
                         &attribute,
                         1};
  return driver.launchKernelEx(&config, kernel, params, nullptr);
}

extern "C" void rac_launch(RacContext *context, int32_t number,
                           const int64_t *sizes, void **params) {
  State &state = stateOf(context);
  const RacKernel &kernel = context->info->device->kernels[number];
  if (sizes[0] == 0 || sizes[1] == 0 || sizes[2] == 0)
    return;
  unsigned narrow[7];
  bool fits = true;
  for (int i = 0; i < 7; ++i) {
    fits = fits && sizes[i] >= 0 && sizes[i] <= INT_MAX;
    narrow[i] = unsigned(sizes[i]);
  }
  Result result = {};
  if (fits)
    result = launch(state, number, state.overlaps && kernel.overlaps, narrow,
                    params);
  if (fits && !result)
    return;
  fail(context, fits ? statusOf(result) : RAC_FAILED,
       "kernel '%s', a grid of %s blocks, each of %s threads and %lld bytes: "
       "%s",
       kernel.name, ShapeText(3, sizes).text, ShapeText(3, sizes + 3).text,
       static_cast<long long>(sizes[6]),
       fits ? ErrorText(result).text : "is too large");
}

/// Where the host has what is in this memory of the device, or null.
static const char *onHost(const RacContext *context, Address address,
                          int64_t bytes) {
  const State &state = stateOf(context);
  for (int32_t i = 0; i < context->info->num_inputs; ++i) {
    const RunInput &input = state.inputs[i];
    if (input.host && address >= input.address &&
        address + bytes <= input.address + input.bytes)
      return input.host + (address - input.address);
  }
  return nullptr;
}

extern "C" void rac_read(RacContext *context, void *host, const void *device,
                         int64_t bytes) {
  State &state = stateOf(context);
  state.reads = true;
  if (bytes <= 0)
    return;
  if (state.capturing) // what runs instead is not recorded
    fail(context, RAC_FAILED, "reads can't be recorded");
  if (const char *there = onHost(context, addressOf(device), bytes)) {
    memcpy(host, there, bytes);
    return;
  }
  bool small = bytes <= int64_t(sizeof(state.shared->read));
  Result result = driver.copyToHost(small ? state.shared->read : host,
                                    addressOf(device), bytes, state.stream);
  if (!result)
    result = driver.streamSynchronize(state.stream);
  check(context, "reading what kernels computed", result);
  // What a kernel has left that failed is nothing to go on with.
  checkStatus(context, "");
  if (small)
    memcpy(host, state.shared->read, bytes);
}

extern "C" void *rac_kernel_status(RacContext *context) {
  return pointer(stateOf(context).statusAddress);
}

extern "C" void *rac_counters(RacContext *context, int64_t count) {
  State &state = stateOf(context);
  uint64_t bytes = uint64_t(count) * sizeof(int32_t);
  if (bytes > state.counters.capacity) {
    // Kernels that are recorded already count in what there is.
    if (state.capturing)
      fail(context, RAC_FAILED, "counters that grow can't be recorded");
    reserveDevice(context, "what kernels count in", state.counters, bytes);
    check(context, "clearing counters", clearCounters(state));
  }
  return state.counters.data;
}
