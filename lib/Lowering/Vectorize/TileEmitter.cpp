//===- TileEmitter.cpp - A linalg op's computation on registers -----------===//

#include "TileEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac::vectorize;

TileEmitter::TileEmitter(linalg::LinalgOp op, const LoopRoles &roles,
                         bool scalable, ArrayRef<Range> ranges, Value init,
                         const std::optional<Epilogue> &epilogue)
    : op(op), roles(roles), lanes(op, roles, scalable), ranges(ranges),
      init(init), epilogue(epilogue) {
  if (epilogue)
    after.emplace(epilogue->op, epilogue->roles, scalable);
}

Value TileEmitter::asValue(OpBuilder &builder, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, op.getLoc(), size);
}

Values TileEmitter::start(OpBuilder &builder, ArrayRef<Value> position,
                          const Tile &tile) {
  Location loc = op.getLoc();
  OpOperand *out = op.getDpsInitOperand(0);
  VectorType type = lanes.vectorOf(getElementTypeOrSelf(out->get().getType()));
  Value same;
  if (roles.horizontal) {
    TypedAttr neutral = *arith::getNeutralElement(findCombiner(op));
    same = arith::ConstantOp::create(builder, loc, type,
                                     DenseElementsAttr::get(type, neutral));
  } else if (init) {
    same = vector::BroadcastOp::create(builder, loc, type, init);
  }
  Values registers;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vector = 0; vector < tile.vectors; ++vector)
      registers.push_back(same ? same
                               : lanes.load(builder, *out, position, row,
                                            vector, tile.mask(vector)));
  return registers;
}

void TileEmitter::finish(OpBuilder &builder, ArrayRef<Value> position,
                         const Tile &tile, ValueRange registers) {
  if (roles.horizontal)
    return combineLanes(builder, position, tile, registers);
  LaneOp *writer = &lanes;
  Values results(registers), at(position);
  if (epilogue) {
    writer = &*after;
    at = epilogue->positionOf(position);
    results =
        after->compute(builder, at, tile, epilogue->operandNumber, registers);
  }
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vector = 0; vector < tile.vectors; ++vector)
      writer->store(builder, results[row * tile.vectors + vector], at, row,
                    vector, tile.mask(vector));
}

void TileEmitter::combineLanes(OpBuilder &builder, ArrayRef<Value> position,
                               const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  Operation *combiner = findCombiner(op);
  auto flags = arith::FastMathFlagsAttr();
  if (auto floats = dyn_cast<arith::ArithFastMathInterface>(combiner))
    flags = floats.getFastMathFlagsAttr();
  auto combine = [&](Value x, Value y) {
    return vector::makeArithReduction(builder, loc, *roles.horizontal, x, y,
                                      flags);
  };
  OpOperand *out = op.getDpsInitOperand(0);
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value sum = registers[row * tile.vectors];
    for (int64_t vector = 1; vector < tile.vectors; ++vector)
      sum = combine(registers[row * tile.vectors + vector], sum);
    sum = vector::ReductionOp::create(builder, loc, *roles.horizontal, sum,
                                      flags ? flags.getValue()
                                            : arith::FastMathFlags::none);
    Values address = lanes.address(builder, *out, position, row, 0);
    Value before =
        init ? init : memref::LoadOp::create(builder, loc, out->get(), address);
    memref::StoreOp::create(builder, loc, combine(sum, before), out->get(),
                            address);
  }
}

Values TileEmitter::compute(OpBuilder &builder, ArrayRef<Value> position,
                            const Tile &tile, ValueRange registers) {
  unsigned number = op.getDpsInitOperand(0)->getOperandNumber();
  Values results = lanes.compute(builder, position, tile, number, registers);
  // Lanes that are not there must not count.
  if (Value mask = tile.mask(0); mask && roles.horizontal)
    for (auto [result, before] : llvm::zip_equal(results, registers))
      result =
          arith::SelectOp::create(builder, op.getLoc(), mask, result, before);
  return results;
}

Values TileEmitter::reduce(OpBuilder &builder, Values position, unsigned next,
                           const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  auto iterators = op.getIteratorTypesArray();
  while (next < iterators.size() &&
         (iterators[next] != utils::IteratorType::reduction ||
          next == roles.vectorLoop))
    ++next;
  if (next == iterators.size())
    return roles.horizontal ? reduceLanes(builder, position, tile, registers)
                            : compute(builder, position, tile, registers);
  Value from = asValue(builder, ranges[next].offset);
  if (isConstantIntValue(ranges[next].size, 1)) {
    position[next] = from;
    return reduce(builder, position, next + 1, tile, registers);
  }
  auto loop = scf::ForOp::create(
      builder, loc, from, asValue(builder, ranges[next].size),
      asValue(builder, ranges[next].stride), registers);
  OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
  position[next] = loop.getInductionVar();
  Values results =
      reduce(inner, position, next + 1, tile, loop.getRegionIterArgs());
  inner.setInsertionPointToEnd(loop.getBody());
  scf::YieldOp::create(inner, loc, results);
  return Values(loop.getResults());
}

/// Whole tiles of lanes first, then what is left, a vector at a time.
Values TileEmitter::reduceLanes(OpBuilder &builder, const Values &position,
                                const Tile &tile, ValueRange registers) {
  Location loc = op.getLoc();
  Value low = asValue(builder, ranges[roles.vectorLoop].offset),
        high = asValue(builder, ranges[roles.vectorLoop].size);
  Value step = lanes.lanes(builder, tile.vectors);
  Value extent = arith::SubIOp::create(builder, loc, high, low);
  Value rest = arith::RemUIOp::create(builder, loc, extent, step);
  Value whole = arith::SubIOp::create(builder, loc, high, rest);
  auto loopOver = [&](Value from, Value to, Value by, Tile part, bool masked,
                      ValueRange start) {
    auto loop = scf::ForOp::create(builder, loc, from, to, by, start);
    OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
    Values at = position;
    at[roles.vectorLoop] = loop.getInductionVar();
    if (masked) {
      Value left = arith::SubIOp::create(inner, loc, to, at[roles.vectorLoop]);
      part.masks = {vector::CreateMaskOp::create(
          inner, loc, lanes.vectorOf(inner.getI1Type()), left)};
    }
    scf::YieldOp::create(inner, loc,
                         compute(inner, at, part, loop.getRegionIterArgs()));
    return Values(loop.getResults());
  };
  Values results = loopOver(low, whole, step, tile, false, registers);
  // The first vector of each row takes the rest.
  Values first;
  for (int64_t row = 0; row < tile.rows; ++row)
    first.push_back(results[row * tile.vectors]);
  first = loopOver(whole, high, lanes.lanes(builder, 1), Tile{tile.rows, 1, {}},
                   true, first);
  for (int64_t row = 0; row < tile.rows; ++row)
    results[row * tile.vectors] = first[row];
  return results;
}

void TileEmitter::emit(OpBuilder &builder, ArrayRef<Value> position,
                       const Tile &tile) {
  Values registers = start(builder, position, tile);
  finish(builder, position, tile,
         reduce(builder, Values(position), 0, tile, registers));
}
