//===- ScanKernel.cpp - Threads that share a running sum ------------------===//

#include "ScanKernel.h"
#include "../Launch.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

constexpr int64_t kWarp = 32;
constexpr int64_t kElements = GpuScan::kElements;
/// Of buffers between kernels, B: that of all that lies in the arena.
constexpr int64_t kBufferAlign = 64;

ScanKernel::ScanKernel(ScanLoop found)
    : scan(std::move(found)), loc(scan.loop.getLoc()),
      combiner(*Combiner::find(scan.combiner)) {}

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

/// Where only the run knows how many rows and elements there are, the host
/// computes what GpuScan::segments does.
void ScanKernel::chooseSegments(Emit &host) {
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(host.b, loc, value);
  };
  auto ceilDiv = [&](Value x, Value y) {
    return host.b.createOrFold<arith::CeilDivUIOp>(loc, x, y);
  };
  Value allBlocks = ceilDiv(host.value(rowCount), number(shape.rows));
  Value tiles = ceilDiv(host.value(length), number(shape.tile()));
  blocks = allBlocks;
  std::optional<int64_t> knownTiles = getConstantIntValue(tiles),
                         knownBlocks = getConstantIntValue(allBlocks);
  // One segment, whatever the other may be?
  if (shape.segments(knownBlocks.value_or(1), knownTiles.value_or(INT64_MAX)) ==
      1) {
    segments = host.number(1);
    segmentTiles = tiles;
    return;
  }
  if (knownTiles && knownBlocks) {
    segments = host.number(shape.segments(*knownBlocks, *knownTiles));
    segmentTiles = ceilDiv(tiles, host.value(segments));
    return;
  }
  auto exceeds = [&](Value x, int64_t least) {
    return host.b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ugt, x,
                                              number(least));
  };
  Value one = number(1);
  Value some = host.b.createOrFold<arith::MaxUIOp>(loc, allBlocks, one);
  Value most = host.b.createOrFold<arith::DivUIOp>(
      loc, number(GpuScan::kManyBlocks), some);
  most = host.b.createOrFold<arith::MinUIOp>(loc, most, number(shape.tile()));
  Value splits = host.b.createOrFold<arith::AndIOp>(
      loc, exceeds(tiles, GpuScan::kFewTiles),
      exceeds(most, GpuScan::kLeastSegments - 1));
  most = host.b.createOrFold<arith::SelectOp>(loc, splits, most, one);
  // Of no tiles there is one segment, too.
  Value each =
      host.b.createOrFold<arith::MaxUIOp>(loc, ceilDiv(tiles, most), one);
  segmentTiles = each;
  segments =
      host.b.createOrFold<arith::MaxUIOp>(loc, ceilDiv(tiles, each), one);
}

