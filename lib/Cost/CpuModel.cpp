//===- CpuModel.cpp - Costs of a group on a CPU ---------------------------===//

#include "CpuModel.h"
#include "rac/Cost/ThreadParts.h"
#include "rac/Lowering/RegisterTile.h"

using namespace mlir;
using namespace rac;

//===----------------------------------------------------------------------===//
// Moving
//===----------------------------------------------------------------------===//

/// While a core goes over a row again, the next one comes: the second cache's
/// streamer runs up to 20 lines ahead of what is read, once for each page of 4
/// KiB (Intel's optimization manual). Several rows of a page are one stream,
/// and come in one burst; of pages apart, each its own. From the last cache of
/// a Xeon with AMX, rows of a page took 9 to 16 % longer in the mean, pairs of
/// rows 7 % (docs/Cost.md).
constexpr double kBurst = 1.15, kBurstOfPair = 1.07;

/// How much of what each core touches of a tensor it has touched last itself,
/// where all of a run's threads share it out: of what it reads what it has
/// made, of a result's place what it had of who was there before; else what
/// chance gives.
double CpuCosting::ownPart(unsigned number) const {
  const WorkTensor &tensor = work.tensors[number];
  double chance = 1 / tensor.cores;
  if (threads != runThreads)
    return chance;
  if (tensor.isOutput)
    return tensor.ownPlace && partsMade(work, *schedule, number) == 1.0
               ? *tensor.ownPlace
               : chance;
  if (tensor.makers != 0)
    return chance;
  return std::max(
      chance, rac::ownPart(work, *schedule, number, threads).value_or(chance));
}

/// How much longer shared levels take where tiles are several rows of what lies
/// in one page.
double CpuCosting::burst() const {
  double burst = 1;
  if (isLibrary || schedule->tileTrips.empty())
    return burst;
  for (const NestSchedule &nest : schedule->nests)
    if (nest.ownRowBytes && *nest.ownRowBytes < kPageBytes)
      burst = std::max(burst, nest.extents.back()[*nest.rowLoop] > 2
                                  ? kBurst
                                  : kBurstOfPair);
  return burst;
}

/// What each thread reads all of comes to each of them. However the library
/// shares a product, that is one of its factors: the smaller one.
void CpuCosting::addReaders(Traffic &traffic) const {
  auto add = [&](unsigned number) {
    double more = (formula.speedup - 1) * traffic.fillsOf[number];
    traffic.fills += more;
    // What nobody has made meanwhile is nowhere else.
    if (work.tensors[number].makers != 1)
      traffic.peers += more;
  };
  if (!isLibrary) {
    for (unsigned number : llvm::seq<unsigned>(work.tensors.size()))
      if (readByEach(work, *schedule, number))
        add(number);
    return;
  }
  for (const WorkNest &nest : work.nests)
    if (nest.isContraction() && nest.reads.size() > 1) {
      unsigned left = nest.reads[0].tensor, right = nest.reads[1].tensor;
      add(traffic.fillsOf[left] < traffic.fillsOf[right] ? left : right);
    }
}

void CpuCosting::measureTraffic() {
  ArrayRef<MemoryLevel> memory = coefficients.getDevice().memory;
  size_t levels = memory.size();
  const ComputeUnit &unit = coefficients.vectorUnit();
  // B that come from a level or from further away, and that go back there.
  SmallVector<Traffic> levelTraffic;
  for (size_t level = 0; level < levels; ++level) {
    Traffic traffic;
    if (level > 0) {
      CacheShape cache{coefficients.levelBytes(level - 1),
                       coefficients.lineBytes(level - 1)};
      if (const Known &ways = memory[level - 1].ways)
        cache.ways = ways->v;
      cache.isShared = memory[level - 1].scope == LevelScope::device;
      cache.cores = formula.speedup;
      traffic =
          isLibrary
              ? libraryTraffic(work, cache, assumptions)
              : trafficOf(
                    work,
                    flows.get(plan, level,
                              [&] { return flowOf(work, *schedule, cache); }),
                    cache, assumptions);
      if (level == 1 && !isLibrary)
        addSplits(traffic.fillsOf);
      if (!cache.isShared)
        addReaders(traffic);
      cost.fills.push_back(traffic.fills);
    } else if (isLibrary) {
      // Registers are a small cache that the library blocks for.
      double registers = unit.registers ? unit.registers->v : 16;
      double bits = unit.vectorBits ? unit.vectorBits->v : 128;
      Assumptions empty = assumptions;
      empty.cold = true;
      traffic.fills =
          libraryTraffic(work, {registers * bits / 8, 1}, empty).total();
    } else {
      traffic.fills = registerTraffic(work, *schedule);
    }
    cost.bytes.push_back(traffic.total());
    levelTraffic.push_back(traffic);
  }
  for (size_t level = 0; level < levels; ++level) {
    bool isLast = level + 1 == levels;
    bool isShared = memory[level].scope != LevelScope::core;
    TimeFormula::Transfer transfer;
    transfer.kind = isShared ? TimeFormula::Transfer::isWaitedFor
                             : TimeFormula::Transfer::addsUp;
    // A level's bandwidth is that from there to the core, whatever lies
    // between.
    transfer.bytes = levelTraffic[level].fills;
    if (!isLast)
      transfer.bytes =
          std::max(0.0, transfer.bytes - levelTraffic[level + 1].fills);
    if (isShared && level > 0 && memory[level - 1].scope == LevelScope::core &&
        levelTraffic[level].peers > 0) {
      transfer.peerBytes = std::min(transfer.bytes, levelTraffic[level].peers);
      transfer.bytes -= transfer.peerBytes;
      transfer.peer = &coefficients.peerBandwidth(level - 1);
    }
    // Lines go back to what is shared while others come; to memory they take
    // part of what it has for all cores.
    if (!isShared)
      transfer.bytes += levelTraffic[level].writeBacks;
    else if (isLast)
      transfer.backBytes = levelTraffic[level].writeBacks;
    if (isShared) {
      double longer = burst();
      transfer.bytes *= longer;
      transfer.backBytes *= longer;
      transfer.peerBytes *= longer;
    }
    if (isShared && !isLibrary)
      findWaits(levelTraffic[level], transfer);
    transfer.core = &coefficients.coreBandwidth(level);
    if (formula.speedup > 1 && isShared)
      transfer.device = &coefficients.deviceBandwidth(level);
    formula.transfers.push_back(transfer);
  }
}

