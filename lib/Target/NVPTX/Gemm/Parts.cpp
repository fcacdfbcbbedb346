//===- Parts.cpp - Sums of a tile that several blocks have parts of -------===//

#include "Feed.h"
#include "ProductKernel.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac::gemm;

/// Of a block of the kernel that adds parts up.
constexpr int64_t kSumThreads = 256;

/// They lie at a multiple of as many elements as are written together.
static llvm::MaybeAlign alignmentOf(VectorType type) {
  constexpr int64_t most = 16;
  return llvm::MaybeAlign(std::min<int64_t>(
      most, type.getNumElements() * rac::bytesOf(type.getElementType())));
}

void ProductKernel::storePart(Index at, ArrayRef<Value> sums) {
  auto type = VectorType::get(sums.size(), atom.accumulator);
  Value vector = vector::FromElementsOp::create(e.b, e.loc, type, sums);
  vector::StoreOp::create(e.b, e.loc, vector, partial, e.value(at),
                          /*nontemporal=*/false, alignmentOf(type));
}

/// Neighbours that are written together.
Value ProductKernel::loadPart(Index at) {
  auto type = VectorType::get(result.vector(), atom.accumulator);
  return vector::LoadOp::create(e.b, e.loc, type, partial, e.value(at),
                                /*nontemporal=*/false, alignmentOf(type));
}

/// The parts of neighbours at each place, added in the order of the depth.
ProductKernel::Sums ProductKernel::loadSplits(Index batch,
                                              ArrayRef<Place> places) {
  Sums sums(places.size());
  for (int64_t split = 0; split < tile.splits; ++split)
    for (auto [sum, place] : llvm::zip_equal(sums, places)) {
      Value part =
          loadPart(partialAt(e.number(split), batch, place.row, place.column));
      sum = sum ? sumOf(e, sum, part) : part;
    }
  return sums;
}

void ProductKernel::writeSums(Index batch, Place place, Value sums) {
  Sums elements;
  for (int64_t i = 0; i < result.vector(); ++i)
    elements.push_back(vector::ExtractOp::create(e.b, e.loc, sums, i));
  result.write(e, batch, place.row, place.column,
               exact(batch, place.row, place.column, elements));
}

/// Threads of a block write a tile of which `load` gives the sums at places in
/// it. Where that divides, each has two groups of neighbours at a time, some
/// lines apart: twice as many loads are on their way.
void ProductKernel::sumTile(const Block &block, Index thread, int64_t threads,
                            llvm::function_ref<Sums(ArrayRef<Place>)> load) {
  int64_t count = result.vector();
  bool byRows = result.alongColumns();
  int64_t perLine = (byRows ? tile.columns : tile.rows) / count;
  int64_t groups = tile.rows * tile.columns / count;
  bool two = threads % perLine == 0 && groups % (2 * threads) == 0;
  auto loop =
      scf::ForOp::create(e.b, e.loc, e.value(thread), e.value(e.number(groups)),
                         e.value(e.number(two ? 2 * threads : threads)));
  OpBuilder::InsertionGuard restore(e.b);
  e.b.setInsertionPointToStart(loop.getBody());
  Index group = loop.getInductionVar();
  Index line = e.div(group, e.number(perLine)),
        along = e.mul(e.rem(group, e.number(perLine)), e.number(count));
  auto inTile = [&](Index line) {
    return byRows ? Place{line, along} : Place{along, line};
  };
  auto inResult = [&](Index line) {
    Place place = inTile(line);
    return Place{e.add(block.row, place.row),
                 e.add(block.column, place.column)};
  };
  Place first = inResult(line);
  e.enter(e.both(e.less(first.row, rows), e.less(first.column, columns)));
  if (!two)
    return writeSums(block.batch, first, load(inTile(line)).front());
  Index later = e.add(line, e.number(threads / perLine));
  Place second = inResult(later);
  Value isThere =
      byRows ? e.less(second.row, rows) : e.less(second.column, columns);
  // What isn't there is read where the first is.
  Sums sums = load({inTile(line), inTile(e.select(isThere, later, line))});
  writeSums(block.batch, first, sums[0]);
  e.enter(isThere);
  writeSums(block.batch, second, sums[1]);
}

//===----------------------------------------------------------------------===//
// Within the launch: who ends last
//===----------------------------------------------------------------------===//

