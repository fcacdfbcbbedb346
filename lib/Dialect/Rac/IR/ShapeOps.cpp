//===- ShapeOps.cpp - Constants and ops that only move elements -----------===//

#include "Verification.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "rac/Dialect/Rac/IR/OpUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;
using rac::detail::checkAxis;
using rac::detail::contradict;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// ReshapeOp
//===----------------------------------------------------------------------===//

void ReshapeOp::build(OpBuilder &, OperationState &state, Value input,
                      ArrayRef<OpFoldResult> sizes) {
  addMixedSizes(state, input, sizes);
}

SmallVector<OpFoldResult> ReshapeOp::getMixedSizes() {
  return getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult ReshapeOp::inferDims(ShapeContext &shapes,
                                   SmallVectorImpl<Dims> &results) {
  FailureOr<Dims> indices = shapes.indices(*this, getSizes(), getStaticSizes());
  if (failed(indices))
    return failure();
  Dims dims = *indices;
  auto count = [](ArrayRef<int64_t> shape) -> std::optional<int64_t> {
    if (llvm::is_contained(shape, ShapedType::kDynamic))
      return std::nullopt;
    return ShapedType::getNumElements(shape);
  };
  std::optional<int64_t> before = count(getInput().getType().getShape());
  std::optional<int64_t> after = count(llvm::map_to_vector(dims, staticDim));
  if (before && after && *before != *after)
    return emitOpError("changes the element count from ")
           << *before << " to " << *after;
  results.push_back(dims);
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType() && getType().hasStaticShape())
    return getInput();
  // Of one dynamic dimension and the rest equal, the dynamic one is equal too,
  // unless there are no elements.
  if (getInput().getType() == getType() && getType().getNumDynamicDims() == 1 &&
      !llvm::is_contained(getType().getShape(), 0))
    return getInput();
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    if (getType().hasStaticShape())
      return elements.reshape(getType());
  if (auto resource =
          dyn_cast_or_null<DenseResourceElementsAttr>(adaptor.getInput()))
    if (getType().hasStaticShape())
      return DenseResourceElementsAttr::get(getType(), resource.getRawHandle());
  return {};
}

namespace {
/// reshape(reshape(x)) is one reshape.
struct FoldReshapeOfReshape : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<ReshapeOp>();
    if (!producer)
      return rewriter.notifyMatchFailure(op, "operand is not a reshape");
    rewriter.modifyOpInPlace(
        op, [&] { op.getInputMutable().assign(producer.getInput()); });
    return success();
  }
};

/// A size that is a constant belongs in the attribute and the type.
template <typename OpT> struct FoldConstantSizes : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    SmallVector<OpFoldResult> sizes = op.getMixedSizes();
    if (failed(foldDynamicIndexList(sizes, /*onlyNonNegative=*/true)))
      return rewriter.notifyMatchFailure(op, "no dynamic size is a constant");
    replaceWithRefined(
        rewriter, op, OpT::create(rewriter, op.getLoc(), op.getInput(), sizes));
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<FoldReshapeOfReshape, FoldConstantSizes<ReshapeOp>>(context);
}

//===----------------------------------------------------------------------===//
// TransposeOp
//===----------------------------------------------------------------------===//

void TransposeOp::build(OpBuilder &builder, OperationState &state, Value input,
                        ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(input.getType());
  build(builder, state,
        type.clone(applyPermutation(type.getShape(), permutation)), input,
        builder.getDenseI64ArrayAttr(permutation));
}

LogicalResult TransposeOp::verify() {
  if (!isPermutationVector(getPermutation()) ||
      static_cast<int64_t>(getPermutation().size()) !=
          getInput().getType().getRank())
    return emitOpError("permutation doesn't permute the operand's dimensions");
  return success();
}

LogicalResult TransposeOp::inferDims(ShapeContext &shapes,
                                     SmallVectorImpl<Dims> &results) {
  Dims dims;
  int64_t rank = getInput().getType().getRank();
  for (int64_t from : getPermutation()) {
    if (from < 0 || from >= rank)
      return emitOpError("permutation names dimension ") << from;
    dims.push_back(shapes.dim(getInput(), from));
  }
  results.push_back(dims);
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (isIdentityPermutation(getPermutation()) &&
      getInput().getType() == getType())
    return getInput();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    if (getType().hasStaticShape())
      return splat.resizeSplat(getType());
  return {};
}

