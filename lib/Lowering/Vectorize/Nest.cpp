//===- Nest.cpp - The loops around the tiles of an op ---------------------===//

#include "Nest.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/RegisterTile.h"
#include "rac/Lowering/SharedLoops.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

Value Nest::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value Nest::asValue(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, loc, size);
}

Value Nest::add(Value x, Value y) {
  return builder.createOrFold<arith::AddIOp>(loc, x, y);
}

Value Nest::maskOf(Value left) {
  return vector::CreateMaskOp::create(
      builder, loc, tiles.main().vectorOf(builder.getI1Type()), left);
}

/// What an operand takes (B), if that is known.
static std::optional<int64_t> knownBytes(OpOperand *operand) {
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  return type.getNumElements() * elementBytes(type);
}

/// Whether the vectors stay in the second-level cache all together, and what
/// goes by rows does not: then that had better be read, and written, once and
/// in order.
bool Nest::rowsFirst() {
  if (!roles.rowLoop || roles.horizontal)
    return false;
  bool smallVectors = true, largeRows = false;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto bytes = knownBytes(&operand);
    if (!isIndependent(map, *roles.rowLoop))
      largeRows |= bytes && *bytes > kHalfOfSecondCache;
    else if (!isIndependent(map, roles.vectorLoop))
      smallVectors &= bytes && *bytes <= kHalfOfSecondCache;
  }
  return smallVectors && largeRows;
}

/// The loop along which a gathered operand is contiguous: what its lanes don't
/// need of a line, they do in the next iterations.
std::optional<unsigned> Nest::loopOfNeighbours() {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (isIndependent(map, roles.vectorLoop) ||
        isContiguous(*operand, map, roles.vectorLoop))
      continue;
    for (unsigned loop : llvm::seq(op.getNumLoops()))
      if (isContiguous(*operand, map, loop))
        return loop;
  }
  return std::nullopt;
}

/// The parallel loops, outermost first: those that the reused vectors depend
/// on, then the vectors, so that they stay in the cache for the others; or the
/// vectors last.
SmallVector<unsigned> Nest::order() {
  SmallVector<unsigned> first, last;
  std::optional<unsigned> neighbours = loopOfNeighbours();
  for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (type != utils::IteratorType::parallel || loop == roles.vectorLoop ||
        loop == roles.rowLoop)
      continue;
    bool streams =
        roles.rowLoop &&
        llvm::all_of(op.getDpsInputOperands(), [&, loop = loop](OpOperand *o) {
          AffineMap map = op.getMatchingIndexingMap(o);
          bool reused = !isIndependent(map, roles.vectorLoop) &&
                        isIndependent(map, *roles.rowLoop);
          return !reused || isIndependent(map, loop);
        });
    (streams || loop == neighbours ? last : first).push_back(loop);
  }
  bool vectorsLast = rowsFirst();
  if (!roles.horizontal && !vectorsLast)
    first.push_back(roles.vectorLoop);
  llvm::append_range(first, last);
  if (roles.rowLoop)
    first.push_back(*roles.rowLoop);
  if (vectorsLast)
    first.push_back(roles.vectorLoop);
  return first;
}

/// Elements between the tiles of the parallel nest. Of panels it has all tiles
/// of one; where one is shorter than a tile, and vectors fit, a tile of
/// several.
Value Nest::columnStep() {
  Value tile = lanes(roles.vectors);
  if (!scalable || !roles.panel)
    return tile;
  Value panel = constant(roles.panel);
  Value rest = arith::RemUIOp::create(builder, loc, panel, lanes(1));
  Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                     rest, constant(0));
  Value larger = arith::MaxUIOp::create(builder, loc, panel, tile);
  return arith::SelectOp::create(builder, loc, fits, larger, panel);
}

/// The loop from which on threads share the nest: rows where these come after
/// columns only, and sharing them is less to move.
int64_t Nest::sharedFrom(ArrayRef<unsigned> loops) {
  const unsigned *columns = llvm::find(loops, roles.vectorLoop);
  if (columns == loops.end() || columns + 1 == loops.end() ||
      !llvm::all_of(ArrayRef(loops.begin(), columns), [&](unsigned loop) {
        return isConstantIntValue(ranges[loop].size, 1);
      }))
    return 0;
  ArrayRef<unsigned> rows(columns + 1, loops.end());
  std::optional<int64_t> ofColumns = 0, others = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool dependsOnRows = llvm::any_of(
        rows, [&](unsigned loop) { return !isIndependent(map, loop); });
    std::optional<int64_t> &sum = dependsOnRows ? others : ofColumns;
    std::optional<int64_t> bytes = knownBytes(&operand);
    sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
  }
  return threadsShareRows(ofColumns, others) ? rows.begin() - loops.begin() : 0;
}

