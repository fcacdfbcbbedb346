//===- RecognizeActivations.cpp - Activations that models spell out -------===//

#include "Constants.h"
#include "Patterns.h"
#include <cmath>

using namespace mlir;
using namespace rac;

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

static void collectFactors(Value value, bool isRoot, Product &product) {
  if (std::optional<double> constant = getSplat(value)) {
    product.constant *= *constant;
    return;
  }
  Operation *op = value.getDefiningOp();
  if (op && (isRoot || value.hasOneUse())) {
    if (auto mul = dyn_cast<MulOp>(op)) {
      collectFactors(mul.getLhs(), false, product);
      collectFactors(mul.getRhs(), false, product);
      return;
    }
    if (auto div = dyn_cast<DivOp>(op))
      if (std::optional<double> divisor = getSplat(div.getRhs())) {
        product.constant /= *divisor;
        collectFactors(div.getLhs(), false, product);
        return;
      }
  }
  product.factors.push_back(value);
}

Product rac::flattenProduct(Value value) {
  Product product;
  collectFactors(value, /*isRoot=*/true, product);
  return product;
}

static bool near(double a, double b) {
  return std::abs(a - b) <= 1e-5 * std::max(1.0, std::abs(b));
}

/// The operand of `add` besides a scalar constant.
static Value matchAddScalar(Value value, double scalar) {
  auto add = value.getDefiningOp<AddOp>();
  if (!add)
    return {};
  if (isSplat(add.getRhs(), scalar))
    return add.getLhs();
  if (isSplat(add.getLhs(), scalar))
    return add.getRhs();
  return {};
}

/// x^2 or x^3 in any spelling.
static bool isPower(Value value, Value x, unsigned exponent) {
  if (auto pow = value.getDefiningOp<PowOp>())
    return pow.getLhs() == x && isSplat(pow.getRhs(), exponent);
  Product product = flattenProduct(value);
  unsigned found = 0;
  for (Value factor : product.factors) {
    auto pow = factor.getDefiningOp<PowOp>();
    if (factor == x)
      found += 1;
    else if (pow && pow.getLhs() == x && isSplat(pow.getRhs(), 2))
      found += 2;
    else {
      Product square = flattenProduct(factor);
      if (square.constant != 1 || square.factors != SmallVector<Value>{x, x})
        return false;
      found += 2;
    }
  }
  return found == exponent && near(product.constant, 1);
}

/// Whether `value` is c * x^exponent.
static bool isScaledPower(Value value, Value x, double c, unsigned exponent) {
  Product product = flattenProduct(value);
  if (!near(product.constant, c))
    return false;
  unsigned found = 0;
  for (Value factor : product.factors) {
    if (factor == x)
      ++found;
    else if (isPower(factor, x, 2))
      found += 2;
    else if (isPower(factor, x, 3))
      found += 3;
    else
      return false;
  }
  return found == exponent;
}

/// sqrt(2/pi) * (x + 0.044715 x^3), or the same with x taken out.
static bool isGeluTanhArgument(Value value, Value x) {
  Product product = flattenProduct(value);
  if (!near(product.constant, std::sqrt(2 / M_PI)))
    return false;
  if (product.factors.size() == 1) {
    auto add = product.factors[0].getDefiningOp<AddOp>();
    return add &&
           ((add.getLhs() == x &&
             isScaledPower(add.getRhs(), x, 0.044715, 3)) ||
            (add.getRhs() == x && isScaledPower(add.getLhs(), x, 0.044715, 3)));
  }
  if (product.factors.size() != 2)
    return false;
  for (int i : {0, 1}) {
    Value rest = matchAddScalar(product.factors[1 - i], 1);
    if (product.factors[i] == x && rest && isScaledPower(rest, x, 0.044715, 2))
      return true;
  }
  return false;
}

