//===- Kernel.cpp - The kernel of a product -------------------------------===//

#include "Kernel.h"
#include "ProductKernel.h"
#include "Warpgroup.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac::gemm;

ProductKernel::ProductKernel(Emit &e, const Contraction &contraction,
                             const Atom &atom, const Tile &tile,
                             ArrayRef<Index> extents)
    : e(e), contraction(contraction), atom(atom), tile(tile),
      a(e, contraction.a, contraction, contraction.rows, extents, atom,
        tile.rows, tile.depth, tile.warpgroups),
      b(e, contraction.b, contraction, contraction.columns, extents, atom,
        tile.columns, tile.depth, tile.warpgroups),
      result(e, contraction, extents), rows(a.outerSize), columns(b.outerSize),
      depth(a.depthSize), batches(sizeOf(e, contraction.batch, extents)) {
  rowTiles = e.ceilDiv(rows, e.number(tile.rows * tile.clusterRows));
  columnTiles =
      e.ceilDiv(columns, e.number(tile.columns * tile.clusterColumns));
  Index steps = e.ceilDiv(depth, e.number(tile.depth));
  depthSteps = e.ceilDiv(steps, e.number(tile.splits));
}

/// Blocks that run at the same time share rows and columns in the second-level
/// cache: they go down some rows of tiles before the next column. Blocks of a
/// cluster follow each other, row by row of the tiles that they have.
ProductKernel::Block ProductKernel::findBlock(Index number) {
  const int64_t together = 8 / tile.clusterRows;
  Index each = e.mul(rowTiles, columnTiles);
  Block block;
  Index inCluster = e.rem(number, e.number(tile.cluster()));
  number = e.div(number, e.number(tile.cluster()));
  block.place = {e.div(inCluster, e.number(tile.clusterColumns)),
                 e.rem(inCluster, e.number(tile.clusterColumns))};
  Index outer = e.div(number, each), inner = e.rem(number, each);
  block.split = e.rem(outer, e.number(tile.splits));
  block.batch = e.div(outer, e.number(tile.splits));
  block.tile = e.add(e.mul(block.batch, each), inner);
  if (isKnown(batches, 1)) {
    block.batch = e.number(0);
    if (tile.splits == 1)
      inner = number;
    block.tile = inner;
  }
  // Blocks of a cluster have a tile each.
  if (tile.cluster() > 1)
    block.tile = e.add(e.mul(block.tile, e.number(tile.cluster())), inCluster);
  Index band = e.mul(e.number(together), columnTiles);
  Index first = e.mul(e.div(inner, band), e.number(together));
  Index height = e.min(e.sub(rowTiles, first), e.number(together));
  Index within = e.rem(inner, band);
  block.row = e.add(first, e.rem(within, height));
  block.column = e.div(within, height);
  if (isKnown(columnTiles, 1)) {
    block.row = inner;
    block.column = e.number(0);
  } else if (isKnown(rowTiles, 1)) {
    block.row = e.number(0);
    block.column = inner;
  }
  block.row =
      e.add(e.mul(block.row, e.number(tile.clusterRows)), block.place.row);
  block.column = e.add(e.mul(block.column, e.number(tile.clusterColumns)),
                       block.place.column);
  block.row = e.mul(block.row, e.number(tile.rows));
  block.column = e.mul(block.column, e.number(tile.columns));
  return block;
}

