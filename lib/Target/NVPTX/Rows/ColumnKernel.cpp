//===- ColumnKernel.cpp - A thread for each result of a reduction ---------===//

#include "ColumnKernel.h"
#include "../Launch.h"
#include "../Padding.h"
#include "Neighbours.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

/// Threads that keep all multiprocessors of a large chip busy: 128 of them with
/// two blocks each, of which one computes while the other waits.
constexpr int64_t kManyThreads = 2 * 128 * kBlockThreads;
/// Elements of a result from which on several threads share it, and that one
/// of them has at least.
constexpr int64_t kManyReduced = 16, kLeastReduced = 8;
/// Elements of a thread from which on several blocks share a result: that takes
/// another kernel, and the time of some accesses to memory.
constexpr int64_t kLongReduced = 32;
/// Of buffers between kernels, B: that of all that lies in the arena.
constexpr int64_t kBufferAlign = 64;

bool ColumnKernel::matches(linalg::LinalgOp op) {
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    return map.isProjectedPermutation() &&
           map.getNumResults() == op.getNumParallelLoops() &&
           llvm::all_of(map.getResults(), [&](AffineExpr expr) {
             return linalg::isParallelIterator(
                 op.getIteratorTypesArray()[cast<AffineDimExpr>(expr)
                                                .getPosition()]);
           });
  });
}

ColumnKernel::ColumnKernel(linalg::LinalgOp op)
    : op(op), loc(op.getLoc()), combiner(Combiner::find(op)) {
  for (unsigned init : llvm::seq(op.getNumDpsInits()))
    fills.push_back(findFill(op, init));
  epilogue = findEpilogue(op, fills.front());
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (AffineExpr expr : out.getResults())
    parallel.push_back(cast<AffineDimExpr>(expr).getPosition());
  if (!parallel.empty())
    lane = parallel.back();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t longest = -1;
  for (unsigned loop : llvm::seq(op.getNumLoops())) {
    if (llvm::is_contained(parallel, loop))
      continue;
    int64_t extent =
        ShapedType::isDynamic(extents[loop]) ? kManyReduced : extents[loop];
    if (extent > longest) {
      longest = extent;
      split = static_cast<unsigned>(reductions.size());
    }
    reductions.push_back(loop);
  }
}

/// The loop of the epilogue that runs over the last dimension of the result.
std::optional<unsigned> ColumnKernel::readerLane() const {
  auto reader = cast<linalg::LinalgOp>(epilogue->getOwner());
  AffineMap map = reader.getMatchingIndexingMap(epilogue);
  if (map.getNumResults() == 0)
    return std::nullopt;
  return map.getDimPosition(map.getNumResults() - 1);
}

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

/// The parallel iterations; none if not known.
static std::optional<int64_t> countResults(linalg::LinalgOp op) {
  int64_t count = 1;
  for (auto [extent, type] :
       llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (linalg::isParallelIterator(type)) {
      if (ShapedType::isDynamic(extent))
        return std::nullopt;
      count = std::min(count * std::max<int64_t>(extent, 1), kManyThreads * 16);
    }
  return count;
}

bool ColumnKernel::isFewResults(linalg::LinalgOp op) {
  std::optional<int64_t> results = countResults(op);
  if (!results || !matches(op))
    return false;
  int64_t reduced = 1;
  for (auto [extent, type] :
       llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray()))
    if (linalg::isReductionIterator(type))
      reduced *= ShapedType::isDynamic(extent) ? 0 : extent;
  std::optional<Combiner> combiner = Combiner::find(op);
  return combiner && !combiner->findsIndex() &&
         *results * kBlockThreads <= kManyThreads / 2 &&
         reduced >= 4 * kLongReduced * kBlockThreads;
}

