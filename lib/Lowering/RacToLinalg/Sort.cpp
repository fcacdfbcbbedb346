//===- Sort.cpp - Sorted rows, by steps that threads share ----------------===//
//
// Merging by each element's own search is merge path's (Green, McColl, Bader:
// "GPU Merge Path", ICS 2012), with paths of one element.
//
//===----------------------------------------------------------------------===//

#include "Sort.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

using Values = SmallVector<Value>;

/// Keys that a thread waits for together.
constexpr int64_t kKeysAtOnce = 4;

/// Neighbours that are sorted by counting for each how many come before it: as
/// many reads, all of which hit the first cache, as eight merges with their
/// launches take time for.
constexpr int64_t kGroup = 256;

Value lowering::partitionPoint(
    OpBuilder &b, Location loc, Value low, Value high,
    function_ref<Value(OpBuilder &, Location, Value)> holds) {
  Type index = b.getIndexType();
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{index, index}, ValueRange{low, high},
      [&](OpBuilder &b, Location loc, ValueRange range) {
        Value goesOn = ScalarBuilder(b, loc, false).less(range[0], range[1]);
        scf::ConditionOp::create(b, loc, goesOn, range);
      },
      [&](OpBuilder &b, Location loc, ValueRange range) {
        ScalarBuilder s(b, loc, false);
        Value middle = arith::ShRUIOp::create(b, loc, s.add(range[0], range[1]),
                                              indexConstant(b, loc, 1));
        Value isBelow = holds(b, loc, middle);
        Value next = s.add(middle, indexConstant(b, loc, 1));
        scf::YieldOp::create(b, loc,
                             ValueRange{s.select(isBelow, next, range[0]),
                                        s.select(isBelow, range[1], middle)});
      });
  return loop.getResult(0);
}

namespace {
/// Sorts rows of `keys` along `axis`.
class RowSort {
public:
  RowSort(Location loc, Value keys, int64_t axis, Before before)
      : loc(loc), keys(keys), axis(axis), before(before) {}

  Sorted run(OpBuilder &b, OpFoldResult count);

private:
  Values at(ValueRange indices, Value place) const {
    Values result(indices);
    result[axis] = place;
    return result;
  }
  /// Whether `x`, which is before `y`, is so when they are sorted, too.
  Value staysBefore(OpBuilder &b, Location loc, Value x, Value y) const {
    Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
    return arith::XOrIOp::create(b, loc, before(b, loc, y, x), yes);
  }
  Sorted empty(OpBuilder &b, ArrayRef<OpFoldResult> sizes) const;
  Sorted sortGroups(OpBuilder &b, int64_t group);
  Value countKeys(OpBuilder &b, ValueRange indices, Value low, Value high,
                  function_ref<Value(OpBuilder &, Location, Value)> counts);
  Value rank(OpBuilder &b, ValueRange indices, Value first, Value end);
  Value withinPair(OpBuilder &b, Value place, Value width) const;
  Sorted merge(OpBuilder &b, Sorted from, Sorted into, Value width);
  Values mergedElement(OpBuilder &b, Sorted from, ValueRange indices,
                       Value width);
  int64_t groupSize() const;
  Value countPairs(OpBuilder &b, int64_t group);

  Location loc;
  Value keys;
  int64_t axis;
  Before before;
  Sizes sizes;
  Value length, wanted;
};
} // namespace

Sorted RowSort::empty(OpBuilder &b, ArrayRef<OpFoldResult> sizes) const {
  return {emptyTensor(b, loc, sizes, tensorOf(keys).getElementType()),
          emptyTensor(b, loc, sizes, b.getI64Type())};
}

/// For how many keys in [low, high) of the row of `indices` `counts` holds,
/// i32.
Value RowSort::countKeys(
    OpBuilder &b, ValueRange indices, Value low, Value high,
    function_ref<Value(OpBuilder &, Location, Value)> counts) {
  auto countFrom = [&](Value begin, Value end, int64_t step, Value count) {
    auto loop = scf::ForOp::create(
        b, loc, begin, end, indexConstant(b, loc, step), count,
        [&](OpBuilder &b, Location loc, Value place, ValueRange carried) {
          ScalarBuilder s(b, loc, false);
          Values others;
          for (int64_t i = 0; i < step; ++i)
            others.push_back(tensor::ExtractOp::create(
                b, loc, keys,
                at(indices, s.add(place, indexConstant(b, loc, i)))));
          Value count = carried[0];
          for (Value other : others)
            count = s.add(count, arith::ExtUIOp::create(b, loc, b.getI32Type(),
                                                        counts(b, loc, other)));
          scf::YieldOp::create(b, loc, count);
        });
    return loop.getResult(0);
  };
  ScalarBuilder s(b, loc, false);
  Value rest = arith::RemUIOp::create(b, loc, s.sub(high, low),
                                      indexConstant(b, loc, kKeysAtOnce));
  Value middle = s.sub(high, rest);
  Value none = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
  return countFrom(middle, high, 1, countFrom(low, middle, kKeysAtOnce, none));
}

