//===- TilesAtBorders.cpp - Windows that are partly outside an input ------===//

#include "TileEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace rac::vectorize;

static Value constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

/// The steps of a window, `dilation` apart, that are before `index`, from
/// `first` on.
static int64_t stepsBefore(int64_t index, int64_t first, int64_t step) {
  return index <= first ? 0 : llvm::divideCeil(index - first, step);
}

static Value stepsBefore(OpBuilder &builder, Location loc, Value index,
                         Value first, int64_t step) {
  Value distance = arith::SubIOp::create(builder, loc, index, first);
  if (step != 1)
    distance = arith::CeilDivSIOp::create(builder, loc, distance,
                                          constant(builder, loc, step));
  return distance;
}

Value TileEmitter::sizeOf(OpBuilder &builder, const PaddedDim &dim) {
  return builder.createOrFold<memref::DimOp>(
      op.getLoc(), op->getOperand(padding->operand), dim.dim);
}

Value TileEmitter::indexIn(OpBuilder &builder, const PaddedDim &dim,
                           ArrayRef<Value> position) {
  Location loc = op.getLoc();
  Value index = builder.createOrFold<arith::AddIOp>(
      loc, padding->first[dim.dim], constant(builder, loc, dim.constant));
  if (!dim.parallel)
    return index;
  Value moved = builder.createOrFold<arith::MulIOp>(
      loc, position[*dim.parallel], constant(builder, loc, dim.stride));
  return builder.createOrFold<arith::AddIOp>(loc, index, moved);
}

int64_t TileEmitter::span(const PaddedDim &dim, int64_t rows) {
  int64_t window = op.getStaticLoopRanges()[dim.window];
  return (rows - 1) * dim.stride + (window - 1) * dim.dilation + 1;
}

Value TileEmitter::isInside(OpBuilder &builder, const PaddedDim &dim,
                            ArrayRef<Value> position, int64_t rows) {
  Location loc = op.getLoc();
  Value first = indexIn(builder, dim, position);
  Value end = arith::AddIOp::create(builder, loc, first,
                                    constant(builder, loc, span(dim, rows)));
  Value begins = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                       first, constant(builder, loc, 0));
  Value ends = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                     end, sizeOf(builder, dim));
  return arith::AndIOp::create(builder, loc, begins, ends);
}

//===----------------------------------------------------------------------===//
// Loops over windows
//===----------------------------------------------------------------------===//

bool TileEmitter::isClipped(const PaddedDim &dim, const Tile &tile) {
  bool isRows = padding->rows && padding->rows->dim == dim.dim;
  return isRows ? !tile.rowsInside : !tile.inside;
}

Values TileEmitter::reduceInside(OpBuilder &builder, const Values &position,
                                 const PaddedDim &dim, const Tile &tile,
                                 ValueRange registers) {
  Location loc = op.getLoc();
  Value first = indexIn(builder, dim, position);
  Value none = constant(builder, loc, 0);
  Value window = constant(builder, loc, op.getStaticLoopRanges()[dim.window]);
  Value from = arith::MaxSIOp::create(
      builder, loc, none, stepsBefore(builder, loc, none, first, dim.dilation));
  Value to = arith::MinSIOp::create(
      builder, loc, window,
      stepsBefore(builder, loc, sizeOf(builder, dim), first, dim.dilation));
  Values at = position;
  return loopOver(builder, from, to, 1, registers,
                  [&](OpBuilder &inner, Value step, ValueRange start) {
                    at[dim.window] = step;
                    return reduce(inner, at, dim.window + 1, tile, start);
                  });
}