ColumnKernel::Shape ColumnKernel::chooseShape(int64_t lanes) {
  Shape shape{lanes};
  if (!combiner || reductions.empty())
    return shape;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t extent = extents[reductions[split]];
  bool isKnown = !ShapedType::isDynamic(extent);
  if (isKnown && extent < kManyReduced)
    return shape;
  // Of a size that isn't known there may be few.
  std::optional<int64_t> results = countResults(op);
  int64_t threads = results ? llvm::divideCeil(*results, lanes) : 1;
  int64_t most = 32;
  if (results && threads * most < kBlockThreads)
    most = kBlockThreads / static_cast<int64_t>(llvm::PowerOf2Ceil(threads));
  while (shape.parts < most && threads * shape.parts < kManyThreads &&
         (!isKnown || extent >= kLeastReduced * shape.parts))
    shape.parts *= 2;
  if (!results || !isKnown || combiner->findsIndex())
    return shape;
  int64_t running = std::max<int64_t>(llvm::PowerOf2Ceil(threads) * shape.parts,
                                      kBlockThreads);
  int64_t splits =
      std::min(kManyThreads / running, extent / (shape.parts * kLeastReduced));
  if (splits > 1 && extent > shape.parts * kLongReduced)
    shape.splits = splits;
  return shape;
}

/// Whether a thread should have several results: where those of its operands
/// lie together.
bool ColumnKernel::hasLanes() {
  if (!lane)
    return false;
  bool any = false;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!op.isDpsInit(&operand) && !op.payloadUsesValueFromOperand(&operand))
      continue;
    Access access =
        accessOf(operand.get(), op.getMatchingIndexingMap(&operand), lane);
    if (access == Access::single)
      return false;
    any |= access == Access::contiguous && !op.isDpsInit(&operand);
  }
  return any;
}

