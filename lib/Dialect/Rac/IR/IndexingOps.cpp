//===- IndexingOps.cpp - Ops whose positions are data ---------------------===//

#include "Verification.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;
using rac::detail::checkAxis;
using rac::detail::contradict;
using rac::detail::exceeds;

/// Fails where indices along one dimension are more than the input has along
/// others.
static LogicalResult checkCovered(Operation *op, ArrayRef<AffineExpr> indices,
                                  ArrayRef<AffineExpr> input, int64_t axis) {
  for (auto [i, wanted, had] : llvm::enumerate(indices, input))
    if (static_cast<int64_t>(i) != axis && exceeds(wanted, had))
      return op->emitOpError("indices exceed the input in dimension ") << i;
  return success();
}

LogicalResult GatherOp::inferDims(ShapeContext &shapes,
                                  SmallVectorImpl<Dims> &results) {
  Dims dims = shapes.dims(getInput()), indices = shapes.dims(getIndices());
  int64_t axis = getAxis();
  if (failed(checkAxis(*this, axis, dims.size())))
    return failure();
  dims.erase(dims.begin() + axis);
  dims.insert(dims.begin() + axis, indices.begin(), indices.end());
  results.push_back(dims);
  return success();
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  auto input = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput());
  auto indices = dyn_cast_or_null<DenseElementsAttr>(adaptor.getIndices());
  if (!input || !indices || input.getType().getRank() != 1 ||
      !getType().hasStaticShape())
    return {};
  int64_t count = input.getNumElements();
  SmallVector<Attribute> picked, values(input.getValues<Attribute>());
  for (const APInt &index : indices.getValues<APInt>()) {
    int64_t i = index.getSExtValue();
    i = i < 0 ? i + count : i;
    if (i < 0 || i >= count)
      return {};
    picked.push_back(values[i]);
  }
  return DenseElementsAttr::get(getType(), picked);
}

LogicalResult GatherElementsOp::inferDims(ShapeContext &shapes,
                                          SmallVectorImpl<Dims> &results) {
  Dims dims = shapes.dims(getInput()), indices = shapes.dims(getIndices());
  if (failed(checkAxis(*this, getAxis(), dims.size())))
    return failure();
  if (indices.size() != dims.size())
    return emitOpError("input and indices differ in rank");
  if (failed(checkCovered(*this, indices, dims, getAxis())))
    return failure();
  results.push_back(indices);
  return success();
}

LogicalResult GatherNdOp::inferDims(ShapeContext &shapes,
                                    SmallVectorImpl<Dims> &results) {
  Dims input = shapes.dims(getInput()), indices = shapes.dims(getIndices());
  int64_t batch = getBatchDims();
  int64_t depth =
      indices.empty() ? ShapedType::kDynamic : staticDim(indices.back());
  if (ShapedType::isDynamic(depth))
    return emitOpError("last dimension of indices must be static");
  if (batch < 0 || depth < 0 || batch >= static_cast<int64_t>(indices.size()) ||
      batch + depth > static_cast<int64_t>(input.size()))
    return emitOpError("indices name more dimensions than the input has");
  for (int64_t i = 0; i < batch; ++i)
    if (contradict(indices[i], input[i]))
      return emitOpError("input and indices differ in batch dimension ") << i;
  Dims dims(ArrayRef(indices).drop_back());
  llvm::append_range(dims, ArrayRef(input).drop_front(batch + depth));
  results.push_back(dims);
  return success();
}

LogicalResult ScatterElementsOp::inferDims(ShapeContext &shapes,
                                           SmallVectorImpl<Dims> &results) {
  Dims dims = shapes.dims(getInput());
  if (failed(checkAxis(*this, getAxis(), dims.size())))
    return failure();
  Dims indices = shapes.dims(getIndices()), updates = shapes.dims(getUpdates());
  if (indices.size() != dims.size() || updates.size() != dims.size())
    return emitOpError("input, indices and updates differ in rank");
  for (auto [i, index, update] : llvm::enumerate(indices, updates))
    if (contradict(index, update))
      return emitOpError("indices and updates differ in dimension ") << i;
  if (failed(checkCovered(*this, indices, dims, getAxis())))
    return failure();
  results.push_back(dims);
  return success();
}

