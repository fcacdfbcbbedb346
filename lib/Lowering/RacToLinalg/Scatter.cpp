//===- Scatter.cpp - scatter_elements, scatter_nd -------------------------===//
//
// Sequential loops: where indices repeat, their order decides.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Patterns.h"
#include "Reduction.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

constexpr StringLiteral kOutOfRange = "scatter: an index is out of range";
constexpr StringLiteral kMisfit = "scatter: updates don't fit";

/// What becomes of the stored element `old`.
static Value update(OpBuilder &b, Location loc, ScatterKind kind, Value old,
                    Value stored, Type element) {
  if (kind == ScatterKind::replace)
    return stored;
  Value x = loadCompute(b, loc, old, element);
  Value y = loadCompute(b, loc, stored, element);
  ScalarBuilder s(b, loc, element.isUnsignedInteger() || element.isInteger(1));
  Value result;
  switch (kind) {
  case ScatterKind::add:
    result = s.add(x, y);
    break;
  case ScatterKind::mul:
    result = s.mul(x, y);
    break;
  case ScatterKind::max:
    result = s.max(x, y);
    break;
  default:
    result = s.min(x, y);
  }
  return storeCompute(b, loc, result, element);
}

namespace {
struct LowerScatterElements : OpConversionPattern<ScatterElementsOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ScatterElementsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), indices = adaptor.getIndices(),
          updates = adaptor.getUpdates();
    int64_t axis = op.getAxis();
    Sizes sizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes loops = tensor::getMixedSizes(rewriter, loc, indices);
    checkIndices(rewriter, loc, op.getIndices(), indices, sizes[axis], false,
                 kOutOfRange);
    for (auto [i, size] : llvm::enumerate(loops)) {
      checkEqual(rewriter, loc, size,
                 tensor::getMixedSize(rewriter, loc, updates, i), kMisfit);
      if (static_cast<int64_t>(i) != axis)
        checkAtMost(rewriter, loc, size, sizes[i], kMisfit);
    }
    Value length = indexValue(rewriter, loc, sizes[axis]);
    Type element = elementOf(op.getInput());
    Value result = loopOver(
        rewriter, loc, loops, input,
        [&](OpBuilder &b, Location loc, ValueRange at,
            ValueRange carried) -> SmallVector<Value> {
          Value tensor = carried[0];
          SmallVector<Value> to(at);
          to[axis] = resolveIndex(
              b, loc, tensor::ExtractOp::create(b, loc, indices, at), length);
          Value stored = tensor::ExtractOp::create(b, loc, updates, at);
          if (op.getKind() != ScatterKind::replace)
            stored = update(b, loc, op.getKind(),
                            tensor::ExtractOp::create(b, loc, tensor, to),
                            stored, element);
          return {tensor::InsertOp::create(b, loc, stored, tensor, to)};
        })[0];
    rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
    return success();
  }
};

struct LowerScatterNd : OpConversionPattern<ScatterNdOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ScatterNdOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), indices = adaptor.getIndices(),
          updates = adaptor.getUpdates();
    Sizes sizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes loops = tensor::getMixedSizes(rewriter, loc, indices);
    Sizes updateSizes = tensor::getMixedSizes(rewriter, loc, updates);
    size_t depth = tensorOf(indices).getShape().back();
    loops.pop_back();
    checkIndices(rewriter, loc, op.getIndices(), indices,
                 ArrayRef(sizes).take_front(depth), true, kOutOfRange);
    for (auto [i, size] : llvm::enumerate(updateSizes))
      checkEqual(rewriter, loc, size,
                 i < loops.size() ? loops[i] : sizes[i - loops.size() + depth],
                 kMisfit);
    Value result = loopOver(
        rewriter, loc, loops, input,
        [&](OpBuilder &b, Location loc, ValueRange at,
            ValueRange carried) -> SmallVector<Value> {
          Value tensor = carried[0];
          SmallVector<Value> to;
          for (size_t i = 0; i < depth; ++i) {
            SmallVector<Value> entry(at);
            entry.push_back(indexConstant(b, loc, i));
            to.push_back(resolveIndex(
                b, loc, tensor::ExtractOp::create(b, loc, indices, entry),
                indexValue(b, loc, sizes[i])));
          }
          return {updateSlice(b, loc, op, tensor, to, updates, at, sizes)};
        })[0];
    rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
    return success();
  }

private:
  static Value updateSlice(OpBuilder &b, Location loc, ScatterNdOp op,
                           Value tensor, ArrayRef<Value> to, Value updates,
                           ValueRange at, ArrayRef<OpFoldResult> sizes) {
    Type element = elementOf(op.getInput());
    size_t rank = sizes.size(), depth = to.size();
    if (depth == rank) {
      Value stored = tensor::ExtractOp::create(b, loc, updates, at);
      Value old = tensor::ExtractOp::create(b, loc, tensor, to);
      return tensor::InsertOp::create(
          b, loc, update(b, loc, op.getKind(), old, stored, element), tensor,
          to);
    }
    // The slice keeps the dimensions that the tuple doesn't name.
    ArrayRef<OpFoldResult> rest = sizes.drop_front(depth);
    auto place = [&](ValueRange leading, Sizes &offsets, Sizes &extents,
                     llvm::SmallBitVector &dropped) {
      for (Value index : leading) {
        offsets.push_back(index);
        extents.push_back(b.getIndexAttr(1));
      }
      offsets.append(rest.size(), b.getIndexAttr(0));
      llvm::append_range(extents, rest);
      dropped.resize(offsets.size());
      dropped.set(0, leading.size());
    };
    Sizes offsets, extents, fromOffsets, fromExtents;
    llvm::SmallBitVector dropped, fromDropped;
    place(to, offsets, extents, dropped);
    place(at, fromOffsets, fromExtents, fromDropped);
    Value old = sliceTensor(b, loc, tensor, offsets, extents, dropped);
    Value fresh =
        sliceTensor(b, loc, updates, fromOffsets, fromExtents, fromDropped);
    AffineMap map = identityMap(b, rank - depth);
    Value changed = buildGeneric(b, loc, Operand{fresh, map}, Operand{old, map},
                                 Iterators(rank - depth, kParallel),
                                 [&](OpBuilder &b, Location loc,
                                     ValueRange args) -> SmallVector<Value> {
                                   return {update(b, loc, op.getKind(), args[1],
                                                  args[0], element)};
                                 })
                        .getResult(0);
    return insertSlice(b, loc, changed, tensor, offsets, extents);
  }
};
} // namespace

void lowering::populateScatter(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LowerScatterElements, LowerScatterNd>(converter,
                                                     patterns.getContext());
}
