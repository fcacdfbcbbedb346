//===- Quant.cpp - Weights in few bits ------------------------------------===//
//
// Where a product reads them, they are made floats in its innermost loop, so
// that memory gives only the bits; elsewhere they become a tensor of floats.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Patterns.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
/// A half of a byte, or all of it.
enum class Part { whole, low, high };
} // namespace

/// The float that the steps stand for before they are scaled.
static Value toFloat(OpBuilder &b, Location loc, Value steps, Part part) {
  Type i32 = b.getI32Type();
  Value wide = arith::ExtSIOp::create(b, loc, i32, steps);
  if (part != Part::whole) {
    auto shift = [&](int64_t bits) {
      return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(bits));
    };
    // The sign comes from the half's own highest bit.
    if (part == Part::low)
      wide = arith::ShLIOp::create(b, loc, wide, shift(28));
    wide =
        arith::ShRSIOp::create(b, loc, wide, shift(part == Part::low ? 28 : 4));
  }
  return arith::SIToFPOp::create(b, loc, b.getF32Type(), wide);
}

/// Positions of the scales for weights at `at`.
static SmallVector<AffineExpr> blocksAt(ArrayRef<AffineExpr> at,
                                        ArrayRef<int64_t> blocks) {
  SmallVector<AffineExpr> positions;
  for (auto [expr, block] : llvm::zip_equal(at, blocks))
    positions.push_back(expr.floorDiv(block));
  return positions;
}

/// `count` elements from `first` on along one dimension.
static Value sliceDim(OpBuilder &b, Location loc, Value tensor, int64_t dim,
                      int64_t first, int64_t count) {
  Sizes sizes = tensor::getMixedSizes(b, loc, tensor);
  Sizes offsets(sizes.size(), b.getIndexAttr(0));
  offsets[dim] = b.getIndexAttr(first);
  sizes[dim] = b.getIndexAttr(count);
  return sliceTensor(b, loc, tensor, offsets, sizes,
                     llvm::SmallBitVector(sizes.size()));
}

bool lowering::isReadByHalves(DequantizeWeightsOp weights) {
  return !weights.getNibbles() || tensorOf(weights.getSteps()).getDimSize(0) %
                                          weights.getBlocks().front() ==
                                      0;
}

Value lowering::buildNarrowMatmul(OpBuilder &b, Location loc, Value lhs,
                                  DequantizeWeightsOp weights, Value steps,
                                  Value scales, ArrayRef<OpFoldResult> sizes) {
  int64_t rank = sizes.size();
  MLIRContext *context = b.getContext();
  // Loops: batch, m, n, k; of nibbles over half of the terms, two at a time.
  AffineExpr n = b.getAffineDimExpr(rank - 1), k = b.getAffineDimExpr(rank);
  int64_t half = tensorOf(steps).getDimSize(0);
  int64_t block = weights.getBlocks().front();
  auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(rank + 1, 0, exprs, context);
  };
  SmallVector<Part> parts = {Part::whole};
  if (weights.getNibbles())
    parts = {Part::low, Part::high};
  SmallVector<Operand> ins = {{steps, mapOf({k, n})}};
  for (Part part : parts) {
    SmallVector<AffineExpr> row;
    for (int64_t i : llvm::seq(rank - 1))
      row.push_back(b.getAffineDimExpr(i));
    row.push_back(k);
    Value factors = lhs, own = scales;
    if (part != Part::whole) {
      int64_t first = part == Part::high ? half : 0;
      factors = sliceDim(b, loc, lhs, rank - 1, first, half);
      own = sliceDim(b, loc, scales, 0, first / block, half / block);
    }
    ins.push_back({factors, mapOf(row)});
    ins.push_back({own, mapOf(blocksAt({k, n}, weights.getBlocks()))});
  }
  Iterators iterators(rank, kParallel);
  iterators.push_back(kReduction);
  Operand out = {zeroAccumulator(b, loc, sizes, b.getF32Type()),
                 mapWithout(b, llvm::SmallBitVector(rank + 1).set(rank))};
  return buildGeneric(
             b, loc, ins, out, iterators,
             [&](OpBuilder &b, Location loc,
                 ValueRange args) -> SmallVector<Value> {
               ScalarBuilder s(b, loc, false);
               Value sum = args.back();
               for (auto [i, part] : llvm::enumerate(parts)) {
                 Value weight =
                     s.mul(toFloat(b, loc, args[0], part), args[2 * i + 2]);
                 sum = addToSum(b, loc, sum, s.mul(args[2 * i + 1], weight));
               }
               return {sum};
             })
      .getResult(0);
}

namespace {
struct LowerDequantizeWeights : OpConversionPattern<DequantizeWeightsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(DequantizeWeightsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    int64_t rank = op.getType().getRank();
    SmallVector<AffineExpr> at;
    for (int64_t i : llvm::seq(rank))
      at.push_back(rewriter.getAffineDimExpr(i));
    AffineMap scalesMap = AffineMap::get(rank, 0, blocksAt(at, op.getBlocks()),
                                         rewriter.getContext());
    SmallVector<AffineExpr> stepsAt(at);
    int64_t half = tensorOf(adaptor.getSteps()).getDimSize(0);
    if (op.getNibbles())
      stepsAt.front() = at.front() % half;
    AffineMap stepsMap =
        AffineMap::get(rank, 0, stepsAt, rewriter.getContext());
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    Value result = buildMap(
        rewriter, loc,
        {{adaptor.getSteps(), stepsMap}, {adaptor.getScales(), scalesMap}},
        sizes, rewriter.getF32Type(),
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          ScalarBuilder s(b, loc, false);
          if (!op.getNibbles())
            return s.mul(toFloat(b, loc, args[0], Part::whole), args[1]);
          Value row = linalg::IndexOp::create(b, loc, 0);
          Value isLow = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                              row, indexConstant(b, loc, half));
          Value steps = s.select(isLow, toFloat(b, loc, args[0], Part::low),
                                 toFloat(b, loc, args[0], Part::high));
          return s.mul(steps, args[1]);
        });
    rewriter.replaceOp(op, result);
    return success();
  }
};
} // namespace

void lowering::populateQuant(const TypeConverter &converter,
                             RewritePatternSet &patterns) {
  patterns.add<LowerDequantizeWeights>(converter, patterns.getContext());
}
