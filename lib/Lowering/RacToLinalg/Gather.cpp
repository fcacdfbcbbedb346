//===- Gather.cpp - gather, gather_elements, gather_nd --------------------===//

#include "Indices.h"
#include "Patterns.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

Value lowering::resolveIndex(OpBuilder &b, Location loc, Value stored,
                             Value size) {
  ScalarBuilder s(b, loc, false);
  Value index = arith::IndexCastOp::create(b, loc, b.getIndexType(), stored);
  return s.select(s.less(index, s.zero(index)), s.add(index, size), index);
}

/// Whether a constant's indices are known to lie inside static sizes.
static bool areKnownInside(Value before, ArrayRef<OpFoldResult> sizes) {
  DenseIntElementsAttr known;
  if (!matchPattern(before, m_Constant(&known)))
    return false;
  for (auto [i, index] : llvm::enumerate(known.getValues<APInt>())) {
    std::optional<int64_t> size = getConstantIntValue(sizes[i % sizes.size()]);
    if (!size || index.getSExtValue() < -*size || index.getSExtValue() >= *size)
      return false;
  }
  return true;
}

void lowering::checkIndices(OpBuilder &b, Location loc, Value before,
                            Value indices, ArrayRef<OpFoldResult> sizes,
                            bool isTuples, StringRef message) {
  if (sizes.empty() || areKnownInside(before, sizes))
    return;
  SmallVector<Value> bounds;
  for (OpFoldResult size : sizes)
    bounds.push_back(indexValue(b, loc, size));
  int64_t rank = tensorOf(indices).getRank();
  Sizes loops = tensor::getMixedSizes(b, loc, indices);
  SmallVector<Operand> ins;
  for (size_t i = 0; i < sizes.size(); ++i) {
    SmallVector<AffineExpr> exprs;
    for (int64_t d = 0; d < rank; ++d)
      exprs.push_back(isTuples && d == rank - 1 ? b.getAffineConstantExpr(i)
                                                : b.getAffineDimExpr(d));
    ins.push_back(
        {indices, AffineMap::get(rank - isTuples, 0, exprs, b.getContext())});
  }
  if (isTuples)
    loops.pop_back();
  Value yes = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(1));
  Value all = buildReduction(
      b, loc, ins, loops, llvm::SmallBitVector(loops.size(), true), yes,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        ScalarBuilder s(b, loc, false);
        Value fits = loadElement(b, loc, args.back(), b.getI1Type());
        for (auto [stored, bound] : llvm::zip_equal(args.drop_back(), bounds)) {
          Value index =
              arith::IndexCastOp::create(b, loc, b.getIndexType(), stored);
          Value low = s.sub(s.zero(index), bound);
          fits = arith::AndIOp::create(b, loc, fits, s.lessEqual(low, index));
          fits = arith::AndIOp::create(b, loc, fits, s.less(index, bound));
        }
        return storeElement(b, loc, fits, b.getI1Type());
      });
  Value result = tensor::ExtractOp::create(b, loc, all, ValueRange{});
  check(b, loc, loadElement(b, loc, result, b.getI1Type()), message);
}

constexpr StringLiteral kOutOfRange = "gather: an index is out of range";

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct LowerGather : OpConversionPattern<GatherOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(GatherOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), indices = adaptor.getIndices();
    int64_t axis = op.getAxis(), rank = tensorOf(input).getRank();
    int64_t indexRank = tensorOf(indices).getRank();
    OpFoldResult length = tensor::getMixedSize(rewriter, loc, input, axis);
    checkIndices(rewriter, loc, op.getIndices(), indices, length, false,
                 kOutOfRange);
    Value size = indexValue(rewriter, loc, length);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    if (indexRank == 0) {
      rewriter.replaceOp(op, oneSlice(rewriter, op, input, indices, size));
      return success();
    }

    int64_t resultRank = sizes.size();
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < indexRank; ++i)
      exprs.push_back(rewriter.getAffineDimExpr(axis + i));
    Operand in = {indices,
                  AffineMap::get(resultRank, 0, exprs, op.getContext())};
    Value result =
        buildMap(rewriter, loc, in, sizes, tensorOf(input).getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   SmallVector<Value> at;
                   for (int64_t i = 0; i < rank; ++i) {
                     if (i == axis)
                       at.push_back(resolveIndex(b, loc, args[0], size));
                     else
                       at.push_back(linalg::IndexOp::create(
                           b, loc, i < axis ? i : i + indexRank - 1));
                   }
                   return tensor::ExtractOp::create(b, loc, input, at);
                 });
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// A single index: the slice is a view.
  static Value oneSlice(OpBuilder &b, GatherOp op, Value input, Value indices,
                        Value size) {
    Location loc = op.getLoc();
    Value stored = tensor::ExtractOp::create(b, loc, indices, ValueRange{});
    Sizes sizes = tensor::getMixedSizes(b, loc, input);
    Sizes offsets(sizes.size(), b.getIndexAttr(0));
    offsets[op.getAxis()] = resolveIndex(b, loc, stored, size);
    sizes[op.getAxis()] = b.getIndexAttr(1);
    llvm::SmallBitVector dropped(sizes.size());
    dropped.set(op.getAxis());
    Value slice = sliceTensor(b, loc, input, offsets, sizes, dropped);
    return shapedLike(b, loc, slice, op.getType());
  }
};

