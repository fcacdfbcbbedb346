//===- Shape.cpp - reshape, transpose, expand, iota -----------------------===//

#include "Patterns.h"
#include "Utils.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

static SmallVector<ReassociationIndices> oneGroup(int64_t rank) {
  if (rank == 0)
    return {};
  return {llvm::to_vector<2>(llvm::seq<int64_t>(rank))};
}

namespace {
struct LowerReshape : OpConversionPattern<ReshapeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ReshapeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    auto from = tensorOf(input);
    auto to = from.clone(op.getType().getShape());
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkCount(rewriter, op, input, sizes);
    if (std::optional<Value> result = regroup(rewriter, op, input, to, sizes)) {
      rewriter.replaceOp(op, *result);
      return success();
    }
    rewriter.replaceOp(op,
                       to.getNumDynamicDims() > 1
                           ? reshapeAtRunTime(rewriter, loc, input, to, sizes)
                           : throughOneDim(rewriter, loc, input, to, sizes));
    return success();
  }

private:
  /// Any shape comes from, and goes to, one dimension. An expand_shape takes
  /// but one size that is not static.
  static Value throughOneDim(OpBuilder &b, Location loc, Value flat,
                             RankedTensorType to,
                             ArrayRef<OpFoldResult> sizes) {
    auto from = tensorOf(flat);
    if (from.getRank() == 0)
      flat = tensor::ExpandShapeOp::create(
          b, loc, from.clone(ArrayRef<int64_t>{1}), flat, oneGroup(0));
    else if (from.getRank() != 1)
      flat = tensor::CollapseShapeOp::create(b, loc, flat,
                                             oneGroup(from.getRank()));
    int64_t count =
        to.hasStaticShape() ? to.getNumElements() : ShapedType::kDynamic;
    flat = shapedLike(b, loc, flat, from.clone(ArrayRef(count)));
    if (to.getRank() == 0)
      return tensor::CollapseShapeOp::create(b, loc, to, flat, oneGroup(0));
    if (to.getRank() != 1)
      return tensor::ExpandShapeOp::create(b, loc, to, flat,
                                           oneGroup(to.getRank()), sizes);
    return shapedLike(b, loc, flat, to);
  }

  static Value reshapeAtRunTime(OpBuilder &b, Location loc, Value input,
                                RankedTensorType to,
                                ArrayRef<OpFoldResult> sizes) {
    SmallVector<Value> elements;
    for (OpFoldResult size : sizes)
      elements.push_back(indexValue(b, loc, size));
    Value shape = tensor::FromElementsOp::create(b, loc, elements);
    return tensor::ReshapeOp::create(b, loc, to, input, shape);
  }

  static void checkCount(OpBuilder &b, ReshapeOp op, Value input,
                         ArrayRef<OpFoldResult> sizes) {
    Location loc = op.getLoc();
    auto before = tensorOf(input);
    if (before.hasStaticShape() && op.getType().hasStaticShape())
      return;
    Sizes from = tensor::getMixedSizes(b, loc, input);
    if (keepsCount(op, from, sizes))
      return;
    checkEqual(b, loc, productOf(b, loc, from), productOf(b, loc, sizes),
               "reshape changes the number of elements");
    // Two negative sizes would multiply to a count that looks right.
    if (op.getType().getNumDynamicDims() > 1)
      for (OpFoldResult size : sizes)
        checkAtMost(b, loc, b.getIndexAttr(0), size,
                    "reshape to a negative size");
  }

  /// Whether the counts surely agree: what doesn't occur on both sides is
  /// static and of one product.
  static bool keepsCount(ReshapeOp op, ArrayRef<OpFoldResult> from,
                         ArrayRef<OpFoldResult> to) {
    Sizes rest(to);
    int64_t before = 1, after = 1;
    for (auto [i, size] : llvm::enumerate(from)) {
      auto found =
          llvm::find_if(rest, [&, i = i, size = size](OpFoldResult other) {
            return isSameSize(op, i, size, other);
          });
      if (found != rest.end()) {
        rest.erase(found);
        continue;
      }
      std::optional<int64_t> known = getConstantIntValue(size);
      if (!known)
        return false;
      before *= *known;
    }
    for (OpFoldResult size : rest) {
      std::optional<int64_t> known = getConstantIntValue(size);
      if (!known)
        return false;
      after *= *known;
    }
    return before == after;
  }

  /// Whether `size`, of the result, surely is the input's dimension `i`.
  static bool isSameSize(ReshapeOp op, int64_t i, OpFoldResult inputSize,
                         OpFoldResult size) {
    if (isEqualConstantIntOrValue(inputSize, size))
      return true;
    auto value = dyn_cast<Value>(size);
    auto dim = value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
    return dim && dim.getSource() == op.getInput() &&
           dim.getConstantIndex() == i;
  }

  /// One expand_shape or collapse_shape, where each group of dimensions surely
  /// keeps its number of elements.
  static std::optional<Value> regroup(OpBuilder &b, ReshapeOp op, Value input,
                                      RankedTensorType to,
                                      ArrayRef<OpFoldResult> sizes) {
    auto from = tensorOf(input);
    Location loc = op.getLoc();
    if (from.getRank() == to.getRank()) {
      if (from == to && from.getNumDynamicDims() <= 1)
        return input;
      return std::nullopt;
    }
    auto groups = getReassociationIndicesForReshape(from, to);
    if (!groups || from.getRank() == 0 || to.getRank() == 0)
      return std::nullopt;
    bool collapses = from.getRank() > to.getRank();
    RankedTensorType wide = collapses ? from : to, slim = collapses ? to : from;
    Sizes fromSizes = tensor::getMixedSizes(b, loc, input);
    int64_t unproven = 0;
    for (auto [i, group] : llvm::enumerate(*groups)) {
      bool isDynamic =
          llvm::any_of(group, [&](int64_t j) { return wide.isDynamicDim(j); });
      if (slim.isDynamicDim(i) != isDynamic)
        return std::nullopt;
      // Upstream can't lower an expand_shape with two such sizes in a group.
      if (!collapses && llvm::count_if(group, [&](int64_t j) {
                          return wide.isDynamicDim(j);
                        }) > 1)
        return std::nullopt;
      bool same = false, others = false;
      for (int64_t j : group) {
        int64_t in = collapses ? j : i, out = collapses ? i : j;
        if (!same && wide.isDynamicDim(j) &&
            isSameSize(op, in, fromSizes[in], sizes[out]))
          same = true;
        else
          others |= wide.getDimSize(j) != 1;
      }
      unproven += isDynamic && (!same || others);
    }
    // With one group in doubt the total, which is checked, settles it.
    if (unproven > 1)
      return std::nullopt;
    if (collapses)
      return tensor::CollapseShapeOp::create(b, loc, to, input, *groups);
    return tensor::ExpandShapeOp::create(b, loc, to, input, *groups, sizes);
  }
};