/// clip(x + 3, 0, 6), whose argument x it gives.
static Value matchRelu6OfShifted(Value value) {
  auto clip = value.getDefiningOp<ClipOp>();
  if (!clip || !isSplat(clip.getLow(), 0) || !isSplat(clip.getHigh(), 6))
    return {};
  return matchAddScalar(clip.getInput(), 3);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

/// Products of x and a function of x that have a name.
template <typename OpT> struct RecognizeProduct : CountingPattern<OpT> {
  using CountingPattern<OpT>::CountingPattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(op.getType().getElementType()))
      return rewriter.notifyMatchFailure(op, "not a float product");
    Product product = flattenProduct(op);
    if (product.factors.size() == 1)
      return hardSigmoid(op, product, rewriter);
    if (product.factors.size() != 2)
      return rewriter.notifyMatchFailure(op, "not a product of two factors");
    for (int i : {0, 1}) {
      Value x = product.factors[i], f = product.factors[1 - i];
      if (x.getType() != op.getType())
        continue;
      if (isa_and_nonnull<Operation *>(f.getDefiningOp()) &&
          replace(op, x, f, product.constant, rewriter)) {
        ++this->counts.activations;
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "no known activation");
  }

private:
  bool replace(OpT op, Value x, Value f, double constant,
               PatternRewriter &rewriter) const {
    Type type = op.getType();
    if (near(constant, 0.5))
      if (Value inner = matchAddScalar(f, 1)) {
        if (auto erf = inner.getDefiningOp<ErfOp>()) {
          Product argument = flattenProduct(erf.getInput());
          if (near(argument.constant, M_SQRT1_2) &&
              argument.factors == SmallVector<Value>{x}) {
            rewriter.replaceOpWithNewOp<GeluOp>(op, type, x);
            return true;
          }
        }
        if (auto tanh = inner.getDefiningOp<TanhOp>())
          if (isGeluTanhArgument(tanh.getInput(), x)) {
            rewriter.replaceOpWithNewOp<GeluTanhOp>(op, type, x);
            return true;
          }
      }
    if (near(constant, 1)) {
      if (auto sigmoid = f.getDefiningOp<SigmoidOp>())
        if (sigmoid.getInput() == x) {
          rewriter.replaceOpWithNewOp<SiluOp>(op, type, x);
          return true;
        }
      if (auto hard = f.getDefiningOp<HardSigmoidOp>())
        if (hard.getInput() == x &&
            near(hard.getAlpha().convertToDouble(), 1. / 6) &&
            near(hard.getBeta().convertToDouble(), 0.5)) {
          rewriter.replaceOpWithNewOp<HardSwishOp>(op, type, x);
          return true;
        }
    }
    if (near(constant, 1. / 6) && matchRelu6OfShifted(f) == x) {
      rewriter.replaceOpWithNewOp<HardSwishOp>(op, type, x);
      return true;
    }
    return false;
  }

  LogicalResult hardSigmoid(OpT op, const Product &product,
                            PatternRewriter &rewriter) const {
    Value x = matchRelu6OfShifted(product.factors[0]);
    if (!near(product.constant, 1. / 6) || !x || x.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "not clip(x + 3, 0, 6) / 6");
    rewriter.replaceOpWithNewOp<HardSigmoidOp>(op, op.getType(), x,
                                               rewriter.getF64FloatAttr(1. / 6),
                                               rewriter.getF64FloatAttr(0.5));
    ++this->counts.activations;
    return success();
  }
};

/// clip(x, 0, no bound) and max(x, 0) are relu.
struct ClipToRelu : CountingPattern<ClipOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(ClipOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> high = getSplat(op.getHigh());
    constexpr double largest = std::numeric_limits<float>::max();
    if (!high || *high < largest || getSplat(op.getLow()) != 0.0 ||
        op.getInput().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "bounds are not 0 and none");
    rewriter.replaceOpWithNewOp<ReluOp>(op, op.getType(), op.getInput());
    ++counts.activations;
    return success();
  }
};

