//===- DeviceModel.cpp - Costs from loop nests and a device ---------------===//

#include "GpuModel.h"
#include "rac/Cost/ContractionShape.h"
#include "rac/Cost/CostModel.h"
#include "rac/Cost/InPlace.h"
#include "rac/Cost/TimeFormula.h"
#include "rac/Cost/Traffic.h"
#include <cmath>

using namespace mlir;
using namespace rac;

namespace {

using Kernel = Coefficients::Kernel;

/// One candidate under one plan, its unknown dimensions assumed.
class Costing {
public:
  Costing(Coefficients &coefficients, const Assumptions &assumptions,
          PlanAttr plan, int64_t runThreads, Work work)
      : coefficients(coefficients), assumptions(assumptions), plan(plan),
        threads(plan.getThreads() > 0 ? plan.getThreads()
                                      : std::max<int64_t>(1, runThreads)),
        runThreads(std::max<int64_t>(1, runThreads)), work(std::move(work)),
        isLibrary(plan.getKind() == KernelKind::library),
        type(dataTypeOf(plan.getPrecision()).value_or(DataType::f32)) {}

  /// The time; to be called once, and before the rest.
  const TimeFormula &formulate();
  KernelCost kernel();

private:
  void computeLibrary();
  void computeGenerated();
  DataType typeOfSums(const WorkNest &nest, const ComputeUnit &unit) const;
  void addVectorWork(DataType type, double ops, double utilization);
  void addStarts();
  void addClocks(double clocks, bool isHidden);
  void addRepacking(const WorkNest &nest);
  void addRows(const WorkNest &nest, const NestSchedule &loops);
  void addRegisterTiles(const WorkNest &nest, const NestSchedule &loops,
                        double iterations);
  double ownPart(unsigned tensor) const;
  void measureTraffic();
  void addOverheads();

  Coefficients &coefficients;
  const Assumptions &assumptions;
  PlanAttr plan;
  double threads, runThreads;
  Work work;
  bool isLibrary;
  DataType type;

  std::optional<Schedule> schedule;
  KernelCost cost;
  TimeFormula &formula = cost.formula;
};

} // namespace

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

/// Operations that are no multiply-adds take what the unit counts two for.
void Costing::addVectorWork(DataType opType, double count, double utilization) {
  if (count == 0)
    return;
  const ComputeUnit &unit = coefficients.vectorUnit();
  TimeFormula::Compute compute;
  compute.ops = 2 * count;
  compute.peak = &coefficients.peak(unit, opType);
  compute.fraction = &coefficients.fraction(unit, opType, Kernel::vector);
  compute.utilization = utilization;
  formula.computes.push_back(compute);
  cost.countOps(unit, opType, count);
}

/// `isHidden`: that pass while a core that runs out of order computes something
/// else.
void Costing::addClocks(double clocks, bool isHidden) {
  const ComputeUnit &unit = coefficients.vectorUnit();
  auto rate = unit.opsPerClock.find(DataType::f32);
  if (clocks == 0 || rate == unit.opsPerClock.end() || !rate->second)
    return;
  TimeFormula::Compute compute;
  // As many operations as fit into the time.
  compute.ops = clocks * rate->second->v;
  compute.peak = &coefficients.peak(unit, DataType::f32);
  compute.isHidden = isHidden;
  formula.computes.push_back(compute);
}

/// In each tile each nest's loops begin, and their first results wait for
/// what the nest before has left: what is left to do of other tiles hides that.
void Costing::addStarts() {
  // Softmax of rows of 32 and of 49, three nests, on Emerald Rapids: 16 ns less
  // a tile of two rows than for two tiles of one.
  constexpr double clocks = 15;
  if (!schedule->tileTrips.empty())
    addClocks(clocks * schedule->tiles() * work.nests.size(),
              /*isHidden=*/true);
}

/// Rows begin anew, one after the other.
void Costing::addRows(const WorkNest &nest, const NestSchedule &loops) {
  // Copies of pieces of 128 B within the second cache take 5.6 clocks a piece
  // longer than of whole rows (Emerald Rapids), some of which overlaps here.
  constexpr double clocks = 8;
  double tiles = loops.isBefore ? 1 : schedule->tiles(), rows = tiles;
  for (const NestSchedule::Level &level :
       ArrayRef(loops.levels).drop_back(loops.levels.empty() ? 0 : 1))
    rows *= level.trips;
  // The first one begins with the nest.
  rows -= tiles;
  addClocks(clocks * rows, /*isHidden=*/true);
}

