//===- TileEmitter.cpp - A linalg op's computation on registers -----------===//

#include "TileEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rac::vectorize;

//===----------------------------------------------------------------------===//
// Types and addresses
//===----------------------------------------------------------------------===//

VectorType TileEmitter::vectorOf(Type element) const {
  return VectorType::get({roles.lanes}, element, {scalable});
}

Value TileEmitter::lanes(OpBuilder &builder, int64_t vectors) {
  Location loc = op.getLoc();
  Value lanes =
      arith::ConstantIndexOp::create(builder, loc, roles.lanes * vectors);
  if (!scalable)
    return lanes;
  return arith::MulIOp::create(builder, loc, lanes,
                               vector::VectorScaleOp::create(builder, loc));
}

Value TileEmitter::indexOf(OpBuilder &builder, AffineExpr expr,
                           ArrayRef<Value> position) {
  auto map = AffineMap::get(op.getNumLoops(), 0, expr);
  return getValueOrCreateConstantIndexOp(
      builder, op.getLoc(),
      affine::makeComposedFoldedAffineApply(
          builder, op.getLoc(), map,
          getAsOpFoldResult(SmallVector<Value>(position))));
}

TileEmitter::Values TileEmitter::addressOf(OpBuilder &builder, AffineMap map,
                                           ArrayRef<Value> position) {
  Values address;
  for (AffineExpr expr : map.getResults())
    address.push_back(indexOf(builder, expr, position));
  return address;
}

TileEmitter::Values TileEmitter::moved(OpBuilder &builder,
                                       ArrayRef<Value> position, int64_t row,
                                       int64_t vector) {
  Location loc = op.getLoc();
  Values result(position);
  auto add = [&](unsigned loop, Value offset) {
    result[loop] =
        builder.createOrFold<arith::AddIOp>(loc, result[loop], offset);
  };
  if (row > 0)
    add(*roles.rowLoop, arith::ConstantIndexOp::create(builder, loc, row));
  if (vector > 0)
    add(roles.vectorLoop, lanes(builder, vector));
  return result;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

Value TileEmitter::load(OpBuilder &builder, OpOperand &operand,
                        ArrayRef<Value> position) {
  Location loc = op.getLoc();
  AffineMap map = op.getMatchingIndexingMap(&operand);
  Type element = getElementTypeOrSelf(operand.get().getType());
  VectorType type = vectorOf(element);
  if (!isa<MemRefType>(operand.get().getType()))
    return vector::BroadcastOp::create(builder, loc, type, operand.get());
  Values address = addressOf(builder, map, position);
  if (isIndependent(map, roles.vectorLoop))
    return vector::BroadcastOp::create(
        builder, loc, type,
        memref::LoadOp::create(builder, loc, operand.get(), address));
  if (!mask)
    return vector::LoadOp::create(builder, loc, type, operand.get(), address);
  Value nothing = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return vector::MaskedLoadOp::create(builder, loc, type, operand.get(),
                                      address, mask, nothing);
}

void TileEmitter::store(OpBuilder &builder, Value value,
                        ArrayRef<Value> position) {
  Location loc = op.getLoc();
  OpOperand *out = op.getDpsInitOperand(0);
  Values address = addressOf(builder, op.getMatchingIndexingMap(out), position);
  if (mask)
    vector::MaskedStoreOp::create(builder, loc, out->get(), address, mask,
                                  value);
  else
    vector::StoreOp::create(builder, loc, value, out->get(), address);
}

TileEmitter::Values TileEmitter::start(OpBuilder &builder,
                                       ArrayRef<Value> position) {
  Location loc = op.getLoc();
  OpOperand *out = op.getDpsInitOperand(0);
  VectorType type = vectorOf(getElementTypeOrSelf(out->get().getType()));
  Value same;
  if (roles.horizontal) {
    TypedAttr neutral = *arith::getNeutralElement(findCombiner(op));
    same = arith::ConstantOp::create(builder, loc, type,
                                     DenseElementsAttr::get(type, neutral));
  } else if (init) {
    same = vector::BroadcastOp::create(builder, loc, type, init);
  }
  Values tile;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector)
      tile.push_back(
          same ? same
               : load(builder, *out, moved(builder, position, row, vector)));
  return tile;
}

