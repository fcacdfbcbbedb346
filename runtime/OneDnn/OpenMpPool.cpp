//===- OpenMpPool.cpp - The pool that oneDNN brings -----------------------===//
//
// The oneDNN that we use by default runs its loops with GNU's OpenMP library,
// so ours run there, too. Its functions are called directly: any compiler will
// do, and there is nothing in it that could print or allocate behind our back.
// Waiting policy: within a run it is libgomp's own, since only the environment
// of the process can tell it (OMP_WAIT_POLICY, GOMP_SPINCOUNT), and that is not
// ours: by default threads spin for some milliseconds. After a run they would
// go on spinning; where context->spin asks for less than starting them anew
// takes, they are ended instead. docs/ThreadPool.md has the numbers.
//
//===----------------------------------------------------------------------===//

#include "OpenMpPool.h"
#include "../Context.h"

extern "C" {
void GOMP_parallel(void (*)(void *), void *, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
void omp_set_num_threads(int);
int omp_pause_resource_all(int kind);
}

namespace rac::onednn {

int limitThreads(int threads) {
  int before = omp_get_max_threads();
  if (before != threads)
    omp_set_num_threads(threads);
  return before;
}

} // namespace rac::onednn

namespace rac::runtime {
namespace {

/// Ending a thread and starting it again takes about as long, us
/// (docs/ThreadPool.md).
constexpr int kRestartMicroseconds = 100;
constexpr int kPauseSoft = 1; // omp_pause_soft

struct Region {
  Task task;
  void *env;
};

void region(void *argument) {
  const Region &self = *static_cast<Region *>(argument);
  // The team may be smaller than was asked for, in a parallel region of the
  // caller's.
  self.task(self.env, omp_get_thread_num(), omp_get_num_threads());
}

void run(RacContext *, int threads, Task task, void *env) {
  Region self = {task, env};
  GOMP_parallel(region, &self, threads, 0);
}

int enter(RacContext *context) {
  return onednn::limitThreads(context->threads);
}
void leave(RacContext *context, int entered) {
  onednn::limitThreads(entered);
  // Of the calling thread's team only; in a parallel region of the caller's it
  // does nothing.
  if (context->spin < kRestartMicroseconds)
    omp_pause_resource_all(kPauseSoft);
}
void destroy(RacContext *) {}

const ThreadPool kOpenMpPool = {run, enter, leave, destroy};

} // namespace

const ThreadPool *libraryThreadPool() { return &kOpenMpPool; }

} // namespace rac::runtime
