//===- Block.cpp - The threads of a block --------------------------------===//

#include "Cluster.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace rac::simulator;

namespace {

/// What memory holds that nobody has written: a NaN of any float type, and no
/// number that would go unnoticed.
constexpr int kUnwritten = 0xFF;

/// Shared memory is aligned as cuLaunchKernel aligns it, for TMA at most.
constexpr size_t kSharedAlignment = 1024;

/// So many bytes are copied together at most.
constexpr size_t kUnit = 16;

/// Stacks begin at different lines, so that the same frames on all of them
/// don't compete for the same sets of the cache.
constexpr size_t kColors = 16, kColorBytes = 320;

/// Of the host's thread.
thread_local Block *current = nullptr;

std::string idText(const int32_t (&id)[3]) {
  return "(" + std::to_string(id[0]) + ", " + std::to_string(id[1]) + ", " +
         std::to_string(id[2]) + ")";
}

} // namespace

Settings Settings::fromEnvironment() {
  auto is = [](const char *name, const char *value) {
    const char *set = getenv(name);
    return set && !strcmp(set, value);
  };
  Settings settings;
  settings.reverse = is("RAC_SIMULATOR_ORDER", "reverse");
  settings.earlyCopies = is("RAC_SIMULATOR_COPIES", "early");
  return settings;
}

void Block::pushFront(Thread &thread) { queue[--head % kQueue] = &thread; }

void Block::pushBack(Thread &thread) { queue[tail++ % kQueue] = &thread; }

Thread *Block::next() {
  return head == tail ? nullptr : queue[head++ % kQueue];
}

void Block::setUp(const int32_t (&id)[3]) {
  sharedBytes = launch->kernel->shared_bytes + launch->dynamicBytes;
  if (sharedBytes > memoryBytes || !memory) {
    memory.reset(new char[sharedBytes + kSharedAlignment]);
    memoryBytes = sharedBytes;
  }
  auto address = reinterpret_cast<uintptr_t>(memory.get());
  base = reinterpret_cast<char *>((address + kSharedAlignment - 1) &
                                  ~(kSharedAlignment - 1));
  memset(base, kUnwritten, sharedBytes);

  if (launch->kernel->waits)
    written.assign((sharedBytes + kUnit - 1) / kUnit, {-1, 0});

  const int32_t (&block)[3] = launch->block;
  size = block[0] * block[1] * block[2];
  if (threads.size() < size_t(size))
    threads.resize(size);
  // Where threads don't wait, one stands for a row of them.
  for (int32_t i = 0; i < size; i += launch->kernel->waits ? 1 : block[0]) {
    Thread &thread = threads[i];
    for (int d = 0; d < 3; ++d) {
      thread.block[d] = id[d];
      thread.block_size[d] = block[d];
      thread.grid_size[d] = launch->grid[d];
    }
    thread.thread[0] = i % block[0];
    thread.thread[1] = i / block[0] % block[1];
    thread.thread[2] = i / block[0] / block[1];
    thread.shared = base;
    thread.shared_bytes = sharedBytes;
    thread.owner = this;
    thread.index = i;
    thread.exits = thread.ended = false;
    thread.copies.clear();
    thread.copiesDone = thread.group = 0;
    thread.fences = thread.barrierFences = 0;
    thread.clusterPhase = -1;
  }
  warps.resize((size + kWarpSize - 1) / kWarpSize);
  for (size_t w = 0; w < warps.size(); ++w) {
    int lanes = std::min<int>(kWarpSize, size - w * kWarpSize);
    uint32_t alive = ~uint32_t(0) >> (kWarpSize - lanes);
    warps[w] = {&threads[w * kWarpSize], alive, 0, 0, 0, 0, nullptr, {}, 0, 0};
  }
  head = tail = 0;
  numAlive = size;
  numAtBarrier = numAsleep = 0;
  byteBarriers.clear();
}

void Block::begin(const Launch &launched, const int32_t (&id)[3],
                  Cluster &cluster) {
  launch = &launched;
  group = &cluster;
  problem.clear();
  isStuck = false;
  setUp(id);
  if (launch->kernel->waits)
    prepareFibers();
  else
    pushBack(threads[0]);
}

