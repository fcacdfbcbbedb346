//===- MergeScales.cpp - Scalar factors of matrix products ----------------===//
//
// (s a)(t b) is (s t a) b. Models scale both query and key of attention; one
// multiplication that a contraction does in passing is enough.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Patterns.h"

using namespace mlir;
using namespace rac;

/// x of x * s, where only this product needs it and s is one number.
static Value matchScaled(Value value, double &scale) {
  auto mul = value.getDefiningOp<MulOp>();
  if (!mul || !value.hasOneUse() || !mul.getType().getElementType().isF32())
    return {};
  for (auto [x, s] : {std::pair(mul.getLhs(), mul.getRhs()),
                      std::pair(mul.getRhs(), mul.getLhs())})
    if (std::optional<double> factor = getSplat(s);
        factor && x.getType() == mul.getType()) {
      scale *= *factor;
      return x;
    }
  return {};
}

/// Whether a factor of `value` can join the contraction that it comes from. The
/// uses of `value` itself don't count: rewriting leaves dead ones for a while.
static bool comesFromContraction(Value value) {
  for (bool first = true; first || value.hasOneUse(); first = false) {
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<MatmulOp, ConvOp, ConvTransposeOp>(op))
      return true;
    if (auto add = dyn_cast_or_null<AddOp>(op)) {
      bool constantFirst = add.getLhs().getDefiningOp<ConstantOp>() != nullptr;
      value = constantFirst ? add.getRhs() : add.getLhs();
    } else if (isa_and_nonnull<TransposeOp, ReshapeOp>(op)) {
      value = op->getOperand(0);
    } else {
      break;
    }
  }
  // One of several parts of a product is as good.
  return isa_and_nonnull<SliceOp>(value.getDefiningOp());
}

static Value scaled(OpBuilder &builder, Location loc, Value value,
                    double scale) {
  auto type = cast<RankedTensorType>(value.getType());
  Value factor = makeScalar(builder, loc, type.getElementType(), scale);
  return MulOp::create(builder, loc, type, value, factor);
}

namespace {
struct MergeScales : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    double scale = 1;
    Value a = matchScaled(op.getLhs(), scale);
    Value b = matchScaled(op.getRhs(), scale);
    if (!a && !b)
      return rewriter.notifyMatchFailure(op, "no operand is scaled");
    bool aJoins = comesFromContraction(a ? a : op.getLhs());
    bool bJoins = comesFromContraction(b ? b : op.getRhs());
    if ((a && !b && aJoins) || (b && !a && bJoins))
      return rewriter.notifyMatchFailure(op, "the factor is where it is best");
    Location loc = op.getLoc();
    a = a ? a : Value(op.getLhs());
    b = b ? b : Value(op.getRhs());
    if (aJoins)
      a = scaled(rewriter, loc, a, scale);
    else if (bJoins)
      b = scaled(rewriter, loc, b, scale);
    Value product = MatmulOp::create(rewriter, loc, op.getType(), a, b);
    if (!aJoins && !bJoins)
      product = scaled(rewriter, loc, product, scale);
    rewriter.replaceOp(op, product);
    return success();
  }
};
} // namespace

void rac::populateScalePatterns(RewritePatternSet &patterns) {
  patterns.add<MergeScales>(patterns.getContext());
}
