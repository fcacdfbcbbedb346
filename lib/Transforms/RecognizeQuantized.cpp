//===- RecognizeQuantized.cpp - Products of integers that models spell ----===//
//
// A model that arrives quantised says with floats, or with 32-bit integers from
// which zero points have been subtracted, what kernels compute on bytes:
//
//   conv(dequantize(q), dequantize_weights(w))   cast(conv(q, w)) * scales
//   matmul(cast(q) - zero, cast(w) - zero)       matmul(q, w) - zero * sums
//
// Both are what the model says, to the last bit of the sums.
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

/// The sum of a constant's signed bytes for each index of dimension `channel`.
std::optional<SmallVector<int64_t>> sumsOf(Value steps, int64_t channel) {
  std::optional<ConstantBytes> data = getConstantBytes(steps);
  auto type = cast<RankedTensorType>(steps.getType());
  if (!data || !type.getElementType().isSignlessInteger(8))
    return std::nullopt;
  int64_t channels = type.getDimSize(channel),
          inner = llvm::product_of(type.getShape().drop_front(channel + 1));
  SmallVector<int64_t> sums(channels, 0);
  for (int64_t i : llvm::seq(type.getNumElements()))
    sums[i / inner % channels] +=
        static_cast<int8_t>(data->bytes[data->isSplat ? 0 : i]);
  return sums;
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
// Products of centred values
//===----------------------------------------------------------------------===//

/// cast(bytes) - zero, in i32.
struct Centred {
  Value bytes;
  Value zero; ///< null: none
};

std::optional<Centred> centredOf(Value value) {
  Centred result;
  if (auto sub = value.getDefiningOp<SubOp>()) {
    result.zero = sub.getRhs();
    value = sub.getLhs();
  }
  auto cast = value.getDefiningOp<rac::CastOp>();
  if (!cast || !getElementTypeOrSelf(cast.getInput()).isInteger(8) ||
      !getElementTypeOrSelf(value).isSignlessInteger(32))
    return std::nullopt;
  result.bytes = cast.getInput();
  return result;
}

/// All elements of an integer constant of at most 32 bits.
std::optional<SmallVector<int64_t>> integersOf(Value value) {
  // Widening and another shape change no number.
  auto widthOf = [](Value value) {
    auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(value));
    return type ? type.getWidth() : ~0u;
  };
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<rac::CastOp, ReshapeOp>(op) ||
        widthOf(op->getOperand(0)) > widthOf(value))
      break;
    value = op->getOperand(0);
  }
  DenseElementsAttr dense = getDense(value);
  if (!dense)
    return std::nullopt;
  bool isUnsigned = dense.getElementType().isUnsignedInteger();
  SmallVector<int64_t> values;
  for (const APInt &element : dense.getValues<APInt>())
    values.push_back(isUnsigned ? element.getZExtValue()
                                : element.getSExtValue());
  return values;
}

Value makeBytes(PatternRewriter &rewriter, Location loc, RankedTensorType type,
                ArrayRef<int64_t> values) {
  return makeConstant(rewriter, loc, type.clone(rewriter.getI8Type()),
                      [&](MutableArrayRef<char> bytes) {
                        for (auto [to, value] : llvm::zip_equal(bytes, values))
                          to = static_cast<char>(value);
                      });
}

/// Constant weights with their zero point subtracted, where that fits in signed
/// bytes; null where it doesn't. The zero point is one, or one for each index
/// of the last dimension.
Value weightSteps(PatternRewriter &rewriter, Value weights) {
  auto fits = [](int64_t value) { return llvm::isInt<8>(value); };
  auto type = cast<RankedTensorType>(weights.getType());
  // What is small has been computed already.
  if (weights.getDefiningOp<ConstantOp>()) {
    auto values = integersOf(weights);
    return values && llvm::all_of(*values, fits)
               ? makeBytes(rewriter, weights.getLoc(), type, *values)
               : Value();
  }
  std::optional<Centred> centred = centredOf(weights);
  if (!centred || !centred->bytes.getDefiningOp<ConstantOp>())
    return {};
  type = cast<RankedTensorType>(centred->bytes.getType());
  if (!centred->zero && type.getElementType().isSignlessInteger(8))
    return centred->bytes;
  auto values = integersOf(centred->bytes);
  std::optional<SmallVector<int64_t>> zeros = SmallVector<int64_t>{0};
  if (centred->zero)
    zeros = integersOf(centred->zero);
  if (!values || !zeros || zeros->empty() ||
      (zeros->size() != 1 &&
       static_cast<int64_t>(zeros->size()) != type.getShape().back()))
    return {};
  for (auto [i, value] : llvm::enumerate(*values))
    value -= (*zeros)[i % zeros->size()];
  return llvm::all_of(*values, fits)
             ? makeBytes(rewriter, weights.getLoc(), type, *values)
             : Value();
}

