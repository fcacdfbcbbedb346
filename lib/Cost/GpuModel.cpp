//===- GpuModel.cpp - Costs of a group's kernels on a GPU -----------------===//
//
// docs/Cost.md says what is counted and why.
//
//===----------------------------------------------------------------------===//

#include "GpuModel.h"
#include "rac/Cost/InPlace.h"
#include "rac/Cost/Schedule.h"
#include "rac/Cost/Traffic.h"
#include <cmath>

using namespace mlir;
using namespace rac;

using Kernel = Coefficients::Kernel;

/// What a thread moves at once.
constexpr double kAccessBytes = kGpuAccessBytes;

GpuCosting::GpuCosting(Coefficients &coefficients,
                       const Assumptions &assumptions, Work given,
                       GpuBlockCache &known)
    : coefficients(coefficients), assumptions(assumptions),
      work(std::move(given)), known(known), room(coefficients.getDevice()) {
  const Device &device = coefficients.getDevice();
  cores = (device.topology.availableCores ? device.topology.availableCores
                                          : device.topology.cores)
              ->v;
  levels.memory = device.memory.size() - 1;
  levels.far = levels.memory;
  for (auto [i, level] : llvm::enumerate(device.memory)) {
    if (level.kind == LevelKind::software)
      levels.shared = i;
    else if (level.kind == LevelKind::cache && level.scope == LevelScope::core)
      levels.near = i;
    else if (level.kind == LevelKind::cache)
      levels.far = i;
  }
  fuseNests(work, /*afterContractions=*/true);
  layOutFilters(work);
}

//===----------------------------------------------------------------------===//
// What all kernels have
//===----------------------------------------------------------------------===//

/// Multiprocessors' worth of places for whole clusters. Groups have pairs of
/// multiprocessors (TPCs), as evenly as there are.
static double coresOfClusters(double cores, double groups, double resident,
                              double cluster) {
  double pairs = std::floor(cores / 2), least = std::floor(pairs / groups),
         larger = pairs - least * groups;
  auto places = [&](double pairsOfGroup) {
    return std::floor(2 * pairsOfGroup * resident / cluster) * cluster;
  };
  double all = (groups - larger) * places(least) + larger * places(least + 1);
  return std::max(cluster, all) / resident;
}

GpuCosting::Share GpuCosting::share(double blocks, double resident) const {
  return shareOn(cores, blocks, resident);
}

GpuCosting::Share GpuCosting::share(double blocks, double resident,
                                    int64_t cluster) {
  if (cluster == 1)
    return share(blocks, resident);
  return shareOn(coresOfClusters(cores, coefficients.clusterGroups(),
                                 std::max(1.0, resident), cluster),
                 blocks, resident);
}

GpuCosting::Share GpuCosting::shareOn(double places, double blocks,
                                      double resident) const {
  Share share;
  share.blocks = std::max(1.0, blocks);
  double rounds = std::ceil(share.blocks / places);
  share.resident = std::clamp(resident, 1.0, rounds);
  share.waves = std::ceil(share.blocks / (places * share.resident));
  // Blocks of one multiprocessor share what it can do: the one with the most
  // blocks takes longest.
  share.speedup = share.blocks / rounds;
  return share;
}

void GpuCosting::addTransfer(size_t level, double bytes, double inFlight,
                             KernelCost &cost) {
  cost.bytes[level] += bytes;
  TimeFormula::Transfer &transfer = cost.formula.transfers[level];
  transfer.bytes += bytes;
  if (coefficients.getDevice().memory[level].scope == LevelScope::core) {
    transfer.core = &coefficients.coreBandwidth(level);
    return;
  }
  // One multiprocessor takes from main memory no more than from the cache, and
  // in the time of a delivery no more than it has asked for.
  transfer.core = &coefficients.coreBandwidth(levels.far);
  transfer.device = &coefficients.deviceBandwidth(level);
  transfer.latency = &coefficients.latency(level);
  transfer.inFlight = inFlight;
}

