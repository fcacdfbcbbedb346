//===- LaneOp.cpp - A linalg op's operands and body on registers ----------===//

#include "LaneOp.h"
#include "BodyLoads.h"
#include "Nibbles.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Lowering/ElementBytes.h"

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
  // Lanes are contiguous, so that the next vector begins where this one ends;
  // of a panel, whose end may come before, each vector has its own place.
  bool apart = (scalable && panelOf(map, roles.vectorLoop)) ||
               !isContiguous(operand, map, roles.vectorLoop);
  bool moves = vector > 0 && !isIndependent(map, roles.vectorLoop);
  if (moves && apart)
    at[roles.vectorLoop] = builder.createOrFold<arith::AddIOp>(
        loc, at[roles.vectorLoop], lanes(builder, vector));
  Values address;
  for (AffineExpr expr : map.getResults())
    address.push_back(getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(
            builder, loc, AffineMap::get(op.getNumLoops(), 0, expr),
            getAsOpFoldResult(at))));
  if (padding && padding->operand == operand.getOperandNumber())
    for (auto [index, first] : llvm::zip_equal(address, padding->first))
      index = builder.createOrFold<arith::AddIOp>(loc, index, first);
  if (moves && !apart) {
    Value &lane = *(address.end() - (interleaveOf(operand) ? 2 : 1));
    lane =
        builder.createOrFold<arith::AddIOp>(loc, lane, lanes(builder, vector));
  }
  return address;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

Value LaneOp::gatherAt(OpBuilder &builder, Value from, const Values &address,
                       Value places, Value mask) {
  Location loc = op->getLoc();
  VectorType type = vectorOf(getElementTypeOrSelf(from.getType()));
  if (!mask)
    mask = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(vectorOf(builder.getI1Type()), true));
  Value nothing = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return vector::GatherOp::create(builder, loc, type, from, address, places,
                                  mask, nothing);
}

Value LaneOp::gather(OpBuilder &builder, OpOperand &operand,
                     const Values &address, Value mask) {
  Location loc = op->getLoc();
  auto steps =
      stepsAlong(op.getMatchingIndexingMap(&operand), roles.vectorLoop);
  auto layout =
      memref::ExtractStridedMetadataOp::create(builder, loc, operand.get());
  AffineExpr sum = builder.getAffineConstantExpr(0);
  SmallVector<OpFoldResult> strides = layout.getConstifiedMixedStrides();
  for (auto [i, step] : llvm::enumerate(*steps))
    sum = sum + builder.getAffineDimExpr(i) * step;
  OpFoldResult distance = affine::makeComposedFoldedAffineApply(
      builder, loc, AffineMap::get(strides.size(), 0, sum), strides);

  VectorType indices = vectorOf(builder.getIndexType());
  Value apart = vector::BroadcastOp::create(
      builder, loc, indices,
      getValueOrCreateConstantIndexOp(builder, loc, distance));
  Value places =
      arith::MulIOp::create(
          builder, loc, vector::StepOp::create(builder, loc, indices), apart)
          .getResult();
  return gatherAt(builder, operand.get(), address, places, mask);
}

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
  if (!isContiguous(operand, map, roles.vectorLoop))
    return gather(builder, operand, at, mask);
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

void LaneOp::prefetch(OpBuilder &builder, ArrayRef<Value> position,
                      const Tile &tile, unsigned loop) {
  // Where much is computed for each byte, too few loads are under way for what
  // the caches' own prefetching sees of them: a Xeon (Emerald Rapids) reads
  // bytes of weights a fifth faster so. That doesn't look for a page's address
  // before its first line is asked for: a line of the page after the next is,
  // which makes another tenth where pages lie scattered in memory.
  constexpr int64_t kAheadBytes = 2048, kLineBytes = 64, kPageBytes = 4096;
  Location loc = op->getLoc();
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (isIndependent(map, loop) || isIndependent(map, roles.vectorLoop) ||
        !isContiguous(*operand, map, roles.vectorLoop) ||
        (roles.rowLoop && !isIndependent(map, *roles.rowLoop)))
      continue;
    Type element = getElementTypeOrSelf(operand->get().getType());
    auto interleave = interleaveOf(*operand);
    int64_t terms =
        interleave && interleave->loop == loop ? interleave->terms : 1;
    int64_t bytes = terms * roles.lanes * bytesOf(element);
    // What lies in order may be behind the last step: no harm is done there.
    auto ahead = [&](int64_t distance, int64_t vectors) {
      Values at(position);
      at[loop] = builder.createOrFold<arith::AddIOp>(
          loc, at[loop],
          arith::ConstantIndexOp::create(
              builder, loc,
              llvm::divideCeil(distance, bytes * tile.vectors) * terms));
      int64_t step = std::max<int64_t>(1, kLineBytes / bytes);
      for (int64_t vector = 0; vector < vectors; vector += step)
        memref::PrefetchOp::create(builder, loc, operand->get(),
                                   address(builder, *operand, at, 0, vector),
                                   /*isWrite=*/false,
                                   /*localityHint=*/3, /*isDataCache=*/true);
    };
    ahead(kAheadBytes, tile.vectors);
    ahead(2 * kPageBytes, 1);
  }
}

