//===- ColumnKernel.cpp - A thread for each result of a reduction ---------===//

#include "ColumnKernel.h"
#include "../Launch.h"
#include "Neighbours.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

/// Threads that keep all multiprocessors of a large chip busy: 128 of them with
/// a block or two each.
constexpr int64_t kManyThreads = 128 * kBlockThreads;
/// Elements of a result from which on several threads share it.
constexpr int64_t kManyReduced = 64;

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

int64_t ColumnKernel::chooseParts(int64_t lanes) {
  if (!combiner || reductions.empty())
    return 1;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t extent = extents[reductions[split]];
  if (!ShapedType::isDynamic(extent) && extent < kManyReduced)
    return 1;
  int64_t threads = 1;
  for (unsigned loop : parallel) {
    // Of a size that isn't known there may be few.
    if (ShapedType::isDynamic(extents[loop]))
      continue;
    threads *= std::max<int64_t>(1, extents[loop]);
    threads = std::min(threads, kManyThreads * lanes);
  }
  int64_t parts = 1;
  while (parts < 32 && threads / lanes * parts < kManyThreads &&
         (ShapedType::isDynamic(extent) || extent >= 8 * parts))
    parts *= 2;
  return parts;
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
  OpBuilder builder(epilogue ? epilogue->getOwner() : op.getOperation());
  for (Range range : op.createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  Multiples multiples;
  int64_t lanes = 1;
  if (hasLanes()) {
    SmallVector<LaneLoop> loops = {{op, *lane}};
    if (epilogue)
      loops.push_back(
          {cast<linalg::LinalgOp>(epilogue->getOwner()), *readerLane()});
    lanes = chooseLanes(loops, multiples);
  }
  Shape one{1, chooseParts(1)}, several{lanes, chooseParts(lanes)};
  if (lanes == 1) {
    createLaunch(builder, one);
  } else if (Value fits =
                 areMultiples(builder, loc, multiples, sizes[*lane], lanes)) {
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

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

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
  finish(builder, position,
         reduce(builder, position, start(builder, position, lanes), zero, 1));
}

void ColumnKernel::createParts(OpBuilder &builder, Value count, Shape shape) {
  int64_t across = kBlockThreads / shape.parts;
  auto constant = [&](OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value blocks = builder.createOrFold<arith::CeilDivUIOp>(
      loc, count, constant(builder, across));
  gpu::LaunchOp launch =
      nvptx::createLaunch(builder, loc, blocks, kBlockThreads);
  OpBuilder inside(launch.getBody().front().getTerminator());
  Value thread = launch.getThreadIds().x;
  Value column =
      arith::RemUIOp::create(inside, loc, thread, constant(inside, across));
  Value part =
      arith::DivUIOp::create(inside, loc, thread, constant(inside, across));
  Value item = arith::AddIOp::create(
      inside, loc,
      arith::MulIOp::create(inside, loc, launch.getBlockIds().x,
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
  SmallVector<Values> parts =
      reduce(inside, position, neutral, part, shape.parts);
  Value isFirst = arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::eq,
                                        part, constant(inside, 0));
  parts = gather(inside, launch, column, part, parts, shape);
  Value writes = arith::AndIOp::create(inside, loc, isFirst, within);
  auto guard = scf::IfOp::create(inside, loc, writes, /*withElse=*/false);
  OpBuilder guarded = guard.getThenBodyBuilder();
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

/// All parts of column `across`, which its first thread puts together.
SmallVector<Values> ColumnKernel::gather(OpBuilder &builder,
                                         gpu::LaunchOp launch, Value across,
                                         Value part, ArrayRef<Values> parts,
                                         Shape shape) {
  auto constant = [&](OpBuilder &b, int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  int64_t columns = kBlockThreads / shape.parts;
  SmallVector<Values> shared;
  Value thread = launch.getThreadIds().x;
  for (const Values &values : parts) {
    Values &memory = shared.emplace_back();
    for (Value value : values) {
      memory.push_back(shareMemory(launch, kBlockThreads, value.getType()));
      memref::StoreOp::create(builder, loc, value, memory.back(), thread);
    }
  }
  gpu::BarrierOp::create(builder, loc);
  Values flat;
  for (const Values &values : parts)
    llvm::append_range(flat, values);
  // Threads of other parts would read past the end.
  auto loop = scf::ForOp::create(
      builder, loc, constant(builder, 1), constant(builder, shape.parts),
      constant(builder, 1), flat,
      [&](OpBuilder &b, Location, Value from, ValueRange before) {
        Value at = arith::AddIOp::create(
            b, loc, arith::MulIOp::create(b, loc, from, constant(b, columns)),
            across);
        Values after(before);
        for (int64_t i : llvm::seq(shape.lanes)) {
          Values x, y;
          for (auto [result, memory] : llvm::enumerate(shared)) {
            x.push_back(before[result * shape.lanes + i]);
            y.push_back(memref::LoadOp::create(b, loc, memory[i], at));
          }
          for (auto [result, value] :
               llvm::enumerate(combiner->merge(b, loc, x, y)))
            after[result * shape.lanes + i] = value;
        }
        scf::YieldOp::create(b, loc, after);
      });
  SmallVector<Values> results;
  for (size_t i = 0; i < parts.size(); ++i)
    results.emplace_back(loop.getResults().slice(i * shape.lanes, shape.lanes));
  return results;
}

//===----------------------------------------------------------------------===//
// What a thread does
//===----------------------------------------------------------------------===//

SmallVector<Values> ColumnKernel::start(OpBuilder &builder, ValueRange position,
                                        int64_t lanes) {
  SmallVector<Values> from;
  for (auto [fill, init] : llvm::zip_equal(fills, op.getDpsInitsMutable())) {
    if (fill)
      from.push_back(Values(lanes, fill.getInputs()[0]));
    else
      from.push_back(loadLanes(builder, loc, init.get(),
                               op.getMatchingIndexingMap(&init), position, lane,
                               lanes));
  }
  return from;
}

SmallVector<Values> ColumnKernel::step(OpBuilder &builder, ValueRange position,
                                       ArrayRef<Values> before) {
  int64_t lanes = static_cast<int64_t>(before.front().size());
  SmallVector<Values> loaded;
  for (OpOperand *input : op.getDpsInputOperands()) {
    loaded.emplace_back();
    if (op.payloadUsesValueFromOperand(input))
      loaded.back() =
          loadLanes(builder, loc, input->get(),
                    op.getMatchingIndexingMap(input), position, lane, lanes);
  }
  SmallVector<Values> after(before.size());
  for (int64_t i : llvm::seq(lanes)) {
    Values arguments;
    for (const Values &values : loaded)
      arguments.push_back(values.empty() ? Value() : values[i]);
    for (const Values &values : before)
      arguments.push_back(values[i]);
    Values results = inlineBody(
        builder, op, moved(builder, loc, position, lane, i), arguments);
    for (auto [to, value] : llvm::zip_equal(after, results))
      to.push_back(value);
  }
  return after;
}

SmallVector<Values> ColumnKernel::reduce(OpBuilder &builder, Values position,
                                         ArrayRef<Values> from, Value first,
                                         int64_t stride, unsigned depth) {
  if (depth == reductions.size())
    return step(builder, position, from);
  size_t lanes = from.front().size();
  Values flat;
  for (const Values &values : from)
    llvm::append_range(flat, values);
  auto unflatten = [&](ValueRange values) {
    SmallVector<Values> results;
    for (size_t i = 0; i < from.size(); ++i)
      results.emplace_back(values.slice(i * lanes, lanes));
    return results;
  };
  unsigned loop = reductions[depth];
  bool isSplit = depth == split;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  auto made = scf::ForOp::create(
      builder, loc, isSplit ? first : zero, sizes[loop],
      arith::ConstantIndexOp::create(builder, loc, isSplit ? stride : 1), flat,
      [&](OpBuilder &b, Location, Value index, ValueRange before) {
        position[loop] = index;
        Values after;
        for (const Values &values :
             reduce(b, position, unflatten(before), first, stride, depth + 1))
          llvm::append_range(after, values);
        scf::YieldOp::create(b, loc, after);
      });
  return unflatten(made.getResults());
}

void ColumnKernel::finish(OpBuilder &builder, ValueRange position,
                          ArrayRef<Values> results) {
  if (!epilogue) {
    for (auto [init, values] :
         llvm::zip_equal(op.getDpsInitsMutable(), results))
      storeLanes(builder, loc, values, init.get(),
                 op.getMatchingIndexingMap(&init), position, lane);
    return;
  }
  auto reader = cast<linalg::LinalgOp>(epilogue->getOwner());
  AffineMap map = reader.getMatchingIndexingMap(epilogue);
  Values at(reader.getNumLoops());
  for (auto [i, loop] : llvm::enumerate(parallel))
    at[map.getDimPosition(i)] = position[loop];
  std::optional<unsigned> along = readerLane();
  int64_t lanes = static_cast<int64_t>(results.front().size());
  SmallVector<Values> operands;
  for (OpOperand &operand : reader->getOpOperands()) {
    operands.emplace_back();
    if (&operand == epilogue)
      operands.back() = results.front();
    else if (reader.payloadUsesValueFromOperand(&operand))
      operands.back() =
          loadLanes(builder, loc, operand.get(),
                    reader.getMatchingIndexingMap(&operand), at, along, lanes);
  }
  Values values;
  for (int64_t i : llvm::seq(lanes)) {
    Values arguments = llvm::map_to_vector(operands, [&](const Values &lane) {
      return lane.empty() ? Value() : lane[i];
    });
    llvm::append_range(values, inlineBody(builder, reader,
                                          moved(builder, loc, at, along, i),
                                          arguments));
  }
  OpOperand *out = reader.getDpsInitOperand(0);
  storeLanes(builder, loc, values, out->get(),
             reader.getMatchingIndexingMap(out), at, along);
}
