//===- Structure.cpp - Generics, slices and loops -------------------------===//

#include "Utils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

//===----------------------------------------------------------------------===//
// Structured ops
//===----------------------------------------------------------------------===//

Value lowering::emptyTensor(OpBuilder &b, Location loc,
                            ArrayRef<OpFoldResult> sizes, Type stored) {
  return tensor::EmptyOp::create(b, loc, sizes, stored);
}

Value lowering::filledTensor(OpBuilder &b, Location loc,
                             ArrayRef<OpFoldResult> sizes, Value stored) {
  Value empty = emptyTensor(b, loc, sizes, stored.getType());
  return linalg::FillOp::create(b, loc, stored, empty).getResult(0);
}

linalg::GenericOp
lowering::buildGeneric(OpBuilder &b, Location loc, ArrayRef<Operand> ins,
                       ArrayRef<Operand> outs,
                       ArrayRef<utils::IteratorType> iterators, Body body) {
  SmallVector<Value> inputs, outputs;
  SmallVector<AffineMap> maps;
  SmallVector<Type> types;
  for (const Operand &in : ins) {
    inputs.push_back(in.value);
    maps.push_back(in.map);
  }
  for (const Operand &out : outs) {
    outputs.push_back(out.value);
    maps.push_back(out.map);
    types.push_back(out.value.getType());
  }
  return linalg::GenericOp::create(
      b, loc, types, inputs, outputs, maps, iterators,
      [&](OpBuilder &nested, Location nestedLoc, ValueRange args) {
        linalg::YieldOp::create(nested, nestedLoc,
                                body(nested, nestedLoc, args));
      });
}

Value lowering::buildMap(OpBuilder &b, Location loc, ArrayRef<Operand> ins,
                         ArrayRef<OpFoldResult> sizes, Type stored,
                         ScalarBody body) {
  Operand out = {emptyTensor(b, loc, sizes, stored),
                 identityMap(b, sizes.size())};
  return buildGeneric(b, loc, ins, out, Iterators(sizes.size(), kParallel),
                      [&](OpBuilder &nested, Location nestedLoc,
                          ValueRange args) -> SmallVector<Value> {
                        return {body(nested, nestedLoc, args)};
                      })
      .getResult(0);
}

Value lowering::buildReduction(OpBuilder &b, Location loc,
                               ArrayRef<Operand> ins,
                               ArrayRef<OpFoldResult> sizes,
                               const llvm::SmallBitVector &reduced, Value init,
                               ScalarBody body) {
  Sizes kept;
  Iterators iterators;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    iterators.push_back(reduced[i] ? kReduction : kParallel);
    if (!reduced[i])
      kept.push_back(size);
  }
  Operand out = {filledTensor(b, loc, kept, init), mapWithout(b, reduced)};
  return buildGeneric(b, loc, ins, out, iterators,
                      [&](OpBuilder &nested, Location nestedLoc,
                          ValueRange args) -> SmallVector<Value> {
                        return {body(nested, nestedLoc, args)};
                      })
      .getResult(0);
}

AffineMap lowering::identityMap(OpBuilder &b, int64_t rank) {
  return b.getMultiDimIdentityMap(rank);
}

AffineMap lowering::mapWithout(OpBuilder &b,
                               const llvm::SmallBitVector &dropped) {
  SmallVector<AffineExpr> exprs;
  for (unsigned i = 0; i < dropped.size(); ++i)
    if (!dropped[i])
      exprs.push_back(b.getAffineDimExpr(i));
  return AffineMap::get(dropped.size(), 0, exprs, b.getContext());
}

AffineMap lowering::broadcastMap(OpBuilder &b, RankedTensorType operand,
                                 ArrayRef<int64_t> shape) {
  int64_t rank = shape.size(), shift = rank - operand.getRank();
  SmallVector<AffineExpr> exprs;
  for (int64_t i = 0; i < operand.getRank(); ++i)
    exprs.push_back(operand.getDimSize(i) == 1 && shape[i + shift] != 1
                        ? b.getAffineConstantExpr(0)
                        : b.getAffineDimExpr(i + shift));
  return AffineMap::get(rank, 0, exprs, b.getContext());
}

Value lowering::castTensor(OpBuilder &b, Location loc, Value tensor, Type from,
                           Type to) {
  if (from == to)
    return tensor;
  AffineMap map = identityMap(b, tensorOf(tensor).getRank());
  return buildMap(b, loc, Operand{tensor, map},
                  tensor::getMixedSizes(b, loc, tensor), storageType(to),
                  [&](OpBuilder &b, Location loc, ValueRange args) {
                    ScalarBuilder s(b, loc, from.isUnsignedInteger());
                    Value x = loadElement(b, loc, args[0], from);
                    return storeElement(b, loc, s.cast(x, from, to), to);
                  });
}

Value lowering::shapedLike(OpBuilder &b, Location loc, Value tensor,
                           Type shaped) {
  auto type = tensorOf(tensor).clone(cast<RankedTensorType>(shaped).getShape());
  if (tensor.getType() == type)
    return tensor;
  return tensor::CastOp::create(b, loc, type, tensor);
}

