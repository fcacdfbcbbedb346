//===- Scatter.cpp - scatter_elements, scatter_nd -------------------------===//
//
// Where indices repeat, their order decides. So there are sequential loops over
// updates; or, for many threads, updates are sorted by where they go, and each
// element looks for its own.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Patterns.h"
#include "Reduction.h"
#include "Sort.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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

/// So many updates of an element are quicker in order than sorted, which takes
/// several kernels.
constexpr int64_t kFewUpdates = 16;

static bool areMany(OpFoldResult updates) {
  return getConstantIntValue(updates).value_or(kFewUpdates + 1) > kFewUpdates;
}

namespace {
/// Rows of updates, sorted along `axis` by the number of what they change.
struct SortedUpdates {
  /// `targets`: these numbers, as i64.
  SortedUpdates(OpBuilder &b, Location loc, Value targets, int64_t axis)
      : axis(axis), count(tensor::getMixedSize(b, loc, targets, axis)),
        sorted(sortRows(b, loc, targets, axis, count,
                        [](OpBuilder &b, Location loc, Value x, Value y) {
                          return ScalarBuilder(b, loc, false).less(x, y);
                        })) {}

  /// What the updates of `target` in a row make of `old`, in their order.
  /// `row`: indices, of which that of the axis isn't used; `fetch` gives the
  /// stored update at a place of the row.
  Value apply(OpBuilder &b, Location loc, ScatterKind kind, Type element,
              Value old, ValueRange row, Value target,
              function_ref<Value(OpBuilder &, Location, Value)> fetch) const;

private:
  Value at(OpBuilder &b, Location loc, Value tensor, ValueRange row,
           Value place) const {
    SmallVector<Value> indices(row);
    indices[axis] = place;
    return tensor::ExtractOp::create(b, loc, tensor, indices);
  }

  int64_t axis;
  OpFoldResult count;
  Sorted sorted;
};
} // namespace

Value SortedUpdates::apply(
    OpBuilder &b, Location loc, ScatterKind kind, Type element, Value old,
    ValueRange row, Value target,
    function_ref<Value(OpBuilder &, Location, Value)> fetch) const {
  Value low = indexConstant(b, loc, 0), high = indexValue(b, loc, count),
        one = indexConstant(b, loc, 1);
  Value first = partitionPoint(
      b, loc, low, high, [&](OpBuilder &b, Location loc, Value place) {
        Value key = at(b, loc, sorted.keys, row, place);
        return ScalarBuilder(b, loc, false).less(key, target);
      });
  Value end = partitionPoint(
      b, loc, first, high, [&](OpBuilder &b, Location loc, Value place) {
        Value key = at(b, loc, sorted.keys, row, place);
        return ScalarBuilder(b, loc, false).lessEqual(key, target);
      });
  // Only the last one counts.
  if (kind == ScatterKind::replace) {
    ScalarBuilder s(b, loc, false);
    first = s.max(first, s.sub(end, one));
  }
  auto loop = scf::ForOp::create(
      b, loc, first, end, one, old,
      [&](OpBuilder &b, Location loc, Value place, ValueRange before) {
        Value source = arith::IndexCastOp::create(
            b, loc, b.getIndexType(), at(b, loc, sorted.places, row, place));
        scf::YieldOp::create(
            b, loc,
            update(b, loc, kind, before[0], fetch(b, loc, source), element));
      });
  return loop.getResult(0);
}

namespace {
struct LowerScatterElements : OpConversionPattern<ScatterElementsOp> {
  LowerScatterElements(const TypeConverter &converter, MLIRContext *context,
                       bool manyThreads)
      : OpConversionPattern(converter, context), manyThreads(manyThreads) {}

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
    if (manyThreads && areMany(loops[axis])) {
      Value result = applySorted(rewriter, op, adaptor, sizes, loops);
      rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
      return success();
    }
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

private:
  static Value applySorted(OpBuilder &b, ScatterElementsOp op,
                           OpAdaptor adaptor, ArrayRef<OpFoldResult> sizes,
                           ArrayRef<OpFoldResult> loops) {
    Location loc = op.getLoc();
    int64_t axis = op.getAxis(), rank = sizes.size();
    Type element = elementOf(op.getInput()), i64 = b.getI64Type();
    AffineMap map = identityMap(b, rank);
    Value length = indexValue(b, loc, sizes[axis]);
    Value targets =
        buildMap(b, loc, Operand{adaptor.getIndices(), map}, loops, i64,
                 [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   return arith::IndexCastOp::create(
                       b, loc, i64, resolveIndex(b, loc, args[0], length));
                 });
    SortedUpdates updates(b, loc, targets, axis);
    auto apply = [&](OpBuilder &b, Location loc, ValueRange at, Value old) {
      Value target = arith::IndexCastOp::create(b, loc, i64, at[axis]);
      return updates.apply(b, loc, op.getKind(), element, old, at, target,
                           [&](OpBuilder &b, Location loc, Value place) {
                             SmallVector<Value> from(at);
                             from[axis] = place;
                             return tensor::ExtractOp::create(
                                 b, loc, adaptor.getUpdates(), from);
                           });
    };
    return buildMap(
        b, loc, Operand{adaptor.getInput(), map}, sizes,
        tensorOf(adaptor.getInput()).getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          SmallVector<Value> at;
          for (int64_t d = 0; d < rank; ++d)
            at.push_back(linalg::IndexOp::create(b, loc, d));
          // There may be rows that no update changes.
          Value isInside =
              arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
          for (int64_t d = 0; d < rank; ++d)
            if (d != axis && !isEqualConstantIntOrValue(sizes[d], loops[d]))
              isInside = arith::AndIOp::create(
                  b, loc, isInside,
                  ScalarBuilder(b, loc, false)
                      .less(at[d], indexValue(b, loc, loops[d])));
          auto branch = scf::IfOp::create(
              b, loc, isInside,
              [&](OpBuilder &b, Location loc) {
                scf::YieldOp::create(b, loc, apply(b, loc, at, args[0]));
              },
              [&](OpBuilder &b, Location loc) {
                scf::YieldOp::create(b, loc, args[0]);
              });
          return branch.getResult(0);
        });
  }

