//===- SplitConvTranspose.cpp - Windows side by side are a product --------===//
//
// Where the stride is the window, each element of a transposed convolution's
// result comes from one pixel: a product of pixels and weights has them all,
// and a transpose puts them where they belong.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace rac;

namespace {

/// Only for few channels: their vectors are mostly empty in the library's
/// kernel, and the transpose moves little. Of one channel, 256 x 480 pixels, it
/// takes 1.1 to 1.5 ms on Emerald Rapids, the parts a third of that; of 24
/// channels it takes less than they do.
constexpr int64_t kMostChannels = 8;

struct SplitConvTranspose : OpRewritePattern<ConvTransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvTransposeOp op,
                                PatternRewriter &rewriter) const override;

private:
  static Value weightsAsMatrix(ConvTransposeOp op, ArrayRef<float> weights,
                               PatternRewriter &rewriter);
};

} // namespace

/// C x F x window as C x (window x F).
Value SplitConvTranspose::weightsAsMatrix(ConvTransposeOp op,
                                          ArrayRef<float> weights,
                                          PatternRewriter &rewriter) {
  auto type = cast<RankedTensorType>(op.getFilter().getType());
  int64_t inputs = type.getDimSize(0), channels = type.getDimSize(1),
          window = type.getNumElements() / (inputs * channels);
  SmallVector<float> matrix(weights.size());
  for (int64_t c = 0; c < inputs; ++c)
    for (int64_t f = 0; f < channels; ++f)
      for (int64_t k = 0; k < window; ++k)
        matrix[(c * window + k) * channels + f] =
            weights[(c * channels + f) * window + k];
  return makeFloats(
      rewriter, op.getLoc(),
      RankedTensorType::get({inputs, window * channels}, rewriter.getF32Type()),
      matrix);
}

LogicalResult
SplitConvTranspose::matchAndRewrite(ConvTransposeOp op,
                                    PatternRewriter &rewriter) const {
  auto isZero = [](int64_t x) { return x == 0; };
  auto isOne = [](int64_t x) { return x == 1; };
  auto type = cast<RankedTensorType>(op.getFilter().getType());
  ArrayRef<int64_t> window = type.getShape().drop_front(2);
  if (op.getStrides() != window || !llvm::all_of(op.getDilations(), isOne))
    return rewriter.notifyMatchFailure(op, "its windows overlap or have gaps");
  if (!llvm::all_of(op.getPadsLow(), isZero) ||
      !llvm::all_of(op.getPadsHigh(), isZero) ||
      !llvm::all_of(op.getOutputPadding(), isZero))
    return rewriter.notifyMatchFailure(op, "it cuts or pads its result");
  if (op.getGroups() != 1)
    return rewriter.notifyMatchFailure(op, "it has several groups");
  if (type.getDimSize(1) >= kMostChannels)
    return rewriter.notifyMatchFailure(op, "its result has many channels");
  if (type.getNumElements() == 0)
    return rewriter.notifyMatchFailure(op, "it has no weights");
  std::optional<SmallVector<float>> weights = getFloats(op.getFilter());
  if (!weights)
    return rewriter.notifyMatchFailure(op, "its weights aren't known");

  Location loc = op.getLoc();
  Value matrix = weightsAsMatrix(op, *weights, rewriter);
  SmallVector<int64_t> shape(op.getInput().getType().getShape());
  shape.back() = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
  Value product = MatmulOp::create(
      rewriter, loc, RankedTensorType::get(shape, rewriter.getF32Type()),
      op.getInput(), matrix);

  // N x H x W x (kh kw F) to N x H x kh x W x kw x F; the last two move as one.
  int64_t spatial = window.size();
  SmallVector<OpFoldResult> own = tensor::getMixedSizes(rewriter, loc,
                                                        op.getInput()),
                            parts(own.begin(), own.end() - 1);
  for (int64_t size : window.drop_back())
    parts.push_back(rewriter.getIndexAttr(size));
  parts.push_back(rewriter.getIndexAttr(window.back() * type.getDimSize(1)));
  Value split = ReshapeOp::create(rewriter, loc, product, parts);
  SmallVector<int64_t> order = {0};
  for (int64_t i = 0; i < spatial; ++i)
    order.append({1 + i, 1 + spatial + i});
  Value sorted = TransposeOp::create(rewriter, loc, split, order);

  SmallVector<OpFoldResult> sizes = {own.front()};
  for (int64_t i = 0; i < spatial; ++i)
    sizes.push_back(affine::makeComposedFoldedAffineApply(
        rewriter, loc, rewriter.getAffineSymbolExpr(0) * window[i],
        {own[1 + i]}));
  sizes.push_back(rewriter.getIndexAttr(type.getDimSize(1)));
  Value result = ReshapeOp::create(rewriter, loc, sorted, sizes);
  if (result.getType() != op.getType())
    result = tensor::CastOp::create(rewriter, loc, op.getType(), result);
  rewriter.replaceOp(op, result);
  return success();
}

void rac::populateConvTransposePatterns(RewritePatternSet &patterns) {
  patterns.add<SplitConvTranspose>(patterns.getContext());
}