void GpuCosting::addInstructions(double count, double utilization,
                                 KernelCost &cost) {
  const ComputeUnit &unit = coefficients.vectorUnit();
  TimeFormula::Compute compute;
  // Rates count two for a multiply-add, which is one.
  compute.ops = 2 * count;
  compute.peak = &coefficients.peak(unit, DataType::f32);
  compute.utilization = utilization;
  cost.formula.computes.push_back(compute);
  cost.countOps(unit, DataType::f32, compute.ops);
}

void GpuCosting::addOverheads(double launches, double waits, const Share &share,
                              KernelCost &cost) {
  cost.formula.overlap = &coefficients.overlap();
  cost.formula.starts = {&coefficients.forkJoin(), share.blocks};
  cost.formula.overheads.push_back({&coefficients.launch(), launches});
  cost.formula.overheads.push_back(
      {&coefficients.latency(levels.memory), waits});
}

KernelCost GpuCosting::emptyCost(const Share &share) const {
  size_t levels = coefficients.getDevice().memory.size();
  KernelCost cost;
  cost.cores = cores;
  cost.busyCores = cost.formula.speedup = share.speedup;
  cost.bytes.assign(levels, 0);
  cost.formula.transfers.resize(levels);
  cost.formula.threads = cores;
  return cost;
}

//===----------------------------------------------------------------------===//
// Other kernels
//===----------------------------------------------------------------------===//

/// A lane for each part of the unit's width, and what the unit has of them.
double GpuCosting::vectorLanes() const {
  const ComputeUnit &unit = coefficients.vectorUnit();
  return unit.vectorBits ? kSchedulers * unit.vectorBits->v / 32 : 1;
}

/// `sharers`: blocks of a multiprocessor, which share its cache.
void GpuCosting::addTraffic(const Work &part, const Schedule &schedule,
                            double sharers, double asked,
                            const Assumptions &before, KernelCost &cost) {
  double sector = coefficients.lineBytes(levels.memory);
  auto traffic = [&](double bytes, const Assumptions &before) {
    return generatedTraffic(part, schedule, {bytes, sector, false}, before)
        .total();
  };
  Assumptions empty = before;
  empty.cold = true;
  if (levels.near)
    addTransfer(*levels.near, registerTraffic(part, schedule), 0, cost);
  double nearBytes = levels.near ? coefficients.levelBytes(*levels.near) : 0;
  addTransfer(levels.far, traffic(nearBytes / sharers, empty), asked, cost);
  if (levels.far != levels.memory)
    addTransfer(levels.memory,
                traffic(coefficients.levelBytes(levels.far), before), asked,
                cost);
}

/// Operations that are no products on tensor cores; that of a multiply-add
/// takes what the unit counts two for.
void GpuCosting::addScalarWork(const WorkNest &nest, double iterations,
                               double utilization, KernelCost &cost) {
  double ops = (nest.operations + kFunctionTerms * nest.functions) * iterations;
  if (ops == 0)
    return;
  const ComputeUnit &unit = coefficients.vectorUnit();
  TimeFormula::Compute compute;
  compute.ops = 2 * ops;
  compute.peak = &coefficients.peak(unit, nest.type);
  compute.fraction = &coefficients.fraction(unit, nest.type, Kernel::vector);
  compute.utilization = utilization;
  cost.formula.computes.push_back(compute);
  // An instruction takes as much as a multiply-add, which counts two.
  cost.countOps(unit, nest.type, 2 * ops);
}

/// Products outside of tensor cores.
static void addProducts(const WorkNest &nest, double iterations,
                        double utilization, Coefficients &coefficients,
                        KernelCost &cost) {
  double ops = 2 * nest.multiplyAdds * iterations;
  if (ops == 0)
    return;
  const ComputeUnit &unit = coefficients.vectorUnit();
  TimeFormula::Compute compute;
  compute.ops = ops;
  compute.peak = &coefficients.peak(unit, nest.type);
  compute.fraction = &coefficients.fraction(unit, nest.type, Kernel::vector);
  compute.utilization = utilization;
  cost.formula.computes.push_back(compute);
  cost.countOps(unit, nest.type, ops);
}

