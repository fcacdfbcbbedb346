//===- LaneOp.cpp - A linalg op's operands and body on registers ----------===//

#include "LaneOp.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rac::vectorize;

//===----------------------------------------------------------------------===//
// Types and addresses
//===----------------------------------------------------------------------===//

VectorType LaneOp::vectorOf(Type element) {
  return VectorType::get({roles.lanes}, element, {scalable});
}

Value LaneOp::lanes(OpBuilder &builder, int64_t vectors) {
  Location loc = op->getLoc();
  Value lanes =
      arith::ConstantIndexOp::create(builder, loc, roles.lanes * vectors);
  if (!scalable)
    return lanes;
  return arith::MulIOp::create(builder, loc, lanes,
                               vector::VectorScaleOp::create(builder, loc));
}

Values LaneOp::address(OpBuilder &builder, OpOperand &operand,
                       ArrayRef<Value> position, int64_t row, int64_t vector) {
  Location loc = op->getLoc();
  AffineMap map = op.getMatchingIndexingMap(&operand);
  Values at(position);
  auto move = [&](unsigned loop, int64_t by) {
    if (by > 0)
      at[loop] = builder.createOrFold<arith::AddIOp>(
          loc, at[loop], arith::ConstantIndexOp::create(builder, loc, by));
  };
  if (roles.rowLoop)
    move(*roles.rowLoop, row);
  Values address;
  for (AffineExpr expr : map.getResults())
    address.push_back(getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(
            builder, loc, AffineMap::get(op.getNumLoops(), 0, expr),
            getAsOpFoldResult(at))));
  // Lanes are contiguous, so that the next vector begins where this one ends.
  if (vector > 0 && !isIndependent(map, roles.vectorLoop))
    address.back() = builder.createOrFold<arith::AddIOp>(
        loc, address.back(), lanes(builder, vector));
  return address;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

bool LaneOp::isWholeAnyway(AffineMap map) {
  return !scalable && panelOf(map, roles.vectorLoop);
}

Value LaneOp::load(OpBuilder &builder, OpOperand &operand,
                   ArrayRef<Value> position, int64_t row, int64_t vector,
                   Value mask) {
  Location loc = op->getLoc();
  AffineMap map = op.getMatchingIndexingMap(&operand);
  VectorType type = vectorOf(getElementTypeOrSelf(operand.get().getType()));
  if (!isa<MemRefType>(operand.get().getType()))
    return vector::BroadcastOp::create(builder, loc, type, operand.get());
  Values at = address(builder, operand, position, row, vector);
  if (isIndependent(map, roles.vectorLoop))
    return vector::BroadcastOp::create(
        builder, loc, type,
        memref::LoadOp::create(builder, loc, operand.get(), at));
  if (!mask || isWholeAnyway(map))
    return vector::LoadOp::create(builder, loc, type, operand.get(), at);
  Value nothing = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return vector::MaskedLoadOp::create(builder, loc, type, operand.get(), at,
                                      mask, nothing);
}

void LaneOp::store(OpBuilder &builder, Value value, ArrayRef<Value> position,
                   int64_t row, int64_t vector, Value mask) {
  Location loc = op->getLoc();
  OpOperand *out = op.getDpsInitOperand(0);
  Values at = address(builder, *out, position, row, vector);
  if (mask)
    vector::MaskedStoreOp::create(builder, loc, out->get(), at, mask, value);
  else
    vector::StoreOp::create(builder, loc, value, out->get(), at);
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

Value LaneOp::applyBody(OpBuilder &builder, ArrayRef<Value> position,
                        int64_t row, int64_t vector, ValueRange arguments) {
  Location loc = op->getLoc();
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
  auto indexOf = [&](unsigned loop) {
    Value at = position[loop];
    int64_t by = loop == roles.rowLoop ? row : 0;
    if (by > 0)
      at = builder.createOrFold<arith::AddIOp>(
          loc, at, arith::ConstantIndexOp::create(builder, loc, by));
    if (loop == roles.vectorLoop && vector > 0)
      at = builder.createOrFold<arith::AddIOp>(loc, at, lanes(builder, vector));
    VectorType type = vectorOf(builder.getIndexType());
    Value index = vector::BroadcastOp::create(builder, loc, type, at);
    if (loop != roles.vectorLoop)
      return index;
    return arith::AddIOp::create(builder, loc, index,
                                 vector::StepOp::create(builder, loc, type))
        .getResult();
  };
  for (Operation &scalar : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(scalar)) {
      mapping.map(index.getResult(), indexOf(index.getDim()));
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

Values LaneOp::compute(OpBuilder &builder, ArrayRef<Value> position,
                       const Tile &tile, unsigned given, ValueRange registers) {
  // What doesn't depend on the row or the vector is loaded once.
  llvm::DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> loaded;
  auto get = [&](OpOperand &operand, int64_t row, int64_t vector) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (roles.rowLoop && isIndependent(map, *roles.rowLoop))
      row = 0;
    if (isIndependent(map, roles.vectorLoop))
      vector = 0;
    Value &value = loaded[{operand.getOperandNumber(), row, vector}];
    if (!value)
      value = load(builder, operand, position, row, vector, tile.mask(vector));
    return value;
  };
  Values results;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      Values arguments;
      for (OpOperand &operand : op->getOpOperands()) {
        if (operand.getOperandNumber() == given)
          arguments.push_back(registers[row * tile.vectors + vector]);
        else if (op.payloadUsesValueFromOperand(&operand))
          arguments.push_back(get(operand, row, vector));
        else // not looked at
          arguments.push_back({});
      }
      results.push_back(applyBody(builder, position, row, vector, arguments));
    }
  return results;
}
