//===- Schedule.cpp - The loops that a plan makes of a candidate ----------===//
//
// Follows rac-tile-groups and rac-vectorize-linalg, which carry a plan out.
//
//===----------------------------------------------------------------------===//

#include "rac/Cost/Schedule.h"
#include "Transposition.h"
#include "rac/Lowering/RegisterTile.h"
#include "rac/Lowering/SharedLoops.h"
#include <cmath>

using namespace mlir;
using namespace rac;

double NestSchedule::iterationsOfTile() const {
  double count = 1;
  for (double extent : extents.back())
    count *= extent;
  return count;
}

double Schedule::tiles() const {
  double count = 1;
  for (double trips : tileTrips)
    count *= trips;
  return count;
}

double Schedule::parallelTrips(const Work &work) const {
  if (!tileTrips.empty())
    return tiles();
  double most = 0, trips = 1;
  for (auto [nest, schedule] : llvm::zip_equal(work.nests, nests)) {
    if (nest.flops() + nest.iterations() < most)
      continue;
    most = nest.flops() + nest.iterations();
    trips = 1;
    for (const NestSchedule::Level &level :
         ArrayRef(schedule.levels).drop_front(schedule.sharedFrom)) {
      // What is inside of a reduction runs in order.
      if (nest.reductions.test(level.loop))
        break;
      // What is left of the vectors at the end has code of its own.
      bool isRagged = level.loop == schedule.vectorLoop;
      trips *=
          isRagged
              ? std::max(1.0, std::floor(schedule.extents.back()[level.loop] /
                                         level.step))
              : level.trips;
    }
  }
  return trips;
}

double Schedule::speedup(const Work &work, double threads) const {
  double trips = parallelTrips(work);
  if (trips < 1)
    return 1;
  double used = std::max(1.0, std::min(threads, trips));
  double all = wholeTiles > 0 ? wholeTiles : trips;
  return all / std::min(all, std::ceil(trips / used));
}

namespace {

using Extents = SmallVector<double, 6>;

/// Iterations of each nest's loops that are needed for `tile` elements along
/// each dimension of the first output: backwards from it, as tiling fuses.
class Demand {
public:
  Demand(const Work &work) : work(work), boxes(work.tensors.size()) {}
  SmallVector<Extents> of(unsigned output, ArrayRef<double> tile);
  /// What is needed of a tensor then.
  ArrayRef<double> box(unsigned tensor) const { return boxes[tensor]; }

private:
  Extents extentsOf(const WorkNest &nest);
  void need(const WorkNest &nest, const Extents &extents);

  const Work &work;
  SmallVector<SmallVector<double, 4>> boxes; ///< by tensor; empty: not needed
};

} // namespace

Extents Demand::extentsOf(const WorkNest &nest) {
  Extents extents(nest.sizes.begin(), nest.sizes.end());
  // A pass that leaves nothing goes over what the later ones need.
  const WorkUse *use = !nest.writes.empty()  ? &nest.writes.front()
                       : !nest.reads.empty() ? &nest.reads.front()
                                             : nullptr;
  if (!use || boxes[use->tensor].empty())
    return extents;
  for (auto [terms, box] : llvm::zip_equal(use->dims, boxes[use->tensor]))
    if (terms.size() == 1 && terms[0].step == 1)
      extents[terms[0].loop] = std::min(extents[terms[0].loop], box);
  return extents;
}

void Demand::need(const WorkNest &nest, const Extents &extents) {
  for (const WorkUse &read : nest.reads) {
    auto &box = boxes[read.tensor];
    const auto &shape = work.tensors[read.tensor].shape;
    box.resize(shape.size(), 1);
    for (auto [i, terms] : llvm::enumerate(read.dims)) {
      double span = 1;
      for (const WorkUse::Term &term : terms)
        span += term.step * (extents[term.loop] - 1);
      box[i] = std::max(box[i], std::min(span, shape[i]));
    }
  }
}

