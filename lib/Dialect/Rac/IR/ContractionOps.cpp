//===- ContractionOps.cpp - Products, convolutions, pools -----------------===//

#include "Verification.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;
using rac::detail::contradict;

/// Floats keep their type or, of 16 bits and fewer, give f32; integers give
/// i32.
static LogicalResult verifyAccumulator(Operation *op) {
  Type lhs = getElementTypeOrSelf(op->getOperand(0));
  Type rhs = getElementTypeOrSelf(op->getOperand(1));
  Type result = getElementTypeOrSelf(op->getResult(0));
  bool widens = (lhs.isBF16() || lhs.isF16() || isa<Float8E4M3FNType>(lhs)) &&
                result.isF32();
  if (isa<FloatType>(lhs)
          ? lhs != rhs || (lhs != result && !widens)
          : !isa<IntegerType>(rhs) || !result.isSignlessInteger())
    return op->emitOpError("element types don't fit: ")
           << lhs << ", " << rhs << " -> " << result;
  return success();
}

//===----------------------------------------------------------------------===//
// MatmulOp
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::verify() { return verifyAccumulator(*this); }

LogicalResult MatmulOp::inferDims(ShapeContext &shapes,
                                  SmallVectorImpl<Dims> &results) {
  Dims lhs = shapes.dims(getLhs()), rhs = shapes.dims(getRhs());
  if (lhs.size() < 2 || rhs.size() < 2)
    return emitOpError("operands need at least two dimensions");
  AffineExpr n = rhs.pop_back_val(), k = rhs.pop_back_val();
  AffineExpr otherK = lhs.pop_back_val(), m = lhs.pop_back_val();
  if (contradict(k, otherK))
    return emitOpError("contracted dimensions differ");
  FailureOr<Dims> dims = detail::broadcastDims({lhs, rhs});
  if (failed(dims))
    return emitOpError("batch dimensions don't broadcast");
  dims->append({m, n});
  results.push_back(*dims);
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// Checks that each attribute has an entry per spatial dimension within bounds.
static LogicalResult
verifyWindow(Operation *op, size_t spatial,
             ArrayRef<std::pair<StringRef, ArrayRef<int64_t>>> attributes) {
  for (auto [name, values] : attributes) {
    if (values.size() != spatial)
      return op->emitOpError(name) << " needs an entry for each of the "
                                   << spatial << " spatial dimensions";
    int64_t least =
        name == "strides" || name == "dilations" || name == "window";
    for (int64_t value : values)
      if (value < least)
        return op->emitOpError(name) << " has " << value << ", below " << least;
  }
  return success();
}

template <typename OpT>
static LogicalResult verifyConvolution(OpT op, int64_t channelDim) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  if (input.getRank() < 3 || filter.getRank() != input.getRank())
    return op.emitOpError("input and filter need one rank of at least three");
  if (failed(verifyAccumulator(op)) ||
      failed(verifyWindow(op, input.getRank() - 2,
                          {{"strides", op.getStrides()},
                           {"dilations", op.getDilations()},
                           {"pads_low", op.getPadsLow()},
                           {"pads_high", op.getPadsHigh()}})))
    return failure();
  for (int64_t size : filter.getShape().drop_front(2))
    if (size == 0)
      return op.emitOpError("filter's window is empty");
  int64_t groups = op.getGroups();
  if (groups < 1)
    return op.emitOpError("needs at least one group");
  int64_t channels = input.getShape().back();
  int64_t filterChannels = filter.getDimSize(channelDim);
  if (channelDim == 1 && !ShapedType::isDynamic(filterChannels))
    filterChannels *= groups;
  if (!ShapedType::isDynamic(channels) &&
      !ShapedType::isDynamic(filterChannels) && channels != filterChannels)
    return op.emitOpError("input has ")
           << channels << " channels, the filter takes " << filterChannels;
  if (!filter.isDynamicDim(0) && filter.getDimSize(0) % groups != 0)
    return op.emitOpError("groups don't divide the filter's first dimension");
  return success();
}