  bool manyThreads;
};

struct LowerScatterNd : OpConversionPattern<ScatterNdOp> {
  LowerScatterNd(const TypeConverter &converter, MLIRContext *context,
                 bool manyThreads)
      : OpConversionPattern(converter, context), manyThreads(manyThreads) {}

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
    if (manyThreads && depth > 0 && areMany(productOf(rewriter, loc, loops))) {
      Value result = applySorted(rewriter, op, adaptor, sizes);
      rewriter.replaceOp(op, shapedLike(rewriter, loc, result, op.getType()));
      return success();
    }
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
  /// `tensor` with its first `count` dimensions made one.
  static Value joinLeading(OpBuilder &b, Location loc, Value tensor,
                           int64_t count) {
    for (; count > 1; --count)
      tensor = mergeDims(b, loc, tensor, 0);
    return tensor;
  }

  /// The number of what `at` names of all that is updated, as i64.
  static Value numberOf(OpBuilder &b, Location loc, ValueRange at,
                        ArrayRef<OpFoldResult> sizes) {
    ScalarBuilder s(b, loc, false);
    Value number = at[0];
    for (size_t d = 1; d < at.size(); ++d)
      number = s.add(s.mul(number, indexValue(b, loc, sizes[d])), at[d]);
    return arith::IndexCastOp::create(b, loc, b.getI64Type(), number);
  }

  static Value applySorted(OpBuilder &b, ScatterNdOp op, OpAdaptor adaptor,
                           ArrayRef<OpFoldResult> sizes) {
    Location loc = op.getLoc();
    int64_t leading = tensorOf(adaptor.getIndices()).getRank() - 1;
    size_t rank = sizes.size();
    Value tuples = joinLeading(b, loc, adaptor.getIndices(), leading);
    Value updates = joinLeading(b, loc, adaptor.getUpdates(), leading);
    size_t depth = tensorOf(tuples).getDimSize(1);
    SmallVector<Operand> entries;
    for (size_t i = 0; i < depth; ++i)
      entries.push_back({tuples, AffineMap::get(1, 0,
                                                {b.getAffineDimExpr(0),
                                                 b.getAffineConstantExpr(i)},
                                                b.getContext())});
    Value targets =
        buildMap(b, loc, entries, tensor::getMixedSize(b, loc, tuples, 0),
                 b.getI64Type(),
                 [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                   SmallVector<Value> at;
                   for (size_t i = 0; i < depth; ++i)
                     at.push_back(resolveIndex(b, loc, args[i],
                                               indexValue(b, loc, sizes[i])));
                   return numberOf(b, loc, at, sizes);
                 });
    SortedUpdates sorted(b, loc, targets, /*axis=*/0);
    Type element = elementOf(op.getInput());
    return buildMap(
        b, loc, Operand{adaptor.getInput(), identityMap(b, rank)}, sizes,
        tensorOf(adaptor.getInput()).getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          SmallVector<Value> at;
          for (size_t d = 0; d < rank; ++d)
            at.push_back(linalg::IndexOp::create(b, loc, d));
          ArrayRef<Value> all = at;
          return sorted.apply(
              b, loc, op.getKind(), element, args[0], all.take_front(1),
              numberOf(b, loc, all.take_front(depth), sizes),
              [&](OpBuilder &b, Location loc, Value place) {
                SmallVector<Value> from = {place};
                llvm::append_range(from, all.drop_front(depth));
                return tensor::ExtractOp::create(b, loc, updates, from);
              });
        });
  }

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

  bool manyThreads;
};
} // namespace

void lowering::populateScatter(const TypeConverter &converter,
                               RewritePatternSet &patterns, bool manyThreads) {
  patterns.add<LowerScatterElements, LowerScatterNd>(
      converter, patterns.getContext(), manyThreads);
}
