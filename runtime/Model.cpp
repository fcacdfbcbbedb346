//===- Model.cpp - What a model's C interface calls -----------------------===//

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "Context.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <sched.h>

using namespace rac::runtime;

/// Cores that this process may use.
static int availableCores() {
  cpu_set_t set;
  // Machines with more cores than the set holds are told so by an error: use
  // them all.
  int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
                                                           : CPU_SETSIZE;
  return count > 0 ? count : 1;
}

/// The context and its small arrays, in one block.
static RacContext *newContext(const RacModelInfo *info, int threads) {
  uint64_t ranks = 0;
  for (int32_t i = 0; i < info->num_outputs; ++i)
    ranks += info->outputs[i].rank;
  uint64_t size = sizeof(RacContext) + threads * sizeof(Worker) +
                  info->num_outputs * sizeof(Output) +
                  info->num_times * sizeof(GroupTime) +
                  (info->num_symbols + 2 * ranks) * sizeof(int64_t);
  void *block = allocateZeroed(size);
  if (!block)
    return nullptr;
  auto *context = new (block) RacContext{};
  context->blockSize = size;
  context->info = info;
  context->threads = threads;
  context->workers = reinterpret_cast<Worker *>(context + 1);
  context->outputs = reinterpret_cast<Output *>(context->workers + threads);
  context->times =
      reinterpret_cast<GroupTime *>(context->outputs + info->num_outputs);
  context->symbols =
      reinterpret_cast<int64_t *>(context->times + info->num_times);
  int64_t *sizes = context->symbols + info->num_symbols;
  for (int32_t i = 0; i < info->num_outputs; ++i) {
    context->outputs[i].shape = sizes;
    context->outputs[i].strides = sizes + info->outputs[i].rank;
    sizes += 2 * info->outputs[i].rank;
  }
  const ThreadPool *shared = libraryThreadPool ? libraryThreadPool() : nullptr;
  context->pool = shared ? shared : &kPthreadPool;
  return context;
}

extern "C" int rac_model_create(const RacModelInfo *info,
                                const RacOptions *options,
                                RacContext **result) {
  if (!result)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: where to put the context is a null pointer");
  *result = nullptr;
  if (info->abi_version != RAC_ABI_VERSION)
    return report(nullptr, RAC_UNSUPPORTED,
                  "the model is of ABI version %u, not %u", info->abi_version,
                  RAC_ABI_VERSION);
  // Callers that were compiled before spin_us came don't have it.
  if (options && options->size < offsetof(RacOptions, spin_us))
    return report(
        nullptr, RAC_INVALID_ARGUMENT,
        "create: options.size must be sizeof(RacOptions) = %zu, is %u",
        sizeof(RacOptions), options->size);
  bool hasSpin = options && options->size >= sizeof(RacOptions);
  if (int status = checkCpu(info->cpu_features))
    return status;

  constexpr int kMostThreads = 4096;
  int threads = options && options->threads ? options->threads : info->threads;
  if (threads == 0)
    threads = availableCores();
  if (threads < 0 || threads > kMostThreads)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.threads must be between 0 and %d, is %d",
                  kMostThreads, threads);
  int spin = hasSpin && options->spin_us ? options->spin_us : info->spin_us;
  if (spin < RAC_SPIN_NONE || spin > RAC_MOST_SPIN)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.spin_us must be between %d and %d, is %d",
                  RAC_SPIN_NONE, RAC_MOST_SPIN, spin);
  RacContext *context = newContext(info, threads);
  if (!context)
    return report(nullptr, RAC_OUT_OF_MEMORY,
                  "create: no memory for a context");
  context->spin = spin;
  if (int status = openWeights(context)) {
    rac_model_destroy(context);
    return status;
  }
  *result = context;
  return RAC_OK;
}

extern "C" void rac_model_destroy(RacContext *context) {
  if (!context)
    return;
  if (context->destroyLibrary)
    context->destroyLibrary(context);
  context->pool->destroy(context);
  closeWeights(context);
  context->arena.free();
  context->heap.free();
  for (int i = 0; i < context->threads; ++i)
    context->workers[i].scratch.free();
  for (int32_t i = 0; i < context->info->num_outputs; ++i)
    for (Buffer &buffer : context->outputs[i].buffers)
      buffer.free();
  release(context, context->blockSize);
}