/// Sums, of 32 bits, in a vector.
static double lanesOf(const ComputeUnit &unit) {
  constexpr double sumBits = 32;
  return unit.vectorBits ? std::max(1.0, unit.vectorBits->v / sumBits) : 1;
}

/// A matrix that isn't constant is laid out for each call anew.
void Costing::addRepacking(const WorkNest &nest) {
  const WorkTensor &matrix = work.tensors[nest.reads[1].tensor];
  if (matrix.isWeight)
    return;
  // Of an element, in f32 and in narrower types: batched products of 24 to 160
  // rows by oneDNN 3.2 on Emerald Rapids.
  constexpr double clocks = 1, narrowClocks = 2.6;
  double elements = matrix.bytes() / matrix.elementBytes;
  addClocks(elements * (matrix.elementBytes < 4 ? narrowClocks : clocks),
            /*isHidden=*/false);
}

/// The terms that a matrix unit's tile has in a row, of which each sum of 32
/// bits takes one: tiles have as many rows as sums in a row.
static double termsOfTile(const ComputeUnit &unit, Type type) {
  constexpr double sumBits = 32;
  if (unit.kind != UnitKind::matrix || !unit.vectorBits || !type.isIntOrFloat())
    return 1;
  return std::max(1.0, std::sqrt(unit.vectorBits->v * sumBits) /
                           type.getIntOrFloatBitWidth());
}

/// The part of `multiple`s that `size` fills up.
static double filled(double size, double multiple) {
  return size / (std::ceil(size / multiple) * multiple);
}

void Costing::computeLibrary() {
  const ComputeUnit &unit = coefficients.bestUnit(type);
  for (const WorkNest &nest : work.nests) {
    double iterations = nest.iterations();
    double products = 2 * nest.multiplyAdds * iterations;
    // What follows a product is done with its results in registers, which are
    // f32 whatever was multiplied.
    bool isNarrow = products > 0 && nest.type != DataType::f64;
    addVectorWork(isNarrow ? DataType::f32 : nest.type, nest.flops() - products,
                  1);
    if (products == 0)
      continue;
    ContractionShape shape = contractionShape(nest);
    TimeFormula::Compute compute;
    compute.ops = products;
    if (shape.isDepthwise) {
      // No matrix unit and no dot product has a use for sums of one channel:
      // vectors of f32 compute them, whatever lies in memory.
      const ComputeUnit &vectors = coefficients.vectorUnit();
      compute.peak = &coefficients.peak(vectors, DataType::f32);
      compute.fraction =
          &coefficients.fraction(vectors, type, Kernel::libraryDepthwise);
      formula.computes.push_back(compute);
      cost.countOps(vectors, DataType::f32, products);
      continue;
    }
    if (!shape.isConv)
      addRepacking(nest);
    compute.peak = &coefficients.peak(unit, type);
    // Vectors go along the columns; a window's taps are multiplied one by one.
    compute.utilization =
        filled(shape.n, lanesOf(coefficients.vectorUnit())) *
        filled(shape.channels, termsOfTile(unit, plan.getPrecision()));
    compute.fraction = &coefficients.fraction(
        unit, type, shape.isConv ? Kernel::libraryConv : Kernel::libraryMatmul);
    compute.halves = {{&coefficients.half(unit, type, 'm'), shape.m},
                      {&coefficients.half(unit, type, 'n'), shape.n},
                      {&coefficients.half(unit, type, 'k'), shape.k}};
    formula.computes.push_back(compute);
    cost.countOps(unit, type, products);
  }
  formula.speedup = threads;
}

/// Of a vector that a transposition writes across lines: 197 rows of 768
/// numbers take 14.7 clocks a vector, 192 rows 7.3 (Emerald Rapids).
constexpr double kClocksOfSplits = 6;

/// Of an operation on vectors: two a clock.
constexpr double kFewestClocks = 0.5;

/// The part of the multiply-adds that a tile of registers keeps busy: of the
/// lanes those there are results for, and of the clocks those not spent on
/// loads and on waiting for sums.
static double registerUtilization(const NestSchedule &nest) {
  return filled(nest.extents.back()[*nest.vectorLoop], nest.lanes) *
         kFewestClocks / nest.clocks;
}

