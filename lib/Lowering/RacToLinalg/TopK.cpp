//===- TopK.cpp - top_k ---------------------------------------------------===//

#include "Patterns.h"
#include "Sort.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "rac/Lowering/WholeSort.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

using Values = SmallVector<Value>;

/// Whether x is to come before y, both stored. NaN counts as the largest
/// number.
static Value comesBefore(OpBuilder &b, Location loc, TopKOp op, Value x,
                         Value y) {
  Type element = elementOf(op.getInput());
  Value left = loadCompute(b, loc, x, element),
        right = loadCompute(b, loc, y, element);
  if (!isa<FloatType>(element)) {
    ScalarBuilder s(b, loc,
                    element.isUnsignedInteger() || element.isInteger(1));
    return op.getLargest() ? s.less(right, left) : s.less(left, right);
  }
  Value least = op.getLargest() ? right : left;
  Value isNumber =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, least, least);
  Value wins = arith::CmpFOp::create(
      b, loc,
      op.getLargest() ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::ULT,
      left, right);
  return arith::AndIOp::create(b, loc, isNumber, wins);
}

namespace {
/// A heap in the first elements of a row of the results, of the best elements
/// so far: the last of them is at its root, each element comes after its two
/// children's.
class RowHeap {
public:
  struct Element {
    Value value, index;
  };
  struct Slots {
    Value values, indices;
  };

  RowHeap(TopKOp op, ValueRange row) : op(op), axis(op.getAxis()), row(row) {}

  Element load(OpBuilder &b, Location loc, Slots slots, Value place) const {
    Values where = at(place);
    return {tensor::ExtractOp::create(b, loc, slots.values, where),
            tensor::ExtractOp::create(b, loc, slots.indices, where)};
  }
  Slots store(OpBuilder &b, Location loc, Element element, Slots slots,
              Value place) const {
    Values where = at(place);
    return {
        tensor::InsertOp::create(b, loc, element.value, slots.values, where),
        tensor::InsertOp::create(b, loc, element.index, slots.indices, where)};
  }
  Value comesAfter(OpBuilder &b, Location loc, Element x, Element y) const;
  /// Puts an element below the end of the heap.
  Slots siftUp(OpBuilder &b, Location loc, Element x, Slots slots,
               Value end) const;
  /// Puts an element in place of the root of a heap of `size`.
  Slots siftDown(OpBuilder &b, Location loc, Element x, Slots slots,
                 Value size) const;

private:
  Values at(Value place) const {
    Values indices(row);
    indices.insert(indices.begin() + axis, place);
    return indices;
  }

  TopKOp op;
  int64_t axis;
  Values row;
};
} // namespace

Value RowHeap::comesAfter(OpBuilder &b, Location loc, Element x,
                          Element y) const {
  ScalarBuilder s(b, loc, false);
  Value isWorse = comesBefore(b, loc, op, y.value, x.value);
  Value isBetter = comesBefore(b, loc, op, x.value, y.value);
  Value no = arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
  Value isLater = s.select(isBetter, no, s.less(y.index, x.index));
  return arith::OrIOp::create(b, loc, isWorse, isLater);
}

RowHeap::Slots RowHeap::siftUp(OpBuilder &b, Location loc, Element x,
                               Slots slots, Value end) const {
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  auto parentOf = [&](OpBuilder &b, Location loc, Value place) -> Value {
    ScalarBuilder s(b, loc, false);
    // The root is its own, so that it is an element.
    Value before = s.max(s.sub(place, one), zero);
    return arith::ShRUIOp::create(b, loc, before, one);
  };
  Values init = {slots.values, slots.indices, end};
  auto loop = scf::WhileOp::create(
      b, loc, ValueRange(init).getTypes(), init,
      [&](OpBuilder &b, Location loc, ValueRange state) {
        Element parent =
            load(b, loc, {state[0], state[1]}, parentOf(b, loc, state[2]));
        Value isBelow = ScalarBuilder(b, loc, false).less(zero, state[2]);
        Value rises = arith::AndIOp::create(b, loc, isBelow,
                                            comesAfter(b, loc, x, parent));
        scf::ConditionOp::create(b, loc, rises, state);
      },
      [&](OpBuilder &b, Location loc, ValueRange state) {
        Slots slots = {state[0], state[1]};
        Value parent = parentOf(b, loc, state[2]);
        slots = store(b, loc, load(b, loc, slots, parent), slots, state[2]);
        scf::YieldOp::create(b, loc,
                             ValueRange{slots.values, slots.indices, parent});
      });
  return store(b, loc, x, {loop.getResult(0), loop.getResult(1)},
               loop.getResult(2));
}