/// Whether this block is the last of `parts` to come here, all of whose parts
/// its threads may then read: what a block has written before a barrier a fence
/// of one of its threads releases, and what others have released a fence after
/// the atomic acquires (PTX ISA, memory consistency model; CUTLASS's barriers
/// of blocks release so, too). The counter is 0 again for the next kernel.
/// Whatever the order in which blocks end, none waits for another.
Value ProductKernel::isLast(Index counter, Index parts, Index thread) {
  Type i32 = e.b.getI32Type();
  auto number = [&](int64_t x) -> Value {
    return arith::ConstantIntOp::create(e.b, e.loc, i32, x);
  };
  auto fence = [&] {
    LLVM::FenceOp::create(e.b, e.loc, LLVM::AtomicOrdering::acq_rel,
                          /*syncscope=*/"device");
  };
  gpu::BarrierOp::create(e.b, e.loc);
  Value word = sharedView(e, i32, 1, 0), zero = e.value(e.number(0));
  {
    OpBuilder::InsertionGuard restore(e.b);
    e.enter(arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq,
                                  e.value(thread), zero));
    fence();
    Value before = memref::AtomicRMWOp::create(
        e.b, e.loc, arith::AtomicRMWKind::addi, number(1), counters,
        ValueRange{e.value(counter)});
    fence();
    Value others = arith::IndexCastOp::create(
        e.b, e.loc, i32, e.value(e.sub(parts, e.number(1))));
    Value last = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq,
                                       before, others);
    memref::StoreOp::create(
        e.b, e.loc, arith::ExtUIOp::create(e.b, e.loc, i32, last), word, zero);
    e.enter(last);
    memref::StoreOp::create(e.b, e.loc, number(0), counters, e.value(counter));
  }
  gpu::BarrierOp::create(e.b, e.loc);
  Value told = memref::LoadOp::create(e.b, e.loc, word, zero);
  return arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, told,
                               number(0));
}

/// Adds the parts of the block's tile up if it is the last to have one.
void ProductKernel::sumIfLast(const Block &block, Index thread) {
  OpBuilder::InsertionGuard restore(e.b);
  if (tile.workers == 0) {
    e.enter(isLast(block.tile, e.number(tile.splits), thread));
    return sumTile(block, thread, tile.threads(), [&](ArrayRef<Place> places) {
      SmallVector<Place> all(places);
      for (Place &place : all)
        place = {e.add(block.row, place.row),
                 e.add(block.column, place.column)};
      return loadSplits(block.batch, all);
    });
  }
  // A worker begins one tile at most that it doesn't end.
  Sharers sharers = sharersOf(block.tile);
  Index parts = e.add(e.sub(sharers.last, sharers.first), e.number(1));
  e.enter(isLast(sharers.first, parts, thread));
  sumTile(block, thread, tile.threads(),
          [&](ArrayRef<Place> places) { return loadShares(sharers, places); });
}

//===----------------------------------------------------------------------===//
// Workers: blocks that share the steps of all tiles
//===----------------------------------------------------------------------===//

/// At least one, so that every tile is written.
Index ProductKernel::stepsOfTile() {
  Index steps = e.ceilDiv(depth, e.number(tile.depth));
  return e.select(e.less(e.number(0), steps), steps, e.number(1));
}

Index ProductKernel::allSteps() {
  return e.mul(e.mul(e.mul(rowTiles, columnTiles), batches), stepsOfTile());
}

/// A worker's first step, of those of all tiles, one tile after the other.
Index ProductKernel::beginOf(Index worker) {
  return e.div(e.mul(worker, allSteps()), e.number(tile.workers));
}

/// The last worker that begins at a step or before.
Index ProductKernel::workerOf(Index step) {
  Index below = e.sub(e.mul(e.add(step, e.number(1)), e.number(tile.workers)),
                      e.number(1));
  return e.div(below, allSteps());
}

/// A part is a tile.
Index ProductKernel::placeInPart(Index part, Index row, Index column) {
  Index start = e.mul(part, e.number(tile.rows * tile.columns));
  bool byRows = result.alongColumns();
  Index line = byRows ? row : column, place = byRows ? column : row;
  return e.add(
      start,
      e.add(e.mul(line, e.number(byRows ? tile.columns : tile.rows)), place));
}