void LaneOp::prefetchLater(OpBuilder &builder, ArrayRef<Value> position,
                           const Tile &tile) {
  if (!tile.later)
    return;
  const Later &later = *tile.later;
  Location loc = op->getLoc();
  Values at(position);
  at[roles.vectorLoop] =
      arith::AddIOp::create(builder, loc, at[roles.vectorLoop], later.columns);
  if (later.parts > 1) {
    AffineExpr step, first;
    bindDims(builder.getContext(), step, first);
    step = step.floorDiv(later.parts * later.terms) * later.terms + first;
    at[later.loop] =
        affine::AffineApplyOp::create(builder, loc, AffineMap::get(2, 0, step),
                                      {at[later.loop], later.firstStep});
  }
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (!isReused(op, *operand, roles))
      continue;
    // Into the second cache only: the first has what is computed with now.
    for (int64_t vector = 0; vector < later.vectors; ++vector)
      memref::PrefetchOp::create(builder, loc, operand->get(),
                                 address(builder, *operand, at, 0, vector),
                                 /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
  }
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

Value LaneOp::indexAt(OpBuilder &builder, const Place &place, unsigned loop) {
  Location loc = op->getLoc();
  Value at = place.position[loop];
  if (loop == roles.rowLoop && place.row > 0)
    at = builder.createOrFold<arith::AddIOp>(
        loc, at, arith::ConstantIndexOp::create(builder, loc, place.row));
  if (loop == roles.vectorLoop && place.vector > 0)
    at = builder.createOrFold<arith::AddIOp>(loc, at,
                                             lanes(builder, place.vector));
  return at;
}

Value LaneOp::scalarOf(OpBuilder &builder, const Place &place, Value value,
                       const IRMapping &vectors, IRMapping &scalars) {
  if (value.getParentBlock() != op.getBlock())
    return value;
  if (Value known = scalars.lookupOrNull(value))
    return known;
  if (isa<BlockArgument>(value)) // `load` repeated it on all lanes
    return vectors.lookup(value)
        .getDefiningOp<vector::BroadcastOp>()
        .getSource();
  if (auto index = value.getDefiningOp<linalg::IndexOp>())
    return indexAt(builder, place, index.getDim());
  Operation *computed = value.getDefiningOp();
  for (Value operand : computed->getOperands())
    scalars.map(operand, scalarOf(builder, place, operand, vectors, scalars));
  builder.clone(*computed, scalars);
  return scalars.lookup(value);
}

Value LaneOp::loadInBody(OpBuilder &builder, const Place &place,
                         memref::LoadOp load, const IRMapping &vectors,
                         IRMapping &scalars) {
  Location loc = load.getLoc();
  VectorType type = vectorOf(load.getType());
  if (!isAlong(op, load, roles.vectorLoop))
    return gatherInBody(builder, place, load, vectors, scalars);
  Values at;
  for (Value index : load.getIndices())
    at.push_back(scalarOf(builder, place, index, vectors, scalars));
  if (at.empty() ||
      !variesAlong(op, load.getIndices().back(), roles.vectorLoop))
    return vector::BroadcastOp::create(
        builder, loc, type,
        memref::LoadOp::create(builder, loc, load.getMemRef(), at));
  if (!place.mask)
    return vector::LoadOp::create(builder, loc, type, load.getMemRef(), at);
  Value nothing = arith::ConstantOp::create(
      builder, loc, type, cast<TypedAttr>(builder.getZeroAttr(type)));
  return vector::MaskedLoadOp::create(builder, loc, type, load.getMemRef(), at,
                                      place.mask, nothing);
}

Value LaneOp::gatherInBody(OpBuilder &builder, const Place &place,
                           memref::LoadOp load, const IRMapping &vectors,
                           IRMapping &scalars) {
  Location loc = load.getLoc();
  VectorType indices = vectorOf(builder.getIndexType());
  auto layout =
      memref::ExtractStridedMetadataOp::create(builder, loc, load.getMemRef());
  Value places;
  Values at;
  for (auto [index, stride] :
       llvm::zip_equal(load.getIndices(), layout.getConstifiedMixedStrides())) {
    if (!variesAlong(op, index, roles.vectorLoop)) {
      at.push_back(scalarOf(builder, place, index, vectors, scalars));
      continue;
    }
    at.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
    Value apart = vector::BroadcastOp::create(
        builder, loc, indices,
        getValueOrCreateConstantIndexOp(builder, loc, stride));
    Value place =
        arith::MulIOp::create(builder, loc, vectors.lookup(index), apart);
    places =
        places ? arith::AddIOp::create(builder, loc, places, place).getResult()
               : place;
  }
  return gatherAt(builder, load.getMemRef(), at, places, place.mask);
}

/// `wanted` and all that it is computed of in its block.
static llvm::DenseSet<Value> neededFor(Value wanted) {
  llvm::DenseSet<Value> needed;
  SmallVector<Value> open = {wanted};
  Block *block = wanted.getParentBlock();
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (value.getParentBlock() != block || !needed.insert(value).second)
      continue;
    if (Operation *computed = value.getDefiningOp())
      llvm::append_range(open, computed->getOperands());
  }
  return needed;
}

