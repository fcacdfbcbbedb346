//===- GpuModel.cpp - Costs of a group's kernels on a GPU -----------------===//
//
// docs/Cost.md says what is counted and why.
//
//===----------------------------------------------------------------------===//

#include "GpuModel.h"
#include "rac/Cost/Schedule.h"
#include "rac/Cost/Traffic.h"
#include <cmath>

using namespace mlir;
using namespace rac;

using Kernel = Coefficients::Kernel;

/// Threads of a block that is not planned, and what one of them moves at once.
constexpr double kBlockThreads = 256, kAccessBytes = 16;
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

GpuCosting::Share GpuCosting::share(double blocks, double resident) const {
  Share share;
  share.blocks = std::max(1.0, blocks);
  double rounds = std::ceil(share.blocks / cores);
  share.resident = std::clamp(resident, 1.0, rounds);
  share.waves = std::ceil(share.blocks / (cores * share.resident));
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

void GpuCosting::addOverheads(double launches, double waves, KernelCost &cost) {
  cost.formula.overlap = &coefficients.overlap();
  cost.formula.overheads.push_back({&coefficients.launch(), launches});
  // The first data of blocks that start together come with nothing to do
  // meanwhile.
  cost.formula.overheads.push_back(
      {&coefficients.latency(levels.memory), waves});
}

KernelCost GpuCosting::emptyCost() const {
  size_t levels = coefficients.getDevice().memory.size();
  KernelCost cost;
  cost.cores = cores;
  cost.bytes.assign(levels, 0);
  cost.formula.transfers.resize(levels);
  cost.formula.threads = cores;
  return cost;
}

//===----------------------------------------------------------------------===//
// Other kernels
//===----------------------------------------------------------------------===//

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
  cost.countOps(unit, nest.type, ops);
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

KernelCost GpuCosting::threads(const WorkNest &nest, PlanAttr plan) {
  KernelCost cost = emptyCost();
  Work part;
  part.tensors = work.tensors;
  part.nests = {nest};
  const VectorShape access{int64_t(8 * kAccessBytes), 32};
  Schedule schedule = scheduleOf(part, plan.withTiles({}), access);
  const NestSchedule &loops = schedule.nests.front();
  double lanes = loops.vectorLoop ? loops.lanes : 1;

  double free = 1, combined = 1;
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
    (nest.reductions.test(loop) ? combined : free) *= nest.sizes[loop];
  double serial = serialTrips(nest);
  combined /= serial;
  // A block combines what is long; a thread what isn't.
  double threads = combined >= room.warpSize
                       ? free * std::min(combined, kBlockThreads)
                       : free / lanes;
  double blocks = std::ceil(threads / kBlockThreads);
  Share share = this->share(blocks, room.warps * room.warpSize / kBlockThreads);
  cost.formula.speedup = share.speedup;
  double running = std::min(threads, share.resident * kBlockThreads);
  // A lane for each part of the unit's width, and what the unit has of them.
  const ComputeUnit &unit = coefficients.vectorUnit();
  double width = unit.vectorBits ? kSchedulers * unit.vectorBits->v / 32 : 1;
  double utilization = std::min(1.0, running / width);
  addProducts(nest, nest.iterations(), utilization, coefficients, cost);
  addScalarWork(nest, nest.iterations(), utilization, cost);

  double asked = running * askedByThread(work, nest, lanes);
  double sector = coefficients.lineBytes(levels.memory);
  Assumptions empty = assumptions;
  empty.cold = true;
  if (levels.near)
    addTransfer(*levels.near, registerTraffic(part, schedule), 0, cost);
  double nearBytes = levels.near ? coefficients.levelBytes(*levels.near) : 0;
  addTransfer(
      levels.far,
      generatedTraffic(part, schedule, {nearBytes, sector, false}, empty)
          .total(),
      asked, cost);
  if (levels.far != levels.memory)
    addTransfer(
        levels.memory,
        generatedTraffic(part, schedule,
                         {coefficients.levelBytes(levels.far), sector, false},
                         assumptions)
            .total(),
        asked, cost);
  addOverheads(1, 1, cost);
  if (serial > 1)
    cost.formula.overheads.push_back(
        {&coefficients.latency(levels.far), serial});
  return cost;
}

KernelCost GpuCosting::tiles(PlanAttr plan) {
  KernelCost cost = emptyCost();
  const VectorShape access{int64_t(8 * kAccessBytes), 32};
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
  cost.formula.speedup = share.speedup;
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

  double sector = coefficients.lineBytes(levels.memory);
  double running = share.resident * std::min(threads, largest);
  Assumptions empty = assumptions;
  empty.cold = true;
  if (levels.near)
    addTransfer(*levels.near, registerTraffic(work, schedule), 0, cost);
  double nearBytes = levels.near ? coefficients.levelBytes(*levels.near) : 0;
  addTransfer(levels.far,
              generatedTraffic(work, schedule,
                               {nearBytes / share.resident, sector, false},
                               empty)
                  .total(),
              running * asked, cost);
  if (levels.far != levels.memory)
    addTransfer(
        levels.memory,
        generatedTraffic(work, schedule,
                         {coefficients.levelBytes(levels.far), sector, false},
                         assumptions)
            .total(),
        running * asked, cost);
  addOverheads(1, 1, cost);
  return cost;
}

//===----------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------===//

Estimate GpuCosting::estimate(PlanAttr plan) {
  DataType type = dataTypeOf(plan.getPrecision()).value_or(DataType::f32);
  MLIRContext *ctx = plan.getContext();
  std::optional<GpuBlock> block = blockOf(plan);
  if (!block)
    if (std::optional<KernelCost> cost = attention(type)) {
      cost->flops = work.flops();
      return cost->estimate(coefficients, ctx);
    }
  // Of several products each is a kernel of its own.
  bool one = llvm::count_if(work.nests, [](const WorkNest &nest) {
               return nest.isContraction();
             }) <= 1;
  if (!block && one && !plan.getTiles().empty()) {
    KernelCost cost = tiles(plan);
    cost.flops = work.flops();
    return cost.estimate(coefficients, ctx);
  }
  // Where what one nest leaves is only for a later one of the same step, the
  // steps are a loop around all of the kernels.
  double steps = 1;
  if (llvm::any_of(work.nests,
                   [](const WorkNest &nest) { return nest.writes.empty(); }))
    for (const WorkNest &nest : work.nests)
      steps = std::max(steps, serialTrips(nest));
  std::optional<Estimate> sum;
  auto add = [&](KernelCost cost) {
    for (TimeFormula::Overhead &overhead : cost.formula.overheads)
      overhead.times *= steps;
    Estimate estimate = cost.estimate(coefficients, ctx);
    if (sum)
      *sum += estimate;
    else
      sum = estimate;
  };
  for (const WorkNest &nest : work.nests) {
    // Without a block in the plan lowering takes the best.
    std::optional<GpuBlock> used;
    if (isTensor(nest, type)) {
      ArrayRef<GpuBlock> best = bestBlocks(nest, type);
      used = block || best.empty() ? block : best.front();
    }
    KernelCost cost =
        used ? contraction(nest, type, *used) : threads(nest, plan);
    cost.flops = nest.flops();
    add(std::move(cost));
  }
  return sum.value_or(Estimate());
}
