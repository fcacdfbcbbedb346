//===- Reduction.cpp - reduce, arg_reduce, scan ---------------------------===//

#include "Reduction.h"
#include "Patterns.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

llvm::SmallBitVector lowering::bitsAt(int64_t rank, ArrayRef<int64_t> set) {
  llvm::SmallBitVector bits(rank);
  for (int64_t i : set)
    bits.set(i);
  return bits;
}

Value lowering::neutralConstant(OpBuilder &b, Location loc, ReduceKind kind,
                                Type type, bool isUnsigned) {
  ScalarBuilder s(b, loc, isUnsigned);
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return s.constant(0, type);
  case ReduceKind::prod:
    return s.constant(1, type);
  case ReduceKind::max:
    return extremeConstant(b, loc, type, isUnsigned, /*lowest=*/true);
  case ReduceKind::min:
    return extremeConstant(b, loc, type, isUnsigned, /*lowest=*/false);
  }
  return {};
}

/// Lets a floating-point op take more liberties; others take none.
static Value allow(arith::FastMathFlags liberties, Value result) {
  Operation *op = result.getDefiningOp();
  if (auto floats = dyn_cast<arith::ArithFastMathInterface>(op))
    op->setAttr(floats.getFastMathAttrName(),
                arith::FastMathFlagsAttr::get(
                    op->getContext(),
                    floats.getFastMathFlagsAttr().getValue() | liberties));
  return result;
}

Value lowering::combine(OpBuilder &b, Location loc, ReduceKind kind, Value x,
                        Value y, bool isUnsigned) {
  ScalarBuilder s(b, loc, isUnsigned || x.getType().isInteger(1));
  switch (kind) {
  case ReduceKind::sum:
  case ReduceKind::mean:
    return addToSum(b, loc, x, y);
  case ReduceKind::prod:
    if (isa<FloatType>(x.getType()))
      return arith::MulFOp::create(b, loc, x, y,
                                   arith::FastMathFlags::reassoc |
                                       arith::FastMathFlags::contract);
    return s.mul(x, y);
  // Zeros of either sign are as large as each other: without this, x86 takes
  // five times as many instructions to combine lanes.
  case ReduceKind::max:
    return allow(arith::FastMathFlags::nsz, s.max(x, y));
  case ReduceKind::min:
    return allow(arith::FastMathFlags::nsz, s.min(x, y));
  }
  return {};
}

Value lowering::reduceTensor(OpBuilder &b, Location loc, ReduceKind kind,
                             Value tensor, Type element,
                             const llvm::SmallBitVector &axes,
                             bool mayLoseNan) {
  Type accumulator = computeType(element);
  bool isUnsigned = element.isUnsignedInteger();
  Value init = neutralConstant(b, loc, kind, accumulator, isUnsigned);
  Operand in = {tensor, identityMap(b, axes.size())};
  return buildReduction(b, loc, in, tensor::getMixedSizes(b, loc, tensor), axes,
                        storeElement(b, loc, init, accumulator),
                        [&](OpBuilder &b, Location loc, ValueRange args) {
                          Value x = loadCompute(b, loc, args[0], element);
                          Value sum = loadElement(b, loc, args[1], accumulator);
                          Value both =
                              combine(b, loc, kind, x, sum, isUnsigned);
                          if (mayLoseNan)
                            both = allow(arith::FastMathFlags::nnan, both);
                          return storeElement(b, loc, both, accumulator);
                        });
}

Value lowering::insertUnitDims(OpBuilder &b, Location loc, Value tensor,
                               const llvm::SmallBitVector &dims) {
  if (dims.none())
    return tensor;
  Sizes sizes = tensor::getMixedSizes(b, loc, tensor), full;
  SmallVector<int64_t> shape;
  SmallVector<ReassociationIndices> groups(sizes.size());
  unsigned next = 0;
  for (unsigned i = 0; i < dims.size(); ++i) {
    // Unit dimensions join the group before them, the leading ones the first.
    if (!groups.empty())
      groups[dims[i] && next > 0 ? next - 1 : next].push_back(i);
    full.push_back(dims[i] ? b.getIndexAttr(1) : sizes[next++]);
    shape.push_back(
        getConstantIntValue(full.back()).value_or(ShapedType::kDynamic));
  }
  return tensor::ExpandShapeOp::create(b, loc, tensorOf(tensor).clone(shape),
                                       tensor, groups, full);
}

