//===- GpuProducts.cpp - Costs of products on a GPU's tensor cores --------===//
//
// docs/Cost.md says what is counted and why.
//
//===----------------------------------------------------------------------===//

#include "GpuModel.h"
#include "rac/Cost/Schedule.h"
#include "rac/Cost/Traffic.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

using namespace mlir;
using namespace rac;

using Kernel = Coefficients::Kernel;

static DataType operandType(const WorkNest &nest, DataType planned) {
  bool isByte = nest.type == DataType::i8 || nest.type == DataType::f8;
  return isByte ? nest.type : planned;
}

bool GpuCosting::isTensor(const WorkNest &nest, DataType type) const {
  if (!nest.isContraction() || nest.reads.size() < 2 || nest.writes.empty())
    return false;
  // A few vectors times a matrix: each element of that is used by one thread.
  constexpr double fewRows = 4;
  ContractionShape shape = contractionShape(nest);
  if (shape.isDepthwise || std::min(shape.m, shape.n) <= fewRows)
    return false;
  // As of transposed convolutions: what several iterations add to is no sum of
  // one block.
  for (unsigned loop = 0; loop < nest.sizes.size(); ++loop)
    if (nest.reductions.test(loop) && nest.writes.front().dependsOn(loop))
      return false;
  std::optional<TensorForm> form = tensorForm(operandType(nest, type));
  const ComputeUnit *unit = coefficients.getDevice().unit(UnitKind::tensor);
  return form && unit && unit->opsPerClock.count(form->type);
}

/// Instructions of a thread: to copy 16 bytes into shared memory, from an image
/// with its windows, and an element that cp.async doesn't copy; to split an
/// element that a warp reads in two of tf32, and to add a step's sum of those;
/// and to write an element of the result, in rows of whole 16 bytes or not.
/// Regression on 79 products and convolutions, H200, 2026-11-26: docs/Cost.md.
constexpr double kCopy = 14, kWindowCopy = 26, kElementCopy = 46, kSplit = 9,
                 kAdd = 3, kResult = 30, kNarrowResult = 45;
/// To give warp groups an element of tf32 as it is: a load, and of the right
/// factor a quarter of a store (counted in PTX).
constexpr double kGive = 1.5;

/// Waits of a step, for the copies, for all warps, for fragments and for
/// products: by the same regression.
constexpr double kStepWaits = 9;

static bool isWide(double lineBytes) { return std::fmod(lineBytes, 16) == 0; }

/// To copy so many bytes that lie together in lines of some length.
static double copyInstructions(double bytes, double lineBytes, double element,
                               bool isWindow) {
  for (double together : {16, 8, 4})
    if (std::fmod(lineBytes, together) == 0)
      return bytes / together * (isWindow ? kWindowCopy : kCopy);
  return bytes / element * kElementCopy;
}

bool GpuCosting::liesAlongTerms(const WorkUse &factor,
                                const WorkUse &result) const {
  // rac-pack-constants lays out what is the same in every run.
  return work.tensors[factor.tensor].isWeight ||
         (!factor.dims.empty() &&
          llvm::any_of(factor.dims.back(), [&](const WorkUse::Term &term) {
            return !result.dependsOn(term.loop);
          }));
}

