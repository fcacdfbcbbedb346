//===- RecognizeNormalize.cpp - Normalisations that models spell out ------===//

#include "Constants.h"
#include "Patterns.h"

using namespace mlir;
using namespace rac;

namespace {
/// What stands between a value and its normalised form.
struct Spread {
  Value input;
  int64_t axis;
  double epsilon;
};
} // namespace

/// A mean over the last dimensions, kept as ones.
static ReduceOp matchTrailingMean(Value value) {
  auto mean = value.getDefiningOp<ReduceOp>();
  if (!mean || mean.getKind() != ReduceKind::mean || !mean.getKeepDims() ||
      mean.getAxes().empty())
    return {};
  int64_t rank = mean.getInput().getType().getRank();
  for (auto [i, axis] : llvm::enumerate(mean.getAxes()))
    if (axis != rank - static_cast<int64_t>(mean.getAxes().size() - i))
      return {};
  return mean;
}

/// sqrt(mean of x^2 + epsilon).
static std::optional<Spread> matchRootMeanSquare(Value value) {
  auto sqrt = value.getDefiningOp<SqrtOp>();
  auto add = sqrt ? sqrt.getInput().getDefiningOp<AddOp>() : AddOp();
  if (!add)
    return std::nullopt;
  for (auto [meanSide, epsilonSide] : {std::pair(add.getLhs(), add.getRhs()),
                                       std::pair(add.getRhs(), add.getLhs())}) {
    std::optional<double> epsilon = getSplat(epsilonSide);
    ReduceOp mean = matchTrailingMean(meanSide);
    auto square = mean ? mean.getInput().getDefiningOp<MulOp>() : MulOp();
    if (epsilon && square && square.getLhs() == square.getRhs())
      return Spread{square.getLhs(), mean.getAxes().front(), *epsilon};
  }
  return std::nullopt;
}

/// x - mean(x) over the dimensions from `axis`; gives x.
static Value matchCentred(Value value, int64_t axis) {
  auto sub = value.getDefiningOp<SubOp>();
  ReduceOp mean = sub ? matchTrailingMean(sub.getRhs()) : ReduceOp();
  if (!mean || mean.getInput() != sub.getLhs() ||
      mean.getAxes().front() != axis)
    return {};
  return sub.getLhs();
}

namespace {

/// d / sqrt(mean d^2 + epsilon), or times the reciprocal: rms norm, and layer
/// norm where d is x - mean x. Scale and bias come to it afterwards.
template <typename OpT> struct RecognizeNorm : CountingPattern<OpT> {
  using CountingPattern<OpT>::CountingPattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    for (auto [x, rms] : {std::pair(op.getLhs(), op.getRhs()),
                          std::pair(op.getRhs(), op.getLhs())}) {
      Value root = rms;
      if (isa<MulOp>(op)) {
        Operation *inverse = rms.getDefiningOp();
        if (auto reciprocal = dyn_cast_or_null<ReciprocalOp>(inverse))
          root = reciprocal.getInput();
        else if (auto div = dyn_cast_or_null<DivOp>(inverse);
                 div && isSplat(div.getLhs(), 1))
          root = div.getRhs();
        else
          continue;
      }
      std::optional<Spread> spread = matchRootMeanSquare(root);
      if (spread && sameInput(*spread, x)) {
        replace(op, *spread, x, rewriter);
        return success();
      }
      if (isa<DivOp>(op))
        break;
    }
    return rewriter.notifyMatchFailure(op, "not divided by a spread");
  }

private:
  /// Models compute x - mean x once or twice.
  static bool sameInput(const Spread &spread, Value x) {
    if (spread.input == x)
      return true;
    Value a = matchCentred(spread.input, spread.axis);
    return a && a == matchCentred(x, spread.axis);
  }

  void replace(OpT op, const Spread &spread, Value x,
               PatternRewriter &rewriter) const {
    auto type = cast<RankedTensorType>(x.getType());
    Value centred = matchCentred(x, spread.axis);
    Value ones = makeScalar(rewriter, op.getLoc(), type.getElementType(), 1);
    rewriter.replaceOpWithNewOp<NormalizeOp>(
        op, op.getType(), centred ? NormalizeKind::layer : NormalizeKind::rms,
        centred ? centred : x, ones, Value(), spread.axis,
        APFloat(spread.epsilon));
    ++this->counts.normalize;
  }
};