Value lowering::addToSum(OpBuilder &b, Location loc, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::AddFOp::create(b, loc, x, y,
                                 arith::FastMathFlags::reassoc |
                                     arith::FastMathFlags::contract);
  return arith::AddIOp::create(b, loc, x, y);
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

static Sizes ones(OpBuilder &b, size_t rank) {
  return Sizes(rank, b.getIndexAttr(1));
}

static bool hasNoElements(RankedTensorType type) {
  return llvm::is_contained(type.getShape(), 0);
}

Value lowering::extractSlice(OpBuilder &b, Location loc, RankedTensorType type,
                             Value tensor, ArrayRef<OpFoldResult> offsets,
                             ArrayRef<OpFoldResult> sizes,
                             ArrayRef<OpFoldResult> steps) {
  // Upstream's slices begin at an element, which these may not have.
  if (hasNoElements(type)) {
    SmallVector<Value> dynamic;
    SmallVector<int64_t> fixed;
    dispatchIndexOpFoldResults(sizes, dynamic, fixed);
    return tensor::EmptyOp::create(b, loc, type, dynamic);
  }
  return tensor::ExtractSliceOp::create(b, loc, type, tensor, offsets, sizes,
                                        steps);
}

Value lowering::sliceTensor(OpBuilder &b, Location loc, Value tensor,
                            ArrayRef<OpFoldResult> offsets,
                            ArrayRef<OpFoldResult> sizes,
                            const llvm::SmallBitVector &dropped) {
  SmallVector<int64_t> shape;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (!dropped[i])
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = tensorOf(tensor).clone(shape);
  // A size that is a constant value would be static in the type only.
  Sizes folded(sizes);
  for (OpFoldResult &size : folded)
    if (std::optional<int64_t> known = getConstantIntValue(size))
      size = b.getIndexAttr(*known);
  return extractSlice(b, loc, cast<RankedTensorType>(type), tensor, offsets,
                      folded, ones(b, sizes.size()));
}

Value lowering::insertSlice(OpBuilder &b, Location loc, Value slice,
                            Value tensor, ArrayRef<OpFoldResult> offsets,
                            ArrayRef<OpFoldResult> sizes,
                            ArrayRef<OpFoldResult> steps) {
  if (hasNoElements(tensorOf(slice)))
    return tensor;
  return tensor::InsertSliceOp::create(b, loc, slice, tensor, offsets, sizes,
                                       steps.empty() ? ones(b, sizes.size())
                                                     : Sizes(steps));
}

Value lowering::padTensor(OpBuilder &b, Location loc, Value tensor,
                          ArrayRef<OpFoldResult> low,
                          ArrayRef<OpFoldResult> high, Value stored) {
  auto isZero = [](OpFoldResult x) { return isConstantIntValue(x, 0); };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return tensor;
  Sizes sizes = tensor::getMixedSizes(b, loc, tensor), padded;
  for (auto [size, l, h] : llvm::zip_equal(sizes, low, high))
    padded.push_back(addSizes(b, loc, addSizes(b, loc, l, size), h));
  Value filled = filledTensor(b, loc, padded, stored);
  return insertSlice(b, loc, tensor, filled, low, sizes);
}

//===----------------------------------------------------------------------===//
// Split and merged dimensions
//===----------------------------------------------------------------------===//

/// Reassociation that joins dimensions `dim` and `dim + 1` of `rank` split
/// ones.
static SmallVector<ReassociationIndices> joining(int64_t dim, int64_t rank) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0; i < rank; ++i) {
    if (i == dim + 1)
      groups.back().push_back(i);
    else
      groups.push_back({i});
  }
  return groups;
}

Value lowering::splitDim(OpBuilder &b, Location loc, Value tensor, int64_t dim,
                         int64_t outer) {
  Sizes sizes = tensor::getMixedSizes(b, loc, tensor);
  AffineExpr s0 = b.getAffineSymbolExpr(0);
  OpFoldResult inner = affine::makeComposedFoldedAffineApply(
      b, loc, AffineMap::get(0, 1, s0.floorDiv(outer)), sizes[dim]);
  sizes[dim] = b.getIndexAttr(outer);
  sizes.insert(sizes.begin() + dim + 1, inner);
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return tensor::ExpandShapeOp::create(b, loc, tensorOf(tensor).clone(shape),
                                       tensor, joining(dim, shape.size()),
                                       sizes);
}

Value lowering::mergeDims(OpBuilder &b, Location loc, Value tensor,
                          int64_t dim) {
  return tensor::CollapseShapeOp::create(
      b, loc, tensor, joining(dim, tensorOf(tensor).getRank()));
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<Value>
lowering::loopOver(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes,
                   ValueRange init,
                   function_ref<SmallVector<Value>(OpBuilder &, Location,
                                                   ValueRange, ValueRange)>
                       body) {
  SmallVector<Value> low, high, step;
  for (OpFoldResult size : sizes) {
    low.push_back(indexConstant(b, loc, 0));
    high.push_back(indexValue(b, loc, size));
    step.push_back(indexConstant(b, loc, 1));
  }
  return llvm::to_vector(
      scf::buildLoopNest(
          b, loc, low, high, step, init,
          [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
            return scf::ValueVector(body(b, loc, at, carried));
          })
          .results);
}
