//===- ThreadPool.cpp - Who runs the parallel loops -----------------------===//
//
// Waiting policy: who waits spins, since loops of one run follow each other
// closely, and then sleeps, since spinning costs energy and other programs'
// time. Within a run that is for 300 us at least, also where a run that is over
// lets its threads sleep sooner. It goes for workers, and for the thread that
// runs the model when it waits for them. Only workers that a loop needs are
// woken.
//
//===----------------------------------------------------------------------===//

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ThreadPool.h"
#include "Memory.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

using namespace rac::runtime;

namespace {

/// One thread waits here until another opens it.
struct Gate {
  std::atomic<uint32_t> opened; // how often
  std::atomic<bool> asleep;     // the one that waits
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

struct alignas(kAlignment) Thread {
  ThreadPool *pool;
  int index;
  pthread_t handle;
  Gate work;
  // us: since when it is awake, how long it had run then, until when it doesn't
  // care which CPU it is on, and how long that was.
  int64_t woken, ran, crowdedUntil, crowded;
  bool makesWay; // keeps off the caller's CPU
};

} // namespace

struct rac::runtime::ThreadPool {
  uint64_t size; // bytes of this block
  int numThreads;
  // us, within a run and after it.
  int runSpin, spin;
  std::atomic<bool> running; // the model
  bool stop;
  // Written while no worker is at work; those whose gates are opened read it.
  Task task;
  void *env;
  int team, cpu;            // cpu: the caller's
  std::atomic<int> pending; // workers that have not finished yet
  Gate finished;
  uint32_t seen; // of `finished`, by the last loop
  Thread threads[];
};

namespace {

int64_t microseconds(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void create(Gate &gate) {
  pthread_mutex_init(&gate.mutex, nullptr);
  pthread_cond_init(&gate.condition, nullptr);
}

void destroy(Gate &gate) {
  pthread_cond_destroy(&gate.condition);
  pthread_mutex_destroy(&gate.mutex);
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

bool spinUntilOpened(const Gate &gate, uint32_t before,
                     const ThreadPool &pool) {
  constexpr int kLooks = 64; // between looks at the clock, which takes longer
  for (int64_t start = microseconds();;) {
    if (gate.opened.load() != before)
      return true;
    int spin =
        pool.running.load(std::memory_order_relaxed) ? pool.runSpin : pool.spin;
    if (microseconds() - start >= spin)
      return false;
    for (int i = 0; i < kLooks && gate.opened.load() == before; ++i)
      relax();
    // Whom this thread waits for may be waiting for its core.
    if (gate.opened.load() == before)
      sched_yield();
  }
}

/// Waits until the gate was opened once more than `before`; since when in its
/// sleep, us, or 0.
int64_t pass(Gate &gate, uint32_t before, const ThreadPool &pool) {
  if (spinUntilOpened(gate, before, pool))
    return 0;
  int64_t slept = microseconds();
  pthread_mutex_lock(&gate.mutex);
  gate.asleep.store(true);
  while (gate.opened.load() == before)
    pthread_cond_wait(&gate.condition, &gate.mutex);
  gate.asleep.store(false);
  pthread_mutex_unlock(&gate.mutex);
  return slept;
}

/// Lets the thread run wherever the process may but on `cpu` (-1: there, too).
/// False: nothing is left.
bool runApartFrom(int cpu) {
  cpu_set_t allowed;
  if (sched_getaffinity(getpid(), sizeof(allowed), &allowed) != 0)
    return false;
  if (cpu >= 0)
    CPU_CLR(cpu, &allowed);
  return CPU_COUNT(&allowed) > 0 &&
         sched_setaffinity(0, sizeof(allowed), &allowed) == 0;
}

/// Finds a place for a thread that slept. Linux should have woken it on another
/// CPU than the caller's, but in a virtual machine it takes CPUs that are
/// halted for busy ones (vcpu_is_preempted), and the two take turns until it
/// balances its load, a whole run later. So the thread keeps off that CPU; but
/// where it gets no more than its share of another one, which some program
/// works on, taking turns with the caller is better.
void settle(Thread &self, int64_t slept) {
  constexpr int64_t kTurn = 1000, kShort = 20000, kLong = 1000000; // us
  int64_t now = microseconds(), ran = microseconds(CLOCK_THREAD_CPUTIME_ID);
  int64_t awake = slept - self.woken, lost = awake - (ran - self.ran);
  if (self.makesWay && lost > kTurn && lost * 4 > awake) {
    // Tried again ever more seldom.
    self.crowded = self.crowded ? std::min(2 * self.crowded, kLong) : kShort;
    self.crowdedUntil = now + self.crowded;
    self.makesWay = !runApartFrom(-1);
  } else if (self.makesWay) {
    self.crowded = 0;
  }
  self.woken = now;
  self.ran = ran;
  if (now >= self.crowdedUntil && sched_getcpu() == self.pool->cpu)
    self.makesWay = runApartFrom(self.pool->cpu);
}

void *threadMain(void *argument) {
  auto &self = *static_cast<Thread *>(argument);
  ThreadPool &pool = *self.pool;
  for (uint32_t seen = 0;; ++seen) {
    int64_t slept = pass(self.work, seen, pool);
    if (pool.stop)
      return nullptr;
    if (slept)
      settle(self, slept);
    pool.task(pool.env, self.index, pool.team);
    if (pool.pending.fetch_sub(1) == 1)
      open(pool.finished);
  }
}

} // namespace

ThreadPool *rac::runtime::createPool(int threads, int spin) {
  uint64_t size = sizeof(ThreadPool) + sizeof(Thread) * (threads - 1);
  auto *pool = static_cast<ThreadPool *>(allocateZeroed(size));
  if (!pool)
    return nullptr;
  pool->size = size;
  // What waking from the deepest idle state takes (docs/ThreadPool.md).
  constexpr int kRunSpin = 300;
  pool->spin = spin;
  pool->runSpin = spin > 0 ? std::max(spin, kRunSpin) : 0;
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

void rac::runtime::destroyPool(ThreadPool *pool) {
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
}

int rac::runtime::poolSize(const ThreadPool *pool) {
  return pool ? pool->numThreads + 1 : 1;
}

void rac::runtime::setRunning(ThreadPool *pool, bool running) {
  if (pool)
    pool->running.store(running, std::memory_order_relaxed);
}

void rac::runtime::beginLoop(ThreadPool *pool, int team, Task task, void *env) {
  pool->task = task;
  pool->env = env;
  pool->team = team;
  pool->cpu = sched_getcpu();
  pool->pending.store(team - 1);
  pool->seen = pool->finished.opened.load();
  for (int i = 0; i < team - 1; ++i)
    open(pool->threads[i].work);
}

void rac::runtime::endLoop(ThreadPool *pool) {
  pass(pool->finished, pool->seen, *pool);
}