Value LaneOp::applyBody(OpBuilder &builder, const Place &place,
                        ValueRange arguments, Value wanted,
                        const llvm::DenseSet<Value> &needed) {
  Location loc = op->getLoc();
  Block *body = op.getBlock();
  IRMapping mapping, scalars;
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
    VectorType type = vectorOf(builder.getIndexType());
    Value index = vector::BroadcastOp::create(builder, loc, type,
                                              indexAt(builder, place, loop));
    if (loop != roles.vectorLoop)
      return index;
    return arith::AddIOp::create(builder, loc, index,
                                 vector::StepOp::create(builder, loc, type))
        .getResult();
  };
  for (Operation &scalar : body->without_terminator()) {
    bool isNeeded = llvm::any_of(scalar.getResults(), [&](Value result) {
      return needed.contains(result);
    });
    if (!isNeeded || (llvm::any_of(scalar.getResults(), isAddress) &&
                      llvm::none_of(scalar.getResults(), [&](Value result) {
                        return servesGather(op, result, roles.vectorLoop);
                      })))
      continue; // scalarOf computes addresses
    if (auto load = dyn_cast<memref::LoadOp>(scalar)) {
      mapping.map(load.getResult(),
                  loadInBody(builder, place, load, mapping, scalars));
      continue;
    }
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
    auto nibble = roles.nibbles.empty() ? std::nullopt : nibbleOf(&scalar);
    if (nibble) {
      mapping.map(scalar.getResult(0),
                  lookUpNibbles(builder, loc, roles.nibbles,
                                onLanes(nibble->byte), nibble->high));
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
  return onLanes(wanted);
}

Values LaneOp::compute(OpBuilder &builder, ArrayRef<Value> position,
                       const Tile &tile, unsigned given, ValueRange registers) {
  return evaluate(builder, position, tile,
                  op.getBlock()->getTerminator()->getOperand(0), given,
                  registers, /*stores=*/false);
}

void LaneOp::computeInPlace(OpBuilder &builder, ArrayRef<Value> position,
                            const Tile &tile, unsigned given,
                            ValueRange registers) {
  evaluate(builder, position, tile,
           op.getBlock()->getTerminator()->getOperand(0), given, registers,
           /*stores=*/true);
}

Values LaneOp::evaluate(OpBuilder &builder, ArrayRef<Value> position,
                        const Tile &tile, Value wanted, unsigned given,
                        ValueRange registers, bool stores) {
  llvm::DenseSet<Value> needed = neededFor(wanted);
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
        else if (needed.contains(op.getMatchingBlockArgument(&operand)))
          arguments.push_back(get(operand, row, vector));
        else // not looked at
          arguments.push_back({});
      }
      results.push_back(applyBody(builder,
                                  {position, row, vector, tile.mask(vector)},
                                  arguments, wanted, needed));
      if (stores)
        store(builder, results.back(), position, row, vector,
              tile.mask(vector));
    }
  return results;
}
