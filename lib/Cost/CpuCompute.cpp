//===- CpuCompute.cpp - What a group computes on a CPU --------------------===//

#include "CpuModel.h"
#include "rac/Cost/ContractionShape.h"
#include "rac/Lowering/WholeSort.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace rac;

using Kernel = Coefficients::Kernel;

/// Operations that are no multiply-adds take what the unit counts two for.
void CpuCosting::addVectorWork(DataType opType, double count,
                               double utilization) {
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
void CpuCosting::addClocks(double clocks, bool isHidden) {
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
void CpuCosting::addStarts() {
  // Softmax of rows of 32 and of 49, three nests, on Emerald Rapids: 16 ns less
  // a tile of two rows than for two tiles of one.
  constexpr double clocks = 15;
  if (!schedule->tileTrips.empty())
    addClocks(clocks * schedule->tiles() * work.nests.size(),
              /*isHidden=*/true);
}

/// Rows begin anew, one after the other.
void CpuCosting::addRows(const WorkNest &nest, const NestSchedule &loops) {
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
void CpuCosting::addRepacking(const WorkNest &nest) {
  const WorkTensor &matrix = work.tensors[nest.reads[1].tensor];
  if (matrix.isWeight)
    return;
  // Of an element, in f32 and in narrower types: batched products of 32 to 256
  // rows, terms and columns by oneDNN 3.2 on Emerald Rapids.
  constexpr double clocks = 0.5, narrowClocks = 0.4;
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

/// Where terms don't fill whole tiles of `terms`, the last ones are added up by
/// tiles of another shape, to sums that wait in memory meanwhile.
void CpuCosting::addTail(const ContractionShape &shape, double terms) {
  // Of a sum: 3,072 rows of 40 to 200 terms times 64 columns, by a constant
  // matrix (0.33) and 24 computed ones (0.5), by oneDNN 3.2 on Emerald Rapids.
  constexpr double clocks = 0.4;
  if (std::fmod(shape.k, terms) != 0)
    addClocks(clocks * shape.batch * shape.m * shape.n, /*isHidden=*/false);
}

/// The terms that the library has side by side in tiles: those of a tap, or,
/// where channels are as few as an image's, of a row of taps that fill more
/// than half of a tile. Of 3 channels by oneDNN 3.2 in bf16 on Emerald Rapids
/// windows of 7 columns take 239 us, as with 21 terms, of 3 columns 250 us, as
/// with 3.
static double termsSideBySide(const ContractionShape &shape, double terms) {
  constexpr double fewChannels = 4;
  double row = shape.channels * shape.taps;
  return shape.channels <= fewChannels && 2 * row > terms ? row
                                                          : shape.channels;
}

/// The part of `multiple`s that `size` fills up.
static double filled(double size, double multiple) {
  return size / (std::ceil(size / multiple) * multiple);
}

void CpuCosting::computeLibrary() {
  const ComputeUnit &unit = coefficients.bestUnit(type);
  for (const WorkNest &nest : work.nests) {
    double iterations = nest.iterations();
    double products = 2 * nest.multiplyAdds * iterations;
    // What follows a product is done with its results in registers, which are
    // f32 whatever was multiplied.
    bool isNarrow = products > 0 && nest.type != DataType::f64;
    addVectorWork(isNarrow ? DataType::f32 : nest.type,
                  nest.flops() - products + nest.libraryTerms * iterations, 1);
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
    compute.peak = &coefficients.peak(unit, type);
    // Vectors go along the columns; a window's taps are multiplied one by one.
    double terms = termsOfTile(unit, plan.getPrecision());
    if (!shape.isConv) {
      addRepacking(nest);
      addTail(shape, terms);
    }
    compute.utilization = filled(shape.n, lanesOf(coefficients.vectorUnit())) *
                          filled(termsSideBySide(shape, terms), terms);
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
DataType CpuCosting::typeOfSums(const WorkNest &nest,
                                const ComputeUnit &unit) const {
  if (type == DataType::i8)
    return DataType::i32;
  if (type != DataType::bf16 && type != DataType::f16)
    return type;
  bool hasWeights = llvm::any_of(nest.reads, [&](const WorkUse &use) {
    return work.tensors[use.tensor].isWeight;
  });
  return hasWeights && coefficients.getDevice().rateOfF32(unit, type) < 1
             ? type
             : DataType::f32;
}

/// Of so many iterations in all, the results that they sum up.
static double resultsOf(const WorkNest &nest, const NestSchedule &loops,
                        double iterations) {
  for (unsigned loop : nest.reductions.set_bits())
    iterations /= std::max(1.0, loops.extents.back()[loop]);
  return iterations;
}

/// Operations, of which a shuffle takes as long as two, that combine the lanes
/// of a row, which is added up with others or alone (CombineRows.cpp).
static double operationsOfLanes(const NestSchedule &loops) {
  constexpr double mostTogether = 4, step = 3, pair = 5;
  double steps = std::log2(loops.lanes);
  double together = std::exp2(
      std::floor(std::log2(std::clamp(loops.rows, 1.0, mostTogether))));
  return (pair * (together - 1) + step * (steps - std::log2(together))) /
         together;
}

/// Each tile of registers starts its sums anew, and stores them.
void CpuCosting::addRegisterTiles(const WorkNest &nest,
                                  const NestSchedule &loops,
                                  double iterations) {
  // Attention of 24 to 197 rows of 32 and 64 on Emerald Rapids.
  constexpr double clocksOfTile = 20, clocksOfVector = 1;
  if (nest.reductions.test(*loops.vectorLoop))
    return;
  double vectors = loops.rows * loops.vectors;
  addClocks(resultsOf(nest, loops, iterations) / (loops.lanes * vectors) *
                (clocksOfTile + clocksOfVector * vectors),
            /*isHidden=*/true);
}

/// Each element is loaded, stored and found on its own.
void CpuCosting::addScalars(const WorkNest &nest, double operations,
                            double iterations) {
  double moves = (nest.reads.size() + nest.writes.size()) * iterations;
  TimeFormula::Compute compute;
  compute.ops = 2 * (operations + moves);
  compute.peak = &coefficients.scalarPeak(nest.type);
  formula.computes.push_back(compute);
}

/// What no blocks have at the ends of rows and columns goes one by one.
void CpuCosting::addTransposition(const WorkNest &nest,
                                  const NestSchedule &loops, double operations,
                                  double iterations) {
  double whole = loops.wholeBlocks;
  addVectorWork(nest.type, whole * operations, 1);
  addClocks(whole * iterations / loops.lanes * loops.shuffleClocks,
            /*isHidden=*/false);
  if (whole >= 1)
    return;
  addScalars(nest, (1 - whole) * operations, (1 - whole) * iterations);
  cost.countOps(coefficients.vectorUnit(), nest.type, (1 - whole) * operations);
}

/// The part of the vectors of `bytes` that lie across lines, where rows of them
/// begin at multiples of `row`.
static double partAcrossLines(double row, double bytes, double line) {
  bytes = std::min(bytes, line);
  double step = std::gcd(std::gcd(int64_t(row), int64_t(bytes)), int64_t(line));
  double across = 0;
  for (double place = 0; place < line; place += step)
    across += place + bytes > line;
  return across / (line / step);
}

/// A vector that a transposition writes across lines waits for the one that the
/// first cache doesn't have yet. Within that cache it takes no longer.
void CpuCosting::addSplits(ArrayRef<double> fills) {
  // Blocks of 16 x 16 f32 to rows of 192 to 208 numbers and of 64 to 1,040, in
  // the second cache, take 4.1 to 4.8 clocks a vector across lines longer
  // (Emerald Rapids).
  constexpr double clocks = 4.5;
  double line = coefficients.lineBytes(0);
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule->nests)) {
    if (!loops.isBlock)
      continue;
    unsigned number = nest.writes.front().tensor;
    const WorkTensor &result = work.tensors[number];
    double vector = loops.lanes * result.elementBytes,
           row = result.shape.back() * result.elementBytes;
    addClocks(clocks * partAcrossLines(row, vector, line) * fills[number] /
                  vector,
              /*isHidden=*/false);
  }
}

/// Operations of an iteration beside multiply-adds. What is made of operands
/// that the rows of a tile share, or its vectors, is made once for all of them.
static double termsOf(const WorkNest &nest, const NestSchedule &loops) {
  double terms = nest.terms();
  for (const WorkUse &read : nest.reads) {
    double times = 1;
    if (loops.rowLoop && !read.dependsOn(*loops.rowLoop))
      times *= loops.rows;
    if (loops.vectorLoop && !read.dependsOn(*loops.vectorLoop))
      times *= loops.vectors;
    terms -= read.operations * (1 - 1 / times);
  }
  return std::max(terms, nest.dividing);
}

/// Of each row some elements are chosen and put in order, `chosen` in all: by a
/// heap, whose root each element is compared with. Of those in random order
/// some are better, and go down in it, as all do at the end. Where most are
/// chosen, all are sorted digit by digit (RadixSort.cpp).
void CpuCosting::addSelection(const WorkNest &nest, double chosen) {
  // Of a comparison, and of a step down, which is rarely predicted: 50 of
  // 50,257, 1,000 of 25,200 and all of 1,024 (Xeon 6).
  constexpr double comparison = 2, step = 11;
  double length = 1;
  for (unsigned loop : nest.sorted.set_bits())
    length *= nest.sizes[loop];
  double rows = nest.iterations() / std::max(1.0, length);
  double kept = std::max(1.0, chosen / std::max(1.0, rows));
  if (sortsWhole(std::llround(length), std::llround(kept)).value_or(false)) {
    // Of a key, of one in a pass, and of the values that a digit may have: 64
    // to 25,200 of f32, 100 of i64 (Xeon 8480+).
    constexpr double key = 4, pass = 4, values = 110;
    double digits = work.tensors[nest.reads.front().tensor].elementBytes;
    addClocks(rows * (length * (key + digits * pass) + digits * values),
              /*isHidden=*/false);
    return;
  }
  double better = kept * (1 + std::log(std::max(1.0, length / kept)));
  addClocks(rows * (comparison * length +
                    step * (better + kept) * std::log2(1 + kept)),
            /*isHidden=*/false);
}

void CpuCosting::computeGenerated() {
  const ComputeUnit &unit = coefficients.vectorUnit();
  schedule = scheduleOf(work, plan, coefficients.vectors());
  formula.speedup = schedule->speedup(work, threads);
  addStarts();
  for (auto [nest, loops] : llvm::zip_equal(work.nests, schedule->nests)) {
    double iterations = schedule->iterations(loops);
    double products = 2 * nest.multiplyAdds * iterations;
    double others = termsOf(nest, loops) * iterations;
    // What only sorts is followed by what writes the chosen ones.
    const WorkNest *results = &nest + 1;
    if (nest.sorted.any() && nest.writes.empty() &&
        results != work.nests.end()) {
      addSelection(nest, results->iterations());
      cost.countOps(unit, nest.type, others);
      continue;
    }
    if (!loops.vectorLoop) {
      addScalars(nest, products / 2 + others, iterations);
      cost.countOps(unit, nest.type, products + others);
      continue;
    }
    if (products == 0)
      addRows(nest, loops);
    if (loops.shuffleClocks > 0) {
      addTransposition(nest, loops, others, iterations);
      continue;
    }
    double lanes = filled(loops.extents.back()[*loops.vectorLoop], loops.lanes);
    // What adds to few sums waits for them, unless it has enough to do.
    double waits = 1;
    if (nest.reductions.any() && products == 0 && others > 0)
      waits = std::min(1.0, kFewestClocks * others / iterations / loops.clocks);
    addVectorWork(nest.type, others, lanes * waits);
    if (nest.reductions.test(*loops.vectorLoop))
      addVectorWork(
          nest.type,
          operationsOfLanes(loops) * resultsOf(nest, loops, iterations), lanes);
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
