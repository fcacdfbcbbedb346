//===- Assembly.cpp - concat, slice, pad ----------------------------------===//

#include "Patterns.h"
#include "Utils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
/// Puts the parts into the place of the whole; those of a concatenation that
/// nothing else needs each into its own.
struct LowerConcat : OpConversionPattern<ConcatOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ConcatOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    Type stored = tensorOf(adaptor.getInputs().front()).getElementType();
    Value result = emptyTensor(rewriter, op.getLoc(), sizes, stored);
    Sizes offsets(sizes.size(), rewriter.getIndexAttr(0));
    rewriter.replaceOp(op, insertParts(op, adaptor.getInputs(), result, sizes,
                                       offsets, rewriter));
    return success();
  }

private:
  /// The concatenation of which `part` is all, if nothing else needs it.
  static ConcatOp ownConcat(Value part) {
    auto concat = part.getDefiningOp<ConcatOp>();
    return concat && part.hasOneUse() ? concat : ConcatOp();
  }

  static Value insertPart(Value part, Value input, Value result,
                          const Sizes &sizes, const Sizes &offsets,
                          ConversionPatternRewriter &rewriter) {
    SmallVector<Value> parts;
    ConcatOp concat = ownConcat(part);
    if (concat &&
        succeeded(rewriter.getRemappedValues(concat.getInputs(), parts)))
      return insertParts(concat, parts, result, sizes, offsets, rewriter);
    return insertSlice(rewriter, part.getLoc(), input, result, offsets, sizes);
  }

  /// What `op` puts together, of `sizes`, from `offsets` on into `result`.
  static Value insertParts(ConcatOp op, ValueRange inputs, Value result,
                           const Sizes &sizes, Sizes offsets,
                           ConversionPatternRewriter &rewriter) {
    Location loc = op.getLoc();
    int64_t axis = op.getAxis();
    OpFoldResult sum = rewriter.getIndexAttr(0);
    for (auto [part, input] : llvm::zip_equal(op.getInputs(), inputs)) {
      Sizes own = tensor::getMixedSizes(rewriter, loc, input);
      for (auto [i, size] : llvm::enumerate(own))
        if (static_cast<int64_t>(i) != axis)
          checkEqual(rewriter, loc, size, sizes[i],
                     "concat: operands differ in a dimension");
      result = insertPart(part, input, result, own, offsets, rewriter);
      offsets[axis] = addSizes(rewriter, loc, offsets[axis], own[axis]);
      sum = addSizes(rewriter, loc, sum, own[axis]);
    }
    // The op's type may know the sum.
    if (!op.getType().isDynamicDim(axis))
      checkEqual(rewriter, loc, sum, sizes[axis],
                 "concat: the result has another size");
    return result;
  }
};

struct LowerSlice : OpConversionPattern<SliceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(SliceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Sizes offsets = getMixedValues(op.getStaticOffsets(), adaptor.getOffsets(),
                                   op.getContext());
    Sizes sizes = getMixedValues(op.getStaticSizes(), adaptor.getSizes(),
                                 op.getContext());
    ArrayRef<int64_t> steps = op.getSteps();
    checkBounds(rewriter, loc, input, offsets, sizes, steps);
    if (llvm::all_of(steps, [](int64_t step) { return step > 0; })) {
      rewriter.replaceOp(op, forward(rewriter, op, input, offsets, sizes));
      return success();
    }
    // A reversed dimension is read by index.
    Sizes results = resultSizes(rewriter, op, adaptor.getOperands());
    rewriter.replaceOp(
        op,
        buildMap(rewriter, loc, {}, results, tensorOf(input).getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                   SmallVector<Value> indices;
                   for (auto [i, offset] : llvm::enumerate(offsets)) {
                     AffineExpr at = b.getAffineSymbolExpr(0) * steps[i] +
                                     b.getAffineSymbolExpr(1);
                     Value position = linalg::IndexOp::create(b, loc, i);
                     indices.push_back(
                         indexValue(b, loc,
                                    affine::makeComposedFoldedAffineApply(
                                        b, loc, AffineMap::get(0, 2, at),
                                        {OpFoldResult(position), offset})));
                   }
                   return tensor::ExtractOp::create(b, loc, input, indices);
                 }));
    return success();
  }

