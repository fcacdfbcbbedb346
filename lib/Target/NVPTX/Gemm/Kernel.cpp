//===- Kernel.cpp - The kernel of a product -------------------------------===//

#include "Kernel.h"
#include "Loader.h"
#include "Result.h"
#include "Stage.h"
#include "Warpgroup.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac::gemm;
using rac::bytesOf;

namespace {

/// Blocks of threads that compute tiles of the result.
class Kernel {
public:
  Kernel(Emit &e, const Contraction &contraction, const Atom &atom,
         const Tile &tile, ArrayRef<Index> extents);
  void emit();

private:
  struct Block {
    Index batch, split, row, column;
  };
  struct Warp {
    Index lane, slice, row, column;
  };
  using Sums = SmallVector<Value>;

  Block findBlock(Index number);
  Warp findWarp(Index thread);
  std::pair<Index, Index> findDepth(const Block &block);
  Sums accumulate(const Block &block, const Warp &warp, Index thread);
  Sums computeTile(const SharedTile &a, const SharedTile &b, Index depth,
                   Sums sums);
  void put(const Stage &stage, const Warp &warp, ArrayRef<Value> sums);
  void writeTile(const Stage &stage, const Block &block, Index thread);
  void sumSplits();
  Sums exact(Index batch, Index row, Index column, ArrayRef<Value> sums);
  Index partialAt(Index split, Index batch, Index row, Index column);

  Emit &e;
  const Contraction &contraction;
  Atom atom;
  Tile tile;
  Operand a, b;
  Result result;
  Index rows, columns, depth, batches;
  Index rowTiles, columnTiles, depthSteps;
  Value partial; ///< what blocks that share the depth have
};

} // namespace

Kernel::Kernel(Emit &e, const Contraction &contraction, const Atom &atom,
               const Tile &tile, ArrayRef<Index> extents)
    : e(e), contraction(contraction), atom(atom), tile(tile),
      a(e, contraction.a, contraction, contraction.rows, extents, atom,
        tile.rows, tile.depth, tile.warpgroups),
      b(e, contraction.b, contraction, contraction.columns, extents, atom,
        tile.columns, tile.depth, tile.warpgroups),
      result(e, contraction, extents), rows(a.outerSize), columns(b.outerSize),
      depth(a.depthSize), batches(sizeOf(e, contraction.batch, extents)) {
  rowTiles = e.ceilDiv(rows, e.number(tile.rows));
  columnTiles = e.ceilDiv(columns, e.number(tile.columns));
  Index steps = e.ceilDiv(depth, e.number(tile.depth));
  depthSteps = e.ceilDiv(steps, e.number(tile.splits));
}

/// Blocks that run at the same time share rows and columns in the second-level
/// cache: they go down some rows of tiles before the next column.
Kernel::Block Kernel::findBlock(Index number) {
  constexpr int64_t together = 8;
  Index each = e.mul(rowTiles, columnTiles);
  Block block;
  Index outer = e.div(number, each), inner = e.rem(number, each);
  block.split = e.rem(outer, e.number(tile.splits));
  block.batch = e.div(outer, e.number(tile.splits));
  if (isKnown(batches, 1)) {
    block.batch = e.number(0);
    if (tile.splits == 1)
      inner = number;
  }
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
  block.row = e.mul(block.row, e.number(tile.rows));
  block.column = e.mul(block.column, e.number(tile.columns));
  return block;
}