struct MaxToRelu : CountingPattern<MaxOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(MaxOp op,
                                PatternRewriter &rewriter) const override {
    for (auto [x, zero] : {std::pair(op.getLhs(), op.getRhs()),
                           std::pair(op.getRhs(), op.getLhs())})
      if (getSplat(zero) == 0.0 && x.getType() == op.getType()) {
        rewriter.replaceOpWithNewOp<ReluOp>(op, op.getType(), x);
        ++counts.activations;
        return success();
      }
    return rewriter.notifyMatchFailure(op, "no operand is zero");
  }
};

//===----------------------------------------------------------------------===//
// Arithmetic identities
//===----------------------------------------------------------------------===//

/// An op with a neutral constant is its other operand. -0 + 0 is 0: the sign of
/// zero is not kept.
template <typename OpT> struct DropNeutral : OpRewritePattern<OpT> {
  DropNeutral(MLIRContext *ctx, double neutral, bool commutes)
      : OpRewritePattern<OpT>(ctx), neutral(neutral), commutes(commutes) {}
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    for (auto [x, c] : {std::pair(op.getLhs(), op.getRhs()),
                        std::pair(op.getRhs(), op.getLhs())}) {
      if (getSplat(c) == neutral && x.getType() == op.getType()) {
        rewriter.replaceOp(op, x);
        return success();
      }
      if (!commutes)
        break;
    }
    return rewriter.notifyMatchFailure(op, "no operand is neutral");
  }
  double neutral;
  bool commutes;
};

/// x / c is x * (1/c) where that is exact: c a power of two.
struct DivideByPowerOfTwo : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> divisor = getSplat(op.getRhs());
    int exponent;
    if (!divisor || !op.getType().getElementType().isF32() ||
        std::abs(std::frexp(*divisor, &exponent)) != 0.5 ||
        std::abs(exponent) > 120)
      return rewriter.notifyMatchFailure(op, "divisor is no power of two");
    Value inverse =
        makeScalar(rewriter, op.getLoc(), rewriter.getF32Type(), 1 / *divisor);
    auto type = cast<RankedTensorType>(op.getRhs().getType());
    if (type.getRank() >
        cast<RankedTensorType>(op.getLhs().getType()).getRank())
      return rewriter.notifyMatchFailure(op, "divisor gives the shape");
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), inverse);
    return success();
  }
};

/// Small whole powers are products, 0.5 is the square root.
struct SpecialPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> exponent = getSplat(op.getRhs());
    Value x = op.getLhs();
    Type type = op.getType();
    if (!exponent || x.getType() != type ||
        !isa<FloatType>(op.getType().getElementType()))
      return rewriter.notifyMatchFailure(op, "exponent is no constant");
    if (*exponent == 1) {
      rewriter.replaceOp(op, x);
    } else if (*exponent == 2) {
      rewriter.replaceOpWithNewOp<MulOp>(op, type, x, x);
    } else if (*exponent == 3) {
      Value square = MulOp::create(rewriter, op.getLoc(), type, x, x);
      rewriter.replaceOpWithNewOp<MulOp>(op, type, square, x);
    } else if (*exponent == 0.5) {
      rewriter.replaceOpWithNewOp<SqrtOp>(op, type, x);
    } else if (*exponent == -1) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, type, x);
    } else {
      return rewriter.notifyMatchFailure(op, "exponent has no cheaper form");
    }
    return success();
  }
};

} // namespace

void rac::populateActivationPatterns(RewritePatternSet &patterns,
                                     RewriteCounts &counts) {
  patterns.add<RecognizeProduct<MulOp>, RecognizeProduct<DivOp>, ClipToRelu,
               MaxToRelu>(patterns.getContext(), counts);
}

void rac::populateArithmeticPatterns(RewritePatternSet &patterns) {
  MLIRContext *ctx = patterns.getContext();
  patterns.add<DropNeutral<AddOp>>(ctx, 0.0, true);
  patterns.add<DropNeutral<SubOp>>(ctx, 0.0, false);
  patterns.add<DropNeutral<MulOp>>(ctx, 1.0, true);
  patterns.add<DropNeutral<DivOp>>(ctx, 1.0, false);
  patterns.add<DivideByPowerOfTwo, SpecialPower>(ctx);
}