private:
  static Value forward(OpBuilder &b, SliceOp op, Value input,
                       ArrayRef<OpFoldResult> offsets,
                       ArrayRef<OpFoldResult> sizes) {
    auto type = tensorOf(input).clone(op.getType().getShape());
    // The op's type may know sizes that are values.
    Sizes known(sizes), steps;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (!type.isDynamicDim(i))
        known[i] = b.getIndexAttr(type.getDimSize(i));
      else
        known[i] = indexValue(b, op.getLoc(), sizes[i]);
      steps.push_back(b.getIndexAttr(op.getSteps()[i]));
    }
    return extractSlice(b, op.getLoc(), type, input, offsets, known, steps);
  }

  /// 0 <= offset and, unless size <= 0, the last element lies inside.
  static void checkBounds(OpBuilder &b, Location loc, Value input,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes,
                          ArrayRef<int64_t> steps) {
    for (auto [i, offset] : llvm::enumerate(offsets)) {
      std::optional<int64_t> from = getConstantIntValue(offset),
                             count = getConstantIntValue(sizes[i]);
      OpFoldResult size = tensor::getMixedSize(b, loc, input, i);
      bool whole = from == 0 && isEqualConstantIntOrValue(sizes[i], size);
      if (whole || count == 0 || (from && count && getConstantIntValue(size)))
        continue;
      AffineExpr o = b.getAffineSymbolExpr(0), n = b.getAffineSymbolExpr(1);
      OpFoldResult last = affine::makeComposedFoldedAffineApply(
          b, loc, AffineMap::get(0, 2, o + (n - 1) * steps[i]),
          {offset, sizes[i]});
      Value first = indexValue(b, loc, steps[i] > 0 ? offset : last);
      Value past = indexValue(b, loc, steps[i] > 0 ? last : offset);
      auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) {
        return arith::CmpIOp::create(b, loc, predicate, x, y);
      };
      Value zero = indexConstant(b, loc, 0);
      Value inside = arith::AndIOp::create(
          b, loc, compare(arith::CmpIPredicate::sge, first, zero),
          compare(arith::CmpIPredicate::slt, past, indexValue(b, loc, size)));
      Value none =
          compare(arith::CmpIPredicate::eq, indexValue(b, loc, sizes[i]), zero);
      Value some = compare(arith::CmpIPredicate::sgt,
                           indexValue(b, loc, sizes[i]), zero);
      check(b, loc,
            arith::OrIOp::create(b, loc, none,
                                 arith::AndIOp::create(b, loc, some, inside)),
            "slice leaves its operand");
    }
  }
};

struct LowerPad : OpConversionPattern<PadOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(PadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Sizes low =
        getMixedValues(op.getStaticLow(), adaptor.getLow(), op.getContext());
    Sizes high =
        getMixedValues(op.getStaticHigh(), adaptor.getHigh(), op.getContext());
    OpFoldResult zero = rewriter.getIndexAttr(0);
    for (OpFoldResult amount : llvm::concat<OpFoldResult>(low, high))
      checkAtMost(rewriter, loc, zero, amount, "pad: an amount is negative");
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    if (op.getMode() != PadMode::constant) {
      rewriter.replaceOp(op, padByIndex(rewriter, op, input, low, high, sizes));
      return success();
    }
    Value value;
    if (std::optional<TypedAttr> known = splatValue(op.getValue())) {
      TypedAttr stored = storageAttr(*known);
      value = scalarConstant(rewriter, loc, stored, signless(stored.getType()));
    } else {
      value = tensor::ExtractOp::create(rewriter, loc, adaptor.getValue(),
                                        ValueRange{});
    }
    Value filled = filledTensor(rewriter, loc, sizes, value);
    rewriter.replaceOp(
        op, insertSlice(rewriter, loc, input, filled, low,
                        tensor::getMixedSizes(rewriter, loc, input)));
    return success();
  }

private:
  static Value padByIndex(OpBuilder &b, PadOp op, Value input,
                          ArrayRef<OpFoldResult> low,
                          ArrayRef<OpFoldResult> high,
                          ArrayRef<OpFoldResult> sizes) {
    Location loc = op.getLoc();
    SmallVector<Value> lengths, shifts;
    for (auto [i, l, h] : llvm::enumerate(low, high)) {
      bool padded = !isConstantIntValue(l, 0) || !isConstantIntValue(h, 0);
      OpFoldResult size = tensor::getMixedSize(b, loc, input, i);
      if (padded)
        checkAtMost(b, loc, b.getIndexAttr(1), size,
                    "pad: nothing to repeat in an empty dimension");
      lengths.push_back(padded ? indexValue(b, loc, size) : Value());
      shifts.push_back(padded ? indexValue(b, loc, l) : Value());
    }
    return buildMap(
        b, loc, {}, sizes, tensorOf(input).getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          SmallVector<Value> indices;
          for (auto [i, length] : llvm::enumerate(lengths)) {
            Value at = linalg::IndexOp::create(b, loc, i);
            if (length)
              at = source(b, loc, op.getMode(),
                          arith::SubIOp::create(b, loc, at, shifts[i]), length);
            indices.push_back(at);
          }
          return tensor::ExtractOp::create(b, loc, input, indices);
        });
  }

  /// The index inside [0, n) that stands for `at`.
  static Value source(OpBuilder &b, Location loc, PadMode mode, Value at,
                      Value n) {
    Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
    Value last = arith::SubIOp::create(b, loc, n, one);
    ScalarBuilder s(b, loc, false);
    if (mode == PadMode::edge)
      return s.min(s.max(at, zero), last);
    // n is at least 1, so remainders are safe; they have the dividend's sign.
    auto modulo = [&](Value x, Value y) -> Value {
      Value r = arith::RemSIOp::create(b, loc, x, y);
      return s.select(s.less(r, zero), s.add(r, y), r);
    };
    if (mode == PadMode::wrap)
      return modulo(at, n);
    Value period = s.max(s.add(last, last), one);
    Value r = modulo(at, period);
    return s.min(r, s.sub(period, r));
  }
};
} // namespace

void lowering::populateAssembly(const TypeConverter &converter,
                                RewritePatternSet &patterns) {
  patterns.add<LowerConcat, LowerSlice, LowerPad>(converter,
                                                  patterns.getContext());
}
