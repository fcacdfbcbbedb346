//===- Bulk.cpp - The copy unit, and barriers that count bytes ------------===//
//
// A box may be copied at any time between its issue and the end of the phase of
// its barrier. Here that is when a thread waits for the phase, so that what
// reads without waiting sees nothing, or at once where
// RAC_SIMULATOR_COPIES=early.
//
//===----------------------------------------------------------------------===//

#include "Bulk.h"
#include "Cluster.h"

#include <algorithm>
#include <cstring>

using namespace rac::simulator;

namespace {

/// What a barrier's memory holds, which nobody else writes to.
constexpr uint64_t kBarrierMark = 0xB0A881E8B0A881E8;
/// PTX ISA, "Size and alignment of mbarrier object" and the ranges of its
/// counts.
constexpr size_t kBarrierAlign = 8;
constexpr int64_t kMostThreads = (1 << 20) - 1, kMostBytes = (1 << 20) - 1;

[[noreturn]] void fail(const Thread &thread, const std::string &what) {
  thread.owner->fail(thread, what);
}

/// The block's barrier there, which a thread of its cluster uses.
ByteBarrier &barrierAt(const Thread &thread, Block &block,
                       const void *address) {
  for (ByteBarrier &barrier : block.byteBarriers) {
    if (barrier.address != address)
      continue;
    uint64_t mark;
    memcpy(&mark, address, sizeof(mark));
    if (mark != kBarrierMark)
      fail(thread, "uses a barrier whose memory has been written to");
    return barrier;
  }
  fail(thread, "uses a barrier that nobody has made");
}

/// The thread's own block's.
ByteBarrier &barrierAt(const Thread &thread, const void *address) {
  return barrierAt(thread, *thread.owner, address);
}

/// Whoever made the barrier has told the copy unit and the cluster.
void checkTold(const Thread &thread, Block &block, const ByteBarrier &barrier) {
  if (block.threadNumber(barrier.maker).barrierFences == barrier.makerFences)
    fail(thread, "the copy unit, or another block, uses a barrier that was "
                 "made without a fence since");
}

/// The next phase, if this one has all threads and bytes.
void advance(const Thread &thread, ByteBarrier &barrier) {
  if (barrier.pending != 0 || barrier.bytes > 0)
    return;
  if (barrier.bytes < 0)
    fail(thread, "more bytes were copied than a barrier's phase expects");
  ++barrier.phase;
  barrier.pending = barrier.threads;
  for (Thread *waiting : barrier.waiting)
    waiting->owner->wake(*waiting);
  barrier.waiting.clear();
}

/// One line of a box: zeros where it leaves the array.
class Line {
public:
  Line(const BulkCopy &copy, uint64_t number) : map(copy.map), copy(copy) {
    source = map.base;
    for (uint32_t dim = 1; dim < map.rank; ++dim) {
      int64_t at = copy.from[dim] + int64_t(number % map.box[dim]);
      number /= map.box[dim];
      isInside &= at >= 0 && uint64_t(at) < map.sizes[dim];
      source += at * int64_t(map.strides[dim - 1]);
    }
  }

  void copyTo(char *line) const {
    memset(line, 0, kBoxLine);
    int64_t first = std::max<int64_t>(0, -int64_t(copy.from[0]));
    int64_t end =
        std::min<int64_t>(map.box[0], int64_t(map.sizes[0]) - copy.from[0]);
    if (isInside && first < end)
      memcpy(line + first * map.elementBytes,
             source + (copy.from[0] + first) * int64_t(map.elementBytes),
             (end - first) * map.elementBytes);
  }

private:
  const TensorMap &map;
  const BulkCopy &copy;
  const char *source;
  bool isInside = true;
};

/// Copies to the block whose barrier it is.
void perform(Thread &thread, Block &block, ByteBarrier &barrier,
             const BulkCopy &copy) {
  constexpr uint64_t kPart = 16, kLines = 8;
  for (uint64_t i = 0; i < copy.bytes() / kBoxLine; ++i) {
    char content[kBoxLine];
    Line(copy, i).copyTo(content);
    char *line = copy.target + i * kBoxLine;
    // Addresses say which of eight lines it is: memory begins at a multiple of
    // 1024 B here.
    uint64_t order = uint64_t(line - block.shared()) / kBoxLine % kLines;
    for (uint64_t part = 0; part < kBoxLine / kPart; ++part)
      memcpy(line + (part ^ order) * kPart, content + part * kPart, kPart);
  }
  block.noteBulkWrite({copy.target, copy.target + copy.bytes()});
  barrier.bytes -= int64_t(copy.bytes());
  advance(thread, barrier);
}

/// Asks for a copy to a block, now or when it waits.
void issue(Thread &thread, Block &block, const BulkCopy &copy,
           const void *address) {
  ByteBarrier &barrier = barrierAt(thread, block, address);
  checkTold(thread, block, barrier);
  block.checkWrite(thread, {copy.target, copy.target + copy.bytes()});
  if (block.settings().earlyCopies || !barrier.waiting.empty())
    perform(thread, block, barrier, copy);
  else
    barrier.copies.push_back(copy);
}

void performAll(Thread &thread, ByteBarrier &barrier) {
  std::vector<BulkCopy> copies = std::move(barrier.copies);
  barrier.copies.clear();
  for (const BulkCopy &copy : copies)
    perform(thread, *thread.owner, barrier, copy);
}

} // namespace