void TileEmitter::finish(OpBuilder &builder, ArrayRef<Value> position,
                         ValueRange tile) {
  Location loc = op.getLoc();
  for (int64_t row = 0; row < rows; ++row) {
    if (!roles.horizontal) {
      for (int64_t vector = 0; vector < vectors; ++vector)
        store(builder, tile[row * vectors + vector],
              moved(builder, position, row, vector));
      continue;
    }
    Operation *combiner = findCombiner(op);
    auto flags = arith::FastMathFlagsAttr();
    if (auto floats = dyn_cast<arith::ArithFastMathInterface>(combiner))
      flags = floats.getFastMathFlagsAttr();
    Value sum = tile[row * vectors];
    for (int64_t vector = 1; vector < vectors; ++vector)
      sum =
          vector::makeArithReduction(builder, loc, *roles.horizontal,
                                     tile[row * vectors + vector], sum, flags);
    sum = vector::ReductionOp::create(builder, loc, *roles.horizontal, sum,
                                      flags ? flags.getValue()
                                            : arith::FastMathFlags::none);
    OpOperand *out = op.getDpsInitOperand(0);
    Values address = addressOf(builder, op.getMatchingIndexingMap(out),
                               moved(builder, position, row, 0));
    Value before =
        init ? init : memref::LoadOp::create(builder, loc, out->get(), address);
    sum = vector::makeArithReduction(builder, loc, *roles.horizontal, sum,
                                     before, flags);
    memref::StoreOp::create(builder, loc, sum, out->get(), address);
  }
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

Value TileEmitter::applyBody(OpBuilder &builder, ArrayRef<Value> position,
                             ValueRange arguments) {
  Location loc = op.getLoc();
  Block *body = op.getBlock();
  IRMapping mapping;
  mapping.map(body->getArguments(), arguments);
  auto onLanes = [&](Value value) -> Value {
    if (mapping.contains(value))
      return mapping.lookup(value);
    Value same = vector::BroadcastOp::create(builder, loc,
                                             vectorOf(value.getType()), value);
    mapping.map(value, same);
    return same;
  };
  for (Operation &scalar : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(scalar)) {
      VectorType type = vectorOf(builder.getIndexType());
      Value at = vector::BroadcastOp::create(builder, loc, type,
                                             position[index.getDim()]);
      if (index.getDim() == roles.vectorLoop)
        at = arith::AddIOp::create(builder, loc, at,
                                   vector::StepOp::create(builder, loc, type));
      mapping.map(index.getResult(), at);
      continue;
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
      VectorType type = vectorOf(constant.getType());
      mapping.map(constant.getResult(),
                  arith::ConstantOp::create(
                      builder, loc, type,
                      DenseElementsAttr::get(type, constant.getValue())));
      continue;
    }
    Values operands;
    SmallVector<Type> types;
    for (Value operand : scalar.getOperands())
      operands.push_back(onLanes(operand));
    for (Type type : scalar.getResultTypes())
      types.push_back(vectorOf(type));
    OperationState state(scalar.getLoc(), scalar.getName(), operands, types,
                         scalar.getAttrs());
    mapping.map(scalar.getResults(), builder.create(state)->getResults());
  }
  return onLanes(body->getTerminator()->getOperand(0));
}