struct LowerGatherElements : OpConversionPattern<GatherElementsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(GatherElementsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), indices = adaptor.getIndices();
    int64_t axis = op.getAxis(), rank = tensorOf(input).getRank();
    Sizes inputSizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkIndices(rewriter, loc, op.getIndices(), indices, inputSizes[axis],
                 false, kOutOfRange);
    for (int64_t i = 0; i < rank; ++i)
      if (i != axis)
        checkAtMost(rewriter, loc, sizes[i], inputSizes[i],
                    "gather_elements: indices exceed the input");
    Value size = indexValue(rewriter, loc, inputSizes[axis]);
    Operand in = {indices, identityMap(rewriter, rank)};
    rewriter.replaceOp(
        op, buildMap(rewriter, loc, in, sizes, tensorOf(input).getElementType(),
                     [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       SmallVector<Value> at;
                       for (int64_t i = 0; i < rank; ++i) {
                         if (i == axis)
                           at.push_back(resolveIndex(b, loc, args[0], size));
                         else
                           at.push_back(linalg::IndexOp::create(b, loc, i));
                       }
                       return tensor::ExtractOp::create(b, loc, input, at);
                     }));
    return success();
  }
};

struct LowerGatherNd : OpConversionPattern<GatherNdOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(GatherNdOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), indices = adaptor.getIndices();
    int64_t batch = op.getBatchDims(), rank = tensorOf(input).getRank();
    int64_t tuples = tensorOf(indices).getRank() - 1;
    int64_t depth = tensorOf(indices).getShape().back();
    Sizes inputSizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    ArrayRef<OpFoldResult> indexed = ArrayRef(inputSizes).slice(batch, depth);
    for (int64_t i = 0; i < batch; ++i)
      checkEqual(rewriter, loc, sizes[i], inputSizes[i],
                 "gather_nd: batch dimensions differ");
    checkIndices(rewriter, loc, op.getIndices(), indices, indexed, true,
                 kOutOfRange);
    SmallVector<Value> lengths;
    SmallVector<Operand> ins;
    for (int64_t i = 0; i < depth; ++i) {
      lengths.push_back(indexValue(rewriter, loc, indexed[i]));
      SmallVector<AffineExpr> exprs;
      for (int64_t d = 0; d < tuples; ++d)
        exprs.push_back(rewriter.getAffineDimExpr(d));
      exprs.push_back(rewriter.getAffineConstantExpr(i));
      ins.push_back(
          {indices, AffineMap::get(sizes.size(), 0, exprs, op.getContext())});
    }
    rewriter.replaceOp(
        op,
        buildMap(rewriter, loc, ins, sizes, tensorOf(input).getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   SmallVector<Value> at;
                   for (int64_t i = 0; i < rank; ++i) {
                     if (i >= batch && i < batch + depth)
                       at.push_back(resolveIndex(b, loc, args[i - batch],
                                                 lengths[i - batch]));
                     else
                       at.push_back(linalg::IndexOp::create(
                           b, loc, i < batch ? i : tuples + i - batch - depth));
                   }
                   return tensor::ExtractOp::create(b, loc, input, at);
                 }));
    return success();
  }
};
} // namespace

void lowering::populateGather(const TypeConverter &converter,
                              RewritePatternSet &patterns) {
  patterns.add<LowerGather, LowerGatherElements, LowerGatherNd>(
      converter, patterns.getContext());
}