RowHeap::Slots RowHeap::siftDown(OpBuilder &b, Location loc, Element x,
                                 Slots slots, Value size) const {
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value last = ScalarBuilder(b, loc, false).sub(size, one);
  Values init = {slots.values, slots.indices, zero};
  SmallVector<Type> types = {slots.values.getType(), slots.indices.getType(),
                             b.getIndexType(), b.getIndexType()};
  auto loop = scf::WhileOp::create(
      b, loc, types, init,
      [&](OpBuilder &b, Location loc, ValueRange state) {
        ScalarBuilder s(b, loc, false);
        Slots slots = {state[0], state[1]};
        Value left = s.add(arith::ShLIOp::create(b, loc, state[2], one), one);
        Value hasChild = s.less(left, size);
        left = s.min(left, last);
        Value right = s.min(s.add(left, one), last);
        Element first = load(b, loc, slots, left),
                second = load(b, loc, slots, right);
        Value takesSecond = comesAfter(b, loc, second, first);
        Value child = s.select(takesSecond, right, left);
        Element top = {s.select(takesSecond, second.value, first.value),
                       s.select(takesSecond, second.index, first.index)};
        Value sinks =
            arith::AndIOp::create(b, loc, hasChild, comesAfter(b, loc, top, x));
        scf::ConditionOp::create(
            b, loc, sinks, ValueRange{state[0], state[1], state[2], child});
      },
      [&](OpBuilder &b, Location loc, ValueRange state) {
        Slots slots = {state[0], state[1]};
        slots = store(b, loc, load(b, loc, slots, state[3]), slots, state[2]);
        scf::YieldOp::create(b, loc,
                             ValueRange{slots.values, slots.indices, state[3]});
      });
  return store(b, loc, x, {loop.getResult(0), loop.getResult(1)},
               loop.getResult(2));
}

namespace {
/// By a heap of each row's best elements, or by sorting: for many threads, and
/// where most of a row is asked for.
struct LowerTopK : OpConversionPattern<TopKOp> {
  LowerTopK(const TypeConverter &converter, MLIRContext *context,
            bool manyThreads)
      : OpConversionPattern(converter, context), manyThreads(manyThreads) {}