/// All that a worker does: the last steps of a tile, whole tiles, the first
/// steps of one. What isn't whole are parts: its first for the end of a tile,
/// its second for a beginning.
void ProductKernel::computeShare(Index worker, Index thread) {
  Index steps = stepsOfTile();
  Index begin = beginOf(worker), end = beginOf(e.add(worker, e.number(1)));
  auto loop =
      scf::ForOp::create(e.b, e.loc, e.value(e.div(begin, steps)),
                         e.value(e.ceilDiv(end, steps)), e.value(e.number(1)));
  OpBuilder::InsertionGuard restore(e.b);
  e.b.setInsertionPointToStart(loop.getBody());
  Index number = loop.getInductionVar();
  Block block = findBlock(number);
  Index start = e.mul(number, steps);
  Value isLater = e.less(start, begin);
  block.first = e.select(isLater, e.sub(begin, start), e.number(0));
  Index last = e.min(e.sub(end, start), steps);
  block.steps = e.sub(last, block.first);
  block.begun = e.select(isLater, e.number(0), e.sub(start, begin));
  block.whole = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq,
                                      e.value(block.steps), e.value(steps));
  block.part = e.add(e.mul(worker, e.number(2)),
                     e.select(isLater, e.number(0), e.number(1)));
  computeBlock(block, thread);
  if (counters) {
    OpBuilder::InsertionGuard inside(e.b);
    Value isPart = arith::XOrIOp::create(
        e.b, e.loc, block.whole,
        arith::ConstantIntOp::create(e.b, e.loc, e.b.getI1Type(), 1));
    e.enter(isPart);
    sumIfLast(block, thread);
  }
  // The next tile's operands take the place of this one's sums, those that the
  // copy unit brings too.
  if (tile.warpgroups)
    fenceCopies(e);
  gpu::BarrierOp::create(e.b, e.loc);
}

ProductKernel::Sharers ProductKernel::sharersOf(Index tileNumber) {
  Index steps = stepsOfTile(), start = e.mul(tileNumber, steps);
  return {workerOf(start), workerOf(e.sub(e.add(start, steps), e.number(1)))};
}

/// The first has the beginning of the tile, its second part, and the others'
/// first parts follow.
ProductKernel::Sums ProductKernel::loadShares(const Sharers &sharers,
                                              ArrayRef<Place> places) {
  auto load = [&](Index part) {
    Sums parts;
    for (const Place &place : places)
      parts.push_back(loadPart(placeInPart(part, place.row, place.column)));
    return parts;
  };
  Sums begun = load(e.add(e.mul(sharers.first, e.number(2)), e.number(1)));
  auto sum = scf::ForOp::create(
      e.b, e.loc, e.value(e.add(sharers.first, e.number(1))),
      e.value(e.add(sharers.last, e.number(1))), e.value(e.number(1)), begun);
  OpBuilder::InsertionGuard inside(e.b);
  e.b.setInsertionPointToStart(sum.getBody());
  Sums next = load(e.mul(Index(sum.getInductionVar()), e.number(2)));
  for (auto [part, before] : llvm::zip_equal(next, sum.getRegionIterArgs()))
    part = sumOf(e, before, part);
  scf::YieldOp::create(e.b, e.loc, next);
  return llvm::to_vector_of<Value>(sum.getResults());
}

/// A second kernel, with a block for each tile, adds up those that several
/// workers have parts of, in the order of the depth.
void ProductKernel::sumShares() {
  OpBuilder::InsertionGuard restore(e.b);
  Index tiles = e.mul(e.mul(rowTiles, columnTiles), batches);
  gpu::LaunchOp op = beginLaunch(e, tiles, kSumThreads, 0);
  Index number = Index(op.getBlockIds().x);
  Block block = findBlock(number);
  Sharers sharers = sharersOf(number);
  e.enter(e.less(sharers.first, sharers.last));
  sumTile(block, Index(op.getThreadIds().x), kSumThreads,
          [&](ArrayRef<Place> places) { return loadShares(sharers, places); });
}

/// A second kernel adds up what the blocks that shared the depth have.
void ProductKernel::sumSplits() {
  int64_t count = result.vector();
  bool byRows = result.alongColumns();
  Index lines = byRows ? rows : columns, inner = byRows ? columns : rows;
  // A length that is not known to be whole groups is written one by one.
  Index perLine = e.div(inner, e.number(count));
  Index total = e.mul(e.mul(batches, lines), perLine);
  OpBuilder::InsertionGuard restore(e.b);
  gpu::LaunchOp op =
      beginLaunch(e, e.ceilDiv(total, e.number(kSumThreads)), kSumThreads, 0);
  Index number = e.add(e.mul(op.getBlockIds().x, e.number(kSumThreads)),
                       op.getThreadIds().x);
  e.enter(e.less(number, total));
  Index place = e.mul(e.rem(number, perLine), e.number(count));
  Index line = e.div(number, perLine);
  Index batch = isKnown(batches, 1) ? e.number(0) : e.div(line, lines);
  if (!isKnown(batches, 1))
    line = e.rem(line, lines);
  Index row = byRows ? line : place, column = byRows ? place : line;
  Place at{row, column};
  writeSums(batch, at, loadSplits(batch, at).front());
}
