//===- Cluster.h - Blocks that run at the same time -------------*- C++ -*-===//
//
// Each block runs until none of its threads can go on, then the next one of the
// cluster does (RAC_SIMULATOR_ORDER=reverse: the one before).
//
//===----------------------------------------------------------------------===//

#ifndef RAC_RUNTIME_SIMULATOR_CLUSTER_H
#define RAC_RUNTIME_SIMULATOR_CLUSTER_H

#include "Block.h"

namespace rac::simulator {

/// Runs clusters, one after another; what it keeps between them is memory.
class Cluster {
public:
  /// Whether all threads of the blocks from `first` on, along x, got through;
  /// if not, `problem` tells why.
  bool run(const Launch &launch, const int32_t (&first)[3]);

  std::string problem;

  int32_t size() const { return numBlocks; }
  Block &block(int32_t rank) { return *blocks[rank]; }
  /// The block whose shared memory that is; null: none's.
  Block *blockAt(const void *address, size_t bytes);

  // The barrier of all threads: PTX ISA, barrier.cluster.
  void arrive(Block &block, Warp &warp);
  void wait(Thread &thread);
  /// A thread's end may be what others wait for.
  void leave(Thread &thread);
  /// Fails if a block that ends has asked for copies that aren't done.
  void checkCopies(const Thread &last);

private:
  bool runAll(const Launch &launch);
  void releaseBarrier();

  std::vector<std::unique_ptr<Block>> blocks;
  int32_t numBlocks = 0, numArrived = 0, phase = 0;
  std::vector<Thread *> waiting;
};

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_CLUSTER_H
