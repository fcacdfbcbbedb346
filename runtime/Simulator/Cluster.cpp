//===- Cluster.cpp - Blocks that run at the same time ---------------------===//

#include "Cluster.h"

using namespace rac::simulator;

bool Cluster::run(const Launch &launch, const int32_t (&first)[3]) {
  problem.clear();
  numBlocks = launch.kernel->cluster;
  numArrived = phase = 0;
  waiting.clear();
  while (blocks.size() < size_t(numBlocks))
    blocks.push_back(std::make_unique<Block>());
  for (int32_t rank = 0; rank < numBlocks; ++rank)
    blocks[rank]->begin(launch, {first[0] + rank, first[1], first[2]}, *this);
  return runAll(launch);
}

bool Cluster::runAll(const Launch &launch) {
  auto isLeft = [&] {
    for (int32_t rank = 0; rank < numBlocks; ++rank)
      if (!blocks[rank]->isDone())
        return true;
    return false;
  };
  while (isLeft()) {
    Block *stuck = nullptr;
    bool any = false;
    for (int32_t i = 0; i < numBlocks; ++i) {
      Block &block = *blocks[launch.settings.reverse ? numBlocks - 1 - i : i];
      if (block.isDone())
        continue;
      any |= block.isReady();
      if (block.isReady())
        block.goOn();
      else
        stuck = &block;
      if (block.problem.empty())
        continue;
      problem = block.problem;
      return false;
    }
    if (any)
      continue;
    stuck->failStuck();
    problem = stuck->problem;
    return false;
  }
  return true;
}

Block *Cluster::blockAt(const void *address, size_t bytes) {
  for (int32_t rank = 0; rank < numBlocks; ++rank)
    if (blocks[rank]->isShared(address, bytes))
      return blocks[rank].get();
  return nullptr;
}

void Cluster::arrive(Block &block, Warp &warp) {
  for (int lane = 0; lane < kWarpSize; ++lane) {
    if (!(warp.arrived >> lane & 1))
      continue;
    Thread &thread = warp.lanes[lane];
    if (thread.clusterPhase >= 0)
      block.fail(thread, "comes to the cluster's barrier again before it has "
                         "waited there");
    thread.clusterPhase = phase;
    ++numArrived;
  }
  releaseBarrier();
}

void Cluster::wait(Thread &thread) {
  int32_t own = thread.clusterPhase;
  if (own < 0)
    thread.owner->fail(thread, "waits at the cluster's barrier without having "
                               "come to it");
  while (phase == own) {
    waiting.push_back(&thread);
    thread.owner->sleep(thread);
  }
  thread.clusterPhase = -1;
}

void Cluster::releaseBarrier() {
  int32_t alive = 0;
  for (int32_t rank = 0; rank < numBlocks; ++rank)
    alive += blocks[rank]->alive();
  if (numArrived == 0 || numArrived != alive)
    return;
  ++phase;
  numArrived = 0;
  for (Thread *thread : waiting)
    thread->owner->wake(*thread);
  waiting.clear();
}

void Cluster::leave(Thread &thread) {
  if (thread.clusterPhase >= 0 && !thread.exits)
    thread.owner->fail(thread, "ends before it has waited at the cluster's "
                               "barrier, to which it has come");
  if (thread.clusterPhase == phase)
    --numArrived;
  releaseBarrier();
}

void Cluster::checkCopies(const Thread &last) {
  for (int32_t rank = 0; rank < numBlocks; ++rank)
    for (const ByteBarrier &barrier : blocks[rank]->byteBarriers)
      for (const BulkCopy &copy : barrier.copies)
        if (copy.issuer == last.owner)
          last.owner->fail(last, "the block ends before what it copies to "
                                 "others of its cluster is there");
}