/// Of bytes that aren't constant, without zero points: widening them is the
/// product's own affair.
struct MultiplyBytes : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    auto lhs = centredOf(op.getLhs()), rhs = centredOf(op.getRhs());
    if (!lhs || !rhs || lhs->zero || rhs->zero)
      return rewriter.notifyMatchFailure(op, "isn't one of bytes alone");
    if (rhs->bytes.getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "has weights, which get signs");
    rewriter.modifyOpInPlace(op, [&] {
      op.getLhsMutable().assign(lhs->bytes);
      op.getRhsMutable().assign(rhs->bytes);
    });
    return success();
  }
};

struct MultiplyCentredMatmul : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    auto source = centredOf(op.getLhs());
    if (!source || op.getRhs().getType().getRank() != 2)
      return rewriter.notifyMatchFailure(op, "isn't one of centred bytes");
    // A zero point for each row would be added to rows, not to columns.
    if (source->zero &&
        !cast<RankedTensorType>(source->zero.getType()).getShape().empty())
      return rewriter.notifyMatchFailure(op, "has several zero points");
    Value steps = weightSteps(rewriter, op.getRhs());
    auto sums = steps ? sumsOf(steps, 1) : std::nullopt;
    if (!sums)
      return rewriter.notifyMatchFailure(op, "weights are no constant bytes");
    Location loc = op.getLoc();
    Type type = op.getType();
    Value product = MatmulOp::create(rewriter, loc, type, source->bytes, steps);
    if (!source->zero) {
      rewriter.replaceOp(op, product);
      return success();
    }
    auto vector = RankedTensorType::get(sums->size(), rewriter.getI32Type());
    SmallVector<int32_t> each(sums->begin(), sums->end());
    Value totals =
        makeConstant(rewriter, loc, vector, [&](MutableArrayRef<char> bytes) {
          memcpy(bytes.data(), each.data(), bytes.size());
        });
    Value offsets = MulOp::create(rewriter, loc, vector, totals, source->zero);
    rewriter.replaceOpWithNewOp<SubOp>(op, type, product, offsets);
    return success();
  }
};

struct MultiplyCentredConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto source = centredOf(op.getInput());
    if (!source || op.getInputZero() != 0)
      return rewriter.notifyMatchFailure(op, "isn't one of centred bytes");
    int64_t zero = 0;
    if (source->zero) {
      auto known = integersOf(source->zero);
      if (!known || known->size() != 1)
        return rewriter.notifyMatchFailure(op, "has no constant zero point");
      zero = known->front();
    }
    // One for each filter would go along the first dimension.
    auto centred = centredOf(op.getFilter());
    if (centred && centred->zero &&
        !cast<RankedTensorType>(centred->zero.getType()).getShape().empty())
      return rewriter.notifyMatchFailure(op, "has several zero points");
    Value steps = weightSteps(rewriter, op.getFilter());
    if (!steps)
      return rewriter.notifyMatchFailure(op, "weights are no constant bytes");
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(source->bytes);
      op.getFilterMutable().assign(steps);
      op.setInputZero(zero);
    });
    return success();
  }
};

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
               MultiplySteps<ConvOp>, MultiplySteps<MatmulOp>, MultiplyBytes,
               MultiplyCentredMatmul, MultiplyCentredConv, AddAfterCast<AddOp>,
               AddAfterCast<SubOp>>(patterns.getContext());
}
