//===- Block.h - The threads of a block ------------------------*- C++ -*-===//
//
// Threads are fibers of one thread of the host. One runs until it waits or
// ends; then the next that is ready goes on. Between two barriers threads run
// in order of their number, or against it (RAC_SIMULATOR_ORDER=reverse), so a
// missing barrier shows in one of the two.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_SIMULATOR_BLOCK_H
#define RAC_RUNTIME_SIMULATOR_BLOCK_H

#include "Bulk.h"
#include "Fiber.h"
#include "rac-c/Simulator.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rac::simulator {

constexpr int kWarpSize = 32, kMaxThreads = 1024;

struct Settings {
  bool reverse = false; ///< the last thread, and the last block, first
  /// Asynchronous copies are done at once, not when they are waited for.
  bool earlyCopies = false;

  static Settings fromEnvironment();
};

struct Launch {
  const RacSimKernel *kernel;
  int32_t grid[3], block[3];
  int64_t dynamicBytes;
  void **params;
  Settings settings;
};

/// An asynchronous copy that has not been done.
struct Copy {
  char *target;
  const char *source;
  int32_t bytes, from;
  int64_t group;
};

/// Bytes of memory.
struct Range {
  const char *begin, *end;
  bool overlaps(const Range &other) const {
    return begin < other.end && other.begin < end;
  }
};

class Block;
class Cluster;

struct Thread : RacSimThread {
  Block *owner;
  Fiber fiber;
  int32_t index, site;
  bool exits, ended;
  /// What the warp's op that the thread waits at works on.
  void *operands;
  std::vector<Copy> copies;
  size_t copiesDone;
  int64_t group;         ///< that new copies belong to
  int32_t fences;        ///< proxy fences so far
  int32_t barrierFences; ///< fence.mbarrier_init so far
  /// Of the cluster's barrier, in which it has come to it without having
  /// waited; -1: none.
  int32_t clusterPhase;

  int lane() const { return index % kWarpSize; }
};

struct Warp;
/// What the last lane that comes to an op does for all of them.
using WarpOp = void (*)(Block &, Warp &);

struct Warp {
  Thread *lanes;
  uint32_t alive;  ///< lanes that have not ended
  uint32_t exited; ///< that ended before the kernel's end, on purpose
  uint32_t atBarrier;
  uint32_t arrived; ///< at `op`, of those of `mask`
  uint32_t mask;
  WarpOp op;
  /// Of products of warp groups: what the ones under way read, by the number of
  /// their group; which group new ones belong to; and a hash of those that were
  /// issued, which is the same of all four warps.
  struct Read {
    Range range;
    int64_t group;
  };
  std::vector<Read> reads;
  int64_t group;
  uint64_t issued;
};

/// Runs blocks, one after another, each in turn with the others of its cluster;
/// what it keeps between them is memory.
class Block {
public:
  void begin(const Launch &launch, const int32_t (&id)[3], Cluster &cluster);
  bool isDone() const { return numAlive == 0; }
  /// Whether a thread can go on.
  bool isReady() const { return head != tail; }
  /// Lets threads run until all have ended, none can go on, or one has failed.
  void goOn();
  /// Where no thread of the cluster can go on: `problem` tells why.
  void failStuck();

  std::string problem; ///< empty: none

  Cluster &cluster() const { return *group; }
  int32_t alive() const { return numAlive; }
  char *shared() const { return base; }
  bool isShared(const void *address, size_t bytes) const {
    return address >= base &&
           static_cast<const char *>(address) + bytes <= base + sharedBytes;
  }

  // What threads call.
  void barrier(Thread &thread, int32_t site);
  /// Waits for the lanes of `mask`, then `op` has been done.
  void meet(Thread &thread, int32_t site, uint32_t mask, WarpOp op,
            void *operands);
  [[noreturn]] void fail(const Thread &thread, const std::string &what);
  Warp &warpOf(const Thread &thread) { return warps[thread.index / kWarpSize]; }
  /// Fails if a product of a warp group of the block still reads what a copy,
  /// of this block's thread or of another's, will write.
  void checkWrite(const Thread &thread, const Range &target);
  /// Notes that the thread has copied to `target`.
  void noteWrite(const Thread &thread, const Range &target);
  /// Fails if a product of a warp group may not read there: it is no shared
  /// memory, or who has copied to it has had no proxy fence since.
  void checkRead(const Thread &thread, const Range &source);
  /// Notes that the copy unit has written to `target`: products see it.
  void noteBulkWrite(const Range &target);
  /// Lets the others run until one wakes this one.
  void sleep(Thread &thread);
  void wake(Thread &thread) {
    --numAsleep;
    pushBack(thread);
  }
  const Thread &threadNumber(int32_t index) const { return threads[index]; }
  std::vector<ByteBarrier> byteBarriers;
  const Settings &settings() const { return launch->settings; }

private:
  void setUp(const int32_t (&id)[3]);
  void runInOrder();
  void prepareFibers();
  static void plainEntry();
  static void threadEntry();
  void leave(Thread &thread);
  void checkGroup(const Thread &thread);
  void releaseBarrier();
  void checkBarrier();
  void complete(Warp &warp, const Thread *last);
  [[noreturn]] void switchToNext(Thread &thread);
  void yield(Thread &thread);
  Thread *next();

  // The threads that are ready, first first.
  void pushFront(Thread &thread);
  void pushBack(Thread &thread);
  static constexpr uint32_t kQueue = 2 * kMaxThreads;
  Thread *queue[kQueue];
  uint32_t head = 0, tail = 0;

  const Launch *launch = nullptr;
  Cluster *group = nullptr;
  bool isStuck = false;
  int32_t size = 0, numAlive = 0, numAtBarrier = 0, numAsleep = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<Stack> stacks;
  std::unique_ptr<char[]> memory;
  size_t memoryBytes = 0, sharedBytes = 0;
  char *base = nullptr; ///< of shared memory
  /// Of each 16 bytes of shared memory, who has copied to it, and how many
  /// fences that thread had had.
  struct Written {
    int32_t thread, fences;
  };
  std::vector<Written> written;
  Thread *running = nullptr;
  Fiber main;
};

inline Thread &threadOf(RacSimThread *thread) {
  return *static_cast<Thread *>(thread);
}

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_BLOCK_H