LogicalResult ConvOp::verify() {
  if (failed(verifyConvolution(*this, 1)))
    return failure();
  auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(getInput()));
  int64_t zero = getInputZero();
  if (zero == 0)
    return success();
  if (!type)
    return emitOpError("has an input_zero, which is for integers");
  unsigned width = type.getWidth();
  if (type.isUnsigned() ? zero < 0 || !llvm::isUIntN(width, zero)
                        : !llvm::isIntN(width, zero))
    return emitOpError("input_zero ") << zero << " is no " << type;
  return success();
}

LogicalResult ConvTransposeOp::verify() {
  if (failed(verifyConvolution(*this, 0)))
    return failure();
  return verifyWindow(*this, getStrides().size(),
                      {{"output_padding", getOutputPadding()}});
}

LogicalResult ConvOp::inferDims(ShapeContext &shapes,
                                SmallVectorImpl<Dims> &results) {
  if (failed(verify()))
    return failure();
  Dims input = shapes.dims(getInput()), filter = shapes.dims(getFilter());
  Dims dims = {input.front()};
  for (size_t i = 0; i < getStrides().size(); ++i) {
    int64_t window = staticDim(filter[i + 2]);
    if (ShapedType::isDynamic(window))
      return emitOpError("filter's window must be static");
    dims.push_back(windowedDim(input[i + 1], getPadsLow()[i] + getPadsHigh()[i],
                               window, getDilations()[i], getStrides()[i]));
  }
  dims.push_back(filter.front());
  results.push_back(dims);
  return success();
}

LogicalResult ConvTransposeOp::inferDims(ShapeContext &shapes,
                                         SmallVectorImpl<Dims> &results) {
  if (failed(verify()))
    return failure();
  Dims input = shapes.dims(getInput()), filter = shapes.dims(getFilter());
  Dims dims = {input.front()};
  for (size_t i = 0; i < getStrides().size(); ++i) {
    int64_t window = staticDim(filter[i + 2]);
    if (ShapedType::isDynamic(window))
      return emitOpError("filter's window must be static");
    dims.push_back((input[i + 1] - 1) * getStrides()[i] +
                   (getDilations()[i] * (window - 1) + 1 +
                    getOutputPadding()[i] - getPadsLow()[i] -
                    getPadsHigh()[i]));
  }
  dims.push_back(filter[1] * static_cast<int64_t>(getGroups()));
  results.push_back(dims);
  return success();
}

LogicalResult PoolOp::verify() {
  auto type = getInput().getType();
  if (type.getRank() < 3)
    return emitOpError("input needs at least three dimensions");
  return verifyWindow(*this, type.getRank() - 2,
                      {{"window", getWindow()},
                       {"strides", getStrides()},
                       {"dilations", getDilations()},
                       {"pads_low", getPadsLow()},
                       {"pads_high", getPadsHigh()},
                       {"ceil_extra", getCeilExtra()}});
}

LogicalResult PoolOp::inferDims(ShapeContext &shapes,
                                SmallVectorImpl<Dims> &results) {
  if (failed(verify()))
    return failure();
  Dims dims = shapes.dims(getInput());
  for (size_t i = 0; i < getWindow().size(); ++i)
    dims[i + 1] =
        windowedDim(dims[i + 1], getPadsLow()[i] + getPadsHigh()[i],
                    getWindow()[i], getDilations()[i], getStrides()[i]);
  results.push_back(dims);
  return success();
}

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::inferDims(ShapeContext &shapes,
                                     SmallVectorImpl<Dims> &results) {
  Dims query = shapes.dims(getQuery()), key = shapes.dims(getKey()),
       value = shapes.dims(getValue());
  if (query.size() < 2 || key.size() != query.size() ||
      value.size() != query.size())
    return emitOpError("query, key and value need one rank of at least two");
  if (contradict(query.back(), key.back()))
    return emitOpError("query and key differ in their last dimension");
  if (contradict(key[key.size() - 2], value[value.size() - 2]))
    return emitOpError("key and value differ in length");
  for (size_t i = 0; i + 2 < query.size(); ++i)
    if (contradict(query[i], key[i]) || contradict(query[i], value[i]))
      return emitOpError("query, key and value differ in dimension ") << i;
  if (Value mask = getMask()) {
    Dims products = query;
    products.back() = key[key.size() - 2];
    if (!detail::broadcastsTo(shapes.dims(mask), products))
      return emitOpError("mask doesn't broadcast to the products");
  }
  query.back() = value.back();
  results.push_back(query);
  return success();
}