Kernel::Warp Kernel::findWarp(Index thread) {
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
Kernel::Sums Kernel::computeTile(const SharedTile &tileA,
                                 const SharedTile &tileB, Index depthStart,
                                 Sums sums) {
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
std::pair<Index, Index> Kernel::findDepth(const Block &block) {
  Index first = e.mul(block.split, depthSteps);
  Index steps = depthSteps;
  if (tile.splits > 1) {
    Index all = e.ceilDiv(depth, e.number(tile.depth));
    steps = e.sub(e.min(e.add(first, depthSteps), all), e.min(first, all));
  }
  return {e.mul(first, e.number(tile.depth)), steps};
}

/// The warp's sums over the block's part of the depth. Tiles of the operands
/// are on their way while others are computed with.
Kernel::Sums Kernel::accumulate(const Block &block, const Warp &warp,
                                Index thread) {
  int64_t elementsA = a.stageElements(), elementsB = b.stageElements();
  Value sharedA = sharedView(e, a.access.element(), elementsA * tile.stages, 0);
  int64_t bytesA = elementsA * tile.stages * a.bytes;
  Value sharedB =
      sharedView(e, b.access.element(), elementsB * tile.stages, bytesA);
  Loader loaderA(e, a, sharedA, thread, tile.threads(), block.batch, block.row);
  Loader loaderB(e, b, sharedB, thread, tile.threads(), block.batch,
                 block.column);

  Index depthStart, steps;
  std::tie(depthStart, steps) = findDepth(block);
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
void Kernel::put(const Stage &stage, const Warp &warp, ArrayRef<Value> sums) {
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

Index Kernel::partialAt(Index split, Index batch, Index row, Index column) {
  Index at = e.add(e.mul(split, batches), batch);
  if (result.alongColumns())
    return e.add(e.mul(e.add(e.mul(at, rows), row), columns), column);
  return e.add(e.mul(e.add(e.mul(at, columns), column), rows), row);
}

/// The parts of an infinite f32, and of what they are multiplied with, give NaN
/// where the product is infinite: what became NaN is computed again, as it is
/// written.
Kernel::Sums Kernel::exact(Index batch, Index row, Index column,
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

void Kernel::writeTile(const Stage &stage, const Block &block, Index thread) {
  auto isWhole = [&](Index size, int64_t tileSize) {
    return known(size) && *known(size) % tileSize == 0;
  };
  auto isInside = [&](Index row, Index column) {
    return e.both(isWhole(rows, tile.rows)
                      ? Value()
                      : e.less(e.add(block.row, row), rows),
                  isWhole(columns, tile.columns)
                      ? Value()
                      : e.less(e.add(block.column, column), columns));
  };
  stage.forEachGroup(
      e, thread, tile.threads(), isInside,
      [&](Index row, Index column, ArrayRef<Value> sums) {
        row = e.add(block.row, row);
        column = e.add(block.column, column);
        if (!partial)
          return result.write(e, block.batch, row, column,
                              exact(block.batch, row, column, sums));
        Index at = partialAt(block.split, block.batch, row, column);
        for (auto [i, sum] : llvm::enumerate(sums))
          memref::StoreOp::create(e.b, e.loc, sum, partial,
                                  e.value(e.add(at, e.number(i))));
      });
}

/// A second kernel adds up what the blocks that shared the depth have.
void Kernel::sumSplits() {
  constexpr int64_t threads = 256;
  int64_t count = result.vector();
  bool byRows = result.alongColumns();
  Index lines = byRows ? rows : columns, inner = byRows ? columns : rows;
  // A length that is not known to be whole groups is written one by one.
  Index perLine = e.div(inner, e.number(count));
  Index total = e.mul(e.mul(batches, lines), perLine);
  OpBuilder::InsertionGuard restore(e.b);
  gpu::LaunchOp op =
      beginLaunch(e, e.ceilDiv(total, e.number(threads)), threads, 0);
  Index number =
      e.add(e.mul(op.getBlockIds().x, e.number(threads)), op.getThreadIds().x);
  e.enter(e.less(number, total));
  Index place = e.mul(e.rem(number, perLine), e.number(count));
  Index line = e.div(number, perLine);
  Index batch = isKnown(batches, 1) ? e.number(0) : e.div(line, lines);
  if (!isKnown(batches, 1))
    line = e.rem(line, lines);
  Index row = byRows ? line : place, column = byRows ? place : line;
  SmallVector<Value> sums;
  for (int64_t i = 0; i < count; ++i) {
    Value sum;
    for (int64_t split = 0; split < tile.splits; ++split) {
      Index at = partialAt(e.number(split), batch, row, column);
      Value part = memref::LoadOp::create(e.b, e.loc, partial,
                                          e.value(e.add(at, e.number(i))));
      sum = sum ? sumOf(e, sum, part) : part;
    }
    sums.push_back(sum);
  }
  result.write(e, batch, row, column, exact(batch, row, column, sums));
}

void Kernel::emit() {
  Index blocks = e.mul(e.mul(rowTiles, columnTiles),
                       e.mul(batches, e.number(tile.splits)));
  if (tile.splits > 1) {
    Index size =
        e.mul(e.mul(rows, columns), e.mul(batches, e.number(tile.splits)));
    auto length = known(size);
    auto type = MemRefType::get({length.value_or(ShapedType::kDynamic)},
                                atom.accumulator);
    SmallVector<Value> sizes;
    if (!length)
      sizes.push_back(cast<Value>(size));
    partial = memref::AllocOp::create(e.b, e.loc, type, sizes,
                                      e.b.getI64IntegerAttr(64));
  }
  {
    OpBuilder::InsertionGuard restore(e.b);
    gpu::LaunchOp op = beginLaunch(e, blocks, tile.threads(),
                                   sharedBytes(tile, std::max(a.bytes, b.bytes),
                                               bytesOf(atom.accumulator)));
    Index thread = op.getThreadIds().x;
    Block block = findBlock(Index(op.getBlockIds().x));
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
      auto [depthStart, steps] = findDepth(block);
      Warpgroups groups(e, tile, a, b, thread, atom.sumsApart());
      Value sums = groups.accumulate(
          {block.batch, block.row, block.column, depthStart, steps}, batches,
          barriersAt(tile, bytesOf(atom.accumulator)));
      stageSums([&](const Stage &stage) { groups.put(stage, sums); });
    } else {
      Warp warp = findWarp(thread);
      Sums sums = accumulate(block, warp, thread);
      stageSums([&](const Stage &stage) { put(stage, warp, sums); });
    }
  }
  if (partial)
    sumSplits();
}

void rac::gemm::emitProduct(Emit &e, const Contraction &contraction,
                            const Atom &atom, const Tile &tile,
                            ArrayRef<Index> extents) {
  Kernel(e, contraction, atom, tile, extents).emit();
}
