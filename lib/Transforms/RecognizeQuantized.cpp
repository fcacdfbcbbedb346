//===- RecognizeQuantized.cpp - Products of dequantised values ------------===//
//
// A model that arrives quantised says with floats what kernels compute on
// bytes:
//
//   conv(dequantize(q), dequantize_weights(w))   cast(conv(q, w)) * scales
//
// That is what the model says, to the last bit of the sums.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Patterns.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

namespace {

//===----------------------------------------------------------------------===//
// Dequantising goes towards what multiplies
//===----------------------------------------------------------------------===//

/// Bytes are moved instead of floats.
template <typename OpT> struct MoveFirst : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    auto dequantize = op.getInput().template getDefiningOp<DequantizeOp>();
    if (!dequantize)
      return rewriter.notifyMatchFailure(op, "doesn't move dequantised values");
    IRMapping mapping;
    mapping.map(op.getInput(), dequantize.getInput());
    Operation *moved = rewriter.clone(*op, mapping);
    auto type = cast<RankedTensorType>(op.getType());
    moved->getResult(0).setType(
        type.clone(getElementTypeOrSelf(dequantize.getInput())));
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, type, moved->getResult(0),
                                              dequantize.getStepsType());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Products of dequantised values
//===----------------------------------------------------------------------===//

/// Constant steps with a scale for each result channel.
struct Weights {
  Value steps;
  TransposeOp transpose; ///< of them; null: none
  int64_t channel;       ///< dimension of the steps
  SmallVector<float> scales;
};

/// The weights behind `value`, whose result channels are dimension `channel`.
std::optional<Weights> weightsOf(Value value, int64_t channel) {
  auto transpose = value.getDefiningOp<TransposeOp>();
  if (transpose) {
    channel = transpose.getPermutation()[channel];
    value = transpose.getInput();
  }
  auto op = value.getDefiningOp<DequantizeWeightsOp>();
  if (!op || op.getNibbles() || op.getZeros() || op.getRows())
    return std::nullopt;
  ArrayRef<int64_t> shape = op.getScales().getType().getShape();
  for (auto [i, size] : llvm::enumerate(shape))
    if (size != 1 && static_cast<int64_t>(i) != channel)
      return std::nullopt;
  int64_t channels = op.getType().getDimSize(channel);
  auto scales = getFloats(op.getScales());
  if (!scales || (shape[channel] != 1 && shape[channel] != channels))
    return std::nullopt;
  Weights result{op.getSteps(), transpose, channel, *scales};
  if (result.scales.size() == 1)
    result.scales.assign(channels, result.scales.front());
  return result;
}

/// Whether `value` is dequantised bytes, moved about or not.
bool isDequantized(Value value) {
  while (isa_and_present<TransposeOp, ReshapeOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value.getDefiningOp<DequantizeOp>() != nullptr;
}

/// Weights that no product reads as they are, and no convolution of bytes, are
/// better floats from the start.
struct WidenWeights : OpRewritePattern<DequantizeWeightsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeWeightsOp op,
                                PatternRewriter &rewriter) const override {
    if (op->use_empty() || isReadNarrow(op))
      return rewriter.notifyMatchFailure(op, "is read as it is");
    auto steps = getConstantBytes(op.getSteps());
    auto scales = getFloats(op.getScales());
    if (op.getNibbles() || op.getZeros() || op.getRows() || !steps || !scales)
      return rewriter.notifyMatchFailure(
          op, "isn't plain bytes and scales that are there");
    RankedTensorType type = op.getType();
    SmallVector<int64_t> strides = computeStrides(type.getShape());
    SmallVector<int64_t> scaleStrides =
        computeStrides(op.getScales().getType().getShape());
    SmallVector<float> values;
    for (int64_t i : llvm::seq(type.getNumElements())) {
      int64_t at = 0;
      for (auto [place, block, stride] : llvm::zip_equal(
               delinearize(i, strides), op.getBlocks(), scaleStrides))
        at += place / block * stride;
      char step = steps->bytes[steps->isSplat ? 0 : i];
      values.push_back(static_cast<int8_t>(step) * (*scales)[at]);
    }
    rewriter.replaceOp(op, makeFloats(rewriter, op.getLoc(), type, values));
    return success();
  }

private:
  static bool isReadNarrow(Operation *op) {
    return llvm::all_of(op->getUses(), [](OpOperand &use) {
      Operation *user = use.getOwner();
      if (isa<TransposeOp>(user))
        return isReadNarrow(user);
      if (use.getOperandNumber() != 1)
        return false;
      return isa<MatmulOp>(user) ||
             (isa<ConvOp>(user) && isDequantized(user->getOperand(0)));
    });
  }
};

