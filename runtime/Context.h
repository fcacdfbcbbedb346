//===- Context.h - What one run at a time needs -----------------*- C++ -*-===//

#ifndef RAC_RUNTIME_CONTEXT_H
#define RAC_RUNTIME_CONTEXT_H

#include "Accelerator.h"
#include "Memory.h"
#include "ThreadPool.h"
#include "rac-c/Abi.h"

#include <atomic>
#include <csetjmp>

namespace rac::runtime {

/// State of one of the threads that run parallel loops.
struct Worker {
  Stack scratch;
  jmp_buf failure; // where rac_fail goes to within a loop
};

/// The worker that the calling thread is, while it runs a loop's body; else
/// null.
extern __thread Worker *currentWorker;

/// An output that the context lends memory for, or knows the caller's memory
/// of.
struct Output {
  /// Two, so that what one run gave can be an input of the next without a copy.
  Buffer buffers[2];
  Buffer hostBuffers[2];    // on the host, of models for accelerators
  int64_t *shape, *strides; // in the context's own memory
  void *data;               // null until main asked for it
  DLDevice device;          // where that is
  bool lent;                // the caller gave no memory
};

struct GroupTime {
  int64_t calls, nanoseconds;
};

struct Library; // OneDnn/Call.cpp

constexpr int kMaxRank = 32;
constexpr int kMessageSize = 512;

} // namespace rac::runtime

struct RacContext {
  const RacModelInfo *info;
  const uint8_t *weights;
  uint64_t mappedWeights; // bytes to unmap
  int threads;
  int spin; // how long waiting threads spin, us
  std::atomic<bool> running;

  // Of the current run.
  const DLTensor *const *inputs;
  DLTensor *const *givenOutputs;
  int64_t *symbols; // sizes, -1 while unknown
  rac::runtime::Output *outputs;

  // How the run failed, if it did.
  jmp_buf failure;
  std::atomic<bool> failed;
  int status;
  char message[rac::runtime::kMessageSize];

  // How long each group ran, and the rest: info->num_times of them.
  rac::runtime::GroupTime *times;
  int32_t timedGroup; // whose time it is now
  int64_t timedSince; // ns

  // Memory, kept between runs.
  rac::runtime::Buffer arena;
  int64_t arenaWanted;   // the most that a run asked for
  void *arenaData;       // this run's arena: null until asked for
  int64_t arenaCapacity; // its bytes
  rac::runtime::Stack heap;
  std::atomic<bool> heapLocked;
  rac::runtime::Worker *workers; // `threads` of them

  rac::runtime::ThreadPool *pool; // null until poolOf

  // Null for models that run on the CPU.
  const rac::runtime::Accelerator *accelerator;
  void *acceleratorState;

  // The kernel library's state; the glue sets both at its first call.
  rac::runtime::Library *library;
  void (*destroyLibrary)(RacContext *);

  // This structure and the arrays behind it are one block of so many bytes.
  uint64_t blockSize;
};

namespace rac::runtime {

/// Fails the run: goes back to rac_model_run, or to the loop that the calling
/// thread works for. No frame in between may hold anything that needs a
/// destructor.
[[noreturn]] void fail(RacContext *context, RacStatus status,
                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/// Calls generated code, or what it calls, so that a failure comes back here:
/// false. The failure is told by reportFailure.
bool attempt(RacContext *context, void (*body)(RacContext *));
/// Before each call of info->main: no memory is in use.
void startMain(RacContext *context);

/// The context's threads, started when first asked for. Null: no memory.
inline ThreadPool *poolOf(RacContext *context) {
  if (!context->pool) {
    context->pool = createPool(context->threads, context->spin);
    setRunning(context->pool, true);
  }
  return context->pool;
}

/// Notes why a call failed, for rac_model_last_error on this thread; returns
/// `status`.
int report(const RacContext *context, RacStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

inline int64_t elementSize(int32_t dtype) {
  switch (dtype) {
  case RAC_I8:
  case RAC_U8:
  case RAC_BOOL:
    return 1;
  case RAC_F16:
  case RAC_BF16:
  case RAC_I16:
  case RAC_U16:
    return 2;
  case RAC_F64:
  case RAC_I64:
  case RAC_U64:
    return 8;
  default:
    return 4;
  }
}

/// Address of the tensor's first element.
inline char *dataOf(const DLTensor *tensor) {
  return tensor->data ? static_cast<char *>(tensor->data) + tensor->byte_offset
                      : nullptr;
}

/// Bytes of a dense tensor; -1 if that is more than an int64_t holds.
int64_t denseBytes(int32_t dtype, int64_t rank, const int64_t *sizes);

/// Of an output's two buffers, the one that no input is in; null if both are
/// in use.
Buffer *freeBuffer(const RacContext *context, Buffer (&buffers)[2]);

/// Checks the inputs against the model and binds its symbols. RAC_OK, or
/// reports.
int checkInputs(RacContext *context, const DLTensor *const *inputs,
                int32_t count, bool needData);
/// Checks what can be checked of the outputs before the run.
int checkOutputs(RacContext *context, DLTensor *const *outputs, int32_t count);

/// "[2, 3]"
struct ShapeText {
  char text[160];
  ShapeText(int64_t rank, const int64_t *sizes);
};
const char *dtypeName(int32_t dtype);
DLDataType dlpackType(int32_t dtype);

/// Begins and ends the timing of a run of a model that tells of its groups.
void startProfile(RacContext *context);
void stopProfile(RacContext *context);

/// RAC_OK if this CPU has all the features of a comma-separated list, or
/// reports.
int checkCpu(const char *features);

/// Makes context->weights point to the model's weights; RAC_OK, or reports.
int openWeights(RacContext *context);
void closeWeights(RacContext *context);

} // namespace rac::runtime

#endif // RAC_RUNTIME_CONTEXT_H
