//===- Permute.cpp - Ops in another order of dimensions -------------------===//

#include "Permute.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rac;

static int64_t resultRank(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getRank();
}

/// The order of a tensor that loses the dimensions `dropped`.
static Permutation dropDims(const Permutation &order,
                            ArrayRef<int64_t> dropped) {
  Permutation result;
  for (int64_t dim : order) {
    if (llvm::is_contained(dropped, dim))
      continue;
    result.push_back(
        dim - llvm::count_if(dropped, [&](int64_t d) { return d < dim; }));
  }
  return result;
}

/// Dimensions from `axis` on stay where they are.
static bool keepsTrailing(const Permutation &order, int64_t axis) {
  for (int64_t i = axis; i < static_cast<int64_t>(order.size()); ++i)
    if (order[i] != i)
      return false;
  return true;
}

std::optional<OpOrder> rac::orderFromOperand(Operation *op,
                                             const Permutation &operand) {
  OpOrder same{operand, operand};
  int64_t rank = operand.size();
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getKeepDims()
               ? same
               : OpOrder{operand, dropDims(operand, reduce.getAxes())};
  if (auto reduce = dyn_cast<ArgReduceOp>(op)) {
    int64_t axis = reduce.getAxis();
    return reduce.getKeepDims() ? same
                                : OpOrder{operand, dropDims(operand, axis)};
  }
  if (auto norm = dyn_cast<NormalizeOp>(op))
    return keepsTrailing(operand, norm.getAxis()) ? std::optional(same)
                                                  : std::nullopt;
  if (isa<ElementwiseOpInterface, ExpandOp, SoftmaxOp, ScanOp, ConcatOp,
          SliceOp, PadOp, ResizeOp>(op) &&
      resultRank(op) == rank)
    return same;
  return std::nullopt;
}

std::optional<OpOrder> rac::orderFromResult(Operation *op,
                                            const Permutation &result) {
  // Where dimensions have gone, the operand's order doesn't follow from this.
  if (isa<ReduceOp, ArgReduceOp>(op) &&
      cast<RankedTensorType>(op->getOperand(0).getType()).getRank() !=
          resultRank(op))
    return std::nullopt;
  return orderFromOperand(op, result);
}

SmallVector<OpOperand *> rac::getOrderedOperands(Operation *op) {
  SmallVector<OpOperand *> operands;
  bool all = isa<ElementwiseOpInterface, ConcatOp>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (type && type.getRank() > 0 && (all || operand.getOperandNumber() == 0))
      operands.push_back(&operand);
  }
  return operands;
}

static SmallVector<OpFoldResult> permute(ArrayRef<OpFoldResult> values,
                                         const Permutation &order) {
  return applyPermutation(values, order);
}

Value rac::buildPermuted(OpBuilder &builder, Operation *op,
                         const OpOrder &order, ArrayRef<Value> operands) {
  Location loc = op->getLoc();
  const Permutation &in = order.operand;
  Permutation position = invertPermutationVector(in);
  // Sizes and attributes that name dimensions are made anew.
  if (auto slice = dyn_cast<SliceOp>(op))
    return SliceOp::create(builder, loc, operands[0],
                           permute(slice.getMixedOffsets(), in),
                           permute(slice.getMixedSizes(), in),
                           applyPermutation(slice.getSteps(), in));
  if (auto pad = dyn_cast<PadOp>(op))
    return PadOp::create(builder, loc, pad.getMode(), operands[0],
                         pad.getValue(), permute(pad.getMixedLow(), in),
                         permute(pad.getMixedHigh(), in));
  if (auto expand = dyn_cast<ExpandOp>(op))
    return ExpandOp::create(builder, loc, operands[0],
                            permute(expand.getMixedSizes(), in));

  IRMapping mapping;
  Operation *clone = builder.clone(*op, mapping);
  for (auto [operand, value] :
       llvm::zip_equal(getOrderedOperands(op), operands))
    clone->setOperand(operand->getOperandNumber(), value);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  clone->getResult(0).setType(
      type.clone(applyPermutation(type.getShape(), order.result)));
  llvm::TypeSwitch<Operation *>(clone)
      .Case([&](ReduceOp reduce) {
        SmallVector<int64_t> axes;
        for (int64_t axis : reduce.getAxes())
          axes.push_back(position[axis]);
        llvm::sort(axes);
        reduce.setAxes(axes);
      })
      .Case<ArgReduceOp, SoftmaxOp, ScanOp, ConcatOp>(
          [&](auto op) { op.setAxis(position[op.getAxis()]); })
      .Case([&](ResizeOp resize) {
        SmallVector<OpFoldResult> sizes =
            permute(cast<ResizeOp>(op).getMixedSizes(), in);
        SmallVector<int64_t> fixed;
        SmallVector<Value> dynamic;
        dispatchIndexOpFoldResults(sizes, dynamic, fixed);
        resize.getSizesMutable().assign(dynamic);
        resize.setStaticSizes(fixed);
        if (resize.getScales())
          resize.setMixedScales(permute(resize.getMixedScales(), in));
      });
  return clone->getResult(0);
}