/// Whether a constant broadcasts to the normalised dimensions alone.
static bool fitsNormalized(Value constant, NormalizeOp norm) {
  auto type = cast<RankedTensorType>(constant.getType());
  int64_t rank = norm.getType().getRank();
  for (int64_t i : llvm::seq(type.getRank()))
    if (i - type.getRank() + rank < static_cast<int64_t>(norm.getAxis()) &&
        type.getDimSize(i) != 1)
      return false;
  return type.getRank() <= rank && constant.getDefiningOp<ConstantOp>();
}

/// The constant with no more dimensions than are normalised.
static Value dropLeadingOnes(Value constant, NormalizeOp norm,
                             PatternRewriter &rewriter) {
  auto type = cast<RankedTensorType>(constant.getType());
  int64_t most = norm.getType().getRank() - norm.getAxis();
  if (type.getRank() <= most)
    return constant;
  SmallVector<OpFoldResult> sizes;
  for (int64_t size : type.getShape().take_back(most))
    sizes.push_back(rewriter.getIndexAttr(size));
  return ReshapeOp::create(rewriter, constant.getLoc(), constant, sizes);
}

/// normalize * constant: the scale, where there is none yet.
struct ScaleIntoNormalize : CountingPattern<MulOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [x, scale] : {std::pair(op.getLhs(), op.getRhs()),
                            std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = x.getDefiningOp<NormalizeOp>();
      if (!norm || !norm->hasOneUse() || norm.getBias() ||
          !isSplat(norm.getScale(), 1) || norm.getType() != op.getType() ||
          !fitsNormalized(scale, norm))
        continue;
      rewriter.replaceOpWithNewOp<NormalizeOp>(
          op, op.getType(), norm.getKind(), norm.getInput(),
          dropLeadingOnes(scale, norm, rewriter), Value(), norm.getAxis(),
          norm.getEpsilon());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no unscaled normalize");
  }
};

struct BiasIntoNormalize : CountingPattern<AddOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(AddOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [x, bias] : {std::pair(op.getLhs(), op.getRhs()),
                           std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = x.getDefiningOp<NormalizeOp>();
      if (!norm || !norm->hasOneUse() || norm.getBias() ||
          norm.getType() != op.getType() || !fitsNormalized(bias, norm))
        continue;
      rewriter.replaceOpWithNewOp<NormalizeOp>(
          op, op.getType(), norm.getKind(), norm.getInput(), norm.getScale(),
          dropLeadingOnes(bias, norm, rewriter), norm.getAxis(),
          norm.getEpsilon());
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no normalize without bias");
  }
};

/// e / sum(e), where e = exp(x - max x).
struct RecognizeSoftmax : CountingPattern<DivOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    auto exp = op.getLhs().getDefiningOp<ExpOp>();
    auto sum = op.getRhs().getDefiningOp<ReduceOp>();
    if (!exp || !sum || sum.getInput() != exp || !isOver(sum, ReduceKind::sum))
      return rewriter.notifyMatchFailure(op, "not exp(..) / sum of it");
    auto sub = exp.getInput().getDefiningOp<SubOp>();
    auto max = sub ? sub.getRhs().getDefiningOp<ReduceOp>() : ReduceOp();
    if (!max || max.getInput() != sub.getLhs() ||
        !isOver(max, ReduceKind::max) || max.getAxes() != sum.getAxes())
      return rewriter.notifyMatchFailure(op, "the maximum is not taken off");
    if (sub.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "types differ");
    rewriter.replaceOpWithNewOp<SoftmaxOp>(
        op, op.getType(), sub.getLhs(),
        static_cast<uint64_t>(sum.getAxes().front()), false);
    ++counts.normalize;
    return success();
  }

private:
  static bool isOver(ReduceOp op, ReduceKind kind) {
    return op.getKind() == kind && op.getKeepDims() && op.getAxes().size() == 1;
  }
};

} // namespace

void rac::populateNormalizePatterns(RewritePatternSet &patterns,
                                    RewriteCounts &counts) {
  patterns.add<RecognizeNorm<MulOp>, RecognizeNorm<DivOp>, ScaleIntoNormalize,
               BiasIntoNormalize, RecognizeSoftmax>(patterns.getContext(),
                                                    counts);
}