/// How many of the keys in [first, end) come before that at `indices`.
Value RowSort::rank(OpBuilder &b, ValueRange indices, Value first, Value end) {
  Value key = tensor::ExtractOp::create(b, loc, keys, indices);
  Value place = indices[axis];
  Value next =
      ScalarBuilder(b, loc, false).add(place, indexConstant(b, loc, 1));
  Value left = countKeys(b, indices, first, place,
                         [&](OpBuilder &b, Location loc, Value other) {
                           return staysBefore(b, loc, other, key);
                         });
  Value right = countKeys(b, indices, next, end,
                          [&](OpBuilder &b, Location loc, Value other) {
                            return before(b, loc, other, key);
                          });
  Value count = ScalarBuilder(b, loc, false).add(left, right);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), count);
}

Sorted RowSort::sortGroups(OpBuilder &b, int64_t group) {
  Sorted into = empty(b, sizes);
  auto loop = scf::ForallOp::create(
      b, loc, sizes, ValueRange{into.keys, into.places}, std::nullopt,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        int64_t rank = sizes.size();
        ValueRange indices = args.take_front(rank);
        ScalarBuilder s(b, loc, false);
        Value place = indices[axis];
        Value size = indexConstant(b, loc, group);
        Value first = s.sub(place, arith::RemUIOp::create(b, loc, place, size));
        Value end = s.min(s.add(first, size), length);
        Value target = s.add(first, this->rank(b, indices, first, end));
        Values elements = {
            tensor::ExtractOp::create(b, loc, keys, indices),
            arith::IndexCastOp::create(b, loc, b.getI64Type(), place)};
        Sizes offsets(indices), units(rank, b.getIndexAttr(1));
        offsets[axis] = target;
        Values zeros(rank, indexConstant(b, loc, 0)), written;
        for (auto [element, out] :
             llvm::zip_equal(elements, args.take_back(2))) {
          Value slot = sliceTensor(b, loc, out, offsets, units,
                                   llvm::SmallBitVector(rank));
          written.push_back(
              tensor::InsertOp::create(b, loc, element, slot, zeros));
        }
        auto results = scf::InParallelOp::create(b, loc);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(results.getBody());
        for (auto [slot, out] : llvm::zip_equal(written, args.take_back(2)))
          tensor::ParallelInsertSliceOp::create(b, loc, slot, out, offsets,
                                                units, units);
      });
  return {loop.getResult(0), loop.getResult(1)};
}

/// How far `place` is from where two runs of `width`, a power of two, begin.
Value RowSort::withinPair(OpBuilder &b, Value place, Value width) const {
  ScalarBuilder s(b, loc, false);
  Value mask = s.sub(s.add(width, width), indexConstant(b, loc, 1));
  return arith::AndIOp::create(b, loc, place, mask);
}

/// The key and place that come to `indices` when runs of `width` are merged two
/// by two.
Values RowSort::mergedElement(OpBuilder &b, Sorted from, ValueRange indices,
                              Value width) {
  ScalarBuilder s(b, loc, false);
  Value place = indices[axis], one = indexConstant(b, loc, 1);
  Value within = withinPair(b, place, width);
  Value left = s.sub(place, within);
  Value right = s.min(s.add(left, width), length);
  Value leftCount = s.sub(right, left);
  Value rightCount = s.sub(s.min(s.add(right, width), length), right);
  auto key = [&](OpBuilder &b, Location loc, Value place) -> Value {
    return tensor::ExtractOp::create(b, loc, from.keys, at(indices, place));
  };
  // How many come from the left run before this one.
  Value zero = indexConstant(b, loc, 0);
  Value i = partitionPoint(
      b, loc, s.max(zero, s.sub(within, rightCount)), s.min(within, leftCount),
      [&](OpBuilder &b, Location loc, Value middle) {
        ScalarBuilder s(b, loc, false);
        Value other = s.sub(s.sub(within, one), middle);
        return staysBefore(b, loc, key(b, loc, s.add(left, middle)),
                           key(b, loc, s.add(right, other)));
      });
  Value j = s.sub(within, i);
  // A run that has ended is compared by some element, and the answer not used.
  Value last = s.sub(length, one);
  Value leftPlace = s.add(left, i);
  Value rightPlace = s.min(s.add(right, j), last);
  Value isBefore =
      before(b, loc, key(b, loc, rightPlace), key(b, loc, leftPlace));
  Value hasRight = s.less(j, rightCount), hasLeft = s.less(i, leftCount);
  Value takesRight = arith::AndIOp::create(
      b, loc, hasRight,
      s.select(hasLeft, isBefore,
               arith::ConstantOp::create(b, loc, b.getBoolAttr(true))));
  Values source = at(indices, s.select(takesRight, rightPlace, leftPlace));
  return {tensor::ExtractOp::create(b, loc, from.keys, source),
          tensor::ExtractOp::create(b, loc, from.places, source)};
}