KernelCost GpuCosting::contraction(const WorkNest &nest, DataType planned,
                                   const GpuBlock &given) {
  ContractionShape shape = contractionShape(nest);
  double element = work.tensors[nest.reads[0].tensor].elementBytes;
  TensorForm form = *tensorForm(operandType(nest, planned));
  GpuBlock block = given;
  const Device &device = coefficients.getDevice();
  const ComputeUnit *groups = warpgroupUnit(device);
  // Of bytes both operands must lie along the terms, or threads copy each by
  // itself.
  bool inBytes = element == 1,
       leftAlong = !inBytes || liesAlongTerms(nest.reads[0], nest.writes[0]),
       rightAlong = inBytes && liesAlongTerms(nest.reads[1], nest.writes[0]);
  block.warpgroups =
      groups && groups->opsPerClock.count(form.type) &&
      fitsWarpgroups(block, form) &&
      isWide((shape.isConv ? shape.channels : shape.k) * element) &&
      (inBytes ? leftAlong && rightAlong : isWide(shape.n * element));

  // Others copy, each block by itself.
  if (!block.warpgroups || shape.isConv)
    block.clusterRows = block.clusterColumns = 1;

  // Of whole clusters, some of whose blocks may only bring to others.
  auto tilesOf = [](double size, double tile, double cluster) {
    return std::ceil(size / tile / cluster) * cluster;
  };
  double down = tilesOf(shape.m, block.rows, block.clusterRows),
         across = tilesOf(shape.n, block.columns, block.clusterColumns);
  double steps = std::ceil(shape.k / block.split / block.depth);
  double tiles = shape.batch * down * across * block.split;
  // Tiles whose results pass through shared memory, and those of them that are
  // parts of sums: one on either side of where a worker's steps end.
  double staged = tiles, parts = block.split > 1 ? tiles : 0;
  if (block.workers > 0) {
    steps = std::ceil(tiles * steps / block.workers);
    parts = 2.0 * block.workers;
    staged = tiles + block.workers;
    tiles = block.workers;
  }
  Share share =
      this->share(tiles, residentBlocks(needsOf(block, element, form), room),
                  block.cluster());
  KernelCost cost = emptyCost(share);

  // Products, those of what a tile has beyond the edge too.
  const ComputeUnit &unit =
      block.warpgroups ? *groups : *device.unit(UnitKind::tensor);
  double area = double(block.rows) * block.columns;
  TimeFormula::Compute products;
  products.ops = 2 * form.passes * tiles * steps * block.depth * area;
  products.peak = &coefficients.peak(unit, form.type);
  products.fraction = &coefficients.fraction(
      unit, form.type,
      shape.isConv ? Kernel::generatedConv : Kernel::generatedMatmul);
  // A few warps leave schedulers without any, or with one that waits for
  // itself; a group of four has what it multiplies in shared memory.
  double fullWarps = block.warpgroups ? kSchedulers : 1.5 * kSchedulers;
  double busy = std::min(1.0, share.resident * block.warps() / fullWarps);
  products.utilization = busy;
  cost.formula.computes.push_back(products);
  cost.countOps(unit, form.type, products.ops);
  addScalarWork(nest, nest.iterations(), 1, cost);

  // Each block loads its rows and its columns, as far as there are any.
  double rowBytes = shape.batch * shape.k * element * across * shape.m,
         columnBytes = shape.batch * shape.k * element * down * shape.n;
  double loads = rowBytes + columnBytes;
  // What threads do beside products, in the same order.
  double elements = staged * area * block.slices;
  double instructions =
      elements *
      (isWide(shape.n * element) && !shape.isConv ? kResult : kNarrowResult);
  if (!block.warpgroups)
    instructions +=
        copyInstructions(rowBytes, leftAlong ? shape.k * element : 1, element,
                         shape.isConv) +
        copyInstructions(columnBytes,
                         !inBytes     ? shape.n * element
                         : rightAlong ? shape.k
                                      : 1,
                         element, false);
  // A warp splits what it reads; of warp groups each row's, and threads the
  // columns for all of them. What isn't split is copied the same way.
  bool inParts = form.type == DataType::tf32 && block.warpgroups;
  double columnReaders = inParts ? 1 : block.down();
  if (form.passes > 1 || inParts)
    instructions +=
        steps * tiles * block.depth *
        (block.rows * block.across() + block.columns * columnReaders) *
        (form.passes > 1 ? kSplit : kGive);
  // A step's sums are added outside of the tensor cores.
  if (form.passes > 1 || form.type == DataType::f8)
    instructions += steps * tiles * area * block.slices * kAdd;
  addInstructions(instructions, busy, cost);
  double asked =
      share.resident * (block.stages - 1) * block.depth * element *
      (shape.m / std::max(1.0, down) + shape.n / std::max(1.0, across));
  if (levels.shared) {
    double reads = block.rows * block.across() + block.columns * block.down();
    double stored = block.rows + block.columns;
    // Each group's tensor cores read all columns, in each pass. Columns in
    // parts are read, and written in each part, before.
    int64_t groups = block.rows / 64;
    if (block.warpgroups)
      reads = block.rows + block.columns * (groups * form.passes +
                                            inParts * (1 + form.parts()));
    addTransfer(*levels.shared,
                tiles * steps * block.depth * element * (stored + reads), 0,
                cost);
  }

  double sector = coefficients.lineBytes(levels.memory);
  auto sizeOf = [&](const WorkUse &use) {
    return footprint(work.tensors[use.tensor], use, nest.sizes, sector);
  };
  double others = 0;
  for (const WorkUse &use : llvm::drop_begin(nest.reads, 2))
    others += sizeOf(use);
  for (const WorkUse &use : nest.writes)
    others += sizeOf(use);
  // Parts of sums are written, and read to be added up.
  constexpr double sumBytes = 4;
  double partBytes = 2 * sumBytes *
                     (block.workers > 0 ? parts * area
                                        : (block.split > 1) * block.split *
                                              shape.batch * shape.m * shape.n);
  addTransfer(levels.far, loads + others + partBytes, asked, cost);
  // What blocks of a cluster share is read once for all of them, and comes to
  // each.
  double shared = rowBytes * (1 - 1.0 / block.clusterColumns) +
                  columnBytes * (1 - 1.0 / block.clusterRows);
  cost.bytes[levels.far] -= shared;
  cost.formula.transfers[levels.far].sharedBytes += shared;
  if (levels.far != levels.memory) {
    // The blocks of a wave go along the rows, or down the columns: what they
    // share is read once, the rest again for each strip unless it stays.
    double lefts = sizeOf(nest.reads[0]), rights = sizeOf(nest.reads[1]);
    double held = coefficients.levelBytes(levels.far);
    double together = cores * share.resident;
    auto again = [&](double other, double strip, double ours, double theirs) {
      double depth = std::max(1.0, std::floor(together / theirs));
      bool stays =
          other / shape.batch + depth * strip * shape.k * element <= held;
      return stays ? other : other * std::ceil(ours / depth);
    };
    double read = std::min(lefts + again(rights, block.rows, down, across),
                           rights + again(lefts, block.columns, across, down));
    double all = lefts + rights + others + partBytes;
    double there = 0;
    for (const WorkUse &use : ArrayRef(nest.reads).take_front(2))
      there +=
          std::min(heldBefore(work.tensors[use.tensor], all, held, assumptions),
                   sizeOf(use));
    bool fits = all <= held;
    double written = fits && !assumptions.cold ? 0 : others + partBytes;
    addTransfer(levels.memory, std::max(0.0, read - there) + written, asked,
                cost);
  }
  double kernels = parts > 0 && !block.inLaunch ? 2 : 1;
  addOverheads(kernels, kernels, share, cost);
  // The blocks of a multiprocessor wait as one does: for their first data, and
  // in each step.
  double rounds = share.blocks / share.speedup;
  cost.formula.overheads.push_back({&coefficients.latency(levels.far), rounds});
  // Blocks of a cluster wait for each other as they begin and end, and in each
  // step until all have read what is to be overwritten. From one multiprocessor
  // to another it is about as far as to the cache (180 clocks: Luo et al.,
  // Dissecting the NVIDIA Hopper Architecture, arXiv 2501.12084, quoted second
  // hand).
  if (block.cluster() > 1)
    cost.formula.overheads.push_back(
        {&coefficients.latency(levels.far), rounds * (2 + steps)});
  // Who adds parts up reads one after the other: 1 us and 0.1 us a part, with 1
  // MB of them or 4 (H200), which is about a step's wait.
  double parted = block.workers > 0 ? 2 : block.split > 1 ? block.split : 0;
  // Who ends last has counted itself in, and reads the parts of its tile in
  // rounds of all its threads, 16 bytes each of every part, or twice as many
  // where that divides. A round waits as the second kernel does: for its first
  // data, and for each part.
  if (block.inLaunch) {
    double groups = area * sumBytes / 16,
           threads = block.warps() * room.warpSize;
    bool two = std::fmod(groups, 2 * threads) == 0;
    double ofTile = std::ceil(groups / (two ? 2 * threads : threads));
    cost.formula.overheads.push_back(
        {&coefficients.latency(levels.memory), 1 + ofTile});
    parted *= ofTile;
  }
  if (levels.shared)
    cost.formula.overheads.push_back({&coefficients.latency(*levels.shared),
                                      kStepWaits * (steps * rounds + parted)});
  return cost;
}

