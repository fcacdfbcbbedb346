//===- SplitConvTranspose.cpp - Windows side by side are a product --------===//
//
// Where the stride is the window, each element of a transposed convolution's
// result comes from one pixel: a product of pixels and weights has them all,
// and a transpose puts them where they belong. What is done to each element
// after it is done before, so that the product's group can take it along.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Patterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rac;

namespace {

/// An elementwise op on what the convolution gives, and the numbers that it
/// takes beside, one or one for each channel.
struct Follower {
  Operation *op;
  unsigned operand; ///< that which the convolution gives
  SmallVector<std::optional<SmallVector<float>>> others;
};

struct SplitConvTranspose : OpRewritePattern<ConvTransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvTransposeOp op,
                                PatternRewriter &rewriter) const override;

private:
  static Value weightsAsMatrix(ConvTransposeOp op, ArrayRef<float> weights,
                               PatternRewriter &rewriter);
  static SmallVector<Follower> followers(ConvTransposeOp op);
};

} // namespace

/// Columns that fill a vector of any target: with fewer, an activation is
/// cheaper once they are in their places (oneDNN: a sigmoid of 4 columns takes
/// five times as long as their products).
constexpr int64_t kFullVector = 16;

/// All that follows it one by one and looks at no other tensor; where columns
/// are few, what can become part of the product.
SmallVector<Follower> SplitConvTranspose::followers(ConvTransposeOp op) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType());
  int64_t channels = filter.getDimSize(1),
          columns = filter.getNumElements() / filter.getDimSize(0);
  SmallVector<Follower> found;
  Value value = op;
  while (value.hasOneUse()) {
    OpOperand &use = *value.use_begin();
    Operation *user = use.getOwner();
    if (!isa<ElementwiseOpInterface>(user) || user->getNumResults() != 1 ||
        user->getResult(0).getType() != op.getType() ||
        (columns < kFullVector && !isa<AddOp, MulOp>(user)))
      break;
    Follower next{user, use.getOperandNumber(), {}};
    bool fits = true;
    for (OpOperand &operand : user->getOpOperands()) {
      std::optional<SmallVector<float>> numbers;
      if (&operand != &use) {
        numbers = getFloats(operand.get());
        auto type = cast<RankedTensorType>(operand.get().getType());
        fits &= numbers && (numbers->size() == 1 ||
                            (int64_t(numbers->size()) == channels &&
                             type.getShape().back() == channels));
      }
      next.others.push_back(std::move(numbers));
    }
    if (!fits)
      break;
    found.push_back(std::move(next));
    value = user->getResult(0);
  }
  return found;
}

namespace {

/// x * scale + offset, a number of each for each channel.
struct Affine {
  SmallVector<float> scale, offset;

  explicit Affine(int64_t channels) : scale(channels, 1), offset(channels, 0) {}
  bool append(const Follower &follower);
};

} // namespace

/// Whether the op is an addition or a product: it has become part of this then.
bool Affine::append(const Follower &follower) {
  bool adds = isa<AddOp>(follower.op);
  if (!adds && !isa<MulOp>(follower.op))
    return false;
  ArrayRef<float> numbers = *follower.others[1 - follower.operand];
  for (auto [i, factor, addend] : llvm::enumerate(scale, offset)) {
    float number = numbers[numbers.size() == 1 ? 0 : i];
    if (!adds)
      factor *= number;
    addend = adds ? addend + number : addend * number;
  }
  return true;
}

/// `numbers` of each channel, for the parts of all windows side by side.
static Value repeated(OpBuilder &builder, Location loc, ArrayRef<float> numbers,
                      int64_t count) {
  SmallVector<float> all;
  while (int64_t(all.size()) < count)
    llvm::append_range(all, numbers);
  return makeFloats(builder, loc,
                    RankedTensorType::get(count, builder.getF32Type()), all);
}

/// The same op on the parts of all windows, side by side.
static Value applyToParts(OpBuilder &builder, const Follower &follower,
                          Value parts) {
  Location loc = follower.op->getLoc();
  auto type = cast<RankedTensorType>(parts.getType());
  IRMapping mapping;
  for (auto [number, operand] : llvm::enumerate(follower.op->getOperands())) {
    const auto &numbers = follower.others[number];
    if (number == follower.operand) {
      mapping.map(operand, parts);
    } else if (numbers->size() > 1) {
      mapping.map(operand,
                  repeated(builder, loc, *numbers, type.getShape().back()));
    }
  }
  Operation *made = builder.clone(*follower.op, mapping);
  made->getResult(0).setType(type);
  return made->getResult(0);
}

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
  if (type.getNumElements() == 0)
    return rewriter.notifyMatchFailure(op, "it has no weights");
  std::optional<SmallVector<float>> weights = getFloats(op.getFilter());
  if (!weights)
    return rewriter.notifyMatchFailure(op, "its weights aren't known");

  // Layouts aren't settled yet: what follows the transpose may come before it.
  if (type.getNumElements() / type.getDimSize(0) >= kFullVector &&
      op->hasOneUse() && isa<TransposeOp>(*op->user_begin()) &&
      llvm::any_of(op->user_begin()->getUsers(),
                   llvm::IsaPred<ElementwiseOpInterface>))
    return rewriter.notifyMatchFailure(op, "its result is transposed");

  Location loc = op.getLoc();
  SmallVector<Follower> followed = followers(op);
  Operation *last = followed.empty() ? op.getOperation() : followed.back().op;
  rewriter.setInsertionPoint(last);
  int64_t channels = type.getDimSize(1),
          windowSize = type.getNumElements() / type.getDimSize(0) / channels;
  Affine affine(channels);
  ArrayRef<Follower> rest = followed;
  while (!rest.empty() && affine.append(rest.front()))
    rest = rest.drop_front();
  bool isOffset = rest.size() < followed.size() &&
                  llvm::any_of(affine.offset, [](float x) { return x != 0; });
  for (auto [i, weight] : llvm::enumerate(*weights))
    weight *= affine.scale[i / windowSize % channels];
  Value matrix = weightsAsMatrix(op, *weights, rewriter);
  SmallVector<int64_t> shape(op.getInput().getType().getShape());
  shape.back() = cast<RankedTensorType>(matrix.getType()).getDimSize(1);
  Value product = MatmulOp::create(
      rewriter, loc, RankedTensorType::get(shape, rewriter.getF32Type()),
      op.getInput(), matrix);
  if (isOffset)
    product =
        AddOp::create(rewriter, loc, product.getType(), product,
                      repeated(rewriter, loc, affine.offset, shape.back()));
  for (const Follower &follower : rest)
    product = applyToParts(rewriter, follower, product);

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
  rewriter.replaceOp(last, result);
  for (const Follower &follower : llvm::reverse(followed))
    if (follower.op != last)
      rewriter.eraseOp(follower.op);
  if (op.getOperation() != last)
    rewriter.eraseOp(op);
  return success();
}

void rac::populateConvTransposePatterns(RewritePatternSet &patterns) {
  patterns.add<SplitConvTranspose>(patterns.getContext());
}
