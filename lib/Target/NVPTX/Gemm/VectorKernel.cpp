//===- VectorKernel.cpp - Products of a few vectors with a matrix ---------===//

#include "VectorKernel.h"
#include "Access.h"
#include "Result.h"
#include "Stage.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac::gemm;
using rac::bytesOf;

/// More rows are worth an operand's way through shared memory.
constexpr int64_t kMostRows = 4;
constexpr int64_t kLeastThreads = 256, kMostThreads = 1024;
/// Loads of the matrix that a thread has on their way.
constexpr int64_t kLoads = 4;

std::optional<Contraction>
rac::gemm::asVectorProduct(const Contraction &contraction) {
  Type sum = contraction.accumulator();
  if (!sum.isF32() && !sum.isF64() && !sum.isInteger(32) && !sum.isInteger(64))
    return std::nullopt;
  linalg::LinalgOp op = contraction.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto isFew = [&](ArrayRef<unsigned> loops) {
    int64_t size = 1;
    for (unsigned loop : loops) {
      if (ShapedType::isDynamic(ranges[loop]) || ranges[loop] > kMostRows)
        return false;
      size *= ranges[loop];
    }
    return size > 0 && size <= kMostRows;
  };
  if (isFew(contraction.rows))
    return contraction;
  if (!isFew(contraction.columns))
    return std::nullopt;
  Contraction exchanged = contraction;
  std::swap(exchanged.a, exchanged.b);
  std::swap(exchanged.wideningA, exchanged.wideningB);
  std::swap(exchanged.rows, exchanged.columns);
  return exchanged;
}

namespace {

/// An operand and what the roles' loops add to its address.
struct Factor {
  Factor(Emit &e, OpOperand *operand, const Contraction &contraction,
         ArrayRef<unsigned> outerLoops, ArrayRef<Index> extents);
  Value load(Emit &e, Index at, int64_t count) const;

  Access access;
  Terms batch, outer, depth;
};

class VectorKernel {
public:
  VectorKernel(Emit &e, const Contraction &contraction, ArrayRef<Index> extents,
               const TileLimits &limits);
  void emit();

private:
  using Sums = SmallVector<Value>; ///< rows x own columns

  void chooseLayout(const TileLimits &limits);
  Sums accumulate(Index batch, Index column, Index lane);
  /// Adds the products at several places of the depth.
  void addProducts(Index rowStart, Index columnStart, ArrayRef<Index> places,
                   Sums &sums);
  Sums sumLanes(Sums sums, int64_t first, int64_t end);

  Emit &e;
  Atom atom; ///< only for its product of two elements
  Factor a, b;
  Result result;
  Index columns, depth, batches;
  int64_t rows;

  bool alongDepth;    ///< how the matrix lies in memory
  int64_t ownColumns; ///< that a thread loads together
  int64_t ownDepth;   ///< or so much of the depth
  int64_t togetherA;  ///< of which the other operand has so much together
  int64_t threads = kLeastThreads;
  int64_t columnLanes; ///< threads side by side along the columns
  int64_t depthLanes;  ///< threads that share a column
};

} // namespace

Factor::Factor(Emit &e, OpOperand *operand, const Contraction &contraction,
               ArrayRef<unsigned> outerLoops, ArrayRef<Index> extents)
    : access(e, operand->get(),
             linalg::LinalgOp(contraction.op).getMatchingIndexingMap(operand),
             llvm::to_vector(llvm::seq<unsigned>(extents.size())), extents),
      batch(access.along(e, contraction.batch)),
      outer(access.along(e, outerLoops)),
      depth(access.along(e, contraction.depth)) {}

Value Factor::load(Emit &e, Index at, int64_t count) const {
  if (count == 1)
    return memref::LoadOp::create(e.b, e.loc, access.memory(), e.value(at));
  Type type = access.element();
  return vector::LoadOp::create(
      e.b, e.loc, VectorType::get(count, type), access.memory(), e.value(at),
      /*nontemporal=*/false, llvm::MaybeAlign(count * bytesOf(type)));
}

VectorKernel::VectorKernel(Emit &e, const Contraction &contraction,
                           ArrayRef<Index> extents, const TileLimits &limits)
    : e(e), atom(Unit::Scalar, contraction),
      a(e, contraction.a, contraction, contraction.rows, extents),
      b(e, contraction.b, contraction, contraction.columns, extents),
      result(e, contraction, extents),
      columns(sizeOf(e, contraction.columns, extents)),
      depth(sizeOf(e, contraction.depth, extents)),
      batches(sizeOf(e, contraction.batch, extents)),
      rows(*known(sizeOf(e, contraction.rows, extents))) {
  constexpr int64_t most = 16; // B that a thread loads at once
  int64_t together = std::max<int64_t>(1, most / bytesOf(b.access.element()));
  auto isFast = [](const Terms &terms) {
    return !terms.empty() && isKnown(terms.back().stride, 1);
  };
  alongDepth = isFast(b.depth) && !isFast(b.outer);
  ownDepth =
      alongDepth ? b.access.vectorLength(e, contraction.depth, together) : 1;
  ownColumns =
      alongDepth ? 1 : b.access.vectorLength(e, contraction.columns, together);
  togetherA = a.access.vectorLength(e, contraction.depth, ownDepth);
  chooseLayout(limits);
}