namespace {
/// transpose(transpose(x)) is one transpose.
struct ComposeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<TransposeOp>();
    if (!producer)
      return rewriter.notifyMatchFailure(op, "operand is not a transpose");
    rewriter.replaceOpWithNewOp<TransposeOp>(
        op, op.getType(), producer.getInput(),
        rewriter.getDenseI64ArrayAttr(
            applyPermutation(producer.getPermutation(), op.getPermutation())));
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  // One that moves only unit dimensions stays a transpose, so that others can
  // cancel it; rac-propagate-layout makes those that are left reshapes.
  patterns.add<ComposeTransposes>(context);
}

//===----------------------------------------------------------------------===//
// ExpandOp
//===----------------------------------------------------------------------===//

void ExpandOp::build(OpBuilder &, OperationState &state, Value input,
                     ArrayRef<OpFoldResult> sizes) {
  addMixedSizes(state, input, sizes);
}

SmallVector<OpFoldResult> ExpandOp::getMixedSizes() {
  return getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult ExpandOp::inferDims(ShapeContext &shapes,
                                  SmallVectorImpl<Dims> &results) {
  FailureOr<Dims> indices = shapes.indices(*this, getSizes(), getStaticSizes());
  if (failed(indices))
    return failure();
  const Dims &dims = *indices;
  auto type = getInput().getType();
  if (type.getRank() > static_cast<int64_t>(dims.size()))
    return emitOpError("operand has more dimensions than the result");
  for (int64_t i : llvm::seq(type.getRank())) {
    int64_t size = type.getDimSize(i);
    int64_t wanted = staticDim(dims[dims.size() - type.getRank() + i]);
    if (!ShapedType::isDynamic(size) && !ShapedType::isDynamic(wanted) &&
        size != 1 && size != wanted)
      return emitOpError("operand dimension ")
             << i << " is " << size << ", neither 1 nor " << wanted;
  }
  results.push_back(dims);
  return success();
}

OpFoldResult ExpandOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType() && getType().hasStaticShape())
    return getInput();
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    if (getType().hasStaticShape())
      return splat.resizeSplat(getType());
  return {};
}

//===----------------------------------------------------------------------===//
// ConcatOp
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::inferDims(ShapeContext &shapes,
                                  SmallVectorImpl<Dims> &results) {
  if (getInputs().empty())
    return emitOpError("needs an operand");
  Dims dims = shapes.dims(getInputs().front());
  int64_t axis = getAxis();
  if (failed(checkAxis(*this, axis, dims.size())))
    return failure();
  for (Value input : getInputs().drop_front()) {
    Dims other = shapes.dims(input);
    if (other.size() != dims.size())
      return emitOpError("operands differ in rank");
    for (auto [i, size] : llvm::enumerate(other)) {
      if (static_cast<int64_t>(i) == axis) {
        dims[i] = dims[i] + size;
        continue;
      }
      if (ShapedType::isDynamic(staticDim(dims[i])))
        dims[i] = size;
      else if (contradict(dims[i], size))
        return emitOpError("operands differ in dimension ") << i;
    }
  }
  results.push_back(dims);
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getInputs().size() == 1 && getInputs().front().getType() == getType())
    return getInputs().front();
  return {};
}

//===----------------------------------------------------------------------===//
// SliceOp
//===----------------------------------------------------------------------===//

void SliceOp::build(OpBuilder &builder, OperationState &state, Value input,
                    ArrayRef<OpFoldResult> offsets,
                    ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> steps) {
  SmallVector<int64_t> staticOffsets, staticSizes;
  SmallVector<Value> dynamicOffsets, dynamicSizes;
  dispatchIndexOpFoldResults(offsets, dynamicOffsets, staticOffsets);
  dispatchIndexOpFoldResults(sizes, dynamicSizes, staticSizes);
  auto type = cast<RankedTensorType>(input.getType());
  build(builder, state, type.clone(staticSizes), input, dynamicOffsets,
        dynamicSizes, staticOffsets, staticSizes, steps);
}