ProductKernel::Warp ProductKernel::findWarp(Index thread) {
  Index number = e.div(thread, e.number(kWarp));
  Warp warp;
  warp.lane = e.rem(thread, e.number(kWarp));
  warp.column = e.rem(number, e.number(tile.warpColumns));
  number = e.div(number, e.number(tile.warpColumns));
  warp.row = e.rem(number, e.number(tile.warpRows));
  warp.slice = e.div(number, e.number(tile.warpRows));
  if (tile.slices == 1)
    warp.slice = e.number(0);
  warp.row = e.mul(warp.row, e.number(tile.rows / tile.warpRows));
  warp.column = e.mul(warp.column, e.number(tile.columns / tile.warpColumns));
  return warp;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Adds what one tile of both operands gives. `depth`: where the warp's part of
/// it begins in all of the depth.
ProductKernel::Sums ProductKernel::computeTile(const SharedTile &tileA,
                                               const SharedTile &tileB,
                                               Index depthStart, Sums sums) {
  int64_t rowAtoms = tile.rows / tile.warpRows / atom.m,
          columnAtoms = tile.columns / tile.warpColumns / atom.n;
  auto size = known(depth);
  bool guarded = contraction.product == Product::General &&
                 !(size && *size % tile.depth == 0);
  for (int64_t k = 0; k < tile.depth / tile.slices; k += atom.k) {
    SmallVector<Atom::Fragment> left, right;
    for (int64_t i = 0; i < rowAtoms; ++i)
      left.push_back(atom.loadA(e, tileA, i * atom.m, k));
    for (int64_t j = 0; j < columnAtoms; j += 2)
      llvm::append_range(right,
                         atom.loadB(e, tileB, j * atom.n, k,
                                    std::min<int64_t>(2, columnAtoms - j)));
    // Zeros past the end add nothing to a sum of products, and something else
    // to others.
    Value inside =
        guarded ? e.less(e.add(depthStart, e.number(k)), depth) : Value();
    for (int64_t i = 0; i < rowAtoms; ++i)
      for (int64_t j = 0; j < columnAtoms; ++j) {
        Value &sum = sums[i * columnAtoms + j];
        Value next = atom.multiply(e, left[i], right[j], sum);
        sum = inside ? arith::SelectOp::create(e.b, e.loc, inside, next, sum)
                           .getResult()
                     : next;
      }
  }
  return sums;
}

/// Where this block's tiles begin along the depth, and how many there are.
void ProductKernel::findDepth(Block &block) {
  block.first = e.mul(block.split, depthSteps);
  block.steps = depthSteps;
  block.begun = e.number(0);
  if (tile.splits > 1) {
    Index all = e.ceilDiv(depth, e.number(tile.depth));
    block.steps = e.sub(e.min(e.add(block.first, depthSteps), all),
                        e.min(block.first, all));
  }
}

/// The warp's sums over the block's part of the depth. Tiles of the operands
/// are on their way while others are computed with.
ProductKernel::Sums ProductKernel::accumulate(const Block &block,
                                              const Warp &warp, Index thread) {
  int64_t elementsA = a.stageElements(), elementsB = b.stageElements();
  Value sharedA = sharedView(e, a.access.element(), elementsA * tile.stages, 0);
  int64_t bytesA = elementsA * tile.stages * a.bytes;
  Value sharedB =
      sharedView(e, b.access.element(), elementsB * tile.stages, bytesA);
  Loader loaderA(e, a, sharedA, thread, tile.threads(), block.batch, block.row);
  Loader loaderB(e, b, sharedB, thread, tile.threads(), block.batch,
                 block.column);

  Index depthStart = e.mul(block.first, e.number(tile.depth));
  Index steps = block.steps;
  // A group for each tile, though it may have no copy.
  auto load = [&](Index step) {
    OpBuilder::InsertionGuard restore(e.b);
    e.enter(e.less(step, steps));
    Index stage = e.rem(step, e.number(tile.stages));
    Index at = e.add(depthStart, e.mul(step, e.number(tile.depth)));
    loaderA.load(e, e.mul(stage, e.number(elementsA)), at);
    loaderB.load(e, e.mul(stage, e.number(elementsB)), at);
  };
  for (int64_t i = 0; i + 1 < tile.stages; ++i) {
    load(e.number(i));
    NVVM::CpAsyncCommitGroupOp::create(e.b, e.loc);
  }

  auto tileOf = [&](const Operand &operand, Value memory, Index outer) {
    SharedTile shared{memory, e.number(0),
                      operand.depthInner ? operand.pitch : 1,
                      operand.depthInner ? 1 : operand.pitch};
    Index slice = e.mul(warp.slice, e.number(tile.depth / tile.slices));
    shared.start = e.add(e.mul(outer, e.number(shared.outerStride)),
                         e.mul(slice, e.number(shared.depthStride)));
    return shared;
  };
  SharedTile tileA = tileOf(a, sharedA, warp.row),
             tileB = tileOf(b, sharedB, warp.column);
  tileA.start = e.add(tileA.start, atom.laneStartA(e, warp.lane, tileA));
  tileB.start = e.add(tileB.start, atom.laneStartB(e, warp.lane, tileB));

  int64_t count = tile.rows / tile.warpRows / atom.m *
                  (tile.columns / tile.warpColumns / atom.n);
  Sums zeros(count, atom.zero(e));
  auto loop = scf::ForOp::create(e.b, e.loc, e.value(e.number(0)),
                                 e.value(steps), e.value(e.number(1)), zeros);
  {
    OpBuilder::InsertionGuard restore(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    Index step = loop.getInductionVar();
    // The tile is there once all threads' copies are, and nobody still reads
    // the one whose place the next is copied to.
    NVVM::CpAsyncWaitGroupOp::create(e.b, e.loc, tile.stages - 2);
    gpu::BarrierOp::create(e.b, e.loc);
    load(e.add(step, e.number(tile.stages - 1)));
    NVVM::CpAsyncCommitGroupOp::create(e.b, e.loc);
    Index stage = e.rem(step, e.number(tile.stages));
    SharedTile nowA = tileA, nowB = tileB;
    nowA.start = e.add(tileA.start, e.mul(stage, e.number(elementsA)));
    nowB.start = e.add(tileB.start, e.mul(stage, e.number(elementsB)));
    Index at = e.add(e.add(depthStart, e.mul(step, e.number(tile.depth))),
                     e.mul(warp.slice, e.number(tile.depth / tile.slices)));
    auto before = llvm::to_vector_of<Value>(loop.getRegionIterArgs());
    // Tensor cores cut off what a sum has no room for, always downwards. For
    // f32 to be as right as it should, only the sums of a tile are theirs.
    bool apart = atom.sumsApart();
    Sums sums = computeTile(nowA, nowB, at, apart ? zeros : before);
    if (apart)
      for (auto [sum, old] : llvm::zip_equal(sums, before))
        sum = arith::AddFOp::create(e.b, e.loc, old, sum);
    scf::YieldOp::create(e.b, e.loc, sums);
  }
  return llvm::to_vector_of<Value>(loop.getResults());
}

//===----------------------------------------------------------------------===//
// From registers to memory
//===----------------------------------------------------------------------===//

/// Puts the warp's sums into shared memory.
void ProductKernel::put(const Stage &stage, const Warp &warp,
                        ArrayRef<Value> sums) {
  Index start =
      stage.at(e, warp.slice, e.add(warp.row, atom.laneRow(e, warp.lane)),
               e.add(warp.column, atom.laneColumn(e, warp.lane)));
  int64_t columnAtoms = tile.columns / tile.warpColumns / atom.n;
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t row = i / columnAtoms * atom.m, column = i % columnAtoms * atom.n;
    for (const Atom::Element &element : atom.elements(e, sum))
      stage.put(e,
                e.add(start, e.number((row + element.row) * stage.rowStride() +
                                      (column + element.column) *
                                          stage.columnStride())),
                element.value);
  }
}

Index ProductKernel::partialAt(Index split, Index batch, Index row,
                               Index column) {
  Index at = e.add(e.mul(split, batches), batch);
  if (result.alongColumns())
    return e.add(e.mul(e.add(e.mul(at, rows), row), columns), column);
  return e.add(e.mul(e.add(e.mul(at, columns), column), rows), row);
}

/// The parts of an infinite f32, and of what they are multiplied with, give NaN
/// where the product is infinite: what became NaN is computed again, as it is
/// written.
ProductKernel::Sums ProductKernel::exact(Index batch, Index row, Index column,
                                         ArrayRef<Value> sums) {
  Sums same(sums);
  if (atom.unit != Unit::TF32x3)
    return same;
  Value any;
  for (Value sum : sums)
    any = e.both(any, arith::CmpFOp::create(
                          e.b, e.loc, arith::CmpFPredicate::ORD, sum, sum));
  OpBuilder::InsertionGuard restore(e.b);
  auto choice = scf::IfOp::create(e.b, e.loc, TypeRange(ValueRange(sums)), any,
                                  /*withElseRegion=*/true);
  e.b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(e.b, e.loc, same);
  e.b.setInsertionPointToStart(choice.elseBlock());
  Atom scalar(Unit::Scalar, contraction);
  auto startOf = [&](const Operand &operand, Index outer) {
    return e.add(
        e.add(operand.access.start(), distance(e, operand.batch, batch)),
        distance(e, operand.outer, outer));
  };
  SmallVector<Index> rowsOf, columnsOf, startsA, startsB;
  for (size_t i = 0; i < sums.size(); ++i) {
    Index step = e.number(i);
    bool right = result.alongColumns();
    rowsOf.push_back(right ? row : e.add(row, step));
    columnsOf.push_back(right ? e.add(column, step) : column);
    startsA.push_back(startOf(a, rowsOf.back()));
    startsB.push_back(startOf(b, columnsOf.back()));
  }
  Sums zeros(sums.size(), scalar.zero(e));
  auto loop = scf::ForOp::create(e.b, e.loc, e.value(e.number(0)),
                                 e.value(depth), e.value(e.number(1)), zeros);
  scf::YieldOp::create(e.b, e.loc, loop.getResults());
  e.b.setInsertionPointToStart(loop.getBody());
  Index k = loop.getInductionVar();
  Index fromA = distance(e, a.depth, k), fromB = distance(e, b.depth, k);
  Sums next;
  for (auto [i, sum] : llvm::enumerate(loop.getRegionIterArgs())) {
    Value x = a.load(e, e.add(startsA[i], fromA),
                     a.isInside(e, batch, rowsOf[i], k), 1);
    Value y = b.load(e, e.add(startsB[i], fromB),
                     b.isInside(e, batch, columnsOf[i], k), 1);
    next.push_back(scalar.multiply(e, {x}, {y}, sum));
  }
  scf::YieldOp::create(e.b, e.loc, next);
  return llvm::to_vector_of<Value>(choice.getResults());
}

void ProductKernel::writeTile(const Stage &stage, const Block &block,
                              Index thread) {
  auto isWhole = [&](Index size, int64_t tileSize) {
    return known(size) && *known(size) % tileSize == 0;
  };
  auto isInside = [&](Index row, Index column) {
    return e.both(isWhole(rows, tile.rows * tile.clusterRows)
                      ? Value()
                      : e.less(e.add(block.row, row), rows),
                  isWhole(columns, tile.columns * tile.clusterColumns)
                      ? Value()
                      : e.less(e.add(block.column, column), columns));
  };
  stage.forEachGroup(e, thread, tile.threads(), isInside,
                     [&](Index row, Index column, ArrayRef<Value> sums) {
                       row = e.add(block.row, row);
                       column = e.add(block.column, column);
                       auto write = [&] {
                         result.write(e, block.batch, row, column,
                                      exact(block.batch, row, column, sums));
                       };
                       if (!partial)
                         return write();
                       if (tile.workers == 0)
                         return storePart(
                             partialAt(block.split, block.batch, row, column),
                             sums);
                       OpBuilder::InsertionGuard restore(e.b);
                       auto choice = scf::IfOp::create(e.b, e.loc, block.whole,
                                                       /*withElseRegion=*/true);
                       e.b.setInsertionPointToStart(choice.thenBlock());
                       write();
                       e.b.setInsertionPointToStart(choice.elseBlock());
                       storePart(placeInPart(block.part, e.sub(row, block.row),
                                             e.sub(column, block.column)),
                                 sums);
                     });
}

void ProductKernel::computeBlock(const Block &block, Index thread) {
  // Before the sums take the operands' place, nobody needs these any more.
  auto stageSums = [&](function_ref<void(const Stage &)> put) {
    gpu::BarrierOp::create(e.b, e.loc);
    Stage stage(e, atom.accumulator,
                {tile.rows, tile.columns, tile.slices, result.alongColumns(),
                 result.vector()});
    put(stage);
    gpu::BarrierOp::create(e.b, e.loc);
    writeTile(stage, block, thread);
  };
  if (tile.warpgroups) {
    Warpgroups groups(e, tile, contraction, atom, a, b, thread);
    Index depthStart = e.mul(block.first, e.number(tile.depth));
    Value sums =
        groups.accumulate({block.batch, block.row, block.column, depthStart,
                           block.steps, block.begun, block.place},
                          batches, barriersAt(tile, bytesOf(atom.accumulator)));
    stageSums([&](const Stage &stage) { groups.put(stage, sums); });
    if (tile.cluster() > 1)
      NVVM::ClusterWaitOp::create(e.b, e.loc, e.b.getUnitAttr());
  } else {
    Warp warp = findWarp(thread);
    Sums sums = accumulate(block, warp, thread);
    stageSums([&](const Stage &stage) { put(stage, warp, sums); });
  }
}

void ProductKernel::emit() {
  Index blocks = e.mul(e.mul(rowTiles, columnTiles),
                       e.mul(batches, e.number(tile.splits * tile.cluster())));
  if (tile.splits > 1 || tile.workers > 0) {
    Index size = tile.workers > 0
                     ? e.number(2 * tile.workers * tile.rows * tile.columns)
                     : e.mul(e.mul(rows, columns),
                             e.mul(batches, e.number(tile.splits)));
    auto length = known(size);
    auto type = MemRefType::get({length.value_or(ShapedType::kDynamic)},
                                atom.accumulator);
    SmallVector<Value> sizes;
    if (!length)
      sizes.push_back(cast<Value>(size));
    partial = memref::AllocOp::create(e.b, e.loc, type, sizes,
                                      e.b.getI64IntegerAttr(64));
    if (tile.inLaunch)
      counters = CountersOp::create(
          e.b, e.loc, MemRefType::get({ShapedType::kDynamic}, e.b.getI32Type()),
          e.value(tile.workers > 0
                      ? e.number(tile.workers)
                      : e.mul(e.mul(rowTiles, columnTiles),
                              e.mul(batches, e.number(tile.cluster())))));
  }
  {
    OpBuilder::InsertionGuard restore(e.b);
    gpu::LaunchOp op = beginLaunch(
        e, tile.workers > 0 ? e.number(tile.workers) : blocks, tile.threads(),
        sharedBytes(tile, std::max(a.bytes, b.bytes),
                    bytesOf(atom.accumulator)),
        tile.cluster());
    Index thread = op.getThreadIds().x, number(op.getBlockIds().x);
    if (tile.workers > 0) {
      computeShare(number, thread);
    } else {
      Block block = findBlock(number);
      findDepth(block);
      computeBlock(block, thread);
      if (counters)
        sumIfLast(block, thread);
    }
  }
  if (counters || !partial)
    return;
  if (tile.workers > 0)
    sumShares();
  else
    sumSplits();
}

void rac::gemm::emitProduct(Emit &e, const Contraction &contraction,
                            const Atom &atom, const Tile &tile,
                            ArrayRef<Index> extents) {
  ProductKernel(e, contraction, atom, tile, extents).emit();
}
