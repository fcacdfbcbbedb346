//===- Team.cpp - The OpenMP that oneDNN calls ----------------------------===//
//
// Of librac_team.so, which is in a process once, however many models are. The
// interface is libgomp's (GCC's manual, "The libgomp ABI"), the names are not:
// a process may have an OpenMP of its own.
//
//===----------------------------------------------------------------------===//

#include "Team.h"

#include <atomic>
#include <sched.h>

namespace {

/// A loop of a team, from its start to its end, on the thread that started it.
struct Region {
  void (*body)(void *);
  void *data;
  std::atomic<int> arrived;     // at the barrier
  std::atomic<unsigned> passed; // barriers
};

/// What a thread knows.
struct Self {
  RacTeam team;
  Region own;
  // The region that it is in; loops within one have one thread.
  Region *region;
  int index, size, inner;
  // Its part of a loop that is shared in blocks.
  long start, step, count, chunk, next;
};

thread_local Self self;

void enter(Region *region, int index, int size) {
  self.region = region;
  self.index = index;
  self.size = size;
}

void work(void *env, int index, int size) {
  auto *region = static_cast<Region *>(env);
  enter(region, index, size);
  region->body(region->data);
  enter(nullptr, 0, 1);
}

int size() { return self.region && !self.inner ? self.size : 1; }
int index() { return self.region && !self.inner ? self.index : 0; }

/// The next block of iterations: [*low, *high).
bool nextBlock(long *low, long *high) {
  if (self.next >= self.count)
    return false;
  long last =
      self.next + self.chunk < self.count ? self.next + self.chunk : self.count;
  *low = self.start + self.next * self.step;
  *high = self.start + last * self.step;
  self.next += self.chunk * size();
  return true;
}

} // namespace

extern "C" {

void rac_team_set(const RacTeam *team) { self.team = *team; }

int rac_omp_get_max_threads() {
  return !self.region && self.team.limit > 1 ? self.team.limit : 1;
}
int rac_omp_get_num_threads() { return size(); }
int rac_omp_get_thread_num() { return index(); }
int rac_omp_in_parallel() { return self.region && self.size > 1; }

void rac_GOMP_parallel_start(void (*body)(void *), void *data,
                             unsigned threads) {
  int limit = self.team.pool ? rac_omp_get_max_threads() : 1;
  int team = threads && int(threads) < limit ? int(threads) : limit;
  if (self.region) {
    ++self.inner;
    return;
  }
  self.own.body = body;
  self.own.data = data;
  self.own.arrived.store(0, std::memory_order_relaxed);
  enter(&self.own, 0, team);
  if (team > 1)
    self.team.begin(self.team.pool, team, work, &self.own);
}

void rac_GOMP_parallel_end() {
  if (self.inner) {
    --self.inner;
    return;
  }
  if (self.size > 1)
    self.team.end(self.team.pool);
  enter(nullptr, 0, 1);
}

void rac_GOMP_barrier() {
  if (size() == 1)
    return;
  Region &region = *self.region;
  unsigned before = region.passed.load();
  if (region.arrived.fetch_add(1) == self.size - 1) {
    region.arrived.store(0);
    region.passed.store(before + 1);
    return;
  }
  constexpr int kLooks = 64; // between offers of the core to others
  for (int look = 1; region.passed.load() == before; ++look) {
    rac::runtime::relax();
    if (look % kLooks == 0)
      sched_yield();
  }
}

/// Of a loop from `start` to `end`: blocks of `chunk` iterations go around the
/// team, or each thread has one if that is 0.
bool rac_GOMP_loop_static_start(long start, long end, long step, long chunk,
                                long *low, long *high) {
  long count = (end - start + step + (step > 0 ? -1 : 1)) / step;
  self.start = start;
  self.step = step;
  self.count = count > 0 ? count : 0;
  if (chunk) {
    self.chunk = chunk;
    self.next = chunk * index();
  } else {
    // The first ones have one more.
    long share = self.count / size(), more = self.count % size();
    self.next = share * index() + (index() < more ? index() : more);
    self.chunk = share + (index() < more);
    self.count = self.next + self.chunk;
  }
  return nextBlock(low, high);
}

bool rac_GOMP_loop_static_next(long *low, long *high) {
  return nextBlock(low, high);
}

void rac_GOMP_loop_end_nowait() {}

} // extern "C"