  LogicalResult
  matchAndRewrite(TopKOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), k = adaptor.getK();
    int64_t axis = op.getAxis();
    Sizes inputSizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkAtMost(rewriter, loc, rewriter.getIndexAttr(0), k,
                "top_k: k is negative");
    checkAtMost(rewriter, loc, k, inputSizes[axis],
                "top_k: k exceeds the dimension");
    // The type may know k.
    checkEqual(rewriter, loc, k, sizes[axis], "top_k: k differs from its type");
    if (manyThreads) {
      Sorted sorted =
          sortRows(rewriter, loc, input, axis, sizes[axis],
                   [&](OpBuilder &b, Location loc, Value x, Value y) {
                     return comesBefore(b, loc, op, x, y);
                   });
      rewriter.replaceOp(op, {sorted.keys, sorted.places});
      return success();
    }
    Sorted into = {
        emptyTensor(rewriter, loc, sizes, tensorOf(input).getElementType()),
        emptyTensor(rewriter, loc, sizes, rewriter.getI64Type())};
    Value count = indexValue(rewriter, loc, inputSizes[axis]);
    Sizes rows = inputSizes;
    rows.erase(rows.begin() + axis);
    Value none = indexConstant(rewriter, loc, 0);
    // Of the rows so much is sorted whole, and so much chosen by a heap.
    Value length = count, whole = k, chosen = k;
    if (std::optional<bool> known =
            sortsWhole(getConstantIntValue(inputSizes[axis]),
                       getConstantIntValue(sizes[axis]))) {
      (*known ? chosen : whole) = none;
      length = *known ? length : none;
    } else {
      ScalarBuilder s(rewriter, loc, false);
      Value isLong =
          s.lessEqual(indexConstant(rewriter, loc, kFewestSortedWhole), count);
      Value isMost = s.less(
          count, s.mul(k, indexConstant(rewriter, loc, kShareSortedWhole)));
      Value isWhole = arith::AndIOp::create(rewriter, loc, isLong, isMost);
      length = s.select(isWhole, length, none);
      whole = s.select(isWhole, k, none);
      chosen = s.select(isWhole, none, k);
    }
    if (whole != none)
      into = sortRowsByDigits(rewriter, loc, input, elementOf(op.getInput()),
                              op.getLargest(), axis, length, whole, into);
    Values results = {into.keys, into.places};
    if (chosen != none)
      results = loopOver(
          rewriter, loc, rows, results,
          [&](OpBuilder &b, Location loc, ValueRange row, ValueRange carried) {
            return selectRow(b, loc, op, input, chosen, count, row, carried);
          });
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  static Values selectRow(OpBuilder &b, Location loc, TopKOp op, Value input,
                          Value k, Value count, ValueRange row,
                          ValueRange carried) {
    RowHeap heap(op, row);
    int64_t axis = op.getAxis();
    Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
    auto element = [&](OpBuilder &b, Location loc, Value i) {
      Values where(row);
      where.insert(where.begin() + axis, i);
      return RowHeap::Element{
          tensor::ExtractOp::create(b, loc, input, where),
          arith::IndexCastOp::create(b, loc, b.getI64Type(), i)};
    };
    auto fill = scf::ForOp::create(
        b, loc, zero, k, one, carried,
        [&](OpBuilder &b, Location loc, Value i, ValueRange state) {
          auto slots =
              heap.siftUp(b, loc, element(b, loc, i), {state[0], state[1]}, i);
          scf::YieldOp::create(b, loc, ValueRange{slots.values, slots.indices});
        });
    // Without any there is no root to compare with.
    Value isNone =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, k, zero);
    Value end = arith::SelectOp::create(b, loc, isNone, zero, count);
    auto offer = scf::ForOp::create(
        b, loc, k, end, one, fill.getResults(),
        [&](OpBuilder &b, Location loc, Value i, ValueRange state) {
          RowHeap::Slots slots = {state[0], state[1]};
          RowHeap::Element x = element(b, loc, i);
          Value root = heap.load(b, loc, slots, zero).value;
          auto branch = scf::IfOp::create(
              b, loc, comesBefore(b, loc, op, x.value, root),
              [&](OpBuilder &b, Location loc) {
                auto next = heap.siftDown(b, loc, x, slots, k);
                scf::YieldOp::create(b, loc,
                                     ValueRange{next.values, next.indices});
              },
              [&](OpBuilder &b, Location loc) {
                scf::YieldOp::create(b, loc, state);
              });
          scf::YieldOp::create(b, loc, branch.getResults());
        });
    // The root is the last of those that are left: it goes to their end.
    auto sort = scf::ForOp::create(
        b, loc, one, k, one, offer.getResults(),
        [&](OpBuilder &b, Location loc, Value done, ValueRange state) {
          RowHeap::Slots slots = {state[0], state[1]};
          Value end = ScalarBuilder(b, loc, false).sub(k, done);
          RowHeap::Element x = heap.load(b, loc, slots, end);
          slots =
              heap.store(b, loc, heap.load(b, loc, slots, zero), slots, end);
          slots = heap.siftDown(b, loc, x, slots, end);
          scf::YieldOp::create(b, loc, ValueRange{slots.values, slots.indices});
        });
    return Values(sort.getResults());
  }

  bool manyThreads;
};
} // namespace

void lowering::populateTopK(const TypeConverter &converter,
                            RewritePatternSet &patterns, bool manyThreads) {
  patterns.add<LowerTopK>(converter, patterns.getContext(), manyThreads);
}