LogicalResult ScatterNdOp::inferDims(ShapeContext &shapes,
                                     SmallVectorImpl<Dims> &results) {
  Dims dims = shapes.dims(getInput()), indices = shapes.dims(getIndices());
  int64_t depth =
      indices.empty() ? ShapedType::kDynamic : staticDim(indices.back());
  if (ShapedType::isDynamic(depth))
    return emitOpError("last dimension of indices must be static");
  if (depth < 0 || depth > static_cast<int64_t>(dims.size()))
    return emitOpError("indices name more dimensions than the input has");
  Dims wanted(ArrayRef(indices).drop_back()),
      updates = shapes.dims(getUpdates());
  llvm::append_range(wanted, ArrayRef(dims).drop_front(depth));
  if (updates.size() != wanted.size())
    return emitOpError("updates have the wrong rank");
  for (auto [i, size, update] : llvm::enumerate(wanted, updates))
    if (contradict(size, update))
      return emitOpError("updates don't fit indices and input in dimension ")
             << i;
  results.push_back(dims);
  return success();
}

SmallVector<OpFoldResult> ResizeOp::getMixedSizes() {
  return getMixedValues(getStaticSizes(), getSizes(), getContext());
}

SmallVector<OpFoldResult> ResizeOp::getMixedScales() {
  SmallVector<OpFoldResult> scales;
  unsigned next = 0;
  for (double scale : getScales().value_or(ArrayRef<double>())) {
    if (scale == 0)
      scales.push_back(getRunScales()[next++]);
    else
      scales.push_back(Builder(getContext()).getF64FloatAttr(scale));
  }
  return scales;
}

void ResizeOp::setMixedScales(ArrayRef<OpFoldResult> scales) {
  SmallVector<double> known;
  SmallVector<Value> left;
  for (OpFoldResult scale : scales) {
    if (auto value = dyn_cast<Value>(scale)) {
      known.push_back(0);
      left.push_back(value);
    } else {
      known.push_back(
          cast<FloatAttr>(cast<Attribute>(scale)).getValueAsDouble());
    }
  }
  setScales(known);
  getRunScalesMutable().assign(left);
}

/// Scales that have become constants.
OpFoldResult ResizeOp::fold(FoldAdaptor adaptor) {
  ArrayRef<Attribute> found = adaptor.getRunScales();
  SmallVector<OpFoldResult> scales = getMixedScales();
  bool changed = false;
  for (OpFoldResult &scale : scales) {
    if (!isa<Value>(scale))
      continue;
    auto known = dyn_cast_or_null<FloatAttr>(found.front());
    found = found.drop_front();
    // Others are the run's to refuse.
    if (!known || !(known.getValueAsDouble() > 0))
      continue;
    scale = FloatAttr::get(Float64Type::get(getContext()),
                           known.getValueAsDouble());
    changed = true;
  }
  if (!changed)
    return {};
  setMixedScales(scales);
  return getResult();
}

LogicalResult ResizeOp::inferDims(ShapeContext &shapes,
                                  SmallVectorImpl<Dims> &results) {
  size_t rank = getInput().getType().getRank();
  ArrayRef<double> scales = getScales().value_or(ArrayRef<double>());
  if (getStaticSizes().size() != rank || (getScales() && scales.size() != rank))
    return emitOpError("needs a size, and a scale if any, per dimension");
  if (static_cast<size_t>(llvm::count(scales, 0.0)) != getRunScales().size())
    return emitOpError("needs a scale of the run for each scale of 0");
  if (!llvm::all_of(scales, [](double scale) { return scale >= 0; }))
    return emitOpError("has a negative scale");
  FailureOr<Dims> dims = shapes.indices(*this, getSizes(), getStaticSizes());
  if (failed(dims))
    return failure();
  results.push_back(*dims);
  return success();
}

LogicalResult TopKOp::inferDims(ShapeContext &shapes,
                                SmallVectorImpl<Dims> &results) {
  Dims dims = shapes.dims(getInput());
  if (failed(checkAxis(*this, getAxis(), dims.size())))
    return failure();
  dims[getAxis()] = shapes.index(getK());
  results.append({dims, dims});
  return success();
}

LogicalResult NonZeroOp::inferDims(ShapeContext &shapes,
                                   SmallVectorImpl<Dims> &results) {
  results.push_back(
      {shapes.constant(cast<RankedTensorType>(getInput().getType()).getRank()),
       AffineExpr()});
  return success();
}

LogicalResult SuppressOp::inferDims(ShapeContext &shapes,
                                    SmallVectorImpl<Dims> &results) {
  Dims boxes = shapes.dims(getBoxes()), groups = shapes.dims(getGroups());
  if (boxes.size() != 2 || staticDim(boxes[1]) != 4)
    return emitOpError("boxes must be rows of four numbers");
  if (groups.size() != 1)
    return emitOpError("groups must be a vector");
  if (!shapes.dims(getLimit()).empty() || !shapes.dims(getThreshold()).empty())
    return emitOpError("limit and threshold must be scalars");
  if (contradict(boxes[0], groups[0]))
    return emitOpError("boxes and groups differ in number");
  results.push_back({boxes[0]});
  return success();
}