struct LowerTranspose : OpConversionPattern<TransposeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(TransposeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    // Result dimension i runs over the input's dimension permutation[i].
    SmallVector<AffineExpr> exprs(op.getPermutation().size());
    for (auto [i, from] : llvm::enumerate(op.getPermutation()))
      exprs[from] = rewriter.getAffineDimExpr(i);
    Operand in = {adaptor.getInput(),
                  AffineMap::get(exprs.size(), 0, exprs, op.getContext())};
    rewriter.replaceOp(
        op, buildMap(rewriter, op.getLoc(), in,
                     resultSizes(rewriter, op, adaptor.getOperands()),
                     tensorOf(adaptor.getInput()).getElementType(),
                     [](OpBuilder &, Location, ValueRange args) {
                       return args[0];
                     }));
    return success();
  }
};

constexpr StringLiteral kMismatch =
    "expand: operand size is neither 1 nor the result's";

struct LowerExpand : OpConversionPattern<ExpandOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ExpandOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    auto from = tensorOf(input);
    auto to = from.clone(op.getType().getShape());
    int64_t shift = to.getRank() - from.getRank();
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());

    // For each operand dimension of which only the run knows whether it
    // repeats, 0 if it does, else 1.
    SmallVector<Value> strides(from.getRank());
    for (int64_t i = 0; i < from.getRank(); ++i) {
      OpFoldResult in = tensor::getMixedSize(rewriter, loc, input, i);
      OpFoldResult out = sizes[i + shift];
      if (from.getDimSize(i) == 1 || isEqualConstantIntOrValue(in, out) ||
          isDimOfInput(op, out, i))
        continue;
      if (!from.isDynamicDim(i)) {
        checkEqual(rewriter, loc, in, out, kMismatch);
        continue;
      }
      strides[i] = repeats(rewriter, loc, in, out);
    }
    bool dynamic = llvm::any_of(strides, [](Value v) { return !!v; });
    if (!dynamic && from.getRank() == to.getRank() && from == to) {
      rewriter.replaceOp(op, input);
      return success();
    }
    SmallVector<Operand> ins;
    if (!dynamic)
      ins.push_back({input, broadcastMap(rewriter, from, to.getShape())});
    rewriter.replaceOp(
        op, buildMap(rewriter, loc, ins, sizes, from.getElementType(),
                     [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       if (!dynamic)
                         return args[0];
                       return readAt(b, loc, input, strides, shift);
                     }));
    return success();
  }

