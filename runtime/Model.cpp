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
    context->outputs[i].device = {kDLCPU, 0};
    sizes += 2 * info->outputs[i].rank;
  }
  return context;
}

/// Gets the accelerator ready that the model was compiled for, if it was;
/// RAC_OK, or reports.
static int openAccelerator(RacContext *context, const RacOptions &options) {
  if (!context->info->device)
    return RAC_OK;
  if (!rac_accelerator)
    return report(nullptr, RAC_UNSUPPORTED,
                  "the model's kernels run on an accelerator, but it was "
                  "linked without the runtime for one");
  context->accelerator = rac_accelerator();
  if (int status = context->accelerator->create(context, options))
    return status;
  closeWeights(context);
  return RAC_OK;
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
  // Callers that were compiled earlier have fewer members: the rest is zero.
  if (options && options->size < offsetof(RacOptions, spin_us))
    return report(
        nullptr, RAC_INVALID_ARGUMENT,
        "create: options.size must be sizeof(RacOptions) = %zu, is %u",
        sizeof(RacOptions), options->size);
  RacOptions given = {};
  if (options)
    memcpy(&given, options,
           options->size < sizeof(given) ? options->size : sizeof(given));
  if (int status = checkCpu(info->cpu_features))
    return status;

  constexpr int kMostThreads = 4096;
  int threads = given.threads ? given.threads : info->threads;
  if (threads == 0)
    threads = availableCores();
  if (threads < 0 || threads > kMostThreads)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.threads must be between 0 and %d, is %d",
                  kMostThreads, threads);
  int spin = given.spin_us ? given.spin_us : info->spin_us;
  if (spin < RAC_SPIN_NONE || spin > RAC_MOST_SPIN)
    return report(nullptr, RAC_INVALID_ARGUMENT,
                  "create: options.spin_us must be between %d and %d, is %d",
                  RAC_SPIN_NONE, RAC_MOST_SPIN, spin);
  RacContext *context = newContext(info, threads);
  if (!context)
    return report(nullptr, RAC_OUT_OF_MEMORY,
                  "create: no memory for a context");
  context->spin = spin;
  int status = openWeights(context);
  if (!status)
    status = openAccelerator(context, given);
  if (status) {
    rac_model_destroy(context);
    return status;
  }
  *result = context;
  return RAC_OK;
}

extern "C" void rac_model_destroy(RacContext *context) {
  if (!context)
    return;
  if (context->accelerator)
    context->accelerator->destroy(context);
  if (context->destroyLibrary)
    context->destroyLibrary(context);
  destroyPool(context->pool);
  closeWeights(context);
  context->arena.free();
  context->heap.free();
  for (int i = 0; i < context->threads; ++i)
    context->workers[i].scratch.free();
  // What was the accelerator's is null by now.
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
  return RAC_OK;
}

static int leave(RacContext *context, int status) {
  context->running.store(false, std::memory_order_release);
  return status;
}

bool rac::runtime::attempt(RacContext *context, void (*body)(RacContext *)) {
  context->failed.store(false, std::memory_order_relaxed);
  if (_setjmp(context->failure) == 0)
    body(context);
  return !context->failed.load();
}

void rac::runtime::startMain(RacContext *context) {
  context->arenaData = nullptr;
  context->arenaCapacity = 0;
  for (int32_t i = 0; i < context->info->num_outputs; ++i)
    context->outputs[i].data = nullptr;
}

/// Passes on why the last attempt failed.
static int reportFailure(RacContext *context) {
  return report(context, RacStatus(context->status), "%s", context->message);
}

static bool runMain(RacContext *context) {
  setRunning(context->pool, true);
  startMain(context);
  startProfile(context);
  bool done = attempt(context, context->info->main);
  stopProfile(context);
  setRunning(context->pool, false);
  context->heap.clear();
  context->workers[0].scratch.clear();
  return done;
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
    tensor->device = output.device;
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
  bool done = context->accelerator ? context->accelerator->run(context)
                                   : runMain(context);
  return leave(context, done ? handOut(context) : reportFailure(context));
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
  context->failed.store(false, std::memory_order_relaxed);
  if (_setjmp(context->failure) == 0)
    *bytes = context->info->arena_size(context);
  return leave(context,
               context->failed.load() ? reportFailure(context) : RAC_OK);
}