void Nest::emit() {
  position.assign(op.getNumLoops(), constant(0));
  SmallVector<unsigned> loops = order();
  SmallVector<Value> low, high, step;
  columns = columnStep();
  for (unsigned loop : loops) {
    low.push_back(asValue(ranges[loop].offset));
    high.push_back(asValue(ranges[loop].size));
    if (loop == roles.rowLoop)
      step.push_back(constant(roles.rows));
    else if (loop != roles.vectorLoop)
      step.push_back(asValue(ranges[loop].stride));
    else
      step.push_back(columns);
  }
  auto vectors = llvm::find(loops, roles.vectorLoop);
  if (roles.rowLoop && vectors != loops.end())
    within.append(vectors + 1, loops.end());
  OpBuilder::InsertionGuard guard(builder);
  if (!loops.empty()) {
    auto nest = scf::ParallelOp::create(builder, loc, low, high, step);
    if (int64_t from = sharedFrom(loops))
      nest->setAttr(kSharedFrom, builder.getI64IntegerAttr(from));
    for (auto [loop, at] : llvm::zip_equal(loops, nest.getInductionVars()))
      position[loop] = at;
    builder.setInsertionPointToStart(nest.getBody());
  }
  emitColumns();
}

void Nest::split(unsigned loop, Value step, Value end,
                 function_ref<void()> whole, function_ref<void()> rest) {
  Value next = add(position[loop], step);
  Value fits =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule, next, end);
  auto choice = scf::IfOp::create(builder, loc, fits, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(choice.thenYield());
  whole();
  builder.setInsertionPoint(choice.elseYield());
  rest();
}