namespace {
struct PricedBlock {
  double seconds, joules;
  size_t number; ///< in the order of the list
  GpuBlock block;
};
} // namespace

/// Of blocks sorted by time those that none beats in both time and energy, so
/// many at most: the quickest, the thriftiest, and some in between. Then the
/// quickest of the others.
static void choose(ArrayRef<PricedBlock> priced,
                   SmallVectorImpl<GpuBlock> &chosen) {
  constexpr size_t most = 8, mostOfFront = 5;
  SmallVector<size_t> front;
  for (size_t i = 0; i < priced.size(); ++i)
    if (front.empty() || priced[i].joules < priced[front.back()].joules)
      front.push_back(i);
  llvm::SmallSetVector<size_t, most> picked;
  size_t last = front.empty() ? 0 : front.size() - 1;
  for (size_t i = 0; i < std::min(front.size(), mostOfFront); ++i)
    picked.insert(
        front[front.size() <= mostOfFront ? i : i * last / (mostOfFront - 1)]);
  for (size_t i = 0; i < priced.size() && picked.size() < most; ++i)
    picked.insert(i);
  SmallVector<size_t> order(picked.begin(), picked.end());
  llvm::sort(order);
  for (size_t i : order)
    chosen.push_back(priced[i].block);
}

ArrayRef<GpuBlock> GpuCosting::bestBlocks(const WorkNest &nest, DataType type) {
  ContractionShape shape = contractionShape(nest);
  TensorForm form = *tensorForm(operandType(nest, type));
  double element = work.tensors[nest.reads[0].tensor].elementBytes;
  auto [place, isNew] = known.try_emplace(
      {shape.batch, shape.m, shape.n, shape.k, double(shape.isConv), element,
       double(form.type), double(form.passes),
       double(liesAlongTerms(nest.reads[0], nest.writes[0])),
       double(liesAlongTerms(nest.reads[1], nest.writes[0]))});
  if (!isNew)
    return place->second;
  std::vector<PricedBlock> priced;
  for (const GpuBlock &block :
       gpuBlocks(shape, element, form, coefficients.getDevice())) {
    KernelCost cost = contraction(nest, type, block);
    double seconds =
        cost.formula.seconds({TimeFormula::Values::thought, nullptr, 0});
    // Where no energy is known all that is quick is thrifty.
    priced.push_back({seconds,
                      cost.joules(coefficients, seconds).value_or(seconds),
                      priced.size(), block});
  }
  llvm::sort(priced, [](const PricedBlock &a, const PricedBlock &b) {
    return std::tie(a.seconds, a.number) < std::tie(b.seconds, b.number);
  });
  choose(priced, place->second);
  return place->second;
}

