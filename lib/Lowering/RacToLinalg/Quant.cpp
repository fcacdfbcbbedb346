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

/// The float that a step in a byte stands for before it is scaled.
static Value toFloat(OpBuilder &b, Location loc, Value steps, Part part) {
  Type i32 = b.getI32Type();
  Value wide;
  if (part == Part::whole) {
    wide = arith::ExtSIOp::create(b, loc, i32, steps);
  } else {
    auto constant = [&](int64_t value) {
      return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
    };
    wide = arith::ExtUIOp::create(b, loc, i32, steps);
    if (part == Part::low)
      wide = arith::AndIOp::create(b, loc, wide, constant(15));
    else
      wide = arith::ShRUIOp::create(b, loc, wide, constant(4));
    wide = arith::SubIOp::create(b, loc, wide, constant(8));
  }
  return arith::SIToFPOp::create(b, loc, b.getF32Type(), wide);
}

SmallVector<AffineExpr> lowering::blocksAt(OpBuilder &b,
                                           ArrayRef<AffineExpr> at,
                                           DequantizeWeightsOp weights) {
  SmallVector<AffineExpr> positions;
  for (auto [expr, block, count] : llvm::zip_equal(
           at, weights.getBlocks(), weights.getScales().getType().getShape()))
    positions.push_back(count == 1 ? b.getAffineConstantExpr(0)
                                   : expr.floorDiv(block));
  return positions;
}

//===----------------------------------------------------------------------===//
// In a product
//===----------------------------------------------------------------------===//

bool lowering::isReadInBlocks(DequantizeWeightsOp weights) {
  int64_t block = weights.getBlocks().front();
  return weights.getSteps().getType().getRank() == 2 &&
         weights.getFilledRows() % block == 0;
}

Value lowering::inBlocks(OpBuilder &b, Location loc, Value lhs, int64_t rows,
                         int64_t filled, int64_t block) {
  int64_t last = tensorOf(lhs).getRank() - 1;
  // That it has so many has been checked.
  SmallVector<int64_t> shape(tensorOf(lhs).getShape());
  shape[last] = rows;
  lhs = shapedLike(b, loc, lhs, tensorOf(lhs).clone(shape));
  if (filled != rows) {
    Sizes none(last + 1, b.getIndexAttr(0)), high(none);
    high[last] = b.getIndexAttr(filled - rows);
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    lhs = padTensor(b, loc, lhs, none, high, zero);
  }
  return splitDim(b, loc, lhs, last, filled / block);
}