extern "C" const char *rac_model_describe(const RacModelInfo *info) {
  return info->describe ? info->describe : "{}";
}

/// Makes the context the calling thread's; RAC_OK, or reports.
static int enter(RacContext *context) {
  if (!context)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "the context is a null pointer");
  if (context->running.exchange(true, std::memory_order_acquire))
    return report(context, RAC_BUSY,
                  "the context is running on another thread");
  context->failed.store(false, std::memory_order_relaxed);
  return RAC_OK;
}

static int leave(RacContext *context, int status) {
  context->running.store(false, std::memory_order_release);
  return status;
}

/// Calls into generated code; a failure comes back here.
static int runMain(RacContext *context) {
  int entered = context->pool->enter(context);
  int status = RAC_OK;
  context->arenaData = nullptr;
  context->arenaCapacity = 0;
  startProfile(context);
  if (_setjmp(context->failure) == 0)
    context->info->main(context);
  stopProfile(context);
  if (context->failed.load())
    status =
        report(context, RacStatus(context->status), "%s", context->message);
  context->pool->leave(context, entered);
  context->heap.clear();
  context->workers[0].scratch.clear();
  return status;
}

/// Tells the caller about the outputs that the context lends memory for.
static int handOut(RacContext *context) {
  const RacModelInfo *info = context->info;
  for (int32_t i = 0; i < info->num_outputs; ++i)
    if (!context->outputs[i].data)
      return report(context, RAC_FAILED,
                    "output '%s': the model did not compute it",
                    info->outputs[i].name);
  for (int32_t i = 0; i < info->num_outputs; ++i) {
    DLTensor *tensor = context->givenOutputs[i];
    const Output &output = context->outputs[i];
    if (!output.lent)
      continue;
    tensor->data = output.data;
    tensor->device = {kDLCPU, 0};
    tensor->ndim = info->outputs[i].rank;
    tensor->dtype = dlpackType(info->outputs[i].dtype);
    tensor->shape = output.shape;
    tensor->strides = output.strides;
    tensor->byte_offset = 0;
  }
  return RAC_OK;
}

extern "C" int rac_model_run(RacContext *context, const DLTensor *const *inputs,
                             int32_t numInputs, DLTensor *const *outputs,
                             int32_t numOutputs) {
  if (int status = enter(context))
    return status;
  if (int status = checkInputs(context, inputs, numInputs, /*needData=*/true))
    return leave(context, status);
  context->inputs = inputs;
  context->givenOutputs = outputs;
  if (int status = checkOutputs(context, outputs, numOutputs))
    return leave(context, status);
  for (int32_t i = 0; i < numOutputs; ++i)
    context->outputs[i].data = nullptr;
  int status = runMain(context);
  if (status == RAC_OK)
    status = handOut(context);
  return leave(context, status);
}

extern "C" int rac_model_profile(RacContext *context, RacGroupTime *times,
                                 int32_t count) {
  if (int status = enter(context))
    return status;
  int32_t known = context->info->num_times;
  if (known == 0)
    return leave(context, report(context, RAC_UNSUPPORTED,
                                 "profile: the model was compiled without it"));
  if (!times || count != known)
    return leave(context, report(context, RAC_INVALID_ARGUMENT,
                                 "profile: needs room for %d times, got %d",
                                 known, times ? count : 0));
  for (int32_t i = 0; i < known; ++i) {
    GroupTime &time = context->times[i];
    times[i] = {time.calls, double(time.nanoseconds) * 1e-9};
    time = {0, 0};
  }
  return leave(context, RAC_OK);
}

extern "C" int rac_model_arena_size(RacContext *context,
                                    const DLTensor *const *inputs,
                                    int32_t numInputs, int64_t *bytes) {
  if (int status = enter(context))
    return status;
  if (!bytes)
    return leave(context,
                 report(context, RAC_INVALID_ARGUMENT,
                        "arena_size: where to put the size is a null pointer"));
  *bytes = -1;
  if (int status = checkInputs(context, inputs, numInputs, /*needData=*/false))
    return leave(context, status);
  if (!context->info->arena_size)
    return leave(context, RAC_OK);
  context->inputs = inputs;
  if (_setjmp(context->failure) == 0)
    *bytes = context->info->arena_size(context);
  if (context->failed.load())
    return leave(context, report(context, RacStatus(context->status), "%s",
                                 context->message));
  return leave(context, RAC_OK);
}
