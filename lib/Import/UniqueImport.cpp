//===- UniqueImport.cpp - Elements and slices without repetition ----------===//
//
// Sorted, what is equal lies side by side; the rest is counting. Slices of
// several elements are first given numbers that compare as the slices do.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "LoopBuilder.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

namespace {
/// The last dimension of a tensor, sorted.
struct Runs {
  /// Where the elements were; of equal ones, the first comes first.
  Value order;
  /// Whether an element is the first of those that are equal to it.
  Value begins;
  /// How many different ones come before it.
  Value numbers;
};
} // namespace

/// NaN is equal to NaN, and comes last.
static Runs sortRuns(TensorBuilder &tb, Value x) {
  if (!x)
    return {};
  int64_t axis = tb.rank(x) - 1;
  AffineExpr length = tb.dim(x, axis);
  Type i64 = tb.b.getI64Type();
  auto [values, order] = tb.topK(x, length, axis, /*largest=*/false);
  Value place = tb.iota(0, {length}, i64);
  Value zero = tb.scalarInt(0, i64), one = tb.scalarInt(1, i64);
  Value before = tb.gather(values, tb.max(tb.sub(place, one), zero), axis);
  Value isSame = tb.comparison<rac::EqualOp>(values, before);
  if (isa<FloatType>(tb.element(x)))
    isSame = tb.binary<rac::OrOp>(
        isSame, tb.binary<rac::AndOp>(tb.test<rac::IsNanOp>(values),
                                      tb.test<rac::IsNanOp>(before)));
  Value begins = tb.binary<rac::OrOp>(tb.comparison<rac::EqualOp>(place, zero),
                                      tb.unary<rac::NotOp>(isSame));
  Value numbers = tb.sub(tb.runningSum(tb.cast(begins, i64), axis), one);
  return {order, begins, numbers};
}

/// `sorted`, elements along the last dimension, back where they were.
static Value putBack(TensorBuilder &tb, const Runs &runs, Value sorted) {
  if (!runs.order || !sorted)
    return {};
  // Nothing is left of what is scattered into.
  return tb.scatterElements(ScatterKind::replace, sorted, runs.order, sorted,
                            tb.rank(sorted) - 1);
}

/// For each element of a row, how many different ones are less.
static Value rankInRows(TensorBuilder &tb, Value rows) {
  Runs runs = sortRuns(tb, rows);
  return putBack(tb, runs, runs.numbers);
}

/// Each two rows of numbers below the rows' length as one, which compares as
/// the pairs do. A last one without a partner stays as it is.
static Value joinPairs(TensorBuilder &tb, Value rows) {
  if (!rows)
    return {};
  Type i64 = tb.b.getI64Type();
  AffineExpr count = tb.dim(rows, 0), length = tb.dim(rows, 1),
             half = tb.ceilDiv(count, 2), none = tb.constant(0);
  rows = tb.pad(PadMode::constant, rows, tb.scalarInt(0, i64), {none, none},
                {tb.sub(tb.mul(half, tb.constant(2)), count), none});
  rows = tb.reshape(rows, {half, tb.constant(2), length});
  auto row = [&](int64_t i) {
    return tb.squeeze(tb.sliceAxis(rows, 1, tb.constant(i), tb.constant(1)),
                      {1});
  };
  Value factor = tb.fromExprs(length, {}, i64);
  return tb.add(tb.mul(row(0), factor), row(1));
}

/// A vector that compares as the columns of `rows` do.
static Value joinRows(TensorBuilder &tb, Value rows) {
  if (!rows)
    return {};
  AffineExpr count = tb.dim(rows, 0), length = tb.dim(rows, 1);
  std::optional<int64_t> known = tb.constantOf(count);
  if (known == 0)
    return tb.full(tb.scalarInt(0, tb.b.getI64Type()), {length});
  if (known != 1)
    rows = rankInRows(tb, rows);
  if (known) {
    for (int64_t left = *known; left > 1;) {
      rows = joinPairs(tb, rows);
      left = llvm::divideCeil(left, 2);
      if (left > 1)
        rows = rankInRows(tb, rows);
    }
    return tb.reshape(rows, {length});
  }
  // Nothing is equal to nothing: a row of zeros.
  AffineExpr none = tb.constant(0), one = tb.constant(1);
  rows = tb.pad(PadMode::constant, rows, tb.scalarInt(0, tb.element(rows)),
                {none, none}, {tb.max(tb.sub(one, count), none), none});
  if (!rows)
    return {};
  auto isMore = [&](AffineExpr rows) {
    return tb.fromExprs(tb.compare(arith::CmpIPredicate::sgt, rows, one), {},
                        tb.b.getI1Type());
  };
  auto loop = buildLoop(
      tb, /*count=*/{}, isMore(tb.dim(rows, 0)), rows, 0, {},
      [&](AffineExpr, ArrayRef<Value> carried) -> FailureOr<Iteration> {
        Value next = rankInRows(tb, joinPairs(tb, carried[0]));
        if (!next)
          return failure();
        Iteration iteration;
        iteration.carried = {next};
        iteration.goOn = isMore(tb.dim(next, 0));
        return iteration;
      });
  if (failed(loop))
    return {};
  return tb.reshape(tb.sliceAxis(loop->carried[0], 0, none, one), {length});
}

static LogicalResult importUnique(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Type i64 = tb.b.getI64Type();
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  std::optional<int64_t> axis = 0;
  if (n.has("axis"))
    axis = n.axis(n.intAttr("axis", 0), tb.rank(x));
  else
    x = tb.reshape(x, {tb.product(tb.dims(x))});
  if (!x || !axis)
    return n.result(Value());

  SmallVector<int64_t> toLast;
  for (int64_t dim = 0; dim < tb.rank(x); ++dim)
    if (dim != *axis)
      toLast.push_back(dim);
  Exprs others;
  for (int64_t dim : toLast)
    others.push_back(tb.dim(x, dim));
  toLast.push_back(*axis);
  AffineExpr length = tb.dim(x, *axis);
  Value rows =
      tb.reshape(tb.transpose(x, toLast), {tb.product(others), length});
  Runs runs = sortRuns(tb, joinRows(tb, rows));
  Value begins = tb.places(runs.begins);
  if (!begins)
    return n.result(Value());

  Value indices = tb.gather(runs.order, begins, 0);
  Value inverse = putBack(tb, runs, runs.numbers);
  Value ends =
      tb.sliceAxis(tb.concat({begins, tb.fromExprs(length, {1}, i64)}, 0), 0,
                   tb.constant(1), tb.dim(begins, 0));
  Value counts = tb.sub(ends, begins);
  if (!n.boolAttr("sorted", true)) {
    // In the order of what is first of its kind.
    Value isFirst = putBack(tb, runs, runs.begins);
    Value numbers =
        tb.sub(tb.runningSum(tb.cast(isFirst, i64), 0), tb.scalarInt(1, i64));
    Value sorted = inverse;
    inverse = tb.gather(tb.gather(numbers, indices, 0), sorted, 0);
    indices = tb.places(isFirst);
    counts = tb.gather(counts, tb.gather(sorted, indices, 0), 0);
  }
  Value results[] = {tb.gather(x, indices, *axis), indices, inverse, counts};
  for (auto [i, value] : llvm::enumerate(results))
    if (n.hasOutput(i) && failed(n.result(i, value)))
      return failure();
  return success();
}

void rac::onnximport::addUniqueImporters(ImporterTable &table) {
  table.add("Unique", importUnique);
}
