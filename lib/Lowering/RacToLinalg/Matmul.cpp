//===- Matmul.cpp - matmul, attention -------------------------------------===//

#include "Contraction.h"
#include "Patterns.h"
#include "Reduction.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

Type lowering::accumulatorType(Type element) {
  return isa<FloatType>(element)
             ? computeType(element)
             : Type(IntegerType::get(element.getContext(), 32));
}

Value lowering::buildProduct(OpBuilder &b, Location loc, const Factor &lhs,
                             const Factor &rhs, Value lhsStored,
                             Value rhsStored) {
  auto widen = [&](Value stored, const Factor &factor) {
    Type element = factor.element;
    if (isa<FloatType>(element))
      return loadCompute(b, loc, stored, element);
    ScalarBuilder s(b, loc, element.isUnsignedInteger());
    Value wide =
        s.cast(loadElement(b, loc, stored, element), element, b.getI32Type());
    return factor.zero == 0
               ? wide
               : s.sub(wide, s.constant(factor.zero, wide.getType()));
  };
  return ScalarBuilder(b, loc, false)
      .mul(widen(lhsStored, lhs), widen(rhsStored, rhs));
}

Value lowering::buildContraction(OpBuilder &b, Location loc, const Factor &lhs,
                                 const Factor &rhs, const Operand &out,
                                 ArrayRef<utils::IteratorType> iterators) {
  return buildGeneric(b, loc, {{lhs.value, lhs.map}, {rhs.value, rhs.map}}, out,
                      iterators,
                      [&](OpBuilder &b, Location loc,
                          ValueRange args) -> SmallVector<Value> {
                        Value product =
                            buildProduct(b, loc, lhs, rhs, args[0], args[1]);
                        return {addToSum(b, loc, args[2], product)};
                      })
      .getResult(0);
}

Value lowering::zeroAccumulator(OpBuilder &b, Location loc,
                                ArrayRef<OpFoldResult> sizes, Type element) {
  Value zero =
      ScalarBuilder(b, loc, false).constant(0, accumulatorType(element));
  return filledTensor(b, loc, sizes, zero);
}