SmallVector<OpFoldResult> SliceOp::getMixedOffsets() {
  return getMixedValues(getStaticOffsets(), getOffsets(), getContext());
}

SmallVector<OpFoldResult> SliceOp::getMixedSizes() {
  return getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult SliceOp::verify() {
  size_t rank = getInput().getType().getRank();
  if (getStaticOffsets().size() != rank || getStaticSizes().size() != rank ||
      getSteps().size() != rank)
    return emitOpError("needs an offset, a size and a step per dimension");
  for (size_t i = 0; i < rank; ++i) {
    int64_t in = getInput().getType().getDimSize(i);
    int64_t offset = getStaticOffsets()[i], size = getStaticSizes()[i];
    if (getSteps()[i] == 0)
      return emitOpError("step of dimension ") << i << " is zero";
    if (ShapedType::isDynamic(in) || ShapedType::isDynamic(offset) ||
        ShapedType::isDynamic(size) || size == 0)
      continue;
    int64_t last = offset + (size - 1) * getSteps()[i];
    if (size < 0 || offset < 0 || offset >= in || last < 0 || last >= in)
      return emitOpError("leaves dimension ") << i << " of size " << in;
  }
  return success();
}

LogicalResult SliceOp::inferDims(ShapeContext &shapes,
                                 SmallVectorImpl<Dims> &results) {
  if (failed(shapes.indices(*this, getOffsets(), getStaticOffsets())))
    return failure();
  FailureOr<Dims> dims = shapes.indices(*this, getSizes(), getStaticSizes());
  if (failed(dims))
    return failure();
  results.push_back(*dims);
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool whole = getInput().getType() == getType() && getType().hasStaticShape();
  bool inOrder = llvm::all_of(getSteps(), [](int64_t s) { return s == 1; });
  if (whole && inOrder)
    return getInput();
  return {};
}

namespace {

/// Where a slice of one dimension begins, and how it goes on.
struct SlicedDim {
  OpFoldResult offset, size;
  int64_t step;

  static SlicedDim of(SliceOp op, unsigned dim) {
    return {op.getMixedOffsets()[dim], op.getMixedSizes()[dim],
            op.getSteps()[dim]};
  }
  bool beginsAtFirst() const {
    return isConstantIntValue(offset, 0) && step == 1;
  }
};

/// Whether `size` is all of a tensor's dimension.
bool isWhole(OpFoldResult size, Value tensor, unsigned dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return type.getDimSize(dim) == *known;
  auto dimOp = cast<Value>(size).getDefiningOp<tensor::DimOp>();
  return dimOp && dimOp.getSource() == tensor &&
         dimOp.getConstantIndex() == dim;
}

/// `outer` of what `inner` takes of a tensor, as one slice of that; nothing
/// where it would take arithmetic when the model runs, or it isn't known that
/// `outer` stays inside of `inner`.
std::optional<SlicedDim> compose(SliceOp inner, SliceOp outer, unsigned dim) {
  SlicedDim first = SlicedDim::of(inner, dim),
            second = SlicedDim::of(outer, dim);
  if (second.beginsAtFirst() &&
      (second.size == first.size || isWhole(second.size, inner, dim)))
    return first;
  if (first.beginsAtFirst() && isWhole(first.size, inner.getInput(), dim))
    return second;
  std::optional<int64_t> from = getConstantIntValue(first.offset),
                         at = getConstantIntValue(second.offset);
  if (!from || !at || !getConstantIntValue(first.size) ||
      !getConstantIntValue(second.size))
    return std::nullopt;
  Builder builder(inner.getContext());
  // One without elements may begin anywhere.
  if (isConstantIntValue(second.size, 0))
    return SlicedDim{builder.getIndexAttr(0), second.size, 1};
  return SlicedDim{builder.getIndexAttr(*from + *at * first.step), second.size,
                   first.step * second.step};
}

/// slice(slice(x)) is one slice.
struct ComposeSlices : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<SliceOp>();
    if (!producer)
      return rewriter.notifyMatchFailure(op, "operand is not a slice");
    SmallVector<OpFoldResult> offsets, sizes;
    SmallVector<int64_t> steps;
    for (unsigned dim = 0, rank = op.getType().getRank(); dim < rank; ++dim) {
      std::optional<SlicedDim> both = compose(producer, op, dim);
      if (!both)
        return rewriter.notifyMatchFailure(
            op, "only the run knows where a dimension's elements are");
      offsets.push_back(both->offset);
      sizes.push_back(both->size);
      steps.push_back(both->step);
    }
    replaceWithRefined(rewriter, op,
                       SliceOp::create(rewriter, op.getLoc(),
                                       producer.getInput(), offsets, sizes,
                                       steps));
    return success();
  }
};
} // namespace

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<ComposeSlices>(context);
}