void Block::goOn() {
  current = this;
  running = next();
  if (launch->kernel->waits)
    switchFiber(main, running->fiber);
  else
    runInOrder();
}

void Block::failStuck() {
  current = this;
  isStuck = true;
  switchFiber(main, running->fiber);
}

/// A kernel whose threads don't wait needs one stack: it may fail at any depth.
void Block::runInOrder() {
  if (stacks.empty())
    stacks.emplace_back();
  Fiber fiber;
  fiber.prepare(stacks[0].top(), plainEntry);
  switchFiber(main, fiber);
}

void Block::plainEntry() {
  Block &block = *current;
  int32_t row = block.launch->block[0];
  for (int32_t i = 0; i < block.size; i += row)
    block.launch->kernel->run(block.launch->params, &block.threads[i], row);
  block.numAlive = 0;
  Fiber gone;
  switchFiber(gone, block.main);
  __builtin_unreachable();
}

void Block::prepareFibers() {
  while (stacks.size() < size_t(size))
    stacks.emplace_back();
  for (int32_t i = 0; i < size; ++i) {
    Thread &thread = threads[i];
    thread.fiber.prepare(stacks[i].top() - i % kColors * kColorBytes,
                         threadEntry);
    if (launch->settings.reverse)
      pushFront(thread);
    else
      pushBack(thread);
  }
}

void Block::threadEntry() {
  Block &block = *current;
  Thread &thread = *block.running;
  block.launch->kernel->run(block.launch->params, &thread, 1);
  block.leave(thread);
  block.switchToNext(thread);
}

void Block::fail(const Thread &thread, const std::string &what) {
  problem = "kernel " + std::string(launch->kernel->name) + ", block " +
            idText(thread.block) + ", thread " + idText(thread.thread) + ": " +
            what;
  Fiber gone;
  switchFiber(gone, main);
  __builtin_unreachable();
}

/// Runs the next thread that is ready, or lets the cluster's other blocks run;
/// this one goes on when it is the next.
void Block::yield(Thread &thread) {
  if (Thread *to = next()) {
    running = to;
    switchFiber(thread.fiber, to->fiber);
  } else {
    switchFiber(thread.fiber, main);
  }
  if (!isStuck)
    return;
  if (numAtBarrier)
    checkBarrier();
  fail(thread, "deadlock: " + std::to_string(numAtBarrier) +
                   " threads wait at a barrier, " + std::to_string(numAsleep) +
                   " for bytes or for others of the cluster, others at an op "
                   "of a warp that not all lanes come to");
}

void Block::switchToNext(Thread &thread) {
  if (numAlive) {
    yield(thread);
  } else {
    Fiber gone;
    switchFiber(gone, main);
  }
  __builtin_unreachable();
}

/// A thread's end may be what others wait for.
void Block::leave(Thread &thread) {
  Warp &warp = warpOf(thread);
  uint32_t bit = uint32_t(1) << thread.lane();
  thread.ended = true;
  --numAlive;
  warp.alive &= ~bit;
  if (thread.exits)
    warp.exited |= bit;
  if (warp.arrived && warp.mask & bit && !thread.exits)
    fail(thread, "a lane ends that others of the warp wait for");
  if (warp.arrived && warp.arrived == (warp.alive & warp.mask))
    complete(warp, /*last=*/nullptr);
  if (numAtBarrier && numAtBarrier == numAlive)
    releaseBarrier();
  checkGroup(thread);
  group->leave(thread);
  if (numAlive != 0)
    return;
  for (const ByteBarrier &barrier : byteBarriers)
    if (!barrier.copies.empty() || barrier.bytes != 0)
      fail(thread, "the block ends while boxes are copied to its memory");
  group->checkCopies(thread);
}

/// Once a group of four warps has ended: they have issued the same products.
void Block::checkGroup(const Thread &thread) {
  constexpr int32_t kGroup = 4;
  size_t first = thread.index / kWarpSize / kGroup * kGroup;
  size_t end = std::min(first + kGroup, warps.size());
  for (size_t w = first; w < end; ++w)
    if (warps[w].alive)
      return;
  for (size_t w = first + 1; w < end; ++w)
    if (warps[w].issued != warps[first].issued)
      fail(thread, "the warps of a group have issued different products");
}