/// Generated code widens narrow numbers as it loads them; but for 16 bits times
/// constants, where the unit is quicker at products of those.
DataType Costing::typeOfSums(const WorkNest &nest,
                             const ComputeUnit &unit) const {
  if (type == DataType::i8)
    return DataType::i32;
  if (type != DataType::bf16 && type != DataType::f16)
    return type;
  const Device &device = coefficients.getDevice();
  Known f32 = device.peakOpsPerSecond(unit, DataType::f32),
        own = device.peakOpsPerSecond(unit, type);
  bool hasWeights = llvm::any_of(nest.reads, [&](const WorkUse &use) {
    return work.tensors[use.tensor].isWeight;
  });
  return hasWeights && f32 && own && own->v > f32->v ? type : DataType::f32;
}

/// Each tile of registers starts its sums anew, and stores them.
void Costing::addRegisterTiles(const WorkNest &nest, const NestSchedule &loops,
                               double iterations) {
  // Attention of 24 to 197 rows of 32 and 64 on Emerald Rapids.
  constexpr double clocksOfTile = 20, clocksOfVector = 1;
  if (nest.reductions.test(*loops.vectorLoop))
    return;
  double results = iterations;
  for (unsigned loop : nest.reductions.set_bits())
    results /= std::max(1.0, loops.extents.back()[loop]);
  double vectors = loops.rows * loops.vectors;
  addClocks(results / (loops.lanes * vectors) *
                (clocksOfTile + clocksOfVector * vectors),
            /*isHidden=*/false);
}

void Costing::computeGenerated() {
  VectorShape vectors;
  const ComputeUnit &unit = coefficients.vectorUnit();
  if (unit.vectorBits)
    vectors.bits = unit.vectorBits->v;
  if (unit.registers)
    vectors.registers = unit.registers->v;
  schedule = scheduleOf(work, plan, vectors);
  double trips = schedule->parallelTrips(work);
  double used = std::max(1.0, std::min(threads, trips));
  formula.speedup = trips / std::ceil(trips / used);
  if (trips < 1)
    formula.speedup = 1;
  addStarts();
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule->nests)) {
    double iterations = schedule->iterations(loops);
    double products = 2 * nest.multiplyAdds * iterations;
    double others =
        (nest.operations + kFunctionTerms * nest.functions + nest.moreTerms) *
        iterations;
    if (!loops.vectorLoop) {
      // Each element is loaded, stored and found on its own.
      double moves = (nest.reads.size() + nest.writes.size()) * iterations;
      TimeFormula::Compute compute;
      compute.ops = products + 2 * (others + moves);
      compute.peak = &coefficients.scalarPeak(nest.type);
      formula.computes.push_back(compute);
      cost.countOps(unit, nest.type, products + others);
      continue;
    }
    if (products == 0)
      addRows(nest, loops);
    // One shuffle a clock, where two operations could be.
    others += 2 * (loops.shuffles + (loops.splitsLines ? kClocksOfSplits : 0)) *
              iterations;
    double lanes = filled(loops.extents.back()[*loops.vectorLoop], loops.lanes);
    // Lanes of a sum of products are added up in the end: each step takes a
    // shuffle and an addition for every result.
    if (products > 0 && nest.reductions.test(*loops.vectorLoop)) {
      double results = iterations;
      for (unsigned loop : nest.reductions.set_bits())
        results /= std::max(1.0, loops.extents.back()[loop]);
      others += 3 * std::log2(loops.lanes) * results;
    }
    // What adds to few sums waits for them, unless it has enough to do.
    double waits = 1;
    if (nest.reductions.any() && products == 0 && others > 0)
      waits = std::min(1.0, kFewestClocks * others / iterations / loops.clocks);
    addVectorWork(nest.type, others, lanes * waits);
    if (products == 0)
      continue;
    ContractionShape shape = contractionShape(nest);
    if (shape.isDepthwise) {
      // Its window is unrolled over the channels' lanes: elementwise code.
      addVectorWork(nest.type, products / 2, 1);
      continue;
    }
    addRegisterTiles(nest, loops, iterations);
    DataType sums = typeOfSums(nest, unit);
    TimeFormula::Compute compute;
    compute.ops = products;
    compute.peak = &coefficients.peak(unit, sums);
    compute.fraction = &coefficients.fraction(
        unit, sums,
        shape.isConv ? Kernel::generatedConv : Kernel::generatedMatmul);
    compute.utilization = registerUtilization(loops);
    formula.computes.push_back(compute);
    cost.countOps(unit, sums, products);
  }
}

//===----------------------------------------------------------------------===//
// Moving
//===----------------------------------------------------------------------===//

static std::optional<unsigned> firstDim(ArrayRef<double> shape) {
  for (auto [dim, size] : llvm::enumerate(shape))
    if (size > 1)
      return dim;
  return std::nullopt;
}

