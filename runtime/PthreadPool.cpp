//===- PthreadPool.cpp - Threads of our own -------------------------------===//
//
// Waiting policy: a worker that finds nothing to do spins for
// kSpinMicroseconds, since loops of one run follow each other closely, and then
// sleeps, since spinning costs energy and other programs' time. The thread that
// runs the model waits likewise.
//
//===----------------------------------------------------------------------===//

#include "Context.h"

#include <pthread.h>
#include <time.h>

namespace rac::runtime {
namespace {

constexpr int64_t kSpinMicroseconds = 50;

struct Pool;

struct Thread {
  Pool *pool;
  int index;
  pthread_t handle;
};

struct Pool {
  uint64_t size; // bytes of this block
  int numThreads;
  bool stop;
  // The work that `generation` stands for; written while no worker is at work.
  Task task;
  void *env;
  int team;
  std::atomic<uint32_t> generation;
  std::atomic<int> pending;
  pthread_mutex_t mutex;
  pthread_cond_t started, finished;
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

/// Waits until `done` says so: spins first, then sleeps on the condition.
template <typename Condition>
void wait(Pool &pool, pthread_cond_t &condition, Condition done) {
  int64_t until = microseconds() + kSpinMicroseconds;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done())
        return;
      relax();
    }
  } while (microseconds() < until);
  pthread_mutex_lock(&pool.mutex);
  while (!done())
    pthread_cond_wait(&condition, &pool.mutex);
  pthread_mutex_unlock(&pool.mutex);
}

void wake(Pool &pool, pthread_cond_t &condition) {
  // Taking the mutex orders this after a sleeper's last look at what it waits
  // for.
  pthread_mutex_lock(&pool.mutex);
  pthread_mutex_unlock(&pool.mutex);
  pthread_cond_broadcast(&condition);
}

void *threadMain(void *argument) {
  auto &self = *static_cast<Thread *>(argument);
  Pool &pool = *self.pool;
  for (uint32_t seen = 0;;) {
    wait(pool, pool.started, [&] { return pool.generation.load() != seen; });
    ++seen;
    if (pool.stop)
      return nullptr;
    // Those who aren't needed report as well, so that the next work is only
    // written when nobody can still be reading this one's.
    if (self.index < pool.team)
      pool.task(pool.env, self.index, pool.team);
    if (pool.pending.fetch_sub(1) == 1)
      wake(pool, pool.finished);
  }
}

Pool *createPool(int threads) {
  uint64_t size = sizeof(Pool) + sizeof(Thread) * (threads - 1);
  auto *pool = static_cast<Pool *>(allocateZeroed(size));
  if (!pool)
    return nullptr;
  pool->size = size;
  pthread_mutex_init(&pool->mutex, nullptr);
  pthread_cond_init(&pool->started, nullptr);
  pthread_cond_init(&pool->finished, nullptr);
  for (int i = 0; i < threads - 1; ++i) {
    Thread &thread = pool->threads[i];
    thread.pool = pool;
    thread.index = i + 1;
    // Fewer threads do the same work, later.
    if (pthread_create(&thread.handle, nullptr, threadMain, &thread) != 0)
      break;
    ++pool->numThreads;
  }
  return pool;
}

void start(Pool &pool) {
  pool.pending.store(pool.numThreads);
  pool.generation.fetch_add(1);
  wake(pool, pool.started);
}

void run(RacContext *context, int threads, Task task, void *env) {
  auto *pool = static_cast<Pool *>(context->poolState);
  if (!pool)
    context->poolState = pool = createPool(context->threads);
  if (!pool || pool->numThreads == 0)
    return task(env, 0, 1);
  pool->task = task;
  pool->env = env;
  pool->team = threads < pool->numThreads + 1 ? threads : pool->numThreads + 1;
  start(*pool);
  task(env, 0, pool->team);
  wait(*pool, pool->finished, [&] { return pool->pending.load() == 0; });
}

int enter(RacContext *) { return 0; }
void leave(RacContext *, int) {}

void destroy(RacContext *context) {
  auto *pool = static_cast<Pool *>(context->poolState);
  if (!pool)
    return;
  pool->stop = true;
  start(*pool);
  for (int i = 0; i < pool->numThreads; ++i)
    pthread_join(pool->threads[i].handle, nullptr);
  pthread_cond_destroy(&pool->finished);
  pthread_cond_destroy(&pool->started);
  pthread_mutex_destroy(&pool->mutex);
  release(pool, pool->size);
  context->poolState = nullptr;
}

} // namespace

const ThreadPool kPthreadPool = {run, enter, leave, destroy};

} // namespace rac::runtime