/// A product of dequantised values becomes one of their steps.
template <typename OpT> struct MultiplySteps : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    constexpr bool isConv = std::is_same_v<OpT, ConvOp>;
    auto source = op->getOperand(0).template getDefiningOp<DequantizeOp>();
    if (!source || source.getSteps().getStorageTypeIntegralWidth() != 8)
      return rewriter.notifyMatchFailure(op, "source isn't dequantised bytes");
    int64_t rank =
        cast<RankedTensorType>(op->getOperand(1).getType()).getRank();
    if (!isConv && rank != 2)
      return rewriter.notifyMatchFailure(op, "has a batch of weights");
    int64_t channel = isConv ? 0 : rank - 1;
    auto weights = weightsOf(op->getOperand(1), channel);
    if (!weights)
      return rewriter.notifyMatchFailure(
          op, "weights aren't steps with a scale for each channel");
    quant::UniformQuantizedType steps = source.getSteps();
    int64_t zero = steps.getZeroPoint();
    std::optional<SmallVector<int64_t>> sums;
    if (!isConv && zero != 0 &&
        !(sums = sumsOf(weights->steps, weights->channel)))
      return rewriter.notifyMatchFailure(op, "weights' data is not there");

    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getType());
    IRMapping mapping;
    mapping.map(op->getOperand(0), source.getInput());
    Value factor = weights->steps;
    if (TransposeOp transpose = weights->transpose)
      factor = TransposeOp::create(rewriter, loc,
                                   cast<RankedTensorType>(transpose.getType())
                                       .clone(rewriter.getI8Type()),
                                   factor, transpose.getPermutation());
    mapping.map(op->getOperand(1), factor);
    Operation *product = rewriter.clone(*op, mapping);
    product->getResult(0).setType(type.clone(rewriter.getI32Type()));
    if (auto conv = dyn_cast<ConvOp>(product))
      conv.setInputZero(zero);
    Value result =
        rac::CastOp::create(rewriter, loc, type, product->getResult(0));
    auto vector =
        RankedTensorType::get(weights->scales.size(), rewriter.getF32Type());
    if (sums) {
      SmallVector<float> offsets;
      for (int64_t sum : *sums)
        offsets.push_back(double(-zero * sum));
      result = AddOp::create(rewriter, loc, type, result,
                             makeFloats(rewriter, loc, vector, offsets));
    }
    for (float &scale : weights->scales)
      scale *= float(steps.getScale());
    rewriter.replaceOpWithNewOp<MulOp>(
        op, type, result, makeFloats(rewriter, loc, vector, weights->scales));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// What is added to sums
//===----------------------------------------------------------------------===//

/// Sums become floats before constants are added, which the library does in
/// passing. Beyond 2^24 the sum is rounded first.
template <typename OpT> struct AddAfterCast : OpRewritePattern<rac::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(rac::CastOp op,
                                PatternRewriter &rewriter) const override {
    auto add = op.getInput().getDefiningOp<OpT>();
    if (!add || !op.getType().getElementType().isF32() ||
        !getElementTypeOrSelf(add).isSignlessInteger(32))
      return rewriter.notifyMatchFailure(op, "isn't of a sum");
    Operation *product = add.getLhs().getDefiningOp();
    if (!isa_and_present<MatmulOp, ConvOp>(product) || !add->hasOneUse() ||
        !product->hasOneUse() ||
        !getElementTypeOrSelf(product->getOperand(0)).isInteger(8))
      return rewriter.notifyMatchFailure(op, "adds to no product of bytes");
    if (!add.getRhs().template getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "adds what is no constant");
    Location loc = op.getLoc();
    auto widen = [&](Value value) {
      auto type = cast<RankedTensorType>(value.getType());
      return rac::CastOp::create(rewriter, loc,
                                 type.clone(rewriter.getF32Type()), value);
    };
    Value sum = widen(add.getLhs()), other = widen(add.getRhs());
    rewriter.replaceOpWithNewOp<OpT>(op, op.getType(), sum, other);
    return success();
  }
};

} // namespace

void rac::populateQuantizedPatterns(RewritePatternSet &patterns) {
  patterns.add<MoveFirst<TransposeOp>, MoveFirst<ReshapeOp>, WidenWeights,
               MultiplySteps<ConvOp>, MultiplySteps<MatmulOp>,
               AddAfterCast<AddOp>, AddAfterCast<SubOp>>(patterns.getContext());
}