void Nest::repeat(unsigned loop, Value step, Value end,
                  function_ref<void()> body) {
  Value begin = position[loop];
  auto repeated = scf::ForOp::create(builder, loc, begin, end, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(repeated.getBody());
  position[loop] = repeated.getInductionVar();
  body();
  position[loop] = begin;
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

void Nest::emitColumns() {
  if (roles.horizontal)
    return emitRows(roles.vectors);
  if (scalable && roles.panel)
    return emitPanel();
  auto extent = getConstantIntValue(ranges[roles.vectorLoop].size);
  if (scalable || !extent)
    return emitColumnsUpTo(asValue(ranges[roles.vectorLoop].size));
  int64_t step = roles.vectors * roles.lanes, rest = *extent % step;
  if (rest == 0)
    return emitRows(roles.vectors);
  if (*extent < step)
    return emitLastColumns(rest);
  split(
      roles.vectorLoop, constant(step), constant(*extent),
      [&] { emitRows(roles.vectors); }, [&] { emitLastColumns(rest); });
}

/// A panel need not be whole vectors, whose length only the run can tell.
void Nest::emitPanel() {
  Value size = asValue(ranges[roles.vectorLoop].size);
  Value end = arith::MinUIOp::create(builder, loc, size,
                                     add(position[roles.vectorLoop], columns));
  repeat(roles.vectorLoop, lanes(roles.vectors), end,
         [&] { emitColumnsUpTo(end); });
}

/// A whole tile, or masked vectors up to `end`.
void Nest::emitColumnsUpTo(Value end) {
  split(
      roles.vectorLoop, lanes(roles.vectors), end,
      [&] { emitRows(roles.vectors); },
      [&] {
        repeat(roles.vectorLoop, lanes(1), end, [&] {
          Value left = arith::SubIOp::create(builder, loc, end,
                                             position[roles.vectorLoop]);
          emitRows(1, {maskOf(left)});
        });
      });
}

/// The `count` columns, less than a tile, that are left.
void Nest::emitLastColumns(int64_t count) {
  int64_t vectors = llvm::divideCeil(count, roles.lanes);
  Values masks(vectors);
  if (int64_t left = count % roles.lanes)
    masks.back() = maskOf(constant(left));
  emitRows(vectors, masks);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// How many tiles need the same reused vectors; none: only the run knows.
std::optional<int64_t> Nest::countReuse() {
  int64_t tiles = 1;
  for (unsigned loop : within) {
    auto size = getConstantIntValue(ranges[loop].size);
    if (!size)
      return std::nullopt;
    tiles *=
        loop == roles.rowLoop ? llvm::divideCeil(*size, roles.rows) : *size;
  }
  return tiles;
}

/// The vectors of the next columns, in turn, of which each tile of these ones
/// fetches a part. LLVM spills addresses where scalable tiles have all
/// registers.
std::optional<Later> Nest::laterFor(int64_t rows, int64_t vectors) {
  std::optional<unsigned> steps = innermostReduction(op);
  if (scalable || within.empty() || !steps || !fetchesAhead(rows, vectors))
    return std::nullopt;
  Later later;
  later.loop = *steps;
  if (roles.dot && roles.dot->loop == later.loop)
    later.terms = roles.dot->terms;
  // Where more tiles share the steps, each has nearly nothing left to fetch.
  constexpr int64_t kMostParts = 4;
  int64_t turns = vectors;
  if (std::optional<int64_t> reuse = countReuse()) {
    later.vectors = llvm::divideCeil(vectors, std::max<int64_t>(1, *reuse));
    turns = llvm::divideCeil(vectors, later.vectors);
    if (*reuse > turns)
      later.parts = std::min<int64_t>(
          kMostParts, llvm::bit_floor<uint64_t>(*reuse / turns));
  }
  Value turn = arith::DivUIOp::create(builder, loc, position[within.back()],
                                      constant(roles.rows));
  for (unsigned loop : ArrayRef(within).drop_back())
    turn = add(turn, position[loop]);
  AffineExpr t = builder.getAffineDimExpr(0),
             extent = builder.getAffineSymbolExpr(0);
  auto apply = [&](AffineExpr expr) {
    return asValue(affine::makeComposedFoldedAffineApply(
        builder, loc, AffineMap::get(1, 1, expr),
        {OpFoldResult(turn), ranges[*steps].size}));
  };
  later.columns =
      add(columns, apply((t % turns) * (later.vectors * roles.lanes)));
  if (later.parts > 1)
    later.firstStep =
        apply((t.floorDiv(turns) % later.parts) *
              (extent.ceilDiv(later.parts * later.terms) * later.terms));
  return later;
}

void Nest::emitTile(int64_t rows, int64_t vectors, const Values &masks) {
  Tile tile{rows, vectors, masks};
  tile.later = laterFor(rows, vectors);
  tiles.emit(builder, position, tile);
}

void Nest::emitRows(int64_t vectors, const Values &masks) {
  auto emit = [&](int64_t rows) { emitTile(rows, vectors, masks); };
  if (!roles.rowLoop)
    return emit(1);
  unsigned loop = *roles.rowLoop;
  auto extent = getConstantIntValue(ranges[loop].size);
  int64_t rest = extent ? *extent % roles.rows : 0;
  if (extent && rest == 0)
    return emit(roles.rows);
  split(
      loop, constant(roles.rows), asValue(ranges[loop].size),
      [&] { emit(roles.rows); },
      [&] {
        if (extent)
          return emit(rest);
        emitLastRows(roles.rows / 2, vectors, masks);
      });
}

/// What is left, less than twice `rows`: a tile of so many if there are, and
/// then half as many, down to one.
void Nest::emitLastRows(int64_t rows, int64_t vectors, const Values &masks) {
  Value end = asValue(ranges[*roles.rowLoop].size);
  auto emit = [&] { emitTile(rows, vectors, masks); };
  if (rows <= 1) {
    rows = 1;
    return repeat(*roles.rowLoop, constant(1), end, emit);
  }
  Value begin = position[*roles.rowLoop];
  Value next = add(begin, constant(rows));
  Value fits =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule, next, end);
  auto whole = scf::IfOp::create(builder, loc, fits, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(whole.thenYield());
    emit();
  }
  position[*roles.rowLoop] =
      arith::SelectOp::create(builder, loc, fits, next, begin);
  emitLastRows(rows / 2, vectors, masks);
  position[*roles.rowLoop] = begin;
}