/// What a thread asks for before it needs the first of it, B.
static double askedByThread(const Work &work, const WorkNest &nest,
                            double elements) {
  double bytes = 0;
  for (const WorkUse &use : nest.reads)
    bytes += std::min(kAccessBytes,
                      elements * work.tensors[use.tensor].elementBytes);
  return bytes;
}

/// Iterations that must run in order: of loops that combine, and leave a result
/// at each step.
static double serialTrips(const WorkNest &nest) {
  double trips = 1;
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
    if (nest.reductions.test(loop) &&
        llvm::any_of(nest.writes, [&](const WorkUse &write) {
          return write.dependsOn(loop);
        }))
      trips *= nest.sizes[loop];
  return trips;
}

/// Threads of a result of which several share the sum, where neighbours have
/// neighbouring results: as many as rac-gpu-reductions makes.
static double partsOfColumn(double results, double combined) {
  constexpr double most = 32, manyThreads = 32768, leastOfPart = 8,
                   longest = 64;
  double parts = 1;
  while (combined >= longest && parts < most && results * parts < manyThreads &&
         combined >= leastOfPart * parts)
    parts *= 2;
  return parts;
}

/// Whether what is combined lies together, so that the threads of a block read
/// a result's elements side by side.
static bool combinesRows(const WorkNest &nest) {
  if (nest.reads.empty() || nest.reads.front().dims.empty())
    return false;
  return llvm::any_of(nest.reads.front().dims.back(),
                      [&](const WorkUse::Term &term) {
                        return nest.reductions.test(term.loop);
                      });
}

KernelCost GpuCosting::threads(const WorkNest &nest, PlanAttr plan) {
  Work part;
  part.tensors = work.tensors;
  part.nests = {nest};
  const VectorShape access{int64_t(8 * kAccessBytes), 32, /*fillsSums=*/false};
  Schedule schedule = scheduleOf(part, plan.withTiles({}), access);
  const NestSchedule &loops = schedule.nests.front();
  // Where data says what is read, threads have an element each, after another
  // kernel has checked what it says.
  bool isScattered = llvm::any_of(
      nest.reads, [](const WorkUse &use) { return use.scattered.any(); });
  double lanes = loops.vectorLoop && !isScattered ? loops.lanes : 1;

  double free = 1, combined = 1;
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
    (nest.reductions.test(loop) ? combined : free) *= nest.sizes[loop];
  double serial = serialTrips(nest);
  combined /= serial;
  // A block combines what is long and lies together; a thread what isn't long.
  double threads = combined >= room.warpSize && combinesRows(nest)
                       ? free * std::min<double>(combined, kBlockThreads)
                       : free / lanes * partsOfColumn(free / lanes, combined);
  double blocks = std::ceil(threads / kBlockThreads);
  Share share = this->share(blocks, room.warps * room.warpSize / kBlockThreads);
  KernelCost cost = emptyCost(share);
  double running = std::min(threads, share.resident * kBlockThreads);
  double utilization = std::min(1.0, running / vectorLanes());
  addProducts(nest, nest.iterations(), utilization, coefficients, cost);
  addScalarWork(nest, nest.iterations(), utilization, cost);

  double asked = running * askedByThread(work, nest, lanes);
  addTraffic(part, schedule, /*sharers=*/1, asked, assumptions, cost);
  // Indices, and whether they were right, come before what they say.
  addOverheads(isScattered ? 2 : 1, isScattered ? 4 : 1, share, cost);
  if (serial > 1)
    cost.formula.overheads.push_back(
        {&coefficients.latency(levels.far), serial});
  return cost;
}