ArrayRef<GpuBlock> GpuCosting::bestBlocks(DataType type) {
  if (ArrayRef<GpuBlock> blocks = attentionBlocks(type); !blocks.empty())
    return blocks;
  const WorkNest *main = nullptr;
  for (const WorkNest &nest : work.nests)
    if (isTensor(nest, type)) {
      if (main)
        return {};
      main = &nest;
    }
  return main ? bestBlocks(*main, type) : ArrayRef<GpuBlock>();
}

ArrayRef<GpuBlock> GpuCosting::attentionBlocks(DataType type) {
  // One kernel is made of the op itself, if no scores are in memory and no mask
  // is read for each of them.
  if (work.nests.size() != 3 || !work.nests[1].reads.empty() ||
      !work.nests[0].writes.empty() || !warpgroupUnit(coefficients.getDevice()))
    return {};
  std::vector<double> key = {double(type), double(work.nests[1].isTriangle)};
  for (const WorkNest *nest : {&work.nests.front(), &work.nests.back()})
    key.insert(key.end(), nest->sizes.begin(), nest->sizes.end());
  auto [place, isNew] = known.try_emplace(key);
  if (!isNew)
    return place->second;
  std::vector<std::pair<double, GpuBlock>> timed;
  // Of two that take as long, two stages: instead of three these took 0.96 of
  // the time with causal vectors of 64, 0.97 with vectors of 128, 1.01 with
  // others (H200, 2026-11-26).
  for (int64_t rows : {128, 64})
    for (int64_t columns : {128, 64})
      for (int64_t stages : {2, 3}) {
        GpuBlock block;
        block.rows = rows;
        block.columns = block.warpColumns = columns;
        block.warpRows = 16;
        block.stages = stages;
        block.warpgroups = true;
        std::optional<KernelCost> cost = attention(type, block);
        if (cost)
          timed.push_back({cost->formula.seconds(
                               {TimeFormula::Values::thought, nullptr, 0}),
                           block});
      }
  llvm::stable_sort(
      timed, [](const auto &a, const auto &b) { return a.first < b.first; });
  for (const auto &[seconds, block] : timed)
    place->second.push_back(block);
  return place->second;
}

namespace {
struct AttentionShape {
  double batch, rows, columns, depth, elements;
  const WorkUse *values;
};
} // namespace

