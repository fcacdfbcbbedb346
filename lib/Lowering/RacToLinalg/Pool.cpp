//===- Pool.cpp - pool ----------------------------------------------------===//

#include "Patterns.h"
#include "Reduction.h"
#include "Window.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
struct LowerPool : OpConversionPattern<PoolOp> {
  LowerPool(const TypeConverter &converter, MLIRContext *context,
            bool loopWindows)
      : OpConversionPattern(converter, context), loopWindows(loopWindows) {}

  LogicalResult
  matchAndRewrite(PoolOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkWindowFits(rewriter, loc, sizes);
    Type element = elementOf(op.getInput());
    bool isMax = op.getKind() == PoolKind::max;
    bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    ReduceKind kind = isMax ? ReduceKind::max : ReduceKind::sum;
    Value neutral = storeCompute(
        rewriter, loc,
        neutralConstant(rewriter, loc, kind, computeType(element), isUnsigned),
        element);
    Value padded =
        padTensor(rewriter, loc, adaptor.getInput(),
                  spatialAmounts(rewriter, op.getPadsLow()),
                  spatialAmounts(rewriter, op.getPadsHigh()), neutral);
    // A loop over the window can leave out what is padding.
    bool loops = loopWindows && padded != adaptor.getInput();
    Value result =
        !loops && ShapedType::getNumElements(op.getWindow()) <= kMostUnrolled
            ? unrolled(rewriter, op, padded, sizes, kind, isUnsigned)
            : looped(rewriter, op, padded, sizes, kind, isUnsigned);
    if (isMax)
      result =
          castTensor(rewriter, loc, result, tensorOf(result).getElementType(),
                     storageType(element));
    else
      result = divide(rewriter, op, adaptor.getInput(), result, sizes);
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// Slices, one for each element of the window, combined elementwise: the loop
  /// over the channels stays innermost and contiguous.
  static Value unrolled(OpBuilder &b, PoolOp op, Value padded,
                        ArrayRef<OpFoldResult> sizes, ReduceKind kind,
                        bool isUnsigned) {
    Type element = elementOf(op.getInput()), scalar = computeType(element);
    unsigned rank = sizes.size();
    SmallVector<Operand> ins;
    for (ArrayRef<int64_t> position : windowPositions(op.getWindow()))
      ins.push_back({windowSlice(b, op.getLoc(), padded, position, sizes,
                                 op.getStrides(), op.getDilations()),
                     identityMap(b, rank)});
    return buildMap(b, op.getLoc(), ins, sizes, storageType(scalar),
                    [&](OpBuilder &b, Location loc, ValueRange args) {
                      Value sum = loadCompute(b, loc, args[0], element);
                      for (Value arg : args.slice(1, ins.size() - 1))
                        sum = combine(b, loc, kind, sum,
                                      loadCompute(b, loc, arg, element),
                                      isUnsigned);
                      return storeElement(b, loc, sum, scalar);
                    });
  }

  static Value looped(OpBuilder &b, PoolOp op, Value padded,
                      ArrayRef<OpFoldResult> sizes, ReduceKind kind,
                      bool isUnsigned) {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput()), scalar = computeType(element);
    unsigned rank = sizes.size(), spatial = rank - 2;
    SmallVector<AffineExpr> outs, ks, in = {b.getAffineDimExpr(0)};
    for (unsigned i = 0; i < spatial; ++i) {
      outs.push_back(b.getAffineDimExpr(i + 1));
      ks.push_back(b.getAffineDimExpr(i + rank));
    }
    llvm::append_range(
        in, windowExprs(outs, ks, op.getStrides(), op.getDilations()));
    in.push_back(b.getAffineDimExpr(rank - 1));
    auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(rank + spatial, 0, exprs, b.getContext());
    };
    Iterators iterators(rank, kParallel);
    iterators.append(spatial, kReduction);
    SmallVector<AffineExpr> out;
    for (unsigned i = 0; i < rank; ++i)
      out.push_back(b.getAffineDimExpr(i));
    // Nothing is read of this one: its shape bounds the window's loops.
    Value window =
        tensor::EmptyOp::create(b, loc, op.getWindow(), b.getI8Type());
    Value init = storeElement(
        b, loc, neutralConstant(b, loc, kind, scalar, isUnsigned), scalar);
    return buildGeneric(b, loc, {{padded, mapOf(in)}, {window, mapOf(ks)}},
                        Operand{filledTensor(b, loc, sizes, init), mapOf(out)},
                        iterators,
                        [&](OpBuilder &b, Location loc,
                            ValueRange args) -> SmallVector<Value> {
                          Value x = loadCompute(b, loc, args[0], element);
                          Value sum = loadElement(b, loc, args[2], scalar);
                          return {storeElement(
                              b, loc, combine(b, loc, kind, sum, x, isUnsigned),
                              scalar)};
                        })
        .getResult(0);
  }

  /// Divides sums by how many elements each counts.
  static Value divide(OpBuilder &b, PoolOp op, Value input, Value sums,
                      ArrayRef<OpFoldResult> sizes) {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput()), scalar = computeType(element);
    int64_t rank = sizes.size();
    auto isZero = [](int64_t x) { return x == 0; };
    bool allCount = llvm::all_of(op.getCeilExtra(), isZero) &&
                    (op.getKind() == PoolKind::average_with_padding ||
                     (llvm::all_of(op.getPadsLow(), isZero) &&
                      llvm::all_of(op.getPadsHigh(), isZero)));
    SmallVector<Operand> ins = {{sums, identityMap(b, rank)}};
    if (!allCount) {
      ins.push_back({counts(b, op, input, sizes, scalar),
                     mapWithout(b, bitsAt(rank, {0, rank - 1}))});
    }
    return buildMap(b, loc, ins, sizes, storageType(element),
                    [&](OpBuilder &b, Location loc, ValueRange args) {
                      ScalarBuilder s(b, loc, element.isUnsignedInteger());
                      double all = ShapedType::getNumElements(op.getWindow());
                      bool isFloat = isa<FloatType>(scalar);
                      Value x = args[0];
                      if (allCount)
                        x = isFloat ? s.mul(x, s.constant(1 / all, scalar))
                                    : s.div(x, s.constant(all, scalar));
                      else
                        x = isFloat ? s.mul(x, args[1]) : s.div(x, args[1]);
                      return storeCompute(b, loc, x, element);
                    });
  }

  /// For each spatial position of the result how many elements count, or for
  /// floats one divided by that.
  static Value counts(OpBuilder &b, PoolOp op, Value input,
                      ArrayRef<OpFoldResult> sizes, Type scalar) {
    Location loc = op.getLoc();
    bool padding = op.getKind() == PoolKind::average_with_padding;
    SmallVector<Value> ends;
    for (unsigned i = 0; i < op.getWindow().size(); ++i) {
      OpFoldResult end = tensor::getMixedSize(b, loc, input, i + 1);
      if (padding)
        end = addSizes(
            b, loc, end,
            b.getIndexAttr(op.getPadsHigh()[i] - op.getCeilExtra()[i]));
      ends.push_back(indexValue(b, loc, end));
    }
    return buildMap(
        b, loc, {}, sizes.drop_front().drop_back(), scalar,
        [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          Value product;
          for (auto [i, end] : llvm::enumerate(ends)) {
            Value count = countAlong(b, loc, op, i, end, padding);
            product = product
                          ? Value(arith::MulIOp::create(b, loc, product, count))
                          : count;
          }
          ScalarBuilder s(b, loc, false);
          Value wide =
              arith::IndexCastOp::create(b, loc, b.getI64Type(), product);
          Value count = s.cast(wide, b.getI64Type(), scalar);
          return isa<FloatType>(scalar) ? s.div(s.one(count), count) : count;
        });
  }

  /// How many k in [0, window) have first <= start + dilation * k < end.
  static Value countAlong(OpBuilder &b, Location loc, PoolOp op, unsigned i,
                          Value end, bool padding) {
    ScalarBuilder s(b, loc, false);
    int64_t low = op.getPadsLow()[i], dilation = op.getDilations()[i];
    auto constant = [&](int64_t value) { return indexConstant(b, loc, value); };
    Value start = s.sub(
        s.mul(linalg::IndexOp::create(b, loc, i), constant(op.getStrides()[i])),
        constant(low));
    Value zero = constant(0), window = constant(op.getWindow()[i]);
    // The first k not below `bound`.
    auto reach = [&](Value bound) -> Value {
      Value distance = s.max(s.sub(bound, start), zero);
      if (dilation != 1)
        distance =
            arith::CeilDivSIOp::create(b, loc, distance, constant(dilation));
      return s.min(distance, window);
    };
    Value first = constant(padding ? -low : 0);
    return s.sub(reach(end), reach(first));
  }

  bool loopWindows;
};
} // namespace

void lowering::populatePool(const TypeConverter &converter,
                            RewritePatternSet &patterns, bool loopWindows) {
  patterns.add<LowerPool>(converter, patterns.getContext(), loopWindows);
}