//===----------------------------------------------------------------------===//
// PadOp
//===----------------------------------------------------------------------===//

void PadOp::build(OpBuilder &builder, OperationState &state, PadMode mode,
                  Value input, Value value, ArrayRef<OpFoldResult> low,
                  ArrayRef<OpFoldResult> high) {
  SmallVector<int64_t> staticLow, staticHigh;
  SmallVector<Value> dynamicLow, dynamicHigh;
  dispatchIndexOpFoldResults(low, dynamicLow, staticLow);
  dispatchIndexOpFoldResults(high, dynamicHigh, staticHigh);
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, l, h] : llvm::zip_equal(shape, staticLow, staticHigh))
    size = ShapedType::isDynamic(size) || ShapedType::isDynamic(l) ||
                   ShapedType::isDynamic(h)
               ? ShapedType::kDynamic
               : size + l + h;
  build(builder, state, type.clone(shape), mode, input, value, dynamicLow,
        dynamicHigh, staticLow, staticHigh);
}

SmallVector<OpFoldResult> PadOp::getMixedLow() {
  return getMixedValues(getStaticLow(), getLow(), getContext());
}

SmallVector<OpFoldResult> PadOp::getMixedHigh() {
  return getMixedValues(getStaticHigh(), getHigh(), getContext());
}

LogicalResult PadOp::verify() {
  if (cast<RankedTensorType>(getValue().getType()).getRank() != 0)
    return emitOpError("padding value must be a scalar");
  for (int64_t amount :
       llvm::concat<const int64_t>(getStaticLow(), getStaticHigh()))
    if (!ShapedType::isDynamic(amount) && amount < 0)
      return emitOpError("amount ") << amount << " is negative";
  return success();
}

LogicalResult PadOp::inferDims(ShapeContext &shapes,
                               SmallVectorImpl<Dims> &results) {
  size_t rank = getInput().getType().getRank();
  if (getStaticLow().size() != rank || getStaticHigh().size() != rank)
    return emitOpError("needs an amount per dimension on both sides");
  Dims dims = shapes.dims(getInput());
  FailureOr<Dims> low = shapes.indices(*this, getLow(), getStaticLow());
  FailureOr<Dims> high = shapes.indices(*this, getHigh(), getStaticHigh());
  if (failed(low) || failed(high))
    return failure();
  for (size_t i = 0; i < rank; ++i)
    dims[i] = dims[i] + (*low)[i] + (*high)[i];
  results.push_back(dims);
  return success();
}

//===----------------------------------------------------------------------===//
// IotaOp
//===----------------------------------------------------------------------===//

void IotaOp::build(OpBuilder &builder, OperationState &state, int64_t axis,
                   ArrayRef<OpFoldResult> sizes, Type elementType) {
  SmallVector<int64_t> staticSizes;
  SmallVector<Value> dynamicSizes;
  dispatchIndexOpFoldResults(sizes, dynamicSizes, staticSizes);
  build(builder, state, RankedTensorType::get(staticSizes, elementType), axis,
        dynamicSizes, staticSizes);
}

SmallVector<OpFoldResult> IotaOp::getMixedSizes() {
  return getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult IotaOp::inferDims(ShapeContext &shapes,
                                SmallVectorImpl<Dims> &results) {
  if (failed(checkAxis(*this, getAxis(), getStaticSizes().size())))
    return failure();
  FailureOr<Dims> dims = shapes.indices(*this, getSizes(), getStaticSizes());
  if (failed(dims))
    return failure();
  results.push_back(*dims);
  return success();
}