TileEmitter::Values TileEmitter::compute(OpBuilder &builder,
                                         ArrayRef<Value> position,
                                         ValueRange tile) {
  // What doesn't depend on the row or the vector is loaded once.
  llvm::DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> loaded;
  auto get = [&](OpOperand *operand, int64_t row, int64_t vector) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (roles.rowLoop && isIndependent(map, *roles.rowLoop))
      row = 0;
    if (isIndependent(map, roles.vectorLoop))
      vector = 0;
    Value &value = loaded[{operand->getOperandNumber(), row, vector}];
    if (!value)
      value = load(builder, *operand, moved(builder, position, row, vector));
    return value;
  };
  Values results;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Values arguments;
      for (OpOperand *operand : op.getDpsInputOperands())
        arguments.push_back(get(operand, row, vector));
      Value before = tile[row * vectors + vector];
      arguments.push_back(before);
      Value after =
          applyBody(builder, moved(builder, position, row, vector), arguments);
      // Lanes that are not there must not count.
      if (mask && roles.horizontal)
        after =
            arith::SelectOp::create(builder, op.getLoc(), mask, after, before);
      results.push_back(after);
    }
  return results;
}

TileEmitter::Values TileEmitter::reduce(OpBuilder &builder, Values position,
                                        unsigned next, ValueRange tile) {
  Location loc = op.getLoc();
  auto iterators = op.getIteratorTypesArray();
  while (next < iterators.size() &&
         (iterators[next] != utils::IteratorType::reduction ||
          next == roles.vectorLoop))
    ++next;
  auto value = [&](OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(builder, loc, size);
  };
  if (next < iterators.size()) {
    auto loop = scf::ForOp::create(builder, loc, value(ranges[next].offset),
                                   value(ranges[next].size),
                                   value(ranges[next].stride), tile);
    OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
    position[next] = loop.getInductionVar();
    Values results =
        reduce(inner, position, next + 1, loop.getRegionIterArgs());
    inner.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(inner, loc, results);
    return Values(loop.getResults());
  }
  if (!roles.horizontal)
    return compute(builder, position, tile);

  // Whole tiles of lanes first, then what is left, a vector at a time.
  Value low = value(ranges[roles.vectorLoop].offset),
        high = value(ranges[roles.vectorLoop].size);
  Value step = lanes(builder, vectors);
  Value extent = arith::SubIOp::create(builder, loc, high, low);
  Value rest = arith::RemUIOp::create(builder, loc, extent, step);
  Value whole = arith::SubIOp::create(builder, loc, high, rest);
  auto loopOver = [&](Value from, Value to, Value by, int64_t width,
                      bool masked, ValueRange start) {
    auto loop = scf::ForOp::create(builder, loc, from, to, by, start);
    OpBuilder inner = OpBuilder::atBlockBegin(loop.getBody());
    Values at = position;
    at[roles.vectorLoop] = loop.getInductionVar();
    if (masked) {
      Value left = arith::SubIOp::create(inner, loc, to, at[roles.vectorLoop]);
      mask = vector::CreateMaskOp::create(inner, loc,
                                          vectorOf(inner.getI1Type()), left);
    }
    std::swap(vectors, width);
    Values results = compute(inner, at, loop.getRegionIterArgs());
    std::swap(vectors, width);
    mask = {};
    scf::YieldOp::create(inner, loc, results);
    return Values(loop.getResults());
  };
  Values results = loopOver(low, whole, step, vectors, false, tile);
  // The first vector of each row takes the rest.
  Values first;
  for (int64_t row = 0; row < rows; ++row)
    first.push_back(results[row * vectors]);
  first = loopOver(whole, high, lanes(builder, 1), 1, true, first);
  for (int64_t row = 0; row < rows; ++row)
    results[row * vectors] = first[row];
  return results;
}

void TileEmitter::emit(OpBuilder &builder, ArrayRef<Value> position,
                       int64_t tileRows, int64_t tileVectors, Value tileMask) {
  rows = tileRows;
  vectors = tileVectors;
  mask = tileMask;
  Values tile = start(builder, position);
  finish(builder, position, reduce(builder, Values(position), 0, tile));
}
