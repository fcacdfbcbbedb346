//===- OpenMpPool.cpp - The pool that oneDNN brings -----------------------===//
//
// The oneDNN that we use by default runs its loops with GNU's OpenMP library,
// so ours run there, too. Its functions are called directly: any compiler will
// do, and there is nothing in it that could print or allocate behind our back.
// Waiting policy: libgomp's own (OMP_WAIT_POLICY, GOMP_SPINCOUNT): by default
// it spins for some milliseconds.
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
void leave(RacContext *, int entered) { onednn::limitThreads(entered); }
void destroy(RacContext *) {}

const ThreadPool kOpenMpPool = {run, enter, leave, destroy};

} // namespace

const ThreadPool *libraryThreadPool() { return &kOpenMpPool; }

} // namespace rac::runtime
