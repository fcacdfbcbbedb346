//===- DenseBlock.cpp - Parts of a buffer without gaps --------------------===//

#include "DenseBlock.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/ElementBytes.h"

using namespace mlir;
using namespace rac;

static Sizes mixed(Value buffer, ValueRange sizes) {
  return getMixedValues(cast<MemRefType>(buffer.getType()).getShape(), sizes,
                        buffer.getContext());
}

/// Of each group of dimensions the only one that isn't 1; none where there are
/// several and their product isn't known.
static std::optional<Sizes> collapsed(memref::CollapseShapeOp op,
                                      ArrayRef<OpFoldResult> source) {
  Sizes result;
  ArrayRef<int64_t> shape = op.getResultType().getShape();
  for (auto [size, group] :
       llvm::zip_equal(shape, op.getReassociationIndices())) {
    if (!ShapedType::isDynamic(size)) {
      result.push_back(Builder(op).getIndexAttr(size));
      continue;
    }
    OpFoldResult only;
    for (int64_t dim : group) {
      if (isConstantIntValue(source[dim], 1))
        continue;
      if (only)
        return std::nullopt;
      only = source[dim];
    }
    result.push_back(only ? only : source[group.front()]);
  }
  return result;
}

std::optional<Sizes> rac::sizesOf(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !type.getLayout().isIdentity())
    return std::nullopt;
  if (type.hasStaticShape())
    return mixed(buffer, {});
  Operation *op = buffer.getDefiningOp();
  if (auto alloc = dyn_cast_or_null<memref::AllocOp>(op))
    return mixed(buffer, alloc.getDynamicSizes());
  if (auto input = dyn_cast_or_null<InputBufferOp>(op))
    return mixed(buffer, input.getSizes());
  if (auto output = dyn_cast_or_null<OutputBufferOp>(op))
    return mixed(buffer, output.getSizes());
  if (auto block = dyn_cast_or_null<BlockOp>(op))
    return mixed(buffer, block.getSizes());
  if (auto expand = dyn_cast_or_null<memref::ExpandShapeOp>(op))
    return expand.getMixedOutputShape();
  if (auto collapse = dyn_cast_or_null<memref::CollapseShapeOp>(op))
    if (std::optional<Sizes> source = sizesOf(collapse.getSrc()))
      return collapsed(collapse, *source);
  return std::nullopt;
}

memref::AllocOp rac::wholeAllocation(Value view, Block *block) {
  while (Operation *op = view.getDefiningOp()) {
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return op->getBlock() == block ? alloc : memref::AllocOp();
    if (!isa<memref::CollapseShapeOp, memref::ExpandShapeOp>(op))
      return {};
    view = op->getOperand(0);
  }
  return {};
}

bool rac::haveSameSizes(ArrayRef<OpFoldResult> one,
                        ArrayRef<OpFoldResult> other) {
  auto longer = [](ArrayRef<OpFoldResult> sizes) {
    return llvm::make_filter_range(
        sizes, [](OpFoldResult size) { return !isConstantIntValue(size, 1); });
  };
  return llvm::equal(longer(one), longer(other), isEqualConstantIntOrValue);
}

bool rac::isDense(memref::SubViewOp view, ArrayRef<OpFoldResult> sizes) {
  if (!llvm::all_of(view.getMixedStrides(), [](OpFoldResult stride) {
        return isConstantIntValue(stride, 1);
      }))
    return false;
  bool whole = false;
  for (auto [offset, size, all] :
       llvm::zip_equal(view.getMixedOffsets(), view.getMixedSizes(), sizes)) {
    if (whole && (!isConstantIntValue(offset, 0) ||
                  !isEqualConstantIntOrValue(size, all)))
      return false;
    whole |= !isConstantIntValue(size, 1);
  }
  return true;
}

bool rac::isInside(memref::SubViewOp view, ArrayRef<OpFoldResult> sizes) {
  for (auto [offset, size, all] :
       llvm::zip_equal(view.getMixedOffsets(), view.getMixedSizes(), sizes)) {
    if (isConstantIntValue(offset, 0) && isEqualConstantIntOrValue(size, all))
      continue;
    Builder builder(view);
    auto sum = AffineMap::get(
        0, 2, builder.getAffineSymbolExpr(0) + builder.getAffineSymbolExpr(1));
    using Bounds = ValueBoundsConstraintSet;
    if (!Bounds::compare(Bounds::Variable(sum, {offset, size}),
                         Bounds::ComparisonOperator::LE, all) ||
        !Bounds::compare(offset, Bounds::ComparisonOperator::GE,
                         OpFoldResult(builder.getIndexAttr(0))))
      return false;
  }
  return true;
}

/// The number of the view's first element, of what isn't known as symbols.
static AffineExpr firstElement(memref::SubViewOp view,
                               ArrayRef<OpFoldResult> sizes,
                               SmallVectorImpl<OpFoldResult> &symbols) {
  MLIRContext *context = view.getContext();
  auto term = [&](OpFoldResult value) {
    if (std::optional<int64_t> known = getConstantIntValue(value))
      return getAffineConstantExpr(*known, context);
    symbols.push_back(value);
    return getAffineSymbolExpr(symbols.size() - 1, context);
  };
  AffineExpr at = getAffineConstantExpr(0, context);
  for (auto [offset, size] : llvm::zip_equal(view.getMixedOffsets(), sizes))
    at = at * term(size) + term(offset);
  return at;
}

Value rac::firstElement(OpBuilder &builder, memref::SubViewOp view,
                        ArrayRef<OpFoldResult> sizes) {
  Location loc = view.getLoc();
  SmallVector<OpFoldResult> symbols;
  AffineExpr at = ::firstElement(view, sizes, symbols);
  return getValueOrCreateConstantIndexOp(
      builder, loc,
      affine::makeComposedFoldedAffineApply(
          builder, loc, AffineMap::get(0, symbols.size(), at), symbols));
}

bool rac::startsAtMultiple(memref::SubViewOp view, ArrayRef<OpFoldResult> sizes,
                           int64_t bytes) {
  SmallVector<OpFoldResult> symbols;
  AffineExpr at = ::firstElement(view, sizes, symbols);
  return at.getLargestKnownDivisor() * elementBytes(view.getType()) % bytes ==
         0;
}

void rac::becomeBlock(OpBuilder &builder, memref::AllocOp alloc, Value base,
                      memref::SubViewOp part, ArrayRef<OpFoldResult> sizes,
                      BlockParts &parts) {
  Location loc = alloc.getLoc();
  Value first = part ? firstElement(builder, part, sizes)
                     : arith::ConstantIndexOp::create(builder, loc, 0);
  auto block = BlockOp::create(builder, loc, alloc.getType(), base, first,
                               alloc.getDynamicSizes());
  alloc.replaceAllUsesWith(block.getResult());
  if (part)
    parts.insert({block, part});
  alloc.erase();
}

bool rac::moveBefore(Operation *op, Operation *maker, Operation *place) {
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  options.filter = [&](Operation *op) {
    return op->getBlock() == place->getBlock();
  };
  if (failed(getBackwardSlice(op, &slice, options)))
    return false;
  for (Operation *moved : slice)
    if (moved->getNumRegions() != 0 ||
        (moved != maker && !isMemoryEffectFree(moved)))
      return false;
  for (Operation *moved : topologicalSort(slice))
    if (!moved->isBeforeInBlock(place))
      moved->moveBefore(place);
  return true;
}