void Block::checkWrite(const Thread &thread, const Range &target) {
  for (const Warp &warp : warps)
    for (const Warp::Read &read : warp.reads)
      if (read.range.overlaps(target))
        thread.owner->fail(
            thread, "copies to where a product that nobody has waited for "
                    "still reads");
}

void Block::noteWrite(const Thread &thread, const Range &target) {
  for (size_t i = (target.begin - thread.shared) / kUnit;
       i < written.size() && thread.shared + i * kUnit < target.end; ++i)
    written[i] = {thread.index, thread.fences};
}

void Block::noteBulkWrite(const Range &target) {
  for (size_t i = (target.begin - base) / kUnit;
       i < written.size() && base + i * kUnit < target.end; ++i)
    written[i] = {-1, 0};
}

void Block::sleep(Thread &thread) {
  ++numAsleep;
  yield(thread);
}

void Block::checkRead(const Thread &thread, const Range &source) {
  if (source.begin < thread.shared ||
      source.end > thread.shared + thread.shared_bytes)
    fail(thread, "a product of a warp group reads outside of shared memory");
  for (size_t i = (source.begin - thread.shared) / kUnit;
       thread.shared + i * kUnit < source.end; ++i) {
    if (written[i].thread < 0)
      continue;
    const Thread &writer = threads[written[i].thread];
    if (writer.fences == written[i].fences)
      fail(thread, "a product of a warp group reads what thread " +
                       idText(writer.thread) +
                       " has copied without a proxy fence since");
  }
}

void Block::barrier(Thread &thread, int32_t site) {
  Warp &warp = warpOf(thread);
  thread.site = site;
  warp.atBarrier |= uint32_t(1) << thread.lane();
  ++numAtBarrier;
  if (numAtBarrier == numAlive)
    releaseBarrier();
  yield(thread);
}

/// A warp comes to a barrier as one, to the same in the code.
void Block::checkBarrier() {
  for (Warp &warp : warps) {
    if (!warp.atBarrier)
      continue;
    Thread &first = warp.lanes[__builtin_ctz(warp.atBarrier)];
    int present = std::min<int>(kWarpSize, size - (warp.lanes - &threads[0]));
    for (int lane = 0; lane < present; ++lane) {
      Thread &thread = warp.lanes[lane];
      bool waits = warp.atBarrier >> lane & 1;
      if (waits && thread.site != first.site)
        fail(thread, "waits at another barrier than thread " +
                         idText(first.thread) + " of its warp");
      if (!waits && !(warp.exited >> lane & 1))
        fail(thread, std::string(thread.ended ? "has ended" : "waits") +
                         " where thread " + idText(first.thread) +
                         " of its warp waits at a barrier");
    }
  }
}

void Block::releaseBarrier() {
  checkBarrier();
  for (Warp &warp : warps)
    warp.atBarrier = 0;
  numAtBarrier = 0;
  for (int32_t i = 0; i < size; ++i) {
    Thread &thread = threads[launch->settings.reverse ? size - 1 - i : i];
    if (!thread.ended)
      pushBack(thread);
  }
}

/// All lanes have come: does the op and lets them go on, but for `last`, which
/// runs already.
void Block::complete(Warp &warp, const Thread *last) {
  uint32_t arrived = warp.arrived;
  const Thread &first = warp.lanes[__builtin_ctz(arrived)];
  for (int lane = 0; lane < kWarpSize; ++lane)
    if (arrived >> lane & 1 && warp.lanes[lane].site != first.site)
      fail(warp.lanes[lane], "waits at another op than thread " +
                                 idText(first.thread) + " of its warp");
  warp.op(*this, warp);
  warp.arrived = 0;
  for (int lane = kWarpSize - 1; lane >= 0; --lane)
    if (arrived >> lane & 1 && &warp.lanes[lane] != last)
      pushFront(warp.lanes[lane]);
}

void Block::meet(Thread &thread, int32_t site, uint32_t mask, WarpOp op,
                 void *operands) {
  Warp &warp = warpOf(thread);
  thread.site = site;
  thread.operands = operands;
  warp.arrived |= uint32_t(1) << thread.lane();
  warp.mask = mask;
  warp.op = op;
  if (warp.arrived == (warp.alive & mask))
    complete(warp, &thread);
  else
    yield(thread);
}