/// Of products from one to the other, or of one op that is both: it has the
/// scores in neither's uses, and loops in the order of this.
static std::optional<AttentionShape>
attentionShape(const WorkNest &scores, const WorkNest &output,
               llvm::function_ref<bool(const WorkNest &)> isProduct) {
  if (isProduct(scores) && isProduct(output)) {
    ContractionShape first = contractionShape(scores),
                     last = contractionShape(output);
    return AttentionShape{first.batch, first.m, first.n,
                          first.k,     last.n,  &output.reads[1]};
  }
  if (!scores.writes.empty() || scores.reads.size() < 2 ||
      output.reads.empty() || scores.sizes.size() < 3 ||
      output.sizes.size() != scores.sizes.size())
    return std::nullopt;
  ArrayRef<double> sizes = scores.sizes;
  double batch = 1;
  for (double size : sizes.drop_back(3))
    batch *= size;
  return AttentionShape{batch,        sizes.end()[-3],     sizes.end()[-2],
                        sizes.back(), output.sizes.back(), &output.reads[0]};
}

/// Instructions of a thread for a score that warp groups have: the largest, the
/// difference in a multiply-add, the sum, and half of a conversion to 16 bits;
/// and what 2^x takes the time of, which a multiprocessor computes 16 of a
/// clock, multiply-adds 128 (CUDA C++ Programming Guide, throughput of native
/// arithmetic instructions, compute capabilities 8.0 to 9.0).
constexpr double kScore = 3.5, kPower = 128.0 / 16;

/// The part of the tiles that is computed where rows have columns only up to
/// their own number.
static double triangle(double rows, double columns, double blockRows,
                       double held) {
  double blocks = std::ceil(rows / blockRows), all = std::ceil(columns / held);
  double computed = 0;
  for (double block = 1; block <= blocks; ++block)
    computed += std::min(all, std::ceil(block * blockRows / held));
  return computed / (blocks * all);
}

/// Warp groups wait for scores, compute their weights, and multiply values by
/// these: one after the other, but for other blocks, which take turns with
/// them. So of the shorter of two only a part takes time.
static void takeTurns(TimeFormula::Compute &x, TimeFormula::Compute &y,
                      double resident) {
  auto seconds = [](const TimeFormula::Compute &compute) {
    double fraction = compute.fraction ? compute.fraction->value : 1;
    return compute.ops / (compute.peak->value * fraction * compute.utilization);
  };
  (seconds(x) < seconds(y) ? x : y).utilization *= resident;
}