int64_t ScanKernel::create() {
  OpBuilder builder(scan.outermost());
  Emit host{builder, loc};
  if (scan.rows)
    for (auto [lower, upper, step] :
         llvm::zip_equal(scan.rows.getLowerBound(), scan.rows.getUpperBound(),
                         scan.rows.getStep())) {
      lowers.push_back(lower);
      steps.push_back(step);
      trips.push_back(countIterations(builder, loc, lower, upper, step));
    }
  rowCount = product(builder, loc, trips);
  length = countIterations(builder, loc, scan.loop.getLowerBound(),
                           scan.loop.getUpperBound(), scan.loop.getStep());
  shape = GpuScan::choose(gemm::known(rowCount), gemm::known(length),
                          scan.neighboursAreRows);
  chooseSegments(host);
  bool isSplit = !gemm::isKnown(segments, 1);
  if (isSplit)
    createTotals(host);
  createScan(host);
  scan.outermost()->erase();
  return isSplit ? 2 : 1;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// A block for each segment of each block of rows, rows first.
gpu::LaunchOp ScanKernel::launch(Emit &host, Index segments) {
  Value grid = product(host.b, loc, {host.value(blocks), host.value(segments)});
  return createLaunch(host.b, loc, grid, shape.threads());
}

/// What each segment but the last comes to.
void ScanKernel::createTotals(Emit &host) {
  Type type = scan.term.getType();
  SmallVector<int64_t> sizes;
  Values dynamic;
  for (Index size : {segments, rowCount}) {
    sizes.push_back(gemm::known(size).value_or(ShapedType::kDynamic));
    if (!gemm::known(size))
      dynamic.push_back(host.value(size));
  }
  totals =
      memref::AllocOp::create(host.b, loc, MemRefType::get(sizes, type),
                              dynamic, host.b.getI64IntegerAttr(kBufferAlign));
  gpu::LaunchOp made = launch(host, host.sub(segments, host.number(1)));
  OpBuilder inside(made.getBody().front().getTerminator());
  Emit e{inside, loc};
  enter(made, e);
  Value first = e.value(e.mul(segment, segmentTiles));
  Value end = e.value(e.add(first, segmentTiles));
  auto loop = scf::ForOp::create(
      inside, loc, first, end, e.value(e.number(1)), neutral(e),
      [&](OpBuilder &b, Location loc, Value tile, ValueRange carried) {
        Emit e{b, loc};
        Value sum = carried[0];
        for (Element &element : elementsOf(e, tile))
          sum = merge(e, sum, element.values.lookup(scan.term));
        scf::YieldOp::create(b, loc, sum);
      });
  Value total = loop.getResult(0), all;
  scanLanes(e, {total}, total);
  exchange(e, total, e.value(e.number(0)), all);
  Value isFirst =
      arith::CmpIOp::create(inside, loc, arith::CmpIPredicate::eq,
                            e.value(e.add(part, lane)), e.value(e.number(0)));
  e.enter(e.both(isFirst, isRow));
  memref::StoreOp::create(e.b, loc, all, totals,
                          ValueRange{e.value(segment), e.value(rowNumber)});
}

void ScanKernel::createScan(Emit &host) {
  gpu::LaunchOp made = launch(host, segments);
  OpBuilder inside(made.getBody().front().getTerminator());
  Emit e{inside, loc};
  enter(made, e);
  Value start = outside.lookupOrDefault(scan.loop.getInitArgs()[0]);
  if (totals)
    start = merge(e, start, loadStart(e));
  Value first = e.value(e.mul(segment, segmentTiles));
  Value end = e.value(e.ceilDiv(length, e.number(shape.tile())));
  end = e.value(e.min(e.add(first, segmentTiles), end));
  scf::ForOp::create(
      inside, loc, first, end, e.value(e.number(1)), start,
      [&](OpBuilder &b, Location loc, Value tile, ValueRange carried) {
        Emit e{b, loc};
        SmallVector<Element> elements = elementsOf(e, tile);
        Values terms = llvm::map_to_vector(elements, [&](Element &element) {
          return element.values.lookup(scan.term);
        });
        Value own, all;
        Values before = scanLanes(e, terms, own);
        Value earlier = exchange(e, own, e.value(e.sub(tile, first)), all);
        Value base = merge(e, carried[0], earlier);
        for (auto [element, inner] : llvm::zip_equal(elements, before)) {
          OpBuilder::InsertionGuard guard(b);
          e.enter(element.exists);
          runIteration(e, element, merge(e, base, inner));
        }
        scf::YieldOp::create(b, loc, merge(e, carried[0], all));
      });
}

//===----------------------------------------------------------------------===//
// A thread's elements
//===----------------------------------------------------------------------===//

/// Finds out which rows and which elements the thread has. Who has no row
/// computes the last one again, and stores nothing.
void ScanKernel::enter(gpu::LaunchOp launch, Emit &e) {
  kernel = launch;
  outside = IRMapping();
  shared = Value();
  Value thread = launch.getThreadIds().x;
  Index block = Value(launch.getBlockIds().x);
  segment = gemm::isKnown(segments, 1) ? e.number(0) : e.div(block, blocks);
  if (!gemm::isKnown(segments, 1))
    block = e.rem(block, blocks);
  Index group = e.div(thread, e.number(shape.lanes));
  lane = shape.lanes == 1 ? e.number(0) : e.rem(thread, e.number(shape.lanes));
  row = shape.rows == 1 ? e.number(0) : e.rem(group, e.number(shape.rows));
  part = shape.parts == 1 ? e.number(0) : e.div(group, e.number(shape.rows));
  rowNumber = e.add(e.mul(block, e.number(shape.rows)), row);
  isRow = Value();
  std::optional<int64_t> count = gemm::known(rowCount);
  if (!count || *count % shape.rows != 0) {
    isRow = e.less(rowNumber, rowCount);
    rowNumber = e.min(rowNumber, e.sub(rowCount, e.number(1)));
  }
  if (!scan.rows)
    return;
  Values at = delinearize(e.b, loc, e.value(rowNumber), trips);
  for (auto [counter, place, lower, step] :
       llvm::zip_equal(scan.rows.getInductionVars(), at, lowers, steps))
    outside.map(counter, counterAt(e.b, loc, place, lower, step));
  for (Operation &op : scan.rows.getBody()->without_terminator())
    if (&op != scan.loop)
      e.b.clone(op, outside);
}

/// Of the elements of a tile, the one that is the thread's number `element`.
ScanKernel::Index ScanKernel::elementNumber(Emit &e, int64_t element) {
  Index step = e.add(e.mul(part, e.number(kElements)), e.number(element));
  return e.add(e.mul(step, e.number(shape.lanes)), lane);
}

/// Computes the terms. Behind the end that is the last element's, so that all
/// loads can be on their way at once, but what is neutral is taken for it.
SmallVector<ScanKernel::Element> ScanKernel::elementsOf(Emit &e, Value tile) {
  SmallVector<Element> elements;
  Index start = e.mul(tile, e.number(shape.tile()));
  Value last = e.value(e.sub(length, e.number(1)));
  for (int64_t i : llvm::seq(kElements)) {
    Index number = e.add(start, elementNumber(e, i));
    Element element{e.less(number, length), outside};
    Value place = e.value(e.min(number, last));
    element.values.map(scan.loop.getInductionVar(),
                       counterAt(e.b, loc, place, scan.loop.getLowerBound(),
                                 scan.loop.getStep()));
    for (Operation &op : scan.loop.getBody()->without_terminator())
      if (scan.computesTerm.contains(&op))
        e.b.clone(op, element.values);
    Value term = element.values.lookupOrDefault(scan.term);
    element.values.map(
        scan.term,
        arith::SelectOp::create(e.b, loc, element.exists, term, neutral(e)));
    element.exists = e.both(element.exists, isRow);
    elements.push_back(element);
  }
  return elements;
}

/// What the segments before come to.
Value ScanKernel::loadStart(Emit &e) {
  Value sum;
  for (int64_t i : llvm::seq(kElements)) {
    Index number = elementNumber(e, i);
    Value isBefore = e.less(number, segment);
    Value at = e.select(isBefore, number, e.number(0));
    Value total = memref::LoadOp::create(e.b, loc, totals,
                                         ValueRange{at, e.value(rowNumber)});
    total = arith::SelectOp::create(e.b, loc, isBefore, total, neutral(e));
    sum = merge(e, sum, total);
  }
  Value total, all;
  scanLanes(e, {sum}, total);
  exchange(e, total, e.value(e.number(1)), all);
  return all;
}

/// What the loop does with an element but to compute its term.
void ScanKernel::runIteration(Emit &e, Element &element, Value before) {
  element.values.map(scan.loop.getRegionIterArg(0), before);
  for (Operation &op : scan.loop.getBody()->without_terminator())
    if (!scan.computesTerm.contains(&op))
      e.b.clone(op, element.values);
}

//===----------------------------------------------------------------------===//
// What comes before
//===----------------------------------------------------------------------===//

Value ScanKernel::neutral(Emit &e) { return combiner.neutral(e.b, loc, {})[0]; }

/// Null stands for what is neutral.
Value ScanKernel::merge(Emit &e, Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return combiner.merge(e.b, loc, x, y)[0];
}

/// Of each of the thread's terms, what comes before it in the part; `total`:
/// what all of the part come to.
Values ScanKernel::scanLanes(Emit &e, const Values &terms, Value &total) {
  total = Value();
  if (shape.lanes == 1) {
    Values before;
    for (Value term : terms) {
      before.push_back(total);
      total = merge(e, total, term);
    }
    return before;
  }
  Type i32 = e.b.getI32Type();
  auto word = [&](Index index) -> Value {
    if (auto number = gemm::known(index))
      return arith::ConstantIntOp::create(e.b, loc, i32, *number);
    return arith::IndexCastUIOp::create(e.b, loc, i32, e.value(index));
  };
  auto isFrom = [&](int64_t first) -> Value {
    return arith::CmpIOp::create(e.b, loc, arith::CmpIPredicate::uge,
                                 e.value(lane), e.value(e.number(first)));
  };
  auto below = [&](Value value, int64_t by) {
    return shuffle(e.b, loc, value, word(e.number(by)), gpu::ShuffleMode::UP);
  };
  Values upTo = terms, before;
  for (int64_t by = 1; by < shape.lanes; by *= 2) {
    Value counts = isFrom(by);
    for (Value &sum : upTo)
      sum = arith::SelectOp::create(e.b, loc, counts,
                                    merge(e, below(sum, by), sum), sum);
  }
  Index group =
      e.mul(e.rem(row, e.number(kWarp / shape.lanes)), e.number(shape.lanes));
  Value last = word(e.add(group, e.number(shape.lanes - 1)));
  Value isAfter = isFrom(1);
  for (Value sum : upTo) {
    Value inner =
        arith::SelectOp::create(e.b, loc, isAfter, below(sum, 1), neutral(e));
    before.push_back(merge(e, total, inner));
    total =
        merge(e, total, shuffle(e.b, loc, sum, last, gpu::ShuffleMode::IDX));
  }
  return before;
}

/// What the parts before have, and in `total` what all have. Each round writes
/// where the one before the last did: who writes there has met all who have
/// read it.
Value ScanKernel::exchange(Emit &e, Value own, Value round, Value &total) {
  total = own;
  if (shape.parts == 1)
    return {};
  int64_t count = shape.parts * shape.rows;
  if (!shared)
    shared = shareMemory(kernel, 2 * count, own.getType());
  Index start = e.mul(e.rem(round, e.number(2)), e.number(count));
  auto placeOf = [&](Index part) {
    return e.value(e.add(start, e.add(e.mul(part, e.number(shape.rows)), row)));
  };
  {
    OpBuilder::InsertionGuard guard(e.b);
    if (shape.lanes > 1)
      e.enter(arith::CmpIOp::create(e.b, loc, arith::CmpIPredicate::eq,
                                    e.value(lane), e.value(e.number(0))));
    memref::StoreOp::create(e.b, loc, own, shared, placeOf(part));
  }
  gpu::BarrierOp::create(e.b, loc);
  Value before;
  total = Value();
  for (int64_t other : llvm::seq(shape.parts)) {
    Value sum =
        memref::LoadOp::create(e.b, loc, shared, placeOf(e.number(other)));
    if (other + 1 < shape.parts) {
      Value isBefore = e.less(e.number(other), part);
      before =
          merge(e, before,
                arith::SelectOp::create(e.b, loc, isBefore, sum, neutral(e)));
    }
    total = merge(e, total, sum);
  }
  return before;
}
