//===- ThreadPool.h - Who runs the parallel loops ---------------*- C++ -*-===//
//
// One pool serves generated code and the kernel library (OneDnn/Team.h), so
// that they never compete for the cores.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_THREADPOOL_H
#define RAC_RUNTIME_THREADPOOL_H

namespace rac::runtime {

/// Tells the core that its thread waits for another one.
inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// A part of parallel work: `worker` of `team` workers.
using Task = void (*)(void *env, int worker, int team);

/// Threads that wait for work: they spin for a while, then sleep.
struct ThreadPool;

/// A pool for loops of `threads` threads, the caller's among them, or of fewer
/// where so many can't be had. `spin`: how long one that waits spins after a
/// run, us; <= 0: nobody ever spins. Null: no memory.
ThreadPool *createPool(int threads, int spin);
/// Ends the threads. Null is allowed.
void destroyPool(ThreadPool *pool);

/// How many threads a loop may have, the caller's among them. Null has 1.
int poolSize(const ThreadPool *pool);

/// Whether more loops are to be expected soon. Null is allowed.
void setRunning(ThreadPool *pool, bool running);

/// Starts task(env, w, team) for each w of 0 < w < team, on threads of the pool
/// (at most poolSize); the caller does the part of number 0, and then ends it.
/// One loop at a time.
void beginLoop(ThreadPool *pool, int team, Task task, void *env);
/// Returns when all have returned.
void endLoop(ThreadPool *pool);

} // namespace rac::runtime

#endif // RAC_RUNTIME_THREADPOOL_H