uint64_t BulkCopy::bytes() const {
  uint64_t lines = 1;
  for (uint32_t dim = 1; dim < map.rank; ++dim)
    lines *= map.box[dim];
  return lines * kBoxLine;
}

void rac_sim_init_barrier(RacSimThread *handle, void *address,
                          int32_t threads) {
  Thread &thread = threadOf(handle);
  auto *at = static_cast<char *>(address);
  if (!thread.owner->isShared(at, sizeof(kBarrierMark)) ||
      (at - thread.shared) % kBarrierAlign)
    fail(thread, "makes a barrier outside of shared memory, or not aligned");
  if (threads < 1 || threads > kMostThreads)
    fail(thread, "makes a barrier of " + std::to_string(threads) + " threads");
  for (const ByteBarrier &barrier : thread.owner->byteBarriers)
    if (barrier.address == at)
      fail(thread, "makes a barrier where there is one");
  memcpy(at, &kBarrierMark, sizeof(kBarrierMark));
  thread.owner->byteBarriers.push_back(
      {at, threads, threads, 0, 0, thread.index, thread.barrierFences, {}, {}});
}

void rac_sim_fence_barrier(RacSimThread *handle) {
  ++threadOf(handle).barrierFences;
}

void rac_sim_expect_bytes(RacSimThread *handle, void *address, int32_t bytes) {
  Thread &thread = threadOf(handle);
  ByteBarrier &barrier = barrierAt(thread, address);
  if (bytes < 0 || bytes > kMostBytes)
    fail(thread, "a barrier expects " + std::to_string(bytes) + " bytes");
  if (barrier.pending == 0)
    fail(thread, "more threads come to a barrier than a phase waits for");
  barrier.bytes += bytes;
  --barrier.pending;
  advance(thread, barrier);
}

void rac_sim_arrive(RacSimThread *handle, void *address) {
  Thread &thread = threadOf(handle);
  Block *block = thread.owner->cluster().blockAt(address, sizeof(kBarrierMark));
  if (!block)
    fail(thread, "comes to a barrier outside of the cluster's shared memory");
  if (block->isDone())
    fail(thread, "comes to a barrier of a block that has ended");
  ByteBarrier &barrier = barrierAt(thread, *block, address);
  if (block != thread.owner)
    checkTold(thread, *block, barrier);
  if (barrier.pending == 0)
    fail(thread, "more threads come to a barrier than a phase waits for");
  --barrier.pending;
  advance(thread, barrier);
}

void *rac_sim_map_shared(RacSimThread *handle, void *address, int32_t rank) {
  Thread &thread = threadOf(handle);
  Cluster &cluster = thread.owner->cluster();
  if (!thread.owner->isShared(address, 0) || rank < 0 || rank >= cluster.size())
    fail(thread, "maps what isn't shared memory, or to block " +
                     std::to_string(rank) + " of a cluster of " +
                     std::to_string(cluster.size()));
  return cluster.block(rank).shared() +
         (static_cast<char *>(address) - thread.shared);
}

void rac_sim_cluster_arrive(RacSimThread *handle, int32_t site) {
  Thread &thread = threadOf(handle);
  thread.owner->meet(
      thread, site, ~uint32_t(0),
      [](Block &block, Warp &warp) { block.cluster().arrive(block, warp); },
      nullptr);
}

void rac_sim_cluster_wait(RacSimThread *handle) {
  threadOf(handle).owner->cluster().wait(threadOf(handle));
}

void rac_sim_wait_bytes(RacSimThread *handle, void *address, int32_t parity) {
  Thread &thread = threadOf(handle);
  auto isOver = [&] {
    return int32_t(barrierAt(thread, address).phase & 1) != (parity & 1);
  };
  if (!isOver())
    performAll(thread, barrierAt(thread, address));
  while (!isOver()) {
    barrierAt(thread, address).waiting.push_back(&thread);
    thread.owner->sleep(thread);
  }
}

void rac_sim_bulk_copy(RacSimThread *handle, const void *map, int32_t rank,
                       const int32_t *from, void *target, void *address,
                       int32_t mask) {
  Thread &thread = threadOf(handle);
  BulkCopy copy;
  memcpy(&copy.map, map, sizeof(copy.map));
  if (copy.map.mark != TensorMap::kMark)
    fail(thread, "the copy unit is given what is no tensor map");
  if (copy.map.rank != uint32_t(rank))
    fail(thread, "a box of " + std::to_string(rank) +
                     " dimensions of a map of " +
                     std::to_string(copy.map.rank));
  std::copy_n(from, rank, copy.from);
  copy.target = static_cast<char *>(target);
  copy.issuer = thread.owner;
  // Lines keep their order only from there on: PTX ISA, swizzling modes.
  if (!thread.owner->isShared(copy.target, copy.bytes()) ||
      (copy.target - thread.shared) % kBoxLine)
    fail(thread, "copies a box outside of shared memory, or not aligned");
  if (!mask)
    return issue(thread, *thread.owner, copy, address);
  Cluster &cluster = thread.owner->cluster();
  if (uint32_t(mask) >> cluster.size())
    fail(thread, "copies to blocks that its cluster doesn't have");
  for (int32_t rank = 0; rank < cluster.size(); ++rank) {
    Block &block = cluster.block(rank);
    if (!(mask >> rank & 1))
      continue;
    if (block.isDone())
      fail(thread, "copies to a block that has ended");
    BulkCopy there = copy;
    there.target = block.shared() + (copy.target - thread.shared);
    issue(thread, block, there,
          block.shared() + (static_cast<char *>(address) - thread.shared));
  }
}