KernelCost GpuCosting::tiles(PlanAttr plan) {
  const VectorShape access{int64_t(8 * kAccessBytes), 32, /*fillsSums=*/false};
  Schedule schedule = scheduleOf(work, plan, access);
  double largest = 1, asked = 0;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
    double lanes = loops.vectorLoop ? loops.lanes : 1;
    largest = std::max(largest, loops.iterationsOfTile() / lanes);
    asked = std::max(asked, askedByThread(work, nest, lanes));
  }
  GpuNeeds needs;
  needs.warps = std::clamp(std::ceil(largest / room.warpSize), 1.0,
                           kBlockThreads / room.warpSize);
  double threads = needs.warps * room.warpSize;
  Share share = this->share(schedule.tiles(), residentBlocks(needs, room));
  KernelCost cost = emptyCost(share);
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule.nests)) {
    double each = loops.iterationsOfTile();
    double lanes = loops.vectorLoop ? loops.lanes : 1;
    // The last round of a block's threads may have less to do.
    double rounds = std::ceil(each / lanes / threads);
    double utilization = std::min(1.0, each / lanes / (rounds * threads));
    double iterations = schedule.tiles() * each;
    addProducts(nest, iterations, utilization, coefficients, cost);
    addScalarWork(nest, iterations, utilization, cost);
  }

  double running = share.resident * std::min(threads, largest);
  addTraffic(work, schedule, share.resident, running * asked, assumptions,
             cost);
  addOverheads(1, 1, share, cost);
  return cost;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

SmallVector<KernelCost, 4> GpuCosting::kernels(PlanAttr plan) {
  DataType type = dataTypeOf(plan.getPrecision()).value_or(DataType::f32);
  SmallVector<KernelCost, 4> costs;
  if (work.nests.empty())
    return costs;
  auto add = [&](KernelCost cost, double flops) {
    cost.flops = flops;
    costs.push_back(std::move(cost));
  };
  std::optional<GpuBlock> block = blockOf(plan);
  if (std::optional<KernelCost> cost = attention(type, block)) {
    add(std::move(*cost), work.flops());
    return costs;
  }
  // Of several products each is a kernel of its own.
  bool one = llvm::count_if(work.nests, [](const WorkNest &nest) {
               return nest.isContraction();
             }) <= 1;
  if (!block && one && !plan.getTiles().empty()) {
    add(tiles(plan), work.flops());
    return costs;
  }
  for (const WorkNest *next = work.nests.begin(); next != work.nests.end();) {
    const WorkNest &nest = *next++;
    if (nest.isScan) {
      // What it leaves where data says is a nest of its own.
      bool isApart = nest.writes.empty() && next != work.nests.end();
      SmallVector<KernelCost, 2> made =
          scan(nest, isApart ? next++ : nullptr, plan);
      for (KernelCost &cost : made)
        add(std::move(cost), nest.flops() / double(made.size()));
      continue;
    }
    // Without a block in the plan lowering takes the best.
    std::optional<GpuBlock> used;
    if (isTensor(nest, type)) {
      ArrayRef<GpuBlock> best = bestBlocks(nest, type);
      used = block || best.empty() ? block : best.front();
    }
    // What only sorts is the first of its passes.
    if (nest.sorted.any())
      add(sorting(nest), 0);
    if (nest.sorted.none() || !nest.writes.empty())
      add(used ? contraction(nest, type, *used) : threads(nest, plan),
          nest.flops());
  }
  // Where what one nest leaves is only for a later one of the same step, the
  // steps are a loop around all of the kernels.
  double steps = 1;
  if (llvm::any_of(work.nests,
                   [](const WorkNest &nest) { return nest.writes.empty(); }))
    for (const WorkNest &nest : work.nests)
      if (!nest.isScan)
        steps = std::max(steps, serialTrips(nest));
  for (KernelCost &cost : costs)
    for (TimeFormula::Overhead &overhead : cost.formula.overheads)
      overhead.times *= steps;
  return costs;
}

Estimate GpuCosting::estimate(PlanAttr plan) {
  std::optional<Estimate> sum;
  for (const KernelCost &cost : kernels(plan)) {
    Estimate estimate = cost.estimate(coefficients, plan.getContext());
    if (sum)
      *sum += estimate;
    else
      sum = estimate;
  }
  return sum.value_or(Estimate());
}
