//===- PthreadPool.cpp - Threads of our own -------------------------------===//
//
// Waiting policy: who waits spins for context->spin microseconds, since loops
// of one run follow each other closely, and then sleeps, since spinning costs
// energy and other programs' time. That goes for workers, and for the thread
// that runs the model when it waits for them. Only workers that a loop needs
// are woken.
//
//===----------------------------------------------------------------------===//

#include "Context.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

namespace rac::runtime {
namespace {

/// One thread waits here until another opens it.
struct Gate {
  std::atomic<uint32_t> opened; // how often
  std::atomic<bool> asleep;     // the one that waits
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

struct Pool;

struct alignas(kAlignment) Thread {
  Pool *pool;
  int index;
  pthread_t handle;
  Gate work;
};

struct Pool {
  uint64_t size; // bytes of this block
  int numThreads, spin;
  bool stop;
  // Written while no worker is at work; those whose gates are opened read it.
  Task task;
  void *env;
  int team;
  std::atomic<int> pending; // workers that have not finished yet
  Gate finished;
  Thread threads[];
};

int64_t microseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void create(Gate &gate) {
  pthread_mutex_init(&gate.mutex, nullptr);
  pthread_cond_init(&gate.condition, nullptr);
}

void destroy(Gate &gate) {
  pthread_cond_destroy(&gate.condition);
  pthread_mutex_destroy(&gate.mutex);
}

bool spinUntilOpened(const Gate &gate, uint32_t before, int spin) {
  constexpr int kLooks = 64; // between looks at the clock, which takes longer
  for (int64_t until = microseconds() + spin; spin > 0;) {
    for (int i = 0; i < kLooks; ++i) {
      if (gate.opened.load() != before)
        return true;
      relax();
    }
    if (microseconds() >= until)
      return false;
    // Whom this thread waits for may be waiting for its core.
    sched_yield();
  }
  return gate.opened.load() != before;
}

/// Waits until the gate was opened once more than `before`.
void pass(Gate &gate, uint32_t before, int spin) {
  if (spinUntilOpened(gate, before, spin))
    return;
  pthread_mutex_lock(&gate.mutex);
  gate.asleep.store(true);
  while (gate.opened.load() == before)
    pthread_cond_wait(&gate.condition, &gate.mutex);
  gate.asleep.store(false);
  pthread_mutex_unlock(&gate.mutex);
}

void open(Gate &gate) {
  // The sleeper first says that it sleeps and then looks; here it is the other
  // way round: so one of the two sees the other.
  gate.opened.fetch_add(1);
  if (!gate.asleep.load())
    return;
  // Until it really sleeps it holds the mutex.
  pthread_mutex_lock(&gate.mutex);
  pthread_mutex_unlock(&gate.mutex);
  pthread_cond_signal(&gate.condition);
}

void *threadMain(void *argument) {
  auto &self = *static_cast<Thread *>(argument);
  Pool &pool = *self.pool;
  for (uint32_t seen = 0;; ++seen) {
    pass(self.work, seen, pool.spin);
    if (pool.stop)
      return nullptr;
    pool.task(pool.env, self.index, pool.team);
    if (pool.pending.fetch_sub(1) == 1)
      open(pool.finished);
  }
}

Pool *createPool(int threads, int spin) {
  uint64_t size = sizeof(Pool) + sizeof(Thread) * (threads - 1);
  auto *pool = static_cast<Pool *>(allocateZeroed(size));
  if (!pool)
    return nullptr;
  pool->size = size;
  pool->spin = spin;
  create(pool->finished);
  for (int i = 0; i < threads - 1; ++i) {
    Thread &thread = pool->threads[i];
    thread.pool = pool;
    thread.index = i + 1;
    create(thread.work);
    // Fewer threads do the same work, later.
    if (pthread_create(&thread.handle, nullptr, threadMain, &thread) != 0) {
      destroy(thread.work);
      break;
    }
    ++pool->numThreads;
  }
  return pool;
}

void run(RacContext *context, int threads, Task task, void *env) {
  auto *pool = static_cast<Pool *>(context->poolState);
  if (!pool)
    context->poolState = pool = createPool(context->threads, context->spin);
  int team = !pool                            ? 1
             : threads < pool->numThreads + 1 ? threads
                                              : pool->numThreads + 1;
  if (team <= 1)
    return task(env, 0, 1);
  pool->task = task;
  pool->env = env;
  pool->team = team;
  pool->pending.store(team - 1);
  uint32_t finished = pool->finished.opened.load();
  for (int i = 0; i < team - 1; ++i)
    open(pool->threads[i].work);
  task(env, 0, team);
  pass(pool->finished, finished, pool->spin);
}

int enter(RacContext *) { return 0; }
void leave(RacContext *, int) {}

void destroy(RacContext *context) {
  auto *pool = static_cast<Pool *>(context->poolState);
  if (!pool)
    return;
  pool->stop = true;
  for (int i = 0; i < pool->numThreads; ++i)
    open(pool->threads[i].work);
  for (int i = 0; i < pool->numThreads; ++i) {
    pthread_join(pool->threads[i].handle, nullptr);
    destroy(pool->threads[i].work);
  }
  destroy(pool->finished);
  release(pool, pool->size);
  context->poolState = nullptr;
}

} // namespace

const ThreadPool kPthreadPool = {run, enter, leave, destroy};

} // namespace rac::runtime
