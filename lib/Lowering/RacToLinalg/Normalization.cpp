//===- Normalization.cpp - softmax, normalize -----------------------------===//
//
// Both become a few structured ops over the same rows, which tiling by rows and
// fusing makes one pass over memory.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Reduction.h"
#include <cmath>

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

/// The smallest number of a type that is not subnormal.
static double smallestNormal(Type type) {
  return APFloat::getSmallestNormalized(
             cast<FloatType>(type).getFloatSemantics())
      .convertToDouble();
}

/// The smallest number of a type whose exponential is not subnormal.
static double leastExponent(Type type) {
  APFloat least(std::log(smallestNormal(type)));
  bool isRounded;
  least.convert(cast<FloatType>(type).getFloatSemantics(),
                APFloat::rmTowardPositive, &isRounded);
  least.convert(APFloat::IEEEdouble(), APFloat::rmTowardPositive, &isRounded);
  return least.convertToDouble();
}

/// exp(x) for x <= 0, zero where it would be subnormal. Limits that can be seen
/// make it cheaper (functions::normalExp).
static Value expWithoutSubnormals(ScalarBuilder &s, Value x) {
  Type type = x.getType();
  Value zero = s.zero(x);
  Value least = s.constant(leastExponent(type), type);
  Value tiny = s.less(x, least), limited = s.select(tiny, least, x);
  limited = s.select(s.less(zero, limited), zero, limited);
  return s.select(tiny, zero, s.exp(limited));
}

/// x >= 0, zero where it is subnormal.
static Value withoutSubnormals(ScalarBuilder &s, Value x) {
  Type type = x.getType();
  return s.select(s.less(x, s.constant(smallestNormal(type), type)), s.zero(x),
                  x);
}

Value lowering::softmaxTensor(OpBuilder &b, Location loc, Value tensor,
                              Type element, int64_t axis, bool log,
                              bool keepSubnormals) {
  int64_t rank = tensorOf(tensor).getRank();
  Type scalar = computeType(element);
  llvm::SmallBitVector axes = bitsAt(rank, axis);
  AffineMap full = identityMap(b, rank), rows = mapWithout(b, axes);
  Sizes sizes = tensor::getMixedSizes(b, loc, tensor), rowSizes = sizes;
  rowSizes.erase(rowSizes.begin() + axis);

  // Where there is a NaN its exponential is one, the sum and so the whole row,
  // whatever is subtracted. Minding NaN takes x86 four times as many
  // instructions.
  Value max = reduceTensor(b, loc, ReduceKind::max, tensor, element, axes,
                           /*mayLoseNan=*/true);
  Value exps = buildMap(b, loc, {{tensor, full}, {max, rows}}, sizes, scalar,
                        [&](OpBuilder &b, Location loc, ValueRange args) {
                          ScalarBuilder s(b, loc, false);
                          Value x = loadCompute(b, loc, args[0], element);
                          Value below = s.sub(x, args[1]);
                          return keepSubnormals
                                     ? s.exp(below)
                                     : expWithoutSubnormals(s, below);
                        });
  Value sum = reduceTensor(b, loc, ReduceKind::sum, exps, scalar, axes);
  if (!log) {
    Value inverse =
        buildMap(b, loc, Operand{sum, identityMap(b, rank - 1)}, rowSizes,
                 scalar, [&](OpBuilder &b, Location loc, ValueRange args) {
                   ScalarBuilder s(b, loc, false);
                   return s.div(s.one(args[0]), args[0]);
                 });
    return buildMap(b, loc, {{exps, full}, {inverse, rows}}, sizes, element,
                    [&](OpBuilder &b, Location loc, ValueRange args) {
                      ScalarBuilder s(b, loc, false);
                      Value part = s.mul(args[0], args[1]);
                      if (!keepSubnormals)
                        part = withoutSubnormals(s, part);
                      return storeCompute(b, loc, part, element);
                    });
  }
  Value shift = buildMap(
      b, loc,
      {{max, identityMap(b, rank - 1)}, {sum, identityMap(b, rank - 1)}},
      rowSizes, scalar, [&](OpBuilder &b, Location loc, ValueRange args) {
        ScalarBuilder s(b, loc, false);
        return s.add(args[0], s.log(args[1]));
      });
  return buildMap(b, loc, {{tensor, full}, {shift, rows}}, sizes, element,
                  [&](OpBuilder &b, Location loc, ValueRange args) {
                    ScalarBuilder s(b, loc, false);
                    Value x = loadCompute(b, loc, args[0], element);
                    return storeCompute(b, loc, s.sub(x, args[1]), element);
                  });
}

namespace {
struct LowerSoftmax : OpConversionPattern<SoftmaxOp> {
  LowerSoftmax(const TypeConverter &converter, MLIRContext *context,
               bool keepSubnormals)
      : OpConversionPattern(converter, context),
        keepSubnormals(keepSubnormals) {}

  LogicalResult
  matchAndRewrite(SoftmaxOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op,
                       softmaxTensor(rewriter, op.getLoc(), adaptor.getInput(),
                                     elementOf(op.getInput()), op.getAxis(),
                                     op.getLog(), keepSubnormals));
    return success();
  }

private:
  bool keepSubnormals;
};

