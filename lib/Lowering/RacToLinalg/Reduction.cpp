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

/// One loop over the axis, each step of which combines whole slices; or one for
/// each row, all rows in parallel.
struct LowerScan : OpConversionPattern<ScanOp> {
  LowerScan(const TypeConverter &converter, MLIRContext *context,
            bool manyThreads)
      : OpConversionPattern(converter, context), manyThreads(manyThreads) {}

  LogicalResult
  matchAndRewrite(ScanOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Sizes sizes = tensor::getMixedSizes(rewriter, loc, input);
    Value result =
        emptyTensor(rewriter, loc, sizes, tensorOf(input).getElementType());
    if (llvm::is_contained(tensorOf(input).getShape(), 0)) {
      rewriter.replaceOp(op, result);
      return success();
    }
    rewriter.replaceOp(
        op, manyThreads ? scanRows(rewriter, op, input, result, sizes)
                        : scanSlices(rewriter, op, input, result, sizes));
    return success();
  }

private:
  static Value neutral(OpBuilder &b, ScanOp op) {
    Type element = elementOf(op.getInput());
    return neutralConstant(b, op.getLoc(),
                           static_cast<ReduceKind>(op.getKind()),
                           computeType(element), element.isUnsignedInteger());
  }

  /// An element of the result, and what is accumulated with it.
  static std::pair<Value, Value> accumulate(OpBuilder &b, Location loc,
                                            ScanOp op, Value before, Value x) {
    Type element = elementOf(op.getInput());
    Value after =
        combine(b, loc, static_cast<ReduceKind>(op.getKind()), before,
                loadCompute(b, loc, x, element), element.isUnsignedInteger());
    return {storeCompute(b, loc, op.getExclusive() ? before : after, element),
            after};
  }

  /// The place along the axis that each step has, from its number.
  static std::function<Value(OpBuilder &, Location, Value)>
  placesOf(OpBuilder &b, ScanOp op, Value length) {
    if (!op.getReverse())
      return [](OpBuilder &, Location, Value step) { return step; };
    Location loc = op.getLoc();
    Value last =
        arith::SubIOp::create(b, loc, length, indexConstant(b, loc, 1));
    return [last](OpBuilder &b, Location loc, Value step) -> Value {
      return arith::SubIOp::create(b, loc, last, step);
    };
  }

  static Value scanSlices(OpBuilder &builder, ScanOp op, Value input,
                          Value result, ArrayRef<OpFoldResult> sizes) {
    Location loc = op.getLoc();
    int64_t axis = op.getAxis(), rank = sizes.size();
    llvm::SmallBitVector axes = bitsAt(rank, axis);
    Sizes rest(sizes), offsets(rank, builder.getIndexAttr(0)), slice(sizes);
    rest.erase(rest.begin() + axis);
    slice[axis] = builder.getIndexAttr(1);
    Type scalar = computeType(elementOf(op.getInput()));
    Value init = storeElement(builder, loc, neutral(builder, op), scalar);
    Value running = filledTensor(builder, loc, rest, init);
    auto placeOf = placesOf(builder, op, indexValue(builder, loc, sizes[axis]));
    AffineMap map = identityMap(builder, rank - 1);
    return loopOver(
        builder, loc, sizes[axis], {result, running},
        [&](OpBuilder &b, Location loc, ValueRange steps,
            ValueRange carried) -> SmallVector<Value> {
          offsets[axis] = placeOf(b, loc, steps[0]);
          Value x = sliceTensor(b, loc, input, offsets, slice, axes);
          Value out = sliceTensor(b, loc, carried[0], offsets, slice, axes);
          auto generic = buildGeneric(
              b, loc, Operand{x, map}, {{out, map}, {carried[1], map}},
              Iterators(rank - 1, kParallel),
              [&](OpBuilder &b, Location loc,
                  ValueRange args) -> SmallVector<Value> {
                auto [stored, after] = accumulate(
                    b, loc, op, loadElement(b, loc, args[2], scalar), args[0]);
                return {stored, storeElement(b, loc, after, scalar)};
              });
          return {insertSlice(b, loc, generic.getResult(0), carried[0], offsets,
                              slice),
                  generic.getResult(1)};
        })[0];
  }

  static Value scanRows(OpBuilder &builder, ScanOp op, Value input,
                        Value result, ArrayRef<OpFoldResult> sizes) {
    Location loc = op.getLoc();
    int64_t axis = op.getAxis(), rank = sizes.size();
    auto placeOf = placesOf(builder, op, indexValue(builder, loc, sizes[axis]));
    // Into `out`, the row of the result at `row`, or all of it.
    auto scanRow = [&](OpBuilder &b, Location loc, ValueRange row, Value out) {
      return loopOver(
          b, loc, sizes[axis], {out, neutral(b, op)},
          [&](OpBuilder &b, Location loc, ValueRange steps,
              ValueRange carried) -> SmallVector<Value> {
            SmallVector<Value> place(row), at = {placeOf(b, loc, steps[0])};
            place.insert(place.begin() + axis, at[0]);
            auto [stored, after] =
                accumulate(b, loc, op, carried[1],
                           tensor::ExtractOp::create(b, loc, input, place));
            if (out == result)
              at = place;
            return {tensor::InsertOp::create(b, loc, stored, carried[0], at),
                    after};
          })[0];
    };
    Sizes rest(sizes), row(rank, builder.getIndexAttr(1));
    rest.erase(rest.begin() + axis);
    if (llvm::all_of(rest, isOneInteger))
      return scanRow(
          builder, loc,
          SmallVector<Value>(rank - 1, indexConstant(builder, loc, 0)), result);
    row[axis] = sizes[axis];
    llvm::SmallBitVector dropped = bitsAt(rank, axis);
    dropped.flip();
    auto rows = scf::ForallOp::create(
        builder, loc, rest, result, /*mapping=*/std::nullopt,
        [&](OpBuilder &b, Location loc, ValueRange args) {
          ValueRange at = args.take_front(rank - 1);
          Sizes offsets = getAsOpFoldResult(at);
          offsets.insert(offsets.begin() + axis, b.getIndexAttr(0));
          Value out = sliceTensor(b, loc, args.back(), offsets, row, dropped);
          Value scanned = scanRow(b, loc, at, out);
          auto end = scf::InParallelOp::create(b, loc);
          b.setInsertionPointToStart(end.getBody());
          tensor::ParallelInsertSliceOp::create(b, loc, scanned, args.back(),
                                                offsets, row,
                                                Sizes(rank, b.getIndexAttr(1)));
        });
    return rows.getResult(0);
  }

  bool manyThreads;
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
                                 RewritePatternSet &patterns,
                                 bool manyThreads) {
  patterns.add<LowerReduce, LowerArgReduce>(converter, patterns.getContext());
  patterns.add<LowerScan>(converter, patterns.getContext(), manyThreads);
}