namespace {
struct LowerReduce : OpConversionPattern<ReduceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ReduceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput());
    llvm::SmallBitVector axes =
        bitsAt(op.getInput().getType().getRank(), op.getAxes());
    Value result = reduceTensor(rewriter, loc, op.getKind(), adaptor.getInput(),
                                element, axes);
    Type accumulator = tensorOf(result).getElementType();
    if (op.getKind() == ReduceKind::mean)
      result = divideByCount(rewriter, op, result, adaptor.getInput());
    else if (accumulator != storageType(element))
      result = castTensor(rewriter, loc, result, accumulator, element);
    if (op.getKeepDims())
      result = insertUnitDims(rewriter, loc, result, axes);
    rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
    return success();
  }

private:
  static Value divideByCount(OpBuilder &b, ReduceOp op, Value sums,
                             Value input) {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput());
    Sizes counted;
    for (int64_t axis : op.getAxes())
      counted.push_back(tensor::getMixedSize(b, loc, input, axis));
    Value count =
        countAs(b, loc, productOf(b, loc, counted), computeType(element));
    Operand in = {sums, identityMap(b, tensorOf(sums).getRank())};
    return buildMap(
        b, loc, in, tensor::getMixedSizes(b, loc, sums), storageType(element),
        [&](OpBuilder &b, Location loc, ValueRange args) {
          ScalarBuilder s(b, loc, element.isUnsignedInteger());
          return storeCompute(b, loc, s.div(args[0], count), element);
        });
  }
};

struct LowerArgReduce : OpConversionPattern<ArgReduceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ArgReduceOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Type element = elementOf(op.getInput());
    Type scalar = computeType(element), i64 = rewriter.getI64Type();
    bool isMax = op.getKind() == ArgReduceKind::max;
    bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    int64_t rank = tensorOf(input).getRank(), axis = op.getAxis();
    llvm::SmallBitVector axes = bitsAt(rank, axis);

    Sizes sizes = tensor::getMixedSizes(rewriter, loc, input), kept = sizes;
    kept.erase(kept.begin() + axis);
    Iterators iterators(rank, kParallel);
    iterators[axis] = kReduction;
    Value worst = storeElement(
        rewriter, loc,
        extremeConstant(rewriter, loc, scalar, isUnsigned, isMax), scalar);
    Value zero =
        arith::ConstantOp::create(rewriter, loc, rewriter.getI64IntegerAttr(0));
    AffineMap outMap = mapWithout(rewriter, axes);
    auto generic = buildGeneric(
        rewriter, loc, Operand{input, identityMap(rewriter, rank)},
        {{filledTensor(rewriter, loc, kept, worst), outMap},
         {filledTensor(rewriter, loc, kept, zero), outMap}},
        iterators,
        [&](OpBuilder &b, Location loc, ValueRange args) -> SmallVector<Value> {
          Value x = loadCompute(b, loc, args[0], element);
          Value best = loadElement(b, loc, args[1], scalar);
          Value wins =
              isBetter(b, loc, x, best, isMax, isUnsigned, op.getLast());
          Value at = arith::IndexCastOp::create(
              b, loc, i64, linalg::IndexOp::create(b, loc, axis));
          return {storeElement(b, loc,
                               arith::SelectOp::create(b, loc, wins, x, best),
                               scalar),
                  arith::SelectOp::create(b, loc, wins, at, args[2])};
        });
    Value result = generic.getResult(1);
    if (op.getKeepDims())
      result = insertUnitDims(rewriter, loc, result, axes);
    rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
    return success();
  }

