//===- ThreadPool.h - Who runs the parallel loops ---------------*- C++ -*-===//
//
// One pool serves generated code and the kernel library, so that they never
// compete for the cores. A model that makes library calls uses the library's
// pool (OpenMP with the oneDNN that we use by default: OneDnn/OpenMpPool.cpp);
// others use PthreadPool.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_THREADPOOL_H
#define RAC_RUNTIME_THREADPOOL_H

struct RacContext;

namespace rac::runtime {

/// A part of parallel work: `worker` of `team` workers.
using Task = void (*)(void *env, int worker, int team);

/// A pool is a table of functions; what it keeps for a context is in
/// context->poolState.
struct ThreadPool {
  /// Calls task(env, w, team) for each w < team at once, number 0 on the
  /// calling thread, and returns when all have returned. team is `threads`, or
  /// less where so many threads can't be had.
  void (*run)(RacContext *context, int threads, Task task, void *env);
  /// Around a run of the model; `enter` gives what `leave` gets.
  int (*enter)(RacContext *context);
  void (*leave)(RacContext *context, int entered);
  /// Ends the context's threads.
  void (*destroy)(RacContext *context);
};

/// Threads of our own; those that wait spin for context->spin, then sleep.
extern const ThreadPool kPthreadPool;

/// Defined by the kernel library's glue where that is linked in, absent
/// otherwise.
__attribute__((weak)) const ThreadPool *libraryThreadPool();

} // namespace rac::runtime

#endif // RAC_RUNTIME_THREADPOOL_H