/// Neighbouring threads read neighbouring elements, at least a whole sector of
/// memory; beyond that, as many blocks as keep all multiprocessors busy.
void VectorKernel::chooseLayout(const TileLimits &limits) {
  constexpr int64_t sector = 64; // B that memory gives at once
  if (alongDepth) {
    depthLanes = kWarp;
    auto size = known(depth);
    while (size && depthLanes > 8 && depthLanes * ownDepth * 2 > *size)
      depthLanes /= 2;
    columnLanes = threads / depthLanes;
    return;
  }
  int64_t least =
      std::max<int64_t>(1, sector / (ownColumns * bytesOf(b.access.element())));
  constexpr int64_t assumed = 256;
  int64_t groups =
      llvm::divideCeil(known(columns).value_or(assumed), ownColumns) *
      known(batches).value_or(1);
  columnLanes = kWarp;
  while (columnLanes > least && groups / columnLanes < 2 * limits.processors)
    columnLanes /= 2;
  // Few blocks have more threads each: what is on its way from memory at once
  // is what keeps it busy.
  auto size = known(depth);
  int64_t blocks = llvm::divideCeil(groups, columnLanes);
  while (size && threads < kMostThreads && blocks < 2 * limits.processors &&
         *size > 2 * kLoads * (threads / columnLanes))
    threads *= 2;
  depthLanes = threads / columnLanes;
}

void VectorKernel::addProducts(Index rowStart, Index columnStart,
                               ArrayRef<Index> places, Sums &sums) {
  struct Loaded {
    SmallVector<Value> left; ///< rows x own depth
    Value right;
  };
  auto elementOf = [&](Value value, int64_t i) -> Value {
    if (!isa<VectorType>(value.getType()))
      return value;
    return vector::ExtractOp::create(e.b, e.loc, value, i);
  };
  // All loads before the first use.
  SmallVector<Loaded> loaded;
  for (Index place : places) {
    Loaded values;
    Index at = e.mul(place, e.number(ownDepth));
    values.right = b.load(e, e.add(columnStart, distance(e, b.depth, at)),
                          std::max(ownColumns, ownDepth));
    for (int64_t row = 0; row < rows; ++row) {
      Index start = e.add(rowStart, distance(e, a.outer, e.number(row)));
      for (int64_t i = 0; i < ownDepth; i += togetherA) {
        Index from = distance(e, a.depth, e.add(at, e.number(i)));
        Value part = a.load(e, e.add(start, from), togetherA);
        for (int64_t j = 0; j < togetherA; ++j)
          values.left.push_back(elementOf(part, j));
      }
    }
    loaded.push_back(values);
  }
  for (const Loaded &values : loaded)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < ownColumns; ++column)
        for (int64_t i = 0; i < ownDepth; ++i) {
          Value &sum = sums[row * ownColumns + column];
          sum = atom.multiply(
              e, {values.left[row * ownDepth + i]},
              {elementOf(values.right, alongDepth ? i : column)}, sum);
        }
}