private:
  static bool isDimOfInput(ExpandOp op, OpFoldResult size, int64_t i) {
    auto value = dyn_cast<Value>(size);
    auto dim = value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
    return dim && dim.getSource() == op.getInput() &&
           dim.getConstantIndex() == i;
  }

  static Value repeats(OpBuilder &b, Location loc, OpFoldResult in,
                       OpFoldResult out) {
    Value one = indexConstant(b, loc, 1), zero = indexConstant(b, loc, 0);
    Value size = indexValue(b, loc, in);
    auto equals = [&](Value x, Value y) {
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y);
    };
    Value isOne = equals(size, one);
    Value fits = arith::OrIOp::create(b, loc, isOne,
                                      equals(size, indexValue(b, loc, out)));
    check(b, loc, fits, kMismatch);
    return arith::SelectOp::create(b, loc, isOne, zero, one);
  }

  static Value readAt(OpBuilder &b, Location loc, Value input,
                      ArrayRef<Value> strides, int64_t shift) {
    SmallVector<Value> indices;
    for (auto [i, stride] : llvm::enumerate(strides)) {
      if (tensorOf(input).getDimSize(i) == 1) {
        indices.push_back(indexConstant(b, loc, 0));
        continue;
      }
      Value index = linalg::IndexOp::create(b, loc, i + shift);
      if (stride)
        index = arith::MulIOp::create(b, loc, index, stride);
      indices.push_back(index);
    }
    return tensor::ExtractOp::create(b, loc, input, indices);
  }
};

struct LowerIota : OpConversionPattern<IotaOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(IotaOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type element = cast<RankedTensorType>(op.getType()).getElementType();
    rewriter.replaceOp(
        op, buildMap(rewriter, op.getLoc(), {},
                     resultSizes(rewriter, op, adaptor.getOperands()), element,
                     [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                       return arith::IndexCastOp::create(
                           b, loc, element,
                           linalg::IndexOp::create(b, loc, op.getAxis()));
                     }));
    return success();
  }
};
} // namespace

void lowering::populateShape(const TypeConverter &converter,
                             RewritePatternSet &patterns) {
  patterns.add<LowerReshape, LowerTranspose, LowerExpand, LowerIota>(
      converter, patterns.getContext());
}