/// Of two dimensions, of which each core has an equal part, in order, and the
/// shorter begins or ends with the longer: how much of the shorter one's parts
/// is the same core's of the longer one.
static double sharedParts(double longer, double shorter, double cores) {
  double sum = 0;
  for (double core = 0; core < cores; ++core)
    sum += std::max(0.0, (core + 1) * shorter / cores - core * longer / cores);
  return sum / shorter;
}

/// How much of what each core reads of a tensor it has made itself: where all
/// of a run's threads made a part of its first dimension each, in order, and
/// share it out that way again; else what chance gives.
double Costing::ownPart(unsigned number) const {
  const WorkTensor &tensor = work.tensors[number];
  double none = 1 / tensor.cores;
  std::optional<unsigned> first = firstDim(tensor.shape);
  if (!tensor.inParts || tensor.makers != 0 || threads != runThreads || !first)
    return none;
  bool tiled = !schedule->tileTrips.empty();
  if (tiled) {
    auto output = llvm::find_if(
        work.tensors, [](const WorkTensor &other) { return other.isOutput; });
    if (output == work.tensors.end() || !plan.getOrder().empty())
      return none;
    std::optional<unsigned> cut = firstDim(output->shape);
    if (!cut || output->shape[*cut] != tensor.shape[*first] ||
        plan.getTiles()[*cut] == 0)
      return none;
  }
  double least = 1;
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule->nests))
    for (const WorkUse &read : nest.reads) {
      if (read.tensor != number)
        continue;
      const auto &terms = read.dims[*first];
      if (read.scattered.test(*first) || terms.size() != 1)
        return none;
      std::optional<unsigned> outermost =
          tiled                   ? firstDim(nest.sizes)
          : !loops.levels.empty() ? std::optional(loops.levels.front().loop)
                                  : std::nullopt;
      double size = nest.sizes[terms[0].loop] * terms[0].step;
      if (outermost != terms[0].loop || size > tensor.shape[*first])
        return none;
      least = std::min(least, sharedParts(tensor.shape[*first], size, threads));
    }
  return std::max(none, least);
}

void Costing::measureTraffic() {
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
      traffic = isLibrary
                    ? libraryTraffic(work, cache, assumptions)
                    : generatedTraffic(work, *schedule, cache, assumptions);
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
    transfer.core = &coefficients.coreBandwidth(level);
    if (formula.speedup > 1 && isShared)
      transfer.device = &coefficients.deviceBandwidth(level);
    formula.transfers.push_back(transfer);
  }
}