std::optional<KernelCost> GpuCosting::attention(DataType type,
                                                std::optional<GpuBlock> block) {
  // What rac-gpu-attention does: rows of a block and its warps, the longest
  // vectors that it has registers for, and columns in shared memory at once.
  constexpr double fewWarps = 4, fewRows = 16, longest = 128, shortVector = 64,
                   manyColumns = 64, fewColumns = 32, stages = 2;
  SmallVector<const WorkNest *> factors;
  for (const WorkNest &nest : work.nests)
    if (nest.isContraction())
      factors.push_back(&nest);
  if (factors.size() != 2 || factors[0] != &work.nests.front())
    return std::nullopt;
  // After the second there may be a transpose, which it does in passing.
  const WorkNest &scores = *factors[0], &output = *factors[1];
  DataType operand = operandType(scores, type);
  // Its kernel has f32 in parts, whatever the plan allows.
  if (operand == DataType::tf32)
    operand = DataType::f32;
  std::optional<AttentionShape> found =
      attentionShape(scores, output, [&](const WorkNest &nest) {
        return isTensor(nest, type) && factors[1] != factors[0] + 1;
      });
  if (!found)
    return std::nullopt;
  const AttentionShape &shape = *found;
  bool half = operand == DataType::f16 || operand == DataType::bf16;
  double element = work.tensors[scores.reads[0].tensor].elementBytes;
  double step = half ? 16 : 8;
  if (element != (half ? 2 : 4) || (!half && operand != DataType::f32) ||
      work.tensors[shape.values->tensor].elementBytes != element ||
      shape.rows < fewRows || (block && !half))
    return std::nullopt;
  for (double length : {shape.depth, shape.elements})
    if (length > longest || std::fmod(length, step) != 0)
      return std::nullopt;

  TensorForm form = *tensorForm(operand);
  double vectors = shape.depth + shape.elements, columns = shape.columns;
  bool isTriangle = block && work.nests[1].isTriangle;
  bool isShort = std::max(shape.depth, shape.elements) <= shortVector;
  double held = isShort || half ? manyColumns : fewColumns;
  double warps = half && !isShort ? 2 * fewWarps : fewWarps;
  double blockRows = half ? 128 : 64;
  double registers = half && isShort ? 255 : 168;
  GpuNeeds needs{warps, registers,
                 (blockRows * shape.depth + stages * held * vectors) * element};
  if (block) {
    // Scores, weights and sums of the lane's two rows. Vectors are lines of
    // 128 B, as rac-gpu-attention has them.
    constexpr double lane = 2, perColumn = 4, line = 128, aligned = 1024;
    // Comparisons that hide columns take more.
    const double others = isTriangle ? 56 : 48;
    auto lines = [&](double length) {
      return std::ceil(length * element / line) * line;
    };
    held = block->columns;
    blockRows = block->rows;
    warps = block->warps();
    double sums = (1.5 * held + shape.elements) * lane / perColumn;
    needs = {warps, std::min(255.0, std::ceil((sums + others) / 8) * 8),
             blockRows * lines(shape.depth) +
                 block->stages * held *
                     (lines(shape.depth) + lines(shape.elements)) +
                 aligned};
    if (residentBlocks(needs, room) < 1)
      return std::nullopt;
  }
  double tiles = shape.batch * std::ceil(shape.rows / blockRows);
  Share share = this->share(tiles, residentBlocks(needs, room));
  KernelCost cost = emptyCost(share);
  double steps = std::ceil(columns / held);
  if (isTriangle)
    steps *= triangle(shape.rows, columns, blockRows, held);
  double scoresOfAll = tiles * blockRows * steps * held;
  double staged =
      tiles * (isTriangle ? steps * held : columns) * vectors * element;

  const Device &device = coefficients.getDevice();
  const ComputeUnit &unit =
      block ? *warpgroupUnit(device) : *device.unit(UnitKind::tensor);
  TimeFormula::Compute products;
  products.ops = 2 * form.passes * scoresOfAll * vectors;
  products.peak = &coefficients.peak(unit, form.type);
  products.fraction =
      &coefficients.fraction(unit, form.type, Kernel::generatedMatmul);
  // A scheduler's warps take turns: each splits, loads and computes
  // exponentials for longer than it multiplies. Of f32 one of them alone
  // attains a fifth (12 x 197 x 197 x 64 on an H200: 30 us); that one of
  // halves, with twice the rows and no splitting, attains a third is a guess.
  // Of warp groups there are two, or their tensor cores rest.
  const double inTurn = block ? 2 : half ? 3 : 5;
  double each = share.resident * warps / kSchedulers;
  products.utilization = std::min(1.0, each / inTurn);
  cost.formula.computes.push_back(products);
  cost.countOps(unit, form.type, products.ops);
  if (block) {
    // A tile's largest scores rescale the sums of those before.
    double ofScore = kScore + kPower + shape.elements / held;
    addInstructions(
        scoresOfAll * ofScore +
            copyInstructions(staged, shape.depth * element, element, false),
        1, cost);
    takeTurns(cost.formula.computes[0], cost.formula.computes[1],
              share.resident);
  } else {
    for (const WorkNest &nest : work.nests)
      addScalarWork(nest, nest.iterations(), 1, cost);
  }

  double sector = coefficients.lineBytes(levels.memory);
  auto sizeOf = [&](const WorkUse &use, const WorkNest &nest) {
    return footprint(work.tensors[use.tensor], use, nest.sizes, sector);
  };
  int64_t groups = block ? block->rows / 64 : 0;
  double readers = block ? groups : warps;
  if (levels.shared)
    addTransfer(*levels.shared, staged * (1 + readers), 0, cost);
  double q = shape.batch * shape.rows * shape.depth * element;
  double factorBytes = sizeOf(*shape.values, output), others = 0;
  for (const WorkUse &use : ArrayRef(scores.reads).take_front(2))
    factorBytes += sizeOf(use, scores);
  for (const WorkUse &use : output.writes)
    others += sizeOf(use, output);
  for (const WorkUse &use : llvm::drop_begin(scores.reads, 2))
    others += sizeOf(use, scores);
  double asked = share.resident * held * vectors * element;
  addTransfer(levels.far, staged + q + others, asked, cost);
  if (levels.far != levels.memory)
    addTransfer(levels.memory, factorBytes + others, asked, cost);
  addOverheads(1, share.waves, share, cost);
  if (block && levels.shared)
    cost.formula.overheads.push_back(
        {&coefficients.latency(*levels.shared),
         kStepWaits * steps * share.blocks / share.speedup});
  return cost;
}