Value lowering::buildMatmul(OpBuilder &b, Location loc, Value lhs,
                            Type lhsElement, Value rhs, Type rhsElement,
                            ArrayRef<OpFoldResult> sizes, bool transposed) {
  int64_t rank = sizes.size(), batch = rank - 2;
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  // Loops: batch, m, n, k.
  AffineExpr m = b.getAffineDimExpr(batch), n = b.getAffineDimExpr(batch + 1),
             k = b.getAffineDimExpr(rank);
  auto mapOf = [&](Value operand, AffineExpr row, AffineExpr column) {
    auto type = tensorOf(operand);
    auto leading =
        RankedTensorType::get(type.getShape().drop_back(2), b.getI8Type());
    AffineMap map = broadcastMap(b, leading, ArrayRef(shape).take_front(batch));
    SmallVector<AffineExpr> exprs(map.getResults());
    exprs.append({row, column});
    return AffineMap::get(rank + 1, 0, exprs, b.getContext());
  };
  Iterators iterators(rank, kParallel);
  iterators.push_back(kReduction);
  AffineMap outMap = mapWithout(b, llvm::SmallBitVector(rank + 1).set(rank));
  return buildContraction(
      b, loc, {lhs, mapOf(lhs, m, k), lhsElement},
      {rhs, transposed ? mapOf(rhs, n, k) : mapOf(rhs, k, n), rhsElement},
      {zeroAccumulator(b, loc, sizes, lhsElement), outMap}, iterators);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// Checks that dimension `i` of x and `j` of y agree.
static void checkDims(OpBuilder &b, Location loc, Value x, int64_t i, Value y,
                      int64_t j, StringRef message) {
  if (tensorOf(x).getDimSize(i) == ShapedType::kDynamic ||
      tensorOf(y).getDimSize(j) == ShapedType::kDynamic)
    checkEqual(b, loc, tensor::getMixedSize(b, loc, x, i),
               tensor::getMixedSize(b, loc, y, j), message);
}

/// Checks that the leading dimensions of `operand` are those of `sizes` where
/// not a static 1.
static void checkBatch(OpBuilder &b, Location loc, Value operand,
                       ArrayRef<OpFoldResult> sizes) {
  int64_t rank = tensorOf(operand).getRank();
  int64_t shift = static_cast<int64_t>(sizes.size()) - rank;
  for (int64_t i = 0; i + 2 < rank; ++i)
    if (tensorOf(operand).getDimSize(i) != 1)
      checkEqual(b, loc, tensor::getMixedSize(b, loc, operand, i),
                 sizes[i + shift], "batch dimensions of a product differ");
}

namespace {
struct LowerMatmul : OpConversionPattern<MatmulOp> {
  LowerMatmul(const TypeConverter &converter, MLIRContext *context,
              bool fixedPoint)
      : OpConversionPattern(converter, context), fixedPoint(fixedPoint) {}

  LogicalResult
  matchAndRewrite(MatmulOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value lhs = adaptor.getLhs(), rhs = adaptor.getRhs();
    checkDims(rewriter, loc, lhs, tensorOf(lhs).getRank() - 1, rhs,
              tensorOf(rhs).getRank() - 2,
              "contracted dimensions of a product differ");
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    if (tensorOf(lhs).getRank() > 2 && tensorOf(rhs).getRank() > 2) {
      checkBatch(rewriter, loc, lhs, sizes);
      checkBatch(rewriter, loc, rhs, sizes);
    }
    Type element = elementOf(op.getLhs());
    auto weights = op.getRhs().getDefiningOp<DequantizeWeightsOp>();
    if (weights && element.isF32() && isReadInBlocks(weights)) {
      Value zeros = weights.getZeros();
      auto build = fixedPoint && isFixedPoint(weights, sizes)
                       ? buildFixedPointMatmul
                       : buildNarrowMatmul;
      Value result =
          build(rewriter, loc, lhs, weights,
                rewriter.getRemappedValue(weights.getSteps()),
                rewriter.getRemappedValue(weights.getScales()),
                zeros ? rewriter.getRemappedValue(zeros) : zeros, sizes);
      rewriter.replaceOp(op, result);
      return success();
    }
    Value result = buildMatmul(rewriter, loc, lhs, element, rhs,
                               elementOf(op.getRhs()), sizes, false);
    rewriter.replaceOp(op, castTensor(rewriter, loc, result,
                                      accumulatorType(element),
                                      elementOf(op.getResult())));
    return success();
  }

private:
  bool fixedPoint;
};

struct LowerAttention : OpConversionPattern<AttentionOp> {
  LowerAttention(const TypeConverter &converter, MLIRContext *context,
                 bool keepSubnormals)
      : OpConversionPattern(converter, context),
        keepSubnormals(keepSubnormals) {}

  LogicalResult
  matchAndRewrite(AttentionOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value query = adaptor.getQuery(), key = adaptor.getKey(),
          value = adaptor.getValue();
    int64_t rank = tensorOf(query).getRank();
    Type element = elementOf(op.getQuery()), scalar = computeType(element);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkDims(rewriter, loc, query, rank - 1, key, rank - 1,
              "attention: query and key differ in width");
    checkDims(rewriter, loc, key, rank - 2, value, rank - 2,
              "attention: key and value differ in length");
    checkBatch(rewriter, loc, key, sizes);
    checkBatch(rewriter, loc, value, sizes);

    Sizes scoreSizes = sizes;
    scoreSizes.back() = tensor::getMixedSize(rewriter, loc, key, rank - 2);
    Value scores = buildMatmul(rewriter, loc, query, element, key, element,
                               scoreSizes, /*transposed=*/true);
    scores = scaleAndMask(rewriter, op, scores, scoreSizes, adaptor.getMask());
    Value weights = softmaxTensor(rewriter, loc, scores, scalar, rank - 1,
                                  /*log=*/false, keepSubnormals);
    Value result = buildMatmul(rewriter, loc, weights, scalar, value, element,
                               sizes, /*transposed=*/false);
    rewriter.replaceOp(op, castTensor(rewriter, loc, result, scalar, element));
    return success();
  }

private:
  static Value scaleAndMask(OpBuilder &b, AttentionOp op, Value scores,
                            ArrayRef<OpFoldResult> sizes, Value mask) {
    Location loc = op.getLoc();
    SmallVector<Operand> ins = {{scores, identityMap(b, sizes.size())}};
    if (mask) {
      checkBroadcast(b, loc, mask, sizes, "attention: the mask doesn't fit");
      ins.push_back(
          {mask, broadcastMap(b, tensorOf(mask), tensorOf(scores).getShape())});
    }
    Type scalar = tensorOf(scores).getElementType();
    return buildMap(
        b, loc, ins, sizes, scalar,
        [&](OpBuilder &b, Location loc, ValueRange args) {
          ScalarBuilder s(b, loc, false);
          Value scale = s.constant(op.getScale().convertToDouble(), scalar);
          Value x = s.mul(args[0], scale);
          if (mask)
            x = s.add(x, loadCompute(b, loc, args[1], elementOf(op.getMask())));
          if (op.getCausal()) {
            unsigned column = sizes.size() - 1;
            Value later = arith::CmpIOp::create(
                b, loc, arith::CmpIPredicate::ult,
                linalg::IndexOp::create(b, loc, column - 1),
                linalg::IndexOp::create(b, loc, column));
            x = arith::SelectOp::create(
                b, loc, later,
                s.constant(-std::numeric_limits<double>::infinity(), scalar),
                x);
          }
          return x;
        });
  }

  bool keepSubnormals;
};
} // namespace

void lowering::populateMatmul(const TypeConverter &converter,
                              RewritePatternSet &patterns, bool keepSubnormals,
                              bool fixedPoint) {
  patterns.add<LowerMatmul>(converter, patterns.getContext(), fixedPoint);
  patterns.add<LowerAttention>(converter, patterns.getContext(),
                               keepSubnormals);
}