void Costing::addOverheads() {
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
            ? work.nests.size()
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

const TimeFormula &Costing::formulate() {
  // What follows sums in blocks waits for the last of them.
  bool blocked =
      llvm::any_of(plan.getReduction(), [](int64_t size) { return size > 0; });
  fuseNests(work, /*afterContractions=*/!blocked);
  if (!isLibrary) {
    layOutFilters(work);
    // Windows read their input in place, but for products by lane; and where
    // only the run knows how far it is to a border, pixels there are computed
    // one by one, which takes as long as a copy.
    if (coefficients.vectorUnit().scalable || hasUnknownSizes(work))
      padImages(work);
  }
  formula.threads = threads;
  // Each core has made, or reads, its part, and not the same one.
  for (WorkTensor &tensor : work.tensors)
    tensor.cores = std::max<double>(threads, tensor.makers > 0 ? tensor.makers
                                                               : runThreads);
  if (isLibrary) {
    computeLibrary();
  } else {
    computeGenerated();
    for (auto [number, tensor] : llvm::enumerate(work.tensors))
      if (formula.speedup > 1)
        tensor.cores = 1 / ownPart(number);
  }
  measureTraffic();
  addOverheads();
  return formula;
}

KernelCost Costing::kernel() {
  cost.flops = work.flops();
  cost.cores = cost.busyCores = threads;
  formulate();
  return std::move(cost);
}

/// What the candidate computes, on tensors as narrow as the precision has them.
Work DeviceModel::workIn(Type precision, const Candidate &candidate,
                         double dim) const {
  Work work = analyzeWork(candidate, dim);
  narrowWork(work, precision);
  if (coefficients.getDevice().kind == DeviceKind::gpu || candidate.ops.empty())
    return work;
  Block *block = candidate.ops.front()->getBlock();
  if (auto group = dyn_cast_or_null<GroupOp>(block->getParentOp()))
    block = group->getBlock();
  if (!block)
    return work;
  if (isInPlace(candidate)) {
    work.nests.clear();
    return work;
  }
  std::unique_ptr<RunMemory> &run = runs[{block, dim}];
  if (!run)
    run = std::make_unique<RunMemory>(*block, dim);
  run->describe(candidate, work);
  // What was touched a run ago: a module may have more than this block.
  for (WorkTensor &tensor : work.tensors)
    if (tensor.since && tensor.isWeight &&
        *tensor.since >= run->runBytes() - tensor.bytes())
      tensor.since =
          std::max(*tensor.since, assumptions.modelBytes - tensor.bytes());
  return work;
}

std::vector<double>
DeviceModel::surroundings(const Candidate &candidate) const {
  std::vector<double> numbers;
  if (coefficients.getDevice().kind == DeviceKind::gpu)
    return numbers;
  Work work = workIn(Float32Type::get(candidate.ops.front()->getContext()),
                     candidate, assumptions.dim);
  for (const WorkTensor &tensor : work.tensors)
    llvm::append_range(numbers,
                       std::initializer_list<double>{
                           tensor.since.value_or(-1), tensor.meanwhile,
                           double(tensor.makers), double(tensor.inParts)});
  return numbers;
}

Estimate DeviceModel::estimateFor(const Candidate &candidate, PlanAttr plan,
                                  double dim) const {
  if (coefficients.getDevice().kind == DeviceKind::gpu)
    return GpuCosting(coefficients, assumptions,
                      workIn(plan.getPrecision(), candidate, dim), blocks)
        .estimate(plan);
  return Costing(coefficients, assumptions, plan, threads,
                 workIn(plan.getPrecision(), candidate, dim))
      .kernel()
      .estimate(coefficients, plan.getContext());
}

SmallVector<KernelCost, 4> DeviceModel::kernels(const Candidate &candidate,
                                                PlanAttr plan) const {
  Work work = workIn(plan.getPrecision(), candidate, assumptions.dim);
  if (coefficients.getDevice().kind == DeviceKind::gpu)
    return GpuCosting(coefficients, assumptions, std::move(work), blocks)
        .kernels(plan);
  return {Costing(coefficients, assumptions, plan, threads, std::move(work))
              .kernel()};
}

ArrayRef<GpuBlock> DeviceModel::bestBlocks(const Candidate &candidate,
                                           Type precision) const {
  if (coefficients.getDevice().kind != DeviceKind::gpu)
    return {};
  return GpuCosting(coefficients, assumptions,
                    workIn(precision, candidate, assumptions.dim), blocks)
      .bestBlocks(dataTypeOf(precision).value_or(DataType::f32));
}

double DeviceModel::leastGain() const {
  const Device &device = coefficients.getDevice();
  // What two ways have in common is off alike in both. Of 42 products and
  // convolutions of rac-calibrate's networks, by the library and generated, on
  // one core of Emerald Rapids, the ratio of the times was predicted to 6 % in
  // the mean, where groups of all kinds were fitted to 20 %.
  constexpr double percent = 100, shareOfError = 0.25, unfitted = 0.05;
  double error = 0;
  for (const ComputeUnit &unit : device.units)
    for (const NumberByType *fitted :
         {&unit.libraryFraction, &unit.generatedFraction, &unit.vectorFraction})
      for (const auto &[type, number] : *fitted)
        if (number && number->mape)
          error = std::max(error, *number->mape / percent);
  return error > 0 ? shareOfError * error : unfitted;
}

TimeFormula DeviceModel::timeFormula(const Candidate &candidate,
                                     PlanAttr plan) const {
  return Costing(coefficients, assumptions, plan, threads,
                 workIn(plan.getPrecision(), candidate, assumptions.dim))
      .formulate();
}

Estimate DeviceModel::estimate(const Candidate &candidate,
                               PlanAttr plan) const {
  Estimate estimate = estimateFor(candidate, plan, assumptions.dim);
  bool exact = assumptions.dimLow == assumptions.dim &&
               assumptions.dimHigh == assumptions.dim;
  if (exact || !analyzeWork(candidate, assumptions.dim).isDynamic)
    return estimate;
  // Costs grow with sizes.
  Estimate least = estimateFor(candidate, plan, assumptions.dimLow),
           most = estimateFor(candidate, plan, assumptions.dimHigh);
  auto widen = [](Interval &interval, const Interval &low,
                  const Interval &high) {
    interval.low = std::min(interval.low, low.low);
    interval.high = std::max(interval.high, high.high);
  };
  widen(estimate.seconds, least.seconds, most.seconds);
  if (estimate.joules && least.joules && most.joules)
    widen(*estimate.joules, *least.joules, *most.joules);
  return estimate;
}