Value lowering::buildNarrowMatmul(OpBuilder &b, Location loc, Value lhs,
                                  DequantizeWeightsOp weights, Value steps,
                                  Value scales, Value zeros,
                                  ArrayRef<OpFoldResult> sizes) {
  // Loops: batch, m, n, the blocks, and within a block its bytes.
  int64_t rank = sizes.size(), block = weights.getBlocks().front();
  bool nibbles = weights.getNibbles();
  int64_t blocks = weights.getFilledRows() / block;
  AffineExpr n = b.getAffineDimExpr(rank - 1), outer = b.getAffineDimExpr(rank),
             inner = b.getAffineDimExpr(rank + 1);
  auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(rank + 2, 0, exprs, b.getContext());
  };
  lhs = inBlocks(b, loc, lhs, tensorOf(weights.getResult()).getDimSize(0),
                 weights.getFilledRows(), block);
  SmallVector<Part> parts = {Part::whole};
  if (nibbles) {
    parts = {Part::low, Part::high};
    lhs = splitDim(b, loc, lhs, tensorOf(lhs).getRank() - 1, 2);
  }
  SmallVector<Operand> ins = {
      {splitDim(b, loc, steps, 0, blocks), mapOf({outer, inner, n})}};
  for (size_t i : llvm::seq(parts.size())) {
    SmallVector<AffineExpr> row;
    for (int64_t dim : llvm::seq(rank - 1))
      row.push_back(b.getAffineDimExpr(dim));
    row.push_back(outer);
    if (nibbles)
      row.push_back(b.getAffineConstantExpr(i));
    row.push_back(inner);
    ins.push_back({lhs, mapOf(row)});
  }
  SmallVector<AffineExpr> own = blocksAt(b, {outer * block, n}, weights);
  ins.push_back({scales, mapOf(own)});
  if (zeros)
    ins.push_back({zeros, mapOf(own)});
  Iterators iterators(rank, kParallel);
  iterators.append(2, kReduction);
  Operand out = {
      zeroAccumulator(b, loc, sizes, b.getF32Type()),
      mapWithout(b, llvm::SmallBitVector(rank + 2).set(rank, rank + 2))};
  auto multiply = [&](OpBuilder &b, Location loc, ValueRange args) {
    Value scale = args[1 + parts.size()], terms;
    for (auto [i, part] : llvm::enumerate(parts)) {
      ScalarBuilder s(b, loc, false);
      Value weight = toFloat(b, loc, args[0], part);
      if (zeros)
        weight =
            s.sub(weight, toFloat(b, loc, args[2 + parts.size()], Part::whole));
      Value product = s.mul(args[1 + i], weight);
      terms = terms ? addToSum(b, loc, terms, product) : product;
    }
    // Whoever sums up may do it before scaling.
    Value scaled = arith::MulFOp::create(b, loc, terms, scale,
                                         arith::FastMathFlags::reassoc |
                                             arith::FastMathFlags::contract);
    return SmallVector<Value>{addToSum(b, loc, args.back(), scaled)};
  };
  return buildGeneric(b, loc, ins, out, iterators, multiply).getResult(0);
}

//===----------------------------------------------------------------------===//
// By themselves
//===----------------------------------------------------------------------===//

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
    auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
      return AffineMap::get(rank, 0, exprs, rewriter.getContext());
    };
    AffineMap scalesMap = mapOf(blocksAt(rewriter, at, op));
    Value steps = adaptor.getSteps();
    int64_t half = op.getBlocks().front() / 2;
    if (op.getNibbles()) {
      AffineExpr row = at.front();
      at.front() = row.floorDiv(2 * half) * half + row % half;
    } else if (op.getRows()) {
      Sizes whole(rank, rewriter.getIndexAttr(0));
      steps = sliceTensor(rewriter, loc, steps, whole,
                          tensor::getMixedSizes(rewriter, loc, op.getResult()),
                          llvm::SmallBitVector(rank));
    }
    SmallVector<Operand> ins = {{steps, mapOf(at)},
                                {adaptor.getScales(), scalesMap}};
    if (Value zeros = adaptor.getZeros())
      ins.push_back({zeros, scalesMap});
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    auto widen = [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
      ScalarBuilder s(b, loc, false);
      Value steps =
          toFloat(b, loc, args[0], op.getNibbles() ? Part::low : Part::whole);
      if (op.getNibbles()) {
        Value row = linalg::IndexOp::create(b, loc, 0);
        Value inBlock = arith::RemUIOp::create(b, loc, row,
                                               indexConstant(b, loc, 2 * half));
        Value isHigh =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, inBlock,
                                  indexConstant(b, loc, half));
        steps = s.select(isHigh, toFloat(b, loc, args[0], Part::high), steps);
      }
      if (adaptor.getZeros())
        steps = s.sub(steps, toFloat(b, loc, args[2], Part::whole));
      return s.mul(steps, args[1]);
    };
    rewriter.replaceOp(
        op, buildMap(rewriter, loc, ins, sizes, rewriter.getF32Type(), widen));
    return success();
  }
};
} // namespace

void lowering::populateQuant(const TypeConverter &converter,
                             RewritePatternSet &patterns) {
  patterns.add<LowerDequantizeWeights>(converter, patterns.getContext());
}
