//===- FoldBatchNorm.cpp - Scales and offsets after convolutions ----------===//
//
// conv(x, f) * c is conv(x, f * c) where c is a constant for each channel, and
// (conv + a) * c + b is one convolution and one addition.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Patterns.h"

using namespace mlir;
using namespace rac;

/// A constant that broadcasts along all but the last dimension of `to`, as one
/// value for each element of that.
static std::optional<SmallVector<float>> getPerChannel(Value constant,
                                                       RankedTensorType to) {
  auto type = cast<RankedTensorType>(constant.getType());
  int64_t channels = to.getShape().back();
  if (ShapedType::isDynamic(channels) || !type.hasStaticShape() ||
      type.getRank() > to.getRank())
    return std::nullopt;
  if (type.getNumElements() != 1 &&
      (type.getNumElements() != channels || type.getShape().back() != channels))
    return std::nullopt;
  std::optional<SmallVector<float>> values = getFloats(constant);
  if (values && values->size() == 1)
    values->resize(channels, values->front());
  return values;
}

/// The two operands of a commutative op, the constant one second.
static std::pair<Value, Value> splitConstant(Operation *op) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  if (lhs.getDefiningOp<ConstantOp>())
    std::swap(lhs, rhs);
  return {lhs, rhs};
}

static Value makePerChannel(OpBuilder &builder, Location loc,
                            ArrayRef<float> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getF32Type());
  return makeFloats(builder, loc, type, values);
}

/// The filter with each output channel's weights multiplied.
static Value scaleFilter(ConvOp conv, ArrayRef<float> scale,
                         OpBuilder &builder) {
  auto type = cast<RankedTensorType>(conv.getFilter().getType());
  std::optional<ConstantBytes> data = getConstantBytes(conv.getFilter());
  int64_t perChannel = type.getNumElements() / scale.size();
  return makeConstant(
      builder, conv.getLoc(), type, [&](MutableArrayRef<char> bytes) {
        auto *to = reinterpret_cast<float *>(bytes.data());
        for (size_t c = 0; c < scale.size(); ++c)
          for (int64_t i = 0; i < perChannel; ++i) {
            int64_t position = data->isSplat ? 0 : c * perChannel + i;
            float weight;
            memcpy(&weight, &data->bytes[position * sizeof(float)],
                   sizeof weight);
            to[c * perChannel + i] = weight * scale[c];
          }
      });
}

/// The heap copy of a filter that nothing uses any more is given back at once:
/// resources otherwise live as long as the context.
static void releaseIfUnused(ConstantOp constant, PatternRewriter &rewriter) {
  if (!constant->use_empty())
    return;
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  rewriter.eraseOp(constant);
  if (resource && resource.getRawHandle().getKey().starts_with("rac_folded"))
    resource.getRawHandle().getResource()->setBlob(AsmResourceBlob());
}

namespace {

/// conv * c, and (conv + a) * c.
struct FoldScale : CountingPattern<MulOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    auto [x, constant] = splitConstant(op);
    if (!op.getType().getElementType().isF32() || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "not f32 of one shape");
    auto offset = x.getDefiningOp<AddOp>();
    Value product = x, bias;
    if (offset)
      std::tie(product, bias) = splitConstant(offset);
    auto conv = product.getDefiningOp<ConvOp>();
    if (!conv || !conv->hasOneUse() || !x.hasOneUse() ||
        conv.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no convolution of one use");
    std::optional<SmallVector<float>> scale =
        getPerChannel(constant, op.getType());
    std::optional<SmallVector<float>> shift;
    if (bias)
      shift = getPerChannel(bias, op.getType());
    if (!scale || (bias && !shift))
      return rewriter.notifyMatchFailure(op, "not one constant per channel");
    if (!getConstantBytes(conv.getFilter()))
      return rewriter.notifyMatchFailure(op, "filter is no constant");

    rewriter.setInsertionPoint(conv);
    auto oldFilter = conv.getFilter().getDefiningOp<ConstantOp>();
    Value filter = scaleFilter(conv, *scale, rewriter);
    rewriter.modifyOpInPlace(conv,
                             [&] { conv.getFilterMutable().assign(filter); });
    releaseIfUnused(oldFilter, rewriter);
    ++counts.scales;
    if (!bias) {
      rewriter.replaceOp(op, conv);
      return success();
    }
    for (auto [b, s] : llvm::zip_equal(*shift, *scale))
      b *= s;
    rewriter.setInsertionPoint(op);
    rewriter.replaceOpWithNewOp<AddOp>(
        op, op.getType(), conv, makePerChannel(rewriter, op.getLoc(), *shift));
    return success();
  }
};

/// (conv + a) + b is conv + (a + b).
struct MergeOffsets : CountingPattern<AddOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    auto [x, b] = splitConstant(op);
    auto inner = x.getDefiningOp<AddOp>();
    if (!inner || !inner->hasOneUse() || inner.getType() != op.getType() ||
        !op.getType().getElementType().isF32())
      return rewriter.notifyMatchFailure(op, "no addition before it");
    auto [product, a] = splitConstant(inner);
    if (!isa_and_nonnull<ConvOp, ConvTransposeOp, MatmulOp>(
            product.getDefiningOp()) ||
        product.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no contraction before them");
    std::optional<SmallVector<float>> first = getPerChannel(a, op.getType());
    std::optional<SmallVector<float>> second = getPerChannel(b, op.getType());
    if (!first || !second)
      return rewriter.notifyMatchFailure(op, "not one constant per channel");
    for (auto [to, from] : llvm::zip_equal(*first, *second))
      to += from;
    rewriter.replaceOpWithNewOp<AddOp>(
        op, op.getType(), product,
        makePerChannel(rewriter, op.getLoc(), *first));
    return success();
  }
};

/// Subtracting or dividing by a constant, after a convolution, is adding or
/// multiplying: the forms above.
template <typename OpT, typename NewT>
struct InvertConstant : CountingPattern<OpT> {
  using CountingPattern<OpT>::CountingPattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Operation *producer = op.getLhs().getDefiningOp();
    bool afterConv =
        isa_and_nonnull<ConvOp>(producer) ||
        (isa_and_nonnull<AddOp, MulOp>(producer) &&
         (producer->getOperand(0).template getDefiningOp<ConvOp>() ||
          producer->getOperand(1).template getDefiningOp<ConvOp>()));
    if (!afterConv || op.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no convolution before it");
    std::optional<SmallVector<float>> values =
        getPerChannel(op.getRhs(), op.getType());
    if (!values)
      return rewriter.notifyMatchFailure(op, "not one constant per channel");
    for (float &value : *values)
      value = std::is_same_v<OpT, SubOp> ? -value : 1 / value;
    rewriter.replaceOpWithNewOp<NewT>(
        op, op.getType(), op.getLhs(),
        makePerChannel(rewriter, op.getLoc(), *values));
    return success();
  }
};

} // namespace

void rac::populateBatchNormPatterns(RewritePatternSet &patterns,
                                    RewriteCounts &counts) {
  patterns.add<FoldScale, MergeOffsets, InvertConstant<SubOp, AddOp>,
               InvertConstant<DivOp, MulOp>>(patterns.getContext(), counts);
}