SmallVector<Extents> Demand::of(unsigned output, ArrayRef<double> tile) {
  boxes[output].assign(tile.begin(), tile.end());
  SmallVector<Extents> result(work.nests.size());
  for (size_t i = work.nests.size(); i-- > 0;) {
    result[i] = extentsOf(work.nests[i]);
    need(work.nests[i], result[i]);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Inside a tile
//===----------------------------------------------------------------------===//

static bool isLane(const Work &work, const WorkNest &nest, unsigned loop) {
  auto fits = [&](const WorkUse &use) { return isLane(work, use, loop); };
  return llvm::all_of(nest.reads, fits) && llvm::all_of(nest.writes, fits);
}

static bool writesAlong(const WorkNest &nest, unsigned loop) {
  return llvm::any_of(
      nest.writes, [&](const WorkUse &write) { return write.dependsOn(loop); });
}

static std::optional<unsigned> findLane(const Work &work,
                                        const WorkNest &nest) {
  for (unsigned loop = nest.sizes.size(); loop-- > 0;)
    if (!nest.reductions.test(loop) && nest.sizes[loop] != 1 &&
        writesAlong(nest, loop) && isLane(work, nest, loop))
      return loop;
  for (unsigned loop = nest.sizes.size(); loop-- > 0;)
    if (nest.reductions.test(loop) && nest.sizes[loop] != 1 &&
        isLane(work, nest, loop))
      return loop;
  return std::nullopt;
}

/// The innermost loop whose iterations share vectors.
static std::optional<unsigned> findRows(const WorkNest &nest,
                                        unsigned vectorLoop) {
  for (unsigned loop = nest.sizes.size(); loop-- > 0;)
    if (loop != vectorLoop && !nest.reductions.test(loop) &&
        nest.sizes[loop] != 1 &&
        llvm::any_of(nest.reads, [&](const WorkUse &read) {
          return read.dependsOn(vectorLoop) && !read.dependsOn(loop);
        }))
      return loop;
  return std::nullopt;
}

static unsigned widestBits(const Work &work, const WorkNest &nest) {
  double bytes = 1;
  for (const WorkUse &use : nest.reads)
    bytes = std::max(bytes, work.tensors[use.tensor].elementBytes);
  for (const WorkUse &use : nest.writes)
    bytes = std::max(bytes, work.tensors[use.tensor].elementBytes);
  return 8 * bytes;
}

/// B from one row of what is multiplied with the vectors to the next.
static std::optional<int64_t> rowStride(const Work &work, const WorkNest &nest,
                                        unsigned rowLoop) {
  for (const WorkUse &read : nest.reads) {
    if (!read.dependsOn(rowLoop))
      continue;
    const WorkTensor &tensor = work.tensors[read.tensor];
    double stride = 0;
    for (auto [i, terms] : llvm::enumerate(read.dims))
      for (const WorkUse::Term &term : terms)
        if (term.loop == rowLoop)
          stride += term.step * tensor.strides[i];
    return static_cast<int64_t>(stride * tensor.elementBytes);
  }
  return std::nullopt;
}

/// Whether all that rows bring differs by lane, too.
static bool isLanewise(const WorkNest &nest, unsigned rowLoop,
                       unsigned vectorLoop) {
  return llvm::all_of(nest.reads, [&](const WorkUse &read) {
    return !read.dependsOn(rowLoop) || read.dependsOn(vectorLoop);
  });
}

/// The innermost loop of what a reduction leaves in a tile, whose rows have
/// nothing in common.
static std::optional<unsigned> findOwnRows(const WorkNest &nest,
                                           const Extents &extents) {
  for (unsigned loop = nest.sizes.size(); loop-- > 0;)
    if (!nest.reductions.test(loop) && extents[loop] != 1)
      return loop;
  return std::nullopt;
}

/// Of rows that are reduced along the lanes and share no vectors.
static void chooseRows(const Work &work, const WorkNest &nest,
                       const VectorShape &target, NestSchedule &schedule) {
  const Extents &extents = schedule.extents.back();
  auto extent = [&](unsigned loop) {
    return static_cast<int64_t>(std::ceil(extents[loop]));
  };
  RowTileProblem problem;
  problem.registers = target.registers;
  problem.lanes = static_cast<int64_t>(schedule.lanes);
  problem.elements = extent(*schedule.vectorLoop);
  schedule.rowLoop = findOwnRows(nest, extents);
  problem.rows = schedule.rowLoop ? extent(*schedule.rowLoop) : 1;
  RegisterTile tile = chooseRowTile(problem);
  schedule.rows = tile.rows;
  schedule.vectors = tile.vectors;
  if (tile.rows == 1)
    schedule.rowLoop.reset();
  else
    schedule.ownRowBytes = rowStride(work, nest, *schedule.rowLoop);
  schedule.clocks = clocksOfRowTile(problem, tile);
}

/// The plan's tile of registers, or lowering's default.
static void chooseRegisters(const Work &work, const WorkNest &nest,
                            PlanAttr plan, const VectorShape &target,
                            NestSchedule &schedule) {
  const Extents &extents = schedule.extents.back();
  bool horizontal = nest.reductions.test(*schedule.vectorLoop);
  double columns = std::ceil(extents[*schedule.vectorLoop] / schedule.lanes);
  RegisterTileProblem problem;
  problem.registers = target.registers;
  problem.rows = 1;
  problem.vectors = static_cast<int64_t>(std::max(1.0, columns));
  if (!schedule.rowLoop) {
    double most = target.registers >= 32 ? 4 : 2;
    schedule.vectors = std::clamp<double>(columns, 1, most);
  } else {
    problem.rows = static_cast<int64_t>(std::ceil(extents[*schedule.rowLoop]));
    problem.rowStride = rowStride(work, nest, *schedule.rowLoop);
    problem.lanewise = !horizontal && isLanewise(nest, *schedule.rowLoop,
                                                 *schedule.vectorLoop);
    if (horizontal) { // tiles of such are not wider than two vectors
      problem.panel = 2;
      problem.vectors = std::nullopt;
    }
    RegisterTile tile = chooseRegisterTile(problem);
    schedule.rows = tile.rows;
    schedule.vectors = tile.vectors;
  }
  if (plan.getRegisters().size() == 2 && nest.reductions.any() && !horizontal) {
    schedule.rows = schedule.rowLoop ? plan.getRegisters()[0] : 1;
    schedule.vectors = plan.getRegisters()[1];
  }
  if (schedule.rowLoop)
    schedule.rows = std::clamp<double>(
        schedule.rows, 1, std::max(1.0, extents[*schedule.rowLoop]));
  schedule.vectors =
      std::clamp<double>(schedule.vectors, 1, std::max(1.0, columns));
  schedule.clocks =
      clocksOfTile(problem, {static_cast<int64_t>(schedule.rows),
                             static_cast<int64_t>(schedule.vectors)});
}

/// What a tile has of a tensor, B.
static double bytesOf(const Work &work, const WorkUse &use,
                      const Extents &extents) {
  const WorkTensor &tensor = work.tensors[use.tensor];
  double bytes = tensor.elementBytes;
  for (auto [terms, size] : llvm::zip_equal(use.dims, tensor.shape)) {
    double span = 1;
    for (const WorkUse::Term &term : terms)
      span += term.step * (extents[term.loop] - 1);
    bytes *= std::min(span, size);
  }
  return bytes;
}

/// Whether the vectors stay in the second-level cache all together, and what
/// goes by rows does not: lowering (Nest.cpp) then has the rows outside.
static bool rowsFirst(const Work &work, const WorkNest &nest,
                      const NestSchedule &schedule) {
  if (!schedule.rowLoop || nest.reductions.test(*schedule.vectorLoop))
    return false;
  bool smallVectors = true, largeRows = false;
  for (const WorkUse &use :
       llvm::concat<const WorkUse>(nest.reads, nest.writes)) {
    double bytes = bytesOf(work, use, schedule.extents.back());
    if (use.dependsOn(*schedule.rowLoop))
      largeRows |= bytes > kHalfOfSecondCache;
    else if (use.dependsOn(*schedule.vectorLoop))
      smallVectors &= bytes <= kHalfOfSecondCache;
  }
  return smallVectors && largeRows;
}

namespace {

/// A block of a nest's loop.
struct LoopBlock {
  unsigned loop;
  double size;
};

} // namespace

/// The loops of one nest inside a tile, outermost first: those over `blocks`,
/// then in the order in which rac-vectorize-linalg puts them: those that reused
/// vectors depend on, the vectors, other ones, the rows, the reductions.
static void orderLoops(const Work &work, const WorkNest &nest,
                       ArrayRef<LoopBlock> blocks, NestSchedule &schedule) {
  // Of each loop what is left inside of those before.
  Extents inside = schedule.extents.back();
  schedule.block = inside;
  auto add = [&](unsigned loop, double step) {
    step = std::max(1.0, std::min(step, inside[loop]));
    double trips = std::ceil(inside[loop] / step);
    if (trips > 1)
      schedule.levels.push_back({loop, trips, step});
    inside[loop] = step;
  };
  unsigned count = nest.sizes.size();
  if (schedule.shuffleClocks > 0) {
    for (unsigned loop = 0; loop < count; ++loop)
      add(loop, loop == schedule.vectorLoop ? schedule.lanes
                : loop == schedule.rowLoop  ? schedule.rows
                                            : 1);
    return;
  }
  for (const LoopBlock &block : blocks)
    add(block.loop, block.size);
  schedule.block = inside;
  if (!schedule.vectorLoop) {
    for (bool reduction : {false, true})
      for (unsigned loop = 0; loop < count; ++loop)
        if (nest.reductions.test(loop) == reduction)
          add(loop, 1);
    return;
  }
  SmallVector<unsigned> last;
  for (unsigned loop = 0; loop < count; ++loop) {
    if (nest.reductions.test(loop) || loop == schedule.vectorLoop ||
        loop == schedule.rowLoop)
      continue;
    bool streams =
        schedule.rowLoop && llvm::all_of(nest.reads, [&](const WorkUse &read) {
          bool reused = read.dependsOn(*schedule.vectorLoop) &&
                        !read.dependsOn(*schedule.rowLoop);
          return !reused || !read.dependsOn(loop);
        });
    if (streams)
      last.push_back(loop);
    else
      add(loop, 1);
  }
  bool horizontal = nest.reductions.test(*schedule.vectorLoop);
  double width = schedule.lanes * schedule.vectors;
  bool vectorsLast = rowsFirst(work, nest, schedule);
  if (!horizontal && !vectorsLast)
    add(*schedule.vectorLoop, width);
  for (unsigned loop : last)
    add(loop, 1);
  if (schedule.rowLoop)
    add(*schedule.rowLoop, schedule.rows);
  if (vectorsLast)
    add(*schedule.vectorLoop, width);
  for (unsigned loop = 0; loop < count; ++loop)
    if (nest.reductions.test(loop))
      add(loop, loop == schedule.vectorLoop ? width : 1);
}

/// The first of a nest's loops that threads share, outside of tiles, as
/// lowering (Nest.cpp) has it.
static unsigned sharedFrom(const Work &work, const WorkNest &nest,
                           const NestSchedule &schedule) {
  ArrayRef<NestSchedule::Level> rows = schedule.levels;
  if (rows.empty() || rows.front().loop != schedule.vectorLoop)
    return 0;
  rows = rows.drop_front().take_while(
      [&](const auto &level) { return !nest.reductions.test(level.loop); });
  if (rows.empty())
    return 0;
  double ofColumns = 0, others = 0;
  auto add = [&](const WorkUse &use) {
    bool dependsOnRows = llvm::any_of(
        rows, [&](const auto &level) { return use.dependsOn(level.loop); });
    (dependsOnRows ? others : ofColumns) += work.tensors[use.tensor].bytes();
  };
  // What is combined with a product's results is no operand of it.
  size_t operands = nest.isContraction() ? 2 : nest.reads.size();
  llvm::for_each(ArrayRef(nest.reads).take_front(operands), add);
  llvm::for_each(nest.writes, add);
  return threadsShareRows(static_cast<int64_t>(ofColumns),
                          static_cast<int64_t>(others));
}

/// The loop whose iterations the outermost loop over tiles shares out.
static std::optional<unsigned> loopOfTiles(const NestSchedule &schedule) {
  std::optional<unsigned> found;
  for (unsigned loop = 0; loop < schedule.extents[0].size(); ++loop)
    if (schedule.extents[1][loop] < schedule.extents[0][loop]) {
      if (found)
        return std::nullopt;
      found = loop;
    }
  return found;
}

/// Which loops threads share of a nest.
static void shareLoops(const Work &work, const WorkNest &nest,
                       NestSchedule &schedule) {
  if (schedule.extents.size() > 1 && !schedule.isBefore) {
    schedule.sharedLoop = loopOfTiles(schedule);
    return;
  }
  schedule.sharedFrom = sharedFrom(work, nest, schedule);
  if (schedule.sharedFrom < schedule.levels.size() &&
      !nest.reductions.test(schedule.levels[schedule.sharedFrom].loop))
    schedule.sharedLoop = schedule.levels[schedule.sharedFrom].loop;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

static std::optional<unsigned> firstOutput(const Work &work) {
  for (auto [i, tensor] : llvm::enumerate(work.tensors))
    if (tensor.isOutput)
      return i;
  return std::nullopt;
}

namespace {

/// What a plan's tiles, reduction and order come to, as rac-tile-groups carries
/// them out: the result's dimensions before the first block of a reduction, and
/// what comes from there on, by numbers as in the plan's order.
struct TiledLoops {
  SmallVector<unsigned> outer;
  SmallVector<int64_t> inner;

  TiledLoops(PlanAttr plan, ArrayRef<int64_t> tiles);
};

} // namespace

TiledLoops::TiledLoops(PlanAttr plan, ArrayRef<int64_t> tiles) {
  auto rank = static_cast<int64_t>(tiles.size());
  SmallVector<int64_t> order(plan.getOrder());
  if (order.size() != tiles.size() + plan.getReduction().size())
    order = llvm::to_vector(llvm::seq<int64_t>(
        rank + static_cast<int64_t>(plan.getReduction().size())));
  for (int64_t entry : order) {
    bool reduces = entry >= rank;
    if ((reduces ? plan.getReduction()[entry - rank] : tiles[entry]) <= 0)
      continue;
    if (reduces || !inner.empty())
      inner.push_back(entry);
    else
      outer.push_back(entry);
  }
}

/// The blocks that `entries` are of a nest that reduces.
static SmallVector<LoopBlock> blocksOf(const WorkNest &nest, PlanAttr plan,
                                       ArrayRef<int64_t> tiles,
                                       ArrayRef<int64_t> entries) {
  SmallVector<unsigned> reductions;
  for (unsigned loop : nest.reductions.set_bits())
    reductions.push_back(loop);
  // Windows of one element have no loops where it is generated.
  size_t planned = plan.getReduction().size();
  for (size_t i = 0; i < reductions.size() && reductions.size() > planned;)
    if (nest.sizes[reductions[i]] == 1)
      reductions.erase(reductions.begin() + i);
    else
      ++i;
  SmallVector<LoopBlock> blocks;
  auto rank = static_cast<int64_t>(tiles.size());
  for (int64_t entry : entries) {
    if (entry >= rank) {
      if (entry - rank < static_cast<int64_t>(reductions.size()))
        blocks.push_back({reductions[entry - rank],
                          double(plan.getReduction()[entry - rank])});
      continue;
    }
    const auto &dims = nest.writes.front().dims;
    if (entry < static_cast<int64_t>(dims.size()) && dims[entry].size() == 1)
      blocks.push_back({dims[entry][0].loop, double(tiles[entry])});
  }
  return blocks;
}

/// Nests up to the last padded copy, which isn't tiled.
static size_t countBefore(const Work &work) {
  size_t count = 0;
  for (auto [i, nest] : llvm::enumerate(work.nests))
    if (nest.pads)
      count = i + 1;
  return count;
}

void rac::arrangeNests(Work &work, PlanAttr plan) {
  // What follows sums in blocks waits for the last of them.
  bool blocked =
      llvm::any_of(plan.getReduction(), [](int64_t size) { return size > 0; });
  fuseNests(work, /*afterContractions=*/!blocked);
  if (plan.getKind() == KernelKind::library)
    return;
  if (plan.getSplit() > 1)
    splitSums(work, plan.getSplit());
  layOutFilters(work);
}

Schedule rac::scheduleOf(const Work &work, PlanAttr plan,
                         const VectorShape &target) {
  Schedule schedule;
  schedule.nests.resize(work.nests.size());
  auto output = firstOutput(work);
  ArrayRef<int64_t> tiles = plan.getTiles();
  ArrayRef<double> shape = output
                               ? ArrayRef<double>(work.tensors[*output].shape)
                               : ArrayRef<double>();
  if (tiles.size() != shape.size())
    tiles = {};

  // The loops over tiles in their order; what each of them leaves.
  TiledLoops loops(plan, tiles);
  SmallVector<double, 4> box(shape);
  SmallVector<SmallVector<double, 4>> boxes = {box};
  for (unsigned dim : loops.outer) {
    if (tiles[dim] >= shape[dim])
      continue;
    double trips = std::ceil(shape[dim] / tiles[dim]);
    schedule.tileTrips.push_back(trips);
    schedule.wholeTiles =
        schedule.tileTrips.size() == 1 ? shape[dim] / tiles[dim] : 0;
    // The last tile may be smaller: on average they are.
    box[dim] = shape[dim] / trips;
    boxes.push_back(box);
  }
  if (!schedule.tileTrips.empty())
    for (size_t i = 0, e = countBefore(work); i < e; ++i)
      schedule.nests[i].isBefore = true;
  for (const auto &tile : boxes) {
    SmallVector<Extents> extents;
    Demand demand(work);
    if (output)
      extents = demand.of(*output, tile);
    schedule.passingShapes.assign(work.tensors.size(), {});
    for (auto [t, tensor] : llvm::enumerate(work.tensors))
      if (output && !schedule.tileTrips.empty() && !tensor.isInput &&
          !tensor.isOutput)
        schedule.passingShapes[t].assign(demand.box(t).begin(),
                                         demand.box(t).end());
    for (auto [i, nest] : llvm::enumerate(schedule.nests))
      nest.extents.push_back(output && !nest.isBefore
                                 ? extents[i]
                                 : Extents(work.nests[i].sizes.begin(),
                                           work.nests[i].sizes.end()));
  }
  // What is made before the tiles is there as a whole.
  for (auto [nest, inner] : llvm::zip_equal(work.nests, schedule.nests))
    for (const WorkUse &write : nest.writes)
      if (inner.isBefore)
        schedule.passingShapes[write.tensor].clear();
  for (auto [nest, inner] : llvm::zip_equal(work.nests, schedule.nests)) {
    inner.lanes =
        double(std::max<int64_t>(1, target.bits / widestBits(work, nest)));
    inner.vectorLoop = findLane(work, nest);
    if (inner.vectorLoop) {
      if (nest.reductions.any())
        inner.rowLoop = findRows(nest, *inner.vectorLoop);
      if (nest.reductions.test(*inner.vectorLoop) && !inner.rowLoop)
        chooseRows(work, nest, target, inner);
      else
        chooseRegisters(work, nest, plan, target, inner);
    } else {
      matchTransposition(work, nest, target, inner);
    }
    bool reduces = nest.reductions.any() && !nest.writes.empty();
    inner.fills = target.fillsSums && reduces && !inner.vectorLoop;
    orderLoops(work, nest,
               reduces ? blocksOf(nest, plan, tiles, loops.inner)
                       : SmallVector<LoopBlock>(),
               inner);
    shareLoops(work, nest, inner);
  }
  return schedule;
}