VectorKernel::Sums VectorKernel::accumulate(Index batch, Index column,
                                            Index lane) {
  // Past the last column others are read again, and not written.
  Value inside =
      known(columns) && *known(columns) % (columnLanes * ownColumns) == 0
          ? Value()
          : e.less(column, columns);
  column = e.select(inside, column, e.number(0));
  Index rowStart = e.add(a.access.start(), distance(e, a.batch, batch));
  Index columnStart =
      e.add(e.add(b.access.start(), distance(e, b.batch, batch)),
            distance(e, b.outer, column));
  Index places = e.div(depth, e.number(ownDepth));

  Value step = e.value(e.number(depthLanes));
  Sums state(rows * ownColumns, e.zero(atom.accumulator));
  state.push_back(e.value(lane));
  // Several at a time, and one by one what is left.
  Value end = e.value(places);
  Value last = e.value(e.sub(places, e.number((kLoads - 1) * depthLanes)));
  auto many = scf::ForOp::create(e.b, e.loc, e.value(lane), last,
                                 e.value(e.number(kLoads * depthLanes)), state);
  {
    OpBuilder::InsertionGuard restore(e.b);
    e.b.setInsertionPointToStart(many.getBody());
    Sums sums = llvm::to_vector_of<Value>(many.getRegionIterArgs().drop_back());
    SmallVector<Index> at;
    for (int64_t i = 0; i < kLoads; ++i)
      at.push_back(e.add(many.getInductionVar(), e.number(i * depthLanes)));
    addProducts(rowStart, columnStart, at, sums);
    sums.push_back(
        e.value(e.add(many.getInductionVar(), e.number(kLoads * depthLanes))));
    scf::YieldOp::create(e.b, e.loc, sums);
  }
  state = llvm::to_vector_of<Value>(many.getResults());
  Value next = state.pop_back_val();
  auto one = scf::ForOp::create(e.b, e.loc, next, end, step, state);
  {
    OpBuilder::InsertionGuard restore(e.b);
    e.b.setInsertionPointToStart(one.getBody());
    Sums sums = llvm::to_vector_of<Value>(one.getRegionIterArgs());
    addProducts(rowStart, columnStart, Index(one.getInductionVar()), sums);
    scf::YieldOp::create(e.b, e.loc, sums);
  }
  return llvm::to_vector_of<Value>(one.getResults());
}

/// Adds up the sums of lanes whose numbers differ in the bits from `first` to
/// before `end`.
VectorKernel::Sums VectorKernel::sumLanes(Sums sums, int64_t first,
                                          int64_t end) {
  for (Value &sum : sums)
    for (int64_t distance = first; distance < end; distance *= 2) {
      Value other = gpu::ShuffleOp::create(e.b, e.loc, sum, distance, kWarp,
                                           gpu::ShuffleMode::XOR)
                        .getShuffleResult();
      sum = sumOf(e, sum, other);
    }
  return sums;
}

void VectorKernel::emit() {
  int64_t blockColumns = columnLanes * ownColumns;
  Index columnBlocks = e.ceilDiv(columns, e.number(blockColumns));
  int64_t slices = alongDepth ? 1 : threads / kWarp;
  OpBuilder::InsertionGuard restore(e.b);
  gpu::LaunchOp op = beginLaunch(
      e, e.mul(columnBlocks, batches), threads,
      Stage::bytes(rows, blockColumns, slices, bytesOf(atom.accumulator)));
  Index thread = op.getThreadIds().x, number = op.getBlockIds().x;
  Index batch = isKnown(batches, 1) ? e.number(0) : e.div(number, columnBlocks);
  Index block = isKnown(batches, 1) ? number : e.rem(number, columnBlocks);
  Index blockStart = e.mul(block, e.number(blockColumns));

  // Which columns the thread has, and which part of the depth.
  Index columnLane = alongDepth ? e.div(thread, e.number(depthLanes))
                                : e.rem(thread, e.number(columnLanes));
  Index depthLane = alongDepth ? e.rem(thread, e.number(depthLanes))
                               : e.div(thread, e.number(columnLanes));
  Index own = e.mul(columnLane, e.number(ownColumns));
  Sums sums = accumulate(batch, e.add(blockStart, own), depthLane);
  sums = alongDepth ? sumLanes(sums, 1, depthLanes)
                    : sumLanes(sums, columnLanes, kWarp);

  Stage stage(
      e, atom.accumulator,
      {rows, blockColumns, slices, result.alongColumns(), result.vector()});
  Index lane = e.rem(thread, e.number(kWarp));
  Value first = alongDepth ? e.less(depthLane, e.number(1))
                           : e.less(lane, e.number(columnLanes));
  {
    OpBuilder::InsertionGuard restore(e.b);
    e.enter(first);
    Index slice = slices == 1 ? e.number(0) : e.div(thread, e.number(kWarp));
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < ownColumns; ++column)
        stage.put(
            e, stage.at(e, slice, e.number(row), e.add(own, e.number(column))),
            sums[row * ownColumns + column]);
  }
  gpu::BarrierOp::create(e.b, e.loc);
  auto isInside = [&](Index, Index column) {
    auto size = known(columns);
    return size && *size % blockColumns == 0
               ? Value()
               : e.less(e.add(blockStart, column), columns);
  };
  stage.forEachGroup(e, thread, threads, isInside,
                     [&](Index row, Index column, ArrayRef<Value> values) {
                       result.write(e, batch, row, e.add(blockStart, column),
                                    values);
                     });
}

void rac::gemm::emitVectorProduct(Emit &e, const Contraction &contraction,
                                  ArrayRef<Index> extents,
                                  const TileLimits &limits) {
  VectorKernel(e, contraction, extents, limits).emit();
}