void ColumnKernel::create() {
  Operation *last = epilogue ? epilogue->getOwner() : op.getOperation();
  SmallVector<Padding> paddings = findPaddings(op, last);
  Multiples multiples;
  int64_t lanes = 1;
  if (hasLanes()) {
    SmallVector<LaneLoop> loops = {{op, *lane}};
    if (epilogue)
      loops.push_back(
          {cast<linalg::LinalgOp>(epilogue->getOwner()), *readerLane()});
    lanes = chooseLanes(loops, multiples);
  }
  Shape one = chooseShape(1), several = chooseShape(lanes);
  bool isSplit = several.splits > 1 && multiples.empty();
  OpBuilder builder(isSplit ? op.getOperation() : last);
  for (Range range : op.createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  if (isSplit) {
    linalg::GenericOp sum = createSplit(builder, several);
    op->erase();
    ColumnKernel(cast<linalg::LinalgOp>(*sum)).create();
  } else {
    one.splits = several.splits = 1;
    Value fits =
        lanes == 1 ? Value()
                   : areMultiples(builder, loc, multiples, sizes[*lane], lanes);
    if (fits) {
      auto branch = scf::IfOp::create(builder, loc, fits, /*withElse=*/true);
      OpBuilder then = branch.getThenBodyBuilder(),
                otherwise = branch.getElseBodyBuilder();
      createLaunch(then, several);
      createLaunch(otherwise, one);
    } else {
      createLaunch(builder, several);
    }
    if (epilogue)
      epilogue->getOwner()->erase();
    op->erase();
    for (linalg::FillOp fill : fills)
      if (fill)
        fill->erase();
  }
  for (Padding &padding : paddings)
    padding.readSource();
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Has blocks put what they come to side by side, and gives the op that is left
/// to do with that.
linalg::GenericOp ColumnKernel::createSplit(OpBuilder &builder, Shape shape) {
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (OpOperand &init : op.getDpsInitsMutable()) {
    SmallVector<int64_t> sizes = {shape.splits};
    for (unsigned loop : parallel)
      sizes.push_back(extents[loop]);
    partials.push_back(memref::AllocOp::create(
        builder, loc, MemRefType::get(sizes, getElementTypeOrSelf(init.get())),
        ValueRange(), builder.getI64IntegerAttr(kBufferAlign)));
  }
  createLaunch(builder, shape);
  // What fills the result belongs to who writes it.
  for (linalg::FillOp fill : fills)
    if (fill)
      fill->moveBefore(op);
  unsigned results = parallel.size();
  SmallVector<AffineExpr> at = {builder.getAffineDimExpr(results)};
  for (unsigned i = 0; i < results; ++i)
    at.push_back(builder.getAffineDimExpr(i));
  SmallVector<AffineMap> maps(
      partials.size(),
      AffineMap::get(results + 1, 0, at, builder.getContext()));
  for (OpOperand &init : op.getDpsInitsMutable()) {
    // As this op's loops are numbered, so are the other's that are parallel.
    SmallVector<AffineExpr> out;
    for (AffineExpr expr : op.getMatchingIndexingMap(&init).getResults())
      out.push_back(builder.getAffineDimExpr(
          llvm::find(parallel, cast<AffineDimExpr>(expr).getPosition()) -
          parallel.begin()));
    maps.push_back(AffineMap::get(results + 1, 0, out, builder.getContext()));
  }
  SmallVector<utils::IteratorType> iterators(results,
                                             utils::IteratorType::parallel);
  iterators.push_back(utils::IteratorType::reduction);
  return linalg::GenericOp::create(
      builder, loc, partials, op.getDpsInits(), maps, iterators,
      [&](OpBuilder &b, Location, ValueRange arguments) {
        size_t count = partials.size();
        linalg::YieldOp::create(b, loc,
                                combiner->merge(b, loc,
                                                arguments.drop_front(count),
                                                arguments.take_front(count)));
      });
}

void ColumnKernel::createLaunch(OpBuilder &builder, Shape shape) {
  Values counts =
      llvm::map_to_vector(parallel, [&](unsigned loop) { return sizes[loop]; });
  if (shape.lanes > 1)
    counts.back() = builder.createOrFold<arith::CeilDivUIOp>(
        loc, counts.back(),
        arith::ConstantIndexOp::create(builder, loc, shape.lanes));
  Value count = product(builder, loc, counts);
  if (shape.parts > 1)
    return createParts(builder, count, shape);
  launchItems(builder, loc, count, [&](OpBuilder &inside, Value item) {
    createWhole(inside, item, shape.lanes);
  });
}

Values ColumnKernel::positionOf(OpBuilder &builder, Value item, int64_t lanes) {
  Values counts =
      llvm::map_to_vector(parallel, [&](unsigned loop) { return sizes[loop]; });
  Value width = arith::ConstantIndexOp::create(builder, loc, lanes);
  if (lanes > 1)
    counts.back() =
        builder.createOrFold<arith::CeilDivUIOp>(loc, counts.back(), width);
  Values at = delinearize(builder, loc, item, counts);
  if (lanes > 1)
    at.back() = arith::MulIOp::create(builder, loc, at.back(), width);
  Values position(op.getNumLoops(),
                  arith::ConstantIndexOp::create(builder, loc, 0));
  for (auto [loop, index] : llvm::zip_equal(parallel, at))
    position[loop] = index;
  return position;
}

void ColumnKernel::createWhole(OpBuilder &builder, Value item, int64_t lanes) {
  Values position = positionOf(builder, item, lanes);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Part all{zero, reductions.empty() ? zero : sizes[reductions[split]], 1};
  finish(builder, position,
         reduce(builder, position, start(builder, position, lanes), all));
}

void ColumnKernel::createParts(OpBuilder &builder, Value count, Shape shape) {
  int64_t across = kBlockThreads / shape.parts;
  auto constant = [&](OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value columnBlocks = builder.createOrFold<arith::CeilDivUIOp>(
      loc, count, constant(builder, across));
  Value blocks =
      product(builder, loc, {columnBlocks, constant(builder, shape.splits)});
  gpu::LaunchOp launch =
      nvptx::createLaunch(builder, loc, blocks, kBlockThreads);
  OpBuilder inside(launch.getBody().front().getTerminator());
  Values block = delinearize(inside, loc, launch.getBlockIds().x,
                             {constant(builder, shape.splits), columnBlocks});
  Value thread = launch.getThreadIds().x;
  Value column =
      arith::RemUIOp::create(inside, loc, thread, constant(inside, across));
  Value part =
      arith::DivUIOp::create(inside, loc, thread, constant(inside, across));
  Value item =
      arith::AddIOp::create(inside, loc,
                            arith::MulIOp::create(inside, loc, block.back(),
                                                  constant(inside, across)),
                            column);
  // All threads have to come to the barrier: those past the end do what the
  // last one does.
  Value last = arith::SubIOp::create(inside, loc, count, constant(inside, 1));
  Value within = arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::ult,
                                       item, count);
  item = arith::MinUIOp::create(inside, loc, item, last);
  Values position = positionOf(inside, item, shape.lanes);
  SmallVector<Values> from = start(inside, position, shape.lanes), neutral;
  neutral.resize(from.size(), Values(shape.lanes));
  for (int64_t i : llvm::seq(shape.lanes)) {
    Values one = llvm::map_to_vector(
        from, [&](const Values &values) { return values[i]; });
    for (auto [to, value] :
         llvm::zip_equal(neutral, combiner->neutral(inside, loc, one)))
      to[i] = value;
  }
  Part own{part, sizes[reductions[split]], shape.parts};
  if (shape.splits > 1) {
    Value length = arith::CeilDivUIOp::create(inside, loc, own.end,
                                              constant(inside, shape.splits));
    Value begin = arith::MulIOp::create(inside, loc, block.front(), length);
    own.first = arith::AddIOp::create(inside, loc, begin, part);
    own.end = arith::MinUIOp::create(
        inside, loc, own.end,
        arith::AddIOp::create(inside, loc, begin, length));
  }
  SmallVector<Values> parts = reduce(inside, position, neutral, own);
  Value isFirst = arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::eq,
                                        part, constant(inside, 0));
  parts = gather(inside, launch, part, parts, shape);
  Value writes = arith::AndIOp::create(inside, loc, isFirst, within);
  auto guard = scf::IfOp::create(inside, loc, writes, /*withElse=*/false);
  OpBuilder guarded = guard.getThenBodyBuilder();
  if (shape.splits > 1)
    return storePartials(guarded, position, block.front(), parts);
  for (int64_t i : llvm::seq(shape.lanes)) {
    auto laneOf = [&](const Values &values) { return values[i]; };
    Values before = llvm::map_to_vector(from, laneOf);
    if (combiner->isNeutral(before))
      continue;
    Values merged = combiner->merge(guarded, loc, before,
                                    llvm::map_to_vector(parts, laneOf));
    for (auto [to, value] : llvm::zip_equal(parts, merged))
      to[i] = value;
  }
  finish(guarded, position, parts);
}

/// What the parts of a block have for a result, put together by its first one:
/// in each step half of them take what the others have.
SmallVector<Values> ColumnKernel::gather(OpBuilder &builder,
                                         gpu::LaunchOp launch, Value part,
                                         ArrayRef<Values> parts, Shape shape) {
  auto constant = [&](OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  int64_t columns = kBlockThreads / shape.parts;
  Value thread = launch.getThreadIds().x;
  SmallVector<Values> shared;
  Values own;
  auto put = [&](OpBuilder &b, ValueRange values) {
    size_t next = 0;
    for (const Values &memories : shared)
      for (Value memory : memories)
        memref::StoreOp::create(b, loc, values[next++], memory, thread);
  };
  for (const Values &values : parts) {
    Values &memory = shared.emplace_back();
    for (Value value : values)
      memory.push_back(shareMemory(launch, kBlockThreads, value.getType()));
    llvm::append_range(own, values);
  }
  put(builder, own);
  for (int64_t half = shape.parts / 2; half > 0; half /= 2) {
    gpu::BarrierOp::create(builder, loc);
    Value takes = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        part, constant(builder, half));
    auto choice = scf::IfOp::create(
        builder, loc, takes,
        [&](OpBuilder &b, Location) {
          Value other = arith::AddIOp::create(b, loc, thread,
                                              constant(b, half * columns));
          Values merged(own);
          for (int64_t i : llvm::seq(shape.lanes)) {
            Values x, y;
            for (auto [result, memory] : llvm::enumerate(shared)) {
              x.push_back(own[result * shape.lanes + i]);
              y.push_back(memref::LoadOp::create(b, loc, memory[i], other));
            }
            for (auto [result, value] :
                 llvm::enumerate(combiner->merge(b, loc, x, y)))
              merged[result * shape.lanes + i] = value;
          }
          if (half > 1)
            put(b, merged);
          scf::YieldOp::create(b, loc, merged);
        },
        [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, own); });
    own = Values(choice.getResults());
  }
  SmallVector<Values> results;
  for (size_t i = 0; i < parts.size(); ++i)
    results.emplace_back(ValueRange(own).slice(i * shape.lanes, shape.lanes));
  return results;
}

void ColumnKernel::storePartials(OpBuilder &builder, ValueRange position,
                                 Value block, ArrayRef<Values> results) {
  Values at = {block};
  for (unsigned loop : parallel)
    at.push_back(position[loop]);
  std::optional<unsigned> along;
  if (lane)
    along = static_cast<unsigned>(at.size() - 1);
  for (auto [partial, values] : llvm::zip_equal(partials, results))
    storeLanes(builder, loc, values, partial,
               builder.getMultiDimIdentityMap(at.size()), at, along);
}