/// What the rows of a normalize have in common.
struct Rows {
  Value input;
  Type element, scalar;
  Sizes sizes, rowSizes;
  llvm::SmallBitVector axes;
  AffineMap full, rows, rowIdentity;
  /// Their length, and 1 / that: a multiplication takes less time. A mean had
  /// better be divided: equal numbers differ from it by nothing then.
  Value count, part;
};

struct LowerNormalize : OpConversionPattern<NormalizeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(NormalizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Rows r = describeRows(rewriter, op, adaptor.getInput());
    Value mean;
    if (op.getKind() == NormalizeKind::layer)
      mean = divideRows(rewriter, loc, r,
                        reduceTensor(rewriter, loc, ReduceKind::sum, r.input,
                                     r.element, r.axes));
    Value scale = inverseDeviation(rewriter, loc, r, mean,
                                   op.getEpsilon().convertToDouble());

    SmallVector<Operand> ins = {{r.input, r.full}, {scale, r.rows}};
    if (mean)
      ins.push_back({mean, r.rows});
    ArrayRef<int64_t> shape = tensorOf(r.input).getShape();
    for (Value factor : {adaptor.getScale(), adaptor.getBias()}) {
      if (!factor)
        continue;
      checkBroadcast(rewriter, loc, factor, r.sizes,
                     "normalize: scale or bias doesn't fit");
      ins.push_back({factor, broadcastMap(rewriter, tensorOf(factor), shape)});
    }
    Value result =
        buildMap(rewriter, loc, ins, r.sizes, r.element,
                 [&](OpBuilder &b, Location loc, ValueRange args) {
                   ScalarBuilder s(b, loc, false);
                   unsigned next = 2;
                   Value x = loadCompute(b, loc, args[0], r.element);
                   if (mean)
                     x = s.sub(x, args[next++]);
                   x = s.mul(x, args[1]);
                   Type factors = elementOf(op.getScale());
                   x = s.mul(x, loadCompute(b, loc, args[next++], factors));
                   if (op.getBias())
                     x = s.add(x, loadCompute(b, loc, args[next], factors));
                   return storeCompute(b, loc, x, r.element);
                 });
    rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
    return success();
  }

private:
  static Rows describeRows(OpBuilder &b, NormalizeOp op, Value input) {
    Location loc = op.getLoc();
    int64_t rank = tensorOf(input).getRank(), axis = op.getAxis();
    Rows r;
    r.input = input;
    r.element = elementOf(op.getInput());
    r.scalar = computeType(r.element);
    r.sizes = tensor::getMixedSizes(b, loc, input);
    r.rowSizes.assign(r.sizes.begin(), r.sizes.begin() + axis);
    r.axes = llvm::SmallBitVector(rank);
    r.axes.set(axis, rank);
    r.full = identityMap(b, rank);
    r.rows = mapWithout(b, r.axes);
    r.rowIdentity = identityMap(b, axis);
    r.count =
        countAs(b, loc, productOf(b, loc, ArrayRef(r.sizes).drop_front(axis)),
                r.scalar);
    ScalarBuilder s(b, loc, false);
    r.part = s.div(s.one(r.count), r.count);
    return r;
  }

  static Value divideRows(OpBuilder &b, Location loc, const Rows &r,
                          Value sums) {
    return buildMap(b, loc, Operand{sums, r.rowIdentity}, r.rowSizes, r.scalar,
                    [&](OpBuilder &b, Location loc, ValueRange args) {
                      return ScalarBuilder(b, loc, false).div(args[0], r.count);
                    });
  }

  /// 1 / sqrt(mean of (x - mean)^2 + epsilon).
  static Value inverseDeviation(OpBuilder &b, Location loc, const Rows &r,
                                Value mean, double epsilon) {
    SmallVector<Operand> ins = {{r.input, r.full}};
    if (mean)
      ins.push_back({mean, r.rows});
    Value zero = ScalarBuilder(b, loc, false).constant(0, r.scalar);
    Value squares =
        buildReduction(b, loc, ins, r.sizes, r.axes, zero,
                       [&](OpBuilder &b, Location loc, ValueRange args) {
                         ScalarBuilder s(b, loc, false);
                         Value x = loadCompute(b, loc, args[0], r.element);
                         if (mean)
                           x = s.sub(x, args[1]);
                         return addToSum(b, loc, s.mul(x, x), args.back());
                       });
    return buildMap(b, loc, Operand{squares, r.rowIdentity}, r.rowSizes,
                    r.scalar, [&](OpBuilder &b, Location loc, ValueRange args) {
                      ScalarBuilder s(b, loc, false);
                      Value variance = s.mul(args[0], r.part);
                      Value shifted =
                          s.add(variance, s.constant(epsilon, r.scalar));
                      return s.div(s.one(shifted), s.sqrt(shifted));
                    });
  }
};
} // namespace

void lowering::populateNormalization(const TypeConverter &converter,
                                     RewritePatternSet &patterns,
                                     bool keepSubnormals) {
  patterns.add<LowerSoftmax>(converter, patterns.getContext(), keepSubnormals);
  patterns.add<LowerNormalize>(converter, patterns.getContext());
}