Values TileEmitter::reduceAtBorder(OpBuilder &builder, Values position,
                                   const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  const PaddedDim &dim = *padding->rows;
  auto source = cast<MemRefType>(op->getOperand(padding->operand).getType());
  int64_t size = source.getDimSize(dim.dim);
  Value row = position[*roles.rowLoop];
  Values results(registers);
  for (int64_t step : llvm::seq(op.getStaticLoopRanges()[dim.window])) {
    int64_t index = *tile.border + step * dim.dilation;
    int64_t first = stepsBefore(0, index, dim.stride),
            end = std::min(tile.rows, stepsBefore(size, index, dim.stride));
    if (first >= end)
      continue;
    Tile part = tile;
    part.rows = end - first;
    position[dim.window] = constant(builder, loc, step);
    position[*roles.rowLoop] = builder.createOrFold<arith::AddIOp>(
        loc, row, constant(builder, loc, first));
    MutableArrayRef<Value> own = MutableArrayRef(results).slice(
        first * tile.vectors, part.rows * tile.vectors);
    llvm::copy(reduce(builder, position, dim.window + 1, part, Values(own)),
               own.begin());
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Where tiles of `rows` rows begin, as Nest covers `extent` rows by tiles of
/// `most` and smaller ones at the end.
static SmallVector<int64_t> placesOf(int64_t rows, int64_t most, int64_t extent,
                                     bool isStatic) {
  SmallVector<int64_t> places;
  int64_t at = 0;
  auto cover = [&](int64_t size) {
    if (size == rows)
      places.push_back(at);
    at += size;
  };
  while (at + most <= extent)
    cover(most);
  if (isStatic && at < extent)
    cover(extent - at);
  for (int64_t size = most / 2; size > 1; size /= 2)
    if (at + size <= extent)
      cover(size);
  while (at < extent)
    cover(1);
  return places;
}

std::optional<SmallVector<int64_t>>
TileEmitter::findBorders(OpBuilder &builder, const Tile &tile, bool &others) {
  // More of them are rare, and code grows with each.
  constexpr size_t kMostBorders = 4;
  const PaddedDim &dim = *padding->rows;
  auto source = cast<MemRefType>(op->getOperand(padding->operand).getType());
  int64_t size = source.getDimSize(dim.dim);
  OpFoldResult extent = ranges[*roles.rowLoop].size;
  auto values = valuesTogether(padding->start, asValue(builder, extent));
  if (!values || ShapedType::isDynamic(size))
    return std::nullopt;
  bool isStatic = getConstantIntValue(extent).has_value();
  SmallVector<int64_t> borders;
  others = false;
  for (auto [start, count] : *values)
    for (int64_t row : placesOf(tile.rows, roles.rows, count, isStatic)) {
      int64_t index = start - padding->low + row * dim.stride + dim.constant;
      if (index >= 0 && index + span(dim, tile.rows) <= size)
        others = true;
      else if (!llvm::is_contained(borders, index))
        borders.push_back(index);
    }
  if (borders.size() > kMostBorders)
    return std::nullopt;
  return borders;
}

void TileEmitter::emitEachRow(OpBuilder &builder, Values position, Tile tile) {
  Location loc = op.getLoc();
  Value &row = position[*roles.rowLoop];
  Value end = arith::AddIOp::create(builder, loc, row,
                                    constant(builder, loc, tile.rows));
  auto loop =
      scf::ForOp::create(builder, loc, row, end, constant(builder, loc, 1));
  OpBuilder inner = OpBuilder::atBlockTerminator(loop.getBody());
  row = loop.getInductionVar();
  tile.rows = 1;
  tile.rowsInside = false;
  emitTile(inner, position, tile);
}

void TileEmitter::emitRowsInside(OpBuilder &builder, ArrayRef<Value> position,
                                 const Tile &tile) {
  Location loc = op.getLoc();
  const PaddedDim &dim = *padding->rows;
  OpBuilder::InsertionGuard guard(builder);
  auto branch = [&](Value condition) {
    return scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/true);
  };
  bool others = true;
  auto borders = findBorders(builder, tile, others);
  if (!borders) {
    auto choice = branch(isInside(builder, dim, position, tile.rows));
    builder.setInsertionPoint(choice.thenYield());
    emitTile(builder, position, tile);
    builder.setInsertionPoint(choice.elseYield());
    return emitEachRow(builder, Values(position), tile);
  }
  Value index = indexIn(builder, dim, position);
  for (int64_t border : *borders) {
    Tile part = tile;
    part.border = border;
    if (!others && border == borders->back())
      return emitTile(builder, position, part);
    auto choice =
        branch(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                     index, constant(builder, loc, border)));
    builder.setInsertionPoint(choice.thenYield());
    emitTile(builder, position, part);
    builder.setInsertionPoint(choice.elseYield());
  }
  // Without others, no tile is like this one.
  if (others)
    emitTile(builder, position, tile);
}

void TileEmitter::emitInside(OpBuilder &builder, ArrayRef<Value> position,
                             Tile tile) {
  Location loc = op.getLoc();
  Value inside;
  for (const PaddedDim &dim : padding->dims) {
    Value along = isInside(builder, dim, position, 1);
    inside =
        inside ? arith::AndIOp::create(builder, loc, inside, along) : along;
  }
  auto choice =
      scf::IfOp::create(builder, loc, inside, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  for (bool all : {true, false}) {
    builder.setInsertionPoint(all ? choice.thenYield() : choice.elseYield());
    tile.inside = all;
    emitTile(builder, position, tile);
  }
}

void TileEmitter::emit(OpBuilder &builder, ArrayRef<Value> position,
                       const Tile &tile) {
  if (!padding)
    return emitTile(builder, position, tile);
  if (padding->rows)
    return emitRowsInside(builder, position, tile);
  emitInside(builder, position, tile);
}
