//===- ReductionOps.cpp - Ops that fold dimensions ------------------------===//

#include "Verification.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;
using rac::detail::checkAxis;

/// The operand's dimensions without `axes`, or with them as 1.
static Dims reducedDims(ShapeContext &shapes, Value input,
                        ArrayRef<int64_t> axes, bool keep) {
  Dims dims;
  for (auto [i, size] : llvm::enumerate(shapes.dims(input))) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      dims.push_back(size);
    else if (keep)
      dims.push_back(shapes.constant(1));
  }
  return dims;
}

LogicalResult ReduceOp::inferDims(ShapeContext &shapes,
                                  SmallVectorImpl<Dims> &results) {
  for (int64_t axis : getAxes())
    if (failed(checkAxis(*this, axis, getInput().getType().getRank())))
      return failure();
  bool orders = getKind() == ReduceKind::max || getKind() == ReduceKind::min;
  if (!orders && getInput().getType().getElementType().isInteger(1))
    return emitOpError("neither adds nor multiplies booleans");
  for (size_t i = 1; i < getAxes().size(); ++i)
    if (getAxes()[i - 1] >= getAxes()[i])
      return emitOpError("axes must ascend");
  results.push_back(reducedDims(shapes, getInput(), getAxes(), getKeepDims()));
  return success();
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  if (getAxes().empty() && getInput().getType() == getType())
    return getInput();
  return {};
}

LogicalResult ArgReduceOp::inferDims(ShapeContext &shapes,
                                     SmallVectorImpl<Dims> &results) {
  int64_t axis = getAxis();
  if (failed(checkAxis(*this, axis, getInput().getType().getRank())))
    return failure();
  results.push_back(reducedDims(shapes, getInput(), axis, getKeepDims()));
  return success();
}

LogicalResult ScanOp::inferDims(ShapeContext &shapes,
                                SmallVectorImpl<Dims> &results) {
  if (failed(checkAxis(*this, getAxis(), getInput().getType().getRank())))
    return failure();
  results.push_back(shapes.dims(getInput()));
  return success();
}

LogicalResult SoftmaxOp::inferDims(ShapeContext &shapes,
                                   SmallVectorImpl<Dims> &results) {
  if (failed(checkAxis(*this, getAxis(), getInput().getType().getRank())))
    return failure();
  results.push_back(shapes.dims(getInput()));
  return success();
}

LogicalResult NormalizeOp::inferDims(ShapeContext &shapes,
                                     SmallVectorImpl<Dims> &results) {
  if (failed(checkAxis(*this, getAxis(), getInput().getType().getRank())))
    return failure();
  Dims dims = shapes.dims(getInput());
  Dims normalized(ArrayRef(dims).drop_front(getAxis()));
  for (Value factor : getOperands().drop_front())
    if (!detail::broadcastsTo(shapes.dims(factor), normalized))
      return emitOpError(
          "scale or bias doesn't broadcast to the normalised dimensions");
  results.push_back(dims);
  return success();
}