/// Nests that are worth threads (rac-distribute-loops): two of 4096 operations,
/// of which an iteration of a few vectors is some.
double CpuCosting::countShared() const {
  constexpr double leastVectors = 2048;
  auto isShared = [&](auto pair) {
    const auto &[nest, loops] = pair;
    return nest.iterations() >=
           leastVectors * (loops.vectorLoop ? loops.lanes : 1);
  };
  return std::max<double>(
      1,
      llvm::count_if(llvm::zip_equal(work.nests, schedule->nests), isShared));
}

/// Weights that a product's rows share come while the first of them are
/// computed, of each panel of columns: the part of the nest that comes after
/// that.
static double afterFirstRows(const WorkNest &nest, const NestSchedule &loops,
                             const WorkUse &read) {
  double rows = 1;
  for (const NestSchedule::Level &level : loops.levels)
    if (!nest.reductions.test(level.loop) && !read.dependsOn(level.loop))
      rows *= level.trips;
  return 1 - 1 / rows;
}

/// `traffic`, of a level that cores share: what is waited for of it, and what
/// comes while panels before are computed, all but the first of a core's.
void CpuCosting::findWaits(const Traffic &traffic,
                           TimeFormula::Transfer &transfer) {
  double after = 0;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule->nests)) {
    if (!nest.isContraction() || !loops.vectorLoop || !loops.rowLoop)
      continue;
    bool isAhead = !coefficients.vectorUnit().scalable &&
                   fetchesAhead(loops.rows, loops.vectors);
    double panels =
        nest.sizes[*loops.vectorLoop] / (loops.lanes * loops.vectors);
    if (loops.sharedLoop == loops.vectorLoop)
      panels /= formula.speedup;
    for (const WorkUse &read : nest.reads) {
      if (!work.tensors[read.tensor].isWeight ||
          !read.dependsOn(*loops.vectorLoop) || read.dependsOn(*loops.rowLoop))
        continue;
      double part = traffic.fillsOf[read.tensor] / std::max(1.0, traffic.fills);
      if (isAhead)
        transfer.ahead += part * (1 - 1 / std::max(1.0, panels));
      else
        after = std::max(after, afterFirstRows(nest, loops, read) * part);
    }
  }
  transfer.ahead = std::min(1.0, transfer.ahead);
  if (formula.afterWaits == 0)
    formula.afterWaits = after;
}

void CpuCosting::addOverheads() {
  formula.overlap = &coefficients.overlap();
  formula.overheads.push_back({&coefficients.launch(), 1});
  if (isLibrary)
    formula.overheads.push_back({&coefficients.libraryCall(), 1});
  if (formula.speedup <= 1)
    return;
  // Each nest shares its loops on its own, where they are not in tiles.
  double regions = 1;
  if (!isLibrary)
    regions =
        schedule->tileTrips.empty()
            ? countShared()
            : 1 + llvm::count_if(schedule->nests, [](const NestSchedule &nest) {
                return nest.isBefore;
              });
  formula.overheads.push_back(
      {&coefficients.forkJoin(), regions * (threads - 1)});
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

static bool hasUnknownSizes(const Work &work) {
  return llvm::any_of(work.tensors, [](const WorkTensor &tensor) {
    auto type = tensor.value ? dyn_cast<ShapedType>(tensor.value.getType())
                             : ShapedType();
    return type && !type.hasStaticShape();
  });
}

const TimeFormula &CpuCosting::formulate() {
  arrangeNests(work, plan);
  // Windows read their input in place, but for products by lane; and where
  // only the run knows how far it is to a border, pixels there are computed
  // one by one, which takes as long as a copy.
  if (!isLibrary &&
      (coefficients.vectorUnit().scalable || hasUnknownSizes(work)))
    padImages(work);
  formula.threads = threads;
  // Each core has made, or reads, its part, and not the same one.
  for (WorkTensor &tensor : work.tensors)
    tensor.cores = std::max<double>(threads, tensor.makers > 0 ? tensor.makers
                                                               : runThreads);
  if (isLibrary) {
    computeLibrary();
  } else {
    computeGenerated();
    if (formula.speedup > 1)
      for (auto [number, tensor] : llvm::enumerate(work.tensors))
        tensor.cores = 1 / ownPart(number);
  }
  measureTraffic();
  addOverheads();
  return formula;
}

KernelCost CpuCosting::kernel() {
  cost.flops = work.flops();
  cost.cores = cost.busyCores = threads;
  formulate();
  return std::move(cost);
}