private:
  /// Whether `x` takes the place of `best`; a NaN beats all numbers.
  static Value isBetter(OpBuilder &b, Location loc, Value x, Value best,
                        bool isMax, bool isUnsigned, bool orEqual) {
    ScalarBuilder s(b, loc, isUnsigned);
    Value low = isMax ? best : x, high = isMax ? x : best;
    Value wins = orEqual ? s.lessEqual(low, high) : s.less(low, high);
    if (!isa<FloatType>(x.getType()))
      return wins;
    Value nanWins = s.isNan(x);
    if (!orEqual)
      nanWins = arith::AndIOp::create(
          b, loc, nanWins,
          arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, best, best));
    return arith::OrIOp::create(b, loc, wins, nanWins);
  }
};

/// One loop over the axis; each step combines whole slices.
struct LowerScan : OpConversionPattern<ScanOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ScanOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    auto type = tensorOf(input);
    Type element = elementOf(op.getInput()), stored = type.getElementType();
    bool isUnsigned = element.isUnsignedInteger();
    auto kind = static_cast<ReduceKind>(op.getKind());
    int64_t axis = op.getAxis(), rank = type.getRank();
    llvm::SmallBitVector axes = bitsAt(rank, axis);

    Sizes sizes = tensor::getMixedSizes(rewriter, loc, input), rest = sizes;
    rest.erase(rest.begin() + axis);
    Sizes offsets(rank, rewriter.getIndexAttr(0)), sliceSizes = sizes;
    sliceSizes[axis] = rewriter.getIndexAttr(1);
    Type scalar = computeType(element);
    Value init = storeElement(
        rewriter, loc, neutralConstant(rewriter, loc, kind, scalar, isUnsigned),
        scalar);
    Value zero = indexConstant(rewriter, loc, 0),
          one = indexConstant(rewriter, loc, 1);
    Value length = indexValue(rewriter, loc, sizes[axis]);
    Value result = emptyTensor(rewriter, loc, sizes, stored);
    Value running = filledTensor(rewriter, loc, rest, init);
    AffineMap map = identityMap(rewriter, rank - 1);
    auto loop = scf::ForOp::create(
        rewriter, loc, zero, length, one, ValueRange{result, running},
        [&](OpBuilder &b, Location loc, Value step, ValueRange carried) {
          Value at = step;
          if (op.getReverse())
            at = arith::SubIOp::create(
                b, loc, arith::SubIOp::create(b, loc, length, one), step);
          offsets[axis] = at;
          Value x = sliceTensor(b, loc, input, offsets, sliceSizes, axes);
          Value out =
              sliceTensor(b, loc, carried[0], offsets, sliceSizes, axes);
          auto generic = buildGeneric(
              b, loc, Operand{x, map}, {{out, map}, {carried[1], map}},
              Iterators(rank - 1, kParallel),
              [&](OpBuilder &b, Location loc,
                  ValueRange args) -> SmallVector<Value> {
                ScalarBuilder s(b, loc, isUnsigned);
                Value before = loadElement(b, loc, args[2], scalar);
                Value x = loadCompute(b, loc, args[0], element);
                Value after = kind == ReduceKind::sum ? s.add(before, x)
                                                      : s.mul(before, x);
                return {storeCompute(b, loc, op.getExclusive() ? before : after,
                                     element),
                        storeElement(b, loc, after, scalar)};
              });
          Value written = insertSlice(b, loc, generic.getResult(0), carried[0],
                                      offsets, sliceSizes);
          scf::YieldOp::create(b, loc,
                               ValueRange{written, generic.getResult(1)});
        });
    rewriter.replaceOp(op, loop.getResult(0));
    return success();
  }
};
} // namespace

Value lowering::countAs(OpBuilder &b, Location loc, OpFoldResult count,
                        Type type) {
  if (std::optional<int64_t> known = getConstantIntValue(count))
    return ScalarBuilder(b, loc, false).constant(*known, type);
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                          indexValue(b, loc, count));
  return ScalarBuilder(b, loc, false).cast(wide, b.getI64Type(), type);
}

void lowering::populateReduction(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  patterns.add<LowerReduce, LowerArgReduce, LowerScan>(converter,
                                                       patterns.getContext());
}