Sorted RowSort::merge(OpBuilder &b, Sorted from, Sorted into, Value width) {
  int64_t rank = sizes.size();
  AffineMap map = identityMap(b, rank);
  auto generic =
      buildGeneric(b, loc, {}, {{into.keys, map}, {into.places, map}},
                   Iterators(rank, kParallel),
                   [&](OpBuilder &b, Location loc, ValueRange old) -> Values {
                     Values indices;
                     for (int64_t d = 0; d < rank; ++d)
                       indices.push_back(linalg::IndexOp::create(b, loc, d));
                     // Of each run only so many are asked for.
                     ScalarBuilder s(b, loc, false);
                     Value within = withinPair(b, indices[axis], width);
                     auto branch = scf::IfOp::create(
                         b, loc, s.less(within, wanted),
                         [&](OpBuilder &b, Location loc) {
                           scf::YieldOp::create(
                               b, loc, mergedElement(b, from, indices, width));
                         },
                         [&](OpBuilder &b, Location loc) {
                           scf::YieldOp::create(b, loc, old);
                         });
                     return Values(branch.getResults());
                   });
  return {generic.getResult(0), generic.getResult(1)};
}

/// Groups that leave an even number of merges before the last one, if that is
/// known: they are done by pairs.
int64_t RowSort::groupSize() const {
  std::optional<int64_t> known = getConstantIntValue(sizes[axis]);
  int64_t merges = 0;
  for (int64_t width = kGroup; known && 2 * width < *known; width *= 2)
    ++merges;
  return merges % 2 == 0 ? kGroup : 2 * kGroup;
}

/// How many pairs of merges leave one merge to do.
Value RowSort::countPairs(OpBuilder &b, int64_t group) {
  Value zero = indexConstant(b, loc, 0);
  if (std::optional<int64_t> known = getConstantIntValue(sizes[axis])) {
    int64_t count = 0;
    for (int64_t width = group; 2 * width < *known; width *= 4)
      ++count;
    return indexConstant(b, loc, count);
  }
  Type index = b.getIndexType();
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange{index, index},
      ValueRange{indexConstant(b, loc, 2 * group), zero},
      [&](OpBuilder &b, Location loc, ValueRange state) {
        Value goesOn = ScalarBuilder(b, loc, false).less(state[0], length);
        scf::ConditionOp::create(b, loc, goesOn, state);
      },
      [&](OpBuilder &b, Location loc, ValueRange state) {
        ScalarBuilder s(b, loc, false);
        Value two = indexConstant(b, loc, 2), one = indexConstant(b, loc, 1);
        scf::YieldOp::create(
            b, loc,
            ValueRange{arith::ShLIOp::create(b, loc, state[0], two),
                       s.add(state[1], one)});
      });
  return loop.getResult(1);
}

Sorted RowSort::run(OpBuilder &b, OpFoldResult count) {
  sizes = tensor::getMixedSizes(b, loc, keys);
  length = indexValue(b, loc, sizes[axis]);
  wanted = indexValue(b, loc, count);
  int64_t group = groupSize();
  Sorted runs = sortGroups(b, group);
  // Two merges at a time, so that each of the two buffers is written in place.
  Sorted spare = empty(b, sizes);
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  auto widthAfter = [&](OpBuilder &b, Location loc, Value pairs) -> Value {
    Value merges = arith::ShLIOp::create(b, loc, pairs, one);
    return arith::ShLIOp::create(b, loc, indexConstant(b, loc, group), merges);
  };
  Value pairs = countPairs(b, group);
  auto loop = scf::ForOp::create(
      b, loc, zero, pairs, one,
      ValueRange{runs.keys, runs.places, spare.keys, spare.places},
      [&](OpBuilder &b, Location loc, Value i, ValueRange carried) {
        Value width = widthAfter(b, loc, i);
        Sorted there =
            merge(b, {carried[0], carried[1]}, {carried[2], carried[3]}, width);
        Sorted back = merge(b, there, {carried[0], carried[1]},
                            ScalarBuilder(b, loc, false).add(width, width));
        scf::YieldOp::create(
            b, loc,
            ValueRange{back.keys, back.places, there.keys, there.places});
      });
  Sizes resultSizes = sizes;
  resultSizes[axis] = count;
  return merge(b, {loop.getResult(0), loop.getResult(1)}, empty(b, resultSizes),
               widthAfter(b, loc, pairs));
}

Sorted lowering::sortRows(OpBuilder &b, Location loc, Value keys, int64_t axis,
                          OpFoldResult count, Before before) {
  return RowSort(loc, keys, axis, before).run(b, count);
}
