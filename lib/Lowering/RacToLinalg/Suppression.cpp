//===- Suppression.cpp - suppress -----------------------------------------===//
//
// A thread for each group, which compares a box with those kept before it and
// ends when it has as many as are asked for. Or, for many threads, chunks of a
// group's boxes in turn: which of a chunk overlap is found for all chunks at
// once; then one thread of each group says which of its next chunk are kept,
// and one of each later box whether it overlaps these. In all no more pairs are
// compared, but for those of a chunk.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Patterns.h"
#include "Sort.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

using Values = SmallVector<Value>;

/// Boxes of a chunk: as many as an integer has bits.
constexpr int64_t kChunk = 64;

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

namespace {
struct Box {
  Value low[2], high[2];
};

/// What both ways to suppress need.
class Suppression {
public:
  Suppression(Location loc, Value boxes, Value groups, Value limit,
              Value threshold)
      : loc(loc), boxes(boxes), groups(groups), limit(limit),
        threshold(threshold) {}

  /// What is kept, as i8.
  Value inGroups(OpBuilder &b, OpFoldResult count);
  Value inChunks(OpBuilder &b, OpFoldResult count);

private:
  Box box(OpBuilder &b, Value place) const;
  Value overlap(OpBuilder &b, const Box &x, const Box &y) const;
  Value groupStart(OpBuilder &b, Value group) const;
  Value scalar(OpBuilder &b, Value tensor) const {
    return tensor::ExtractOp::create(b, loc, tensor, ValueRange{});
  }
  Value limitAtMost(OpBuilder &b, Value most) const;

  Value element(OpBuilder &b, Value tensor, Value place) const {
    return tensor::ExtractOp::create(b, loc, tensor, place);
  }
  Value bits(OpBuilder &b, int64_t value) const {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  }
  Value flag(OpBuilder &b, bool value) const {
    return arith::ConstantOp::create(b, loc, b.getBoolAttr(value));
  }
  Value stored(OpBuilder &b, Value flag) const {
    return storeElement(b, loc, flag, b.getI1Type());
  }
  Value loaded(OpBuilder &b, Value stored) const {
    return loadElement(b, loc, stored, b.getI1Type());
  }
  /// `flag`, an i1, as bit number `place` of an i64.
  Value bitAt(OpBuilder &b, Value flag, Value place) const {
    return arith::ShLIOp::create(
        b, loc, arith::ExtUIOp::create(b, loc, b.getI64Type(), flag),
        arith::IndexCastOp::create(b, loc, b.getI64Type(), place));
  }
  Value hasBit(OpBuilder &b, Value word, Value place) const {
    Value bit =
        arith::AndIOp::create(b, loc, word, bitAt(b, flag(b, true), place));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, bit,
                                 bits(b, 0));
  }
  std::pair<Value, Value> keepOfGroup(OpBuilder &b, Value start, Value length,
                                      Value kept, Value list) const;
  Value groupOf(OpBuilder &b, Value stored, Value starts) const;
  Value startBefore(OpBuilder &b, Value starts, Value group, Value place) const;
  Value findOverlaps(OpBuilder &b, Value starts) const;
  Values keepOfChunk(OpBuilder &b, Value chunk, Value starts, Value overlaps,
                     Value alive, Value kept, Value left) const;
  Value dropLater(OpBuilder &b, Value chunk, Value starts, Value kept,
                  Value left, Value alive) const;

  Location loc;
  Value boxes, groups, limit, threshold;
};
} // namespace

Box Suppression::box(OpBuilder &b, Value place) const {
  Box result;
  for (int64_t axis = 0; axis < 2; ++axis) {
    result.low[axis] = tensor::ExtractOp::create(
        b, loc, boxes, ValueRange{place, indexConstant(b, loc, axis)});
    result.high[axis] = tensor::ExtractOp::create(
        b, loc, boxes, ValueRange{place, indexConstant(b, loc, axis + 2)});
  }
  return result;
}

/// Whether the intersection is more than so much of the union. Where a number
/// of one isn't one, neither is its area, nor the union.
Value Suppression::overlap(OpBuilder &b, const Box &x, const Box &y) const {
  ScalarBuilder s(b, loc, false);
  auto less = [&](Value x, Value y) -> Value {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  };
  auto sub = [&](Value x, Value y) -> Value {
    return arith::SubFOp::create(b, loc, x, y);
  };
  auto area = [&](Value sides[2]) -> Value {
    return arith::MulFOp::create(b, loc, sides[0], sides[1]);
  };
  Value meets = flag(b, true), both[2], ofX[2], ofY[2];
  for (int axis = 0; axis < 2; ++axis) {
    Value low =
        s.select(less(x.low[axis], y.low[axis]), y.low[axis], x.low[axis]);
    Value high =
        s.select(less(y.high[axis], x.high[axis]), y.high[axis], x.high[axis]);
    meets = arith::AndIOp::create(b, loc, meets, less(low, high));
    both[axis] = sub(high, low);
    ofX[axis] = sub(x.high[axis], x.low[axis]);
    ofY[axis] = sub(y.high[axis], y.low[axis]);
  }
  Value intersection = area(both);
  Value all =
      sub(arith::AddFOp::create(b, loc, area(ofX), area(ofY)), intersection);
  Value share = arith::DivFOp::create(b, loc, intersection, all);
  return arith::AndIOp::create(b, loc, meets,
                               less(scalar(b, threshold), share));
}

/// How many boxes are of groups before this one.
Value Suppression::groupStart(OpBuilder &b, Value group) const {
  Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), group);
  return partitionPoint(
      b, loc, indexConstant(b, loc, 0),
      indexValue(b, loc, tensor::getMixedSize(b, loc, groups, 0)),
      [&](OpBuilder &b, Location loc, Value place) {
        return ScalarBuilder(b, loc, false)
            .less(element(b, groups, place), number);
      });
}

/// The limit as an index, of [0, most].
Value Suppression::limitAtMost(OpBuilder &b, Value most) const {
  ScalarBuilder s(b, loc, false);
  Value zero = indexConstant(b, loc, 0);
  Value given =
      arith::IndexCastOp::create(b, loc, b.getIndexType(), scalar(b, limit));
  return s.min(s.max(given, zero), most);
}

//===----------------------------------------------------------------------===//
// Group by group
//===----------------------------------------------------------------------===//

/// The next `kept` and `list`, parts of the results for one group: `list` has
/// the places in it of the boxes that are kept.
std::pair<Value, Value> Suppression::keepOfGroup(OpBuilder &b, Value start,
                                                 Value length, Value kept,
                                                 Value list) const {
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value most = limitAtMost(b, length);
  // Carried: the box, how many are kept, which.
  Values init = {zero, zero, kept, list};
  auto loop = scf::WhileOp::create(
      b, loc, ValueRange(init).getTypes(), init,
      [&](OpBuilder &b, Location loc, ValueRange state) {
        ScalarBuilder s(b, loc, false);
        Value goesOn = arith::AndIOp::create(b, loc, s.less(state[0], length),
                                             s.less(state[1], most));
        scf::ConditionOp::create(b, loc, goesOn, state);
      },
      [&](OpBuilder &b, Location loc, ValueRange state) {
        ScalarBuilder s(b, loc, false);
        Value place = state[0], count = state[1];
        Box own = box(b, s.add(start, place));
        auto compare = scf::WhileOp::create(
            b, loc, TypeRange{b.getIndexType(), b.getI1Type()},
            ValueRange{zero, flag(b, false)},
            [&](OpBuilder &b, Location loc, ValueRange inner) {
              ScalarBuilder s(b, loc, false);
              Value isFree = s.bitNot(inner[1]);
              Value goesOn = arith::AndIOp::create(b, loc, isFree,
                                                   s.less(inner[0], count));
              scf::ConditionOp::create(b, loc, goesOn, inner);
            },
            [&](OpBuilder &b, Location loc, ValueRange inner) {
              ScalarBuilder s(b, loc, false);
              Value other = arith::IndexCastOp::create(
                  b, loc, b.getIndexType(), element(b, state[3], inner[0]));
              Value hit = overlap(b, box(b, s.add(start, other)), own);
              scf::YieldOp::create(b, loc,
                                   ValueRange{s.add(inner[0], one), hit});
            });
        Value isKept = s.bitNot(compare.getResult(1));
        Value kept = tensor::InsertOp::create(b, loc, stored(b, isKept),
                                              state[2], place);
        // What isn't kept the next one takes the place of.
        Value number =
            arith::IndexCastOp::create(b, loc, b.getI64Type(), place);
        Value list = tensor::InsertOp::create(b, loc, number, state[3], count);
        Value more =
            arith::IndexCastUIOp::create(b, loc, b.getIndexType(), isKept);
        scf::YieldOp::create(
            b, loc,
            ValueRange{s.add(place, one), s.add(count, more), kept, list});
      });
  return {loop.getResult(2), loop.getResult(3)};
}

Value Suppression::inGroups(OpBuilder &b, OpFoldResult count) {
  OpFoldResult numBoxes = tensor::getMixedSize(b, loc, boxes, 0);
  Value none = stored(b, flag(b, false));
  Value kept = filledTensor(b, loc, numBoxes, none);
  Value list = emptyTensor(b, loc, numBoxes, b.getI64Type());
  auto loop = scf::ForallOp::create(
      b, loc, count, ValueRange{kept, list}, std::nullopt,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        ScalarBuilder s(b, loc, false);
        Value group = args[0];
        Value start = groupStart(b, group);
        Value end = groupStart(b, s.add(group, indexConstant(b, loc, 1)));
        Value length = s.sub(s.max(start, end), start);
        Sizes offsets = {start}, sizes = {length};
        llvm::SmallBitVector none(1);
        auto part = [&](Value whole) {
          return sliceTensor(b, loc, whole, offsets, sizes, none);
        };
        auto [kept, list] =
            keepOfGroup(b, start, length, part(args[1]), part(args[2]));
        auto results = scf::InParallelOp::create(b, loc);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(results.getBody());
        Sizes steps = {b.getIndexAttr(1)};
        tensor::ParallelInsertSliceOp::create(b, loc, kept, args[1], offsets,
                                              sizes, steps);
        tensor::ParallelInsertSliceOp::create(b, loc, list, args[2], offsets,
                                              sizes, steps);
      });
  return loop.getResult(0);
}

//===----------------------------------------------------------------------===//
// Chunk by chunk
//===----------------------------------------------------------------------===//

Value Suppression::groupOf(OpBuilder &b, Value stored, Value starts) const {
  Value count =
      ScalarBuilder(b, loc, false)
          .sub(indexValue(b, loc, tensor::getMixedSize(b, loc, starts, 0)),
               indexConstant(b, loc, 1));
  return resolveIndex(b, loc, stored, count);
}

/// Where the group of the box at `place` begins; not behind that even where
/// groups are in no order.
Value Suppression::startBefore(OpBuilder &b, Value starts, Value group,
                               Value place) const {
  return ScalarBuilder(b, loc, false).min(element(b, starts, group), place);
}

/// For each box which of its chunk it overlaps of those before it.
Value Suppression::findOverlaps(OpBuilder &b, Value starts) const {
  return buildMap(
      b, loc, Operand{groups, identityMap(b, 1)},
      tensor::getMixedSizes(b, loc, groups), b.getI64Type(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        ScalarBuilder s(b, loc, false);
        Value place = linalg::IndexOp::create(b, loc, 0);
        Value group = groupOf(b, args[0], starts);
        Value within = s.sub(place, startBefore(b, starts, group, place));
        Value before = arith::RemUIOp::create(b, loc, within,
                                              indexConstant(b, loc, kChunk));
        Value first = s.sub(place, before);
        Box own = box(b, place);
        auto loop = scf::ForOp::create(
            b, loc, indexConstant(b, loc, 0), before, indexConstant(b, loc, 1),
            bits(b, 0),
            [&](OpBuilder &b, Location loc, Value i, ValueRange found) {
              ScalarBuilder s(b, loc, false);
              Value hit = overlap(b, box(b, s.add(first, i)), own);
              Value word =
                  arith::OrIOp::create(b, loc, found[0], bitAt(b, hit, i));
              scf::YieldOp::create(b, loc, word);
            });
        return loop.getResult(0);
      });
}

/// Which of each group's chunk are kept, as bits, and how many more may be.
Values Suppression::keepOfChunk(OpBuilder &b, Value chunk, Value starts,
                                Value overlaps, Value alive, Value kept,
                                Value left) const {
  AffineMap map = identityMap(b, 1);
  auto generic = buildGeneric(
      b, loc, {}, {{kept, map}, {left, map}}, Iterators(1, kParallel),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Values {
        ScalarBuilder s(b, loc, false);
        Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1),
              size = indexConstant(b, loc, kChunk);
        Value group = linalg::IndexOp::create(b, loc, 0);
        Value end = element(b, starts, s.add(group, one));
        Value first = s.add(element(b, starts, group), s.mul(chunk, size));
        // Of a group that has ended there are none.
        Value length = s.min(s.sub(s.max(first, end), first), size);
        auto loop = scf::ForOp::create(
            b, loc, zero, length, one, ValueRange{bits(b, 0), args[1]},
            [&](OpBuilder &b, Location loc, Value i, ValueRange state) {
              ScalarBuilder s(b, loc, false);
              Value place = s.add(first, i);
              Value hits = arith::AndIOp::create(
                  b, loc, element(b, overlaps, place), state[0]);
              Value isFree =
                  arith::AndIOp::create(b, loc, s.equal(hits, bits(b, 0)),
                                        loaded(b, element(b, alive, place)));
              Value isKept = arith::AndIOp::create(
                  b, loc, isFree, s.less(bits(b, 0), state[1]));
              Value word =
                  arith::OrIOp::create(b, loc, state[0], bitAt(b, isKept, i));
              Value taken =
                  arith::ExtUIOp::create(b, loc, b.getI64Type(), isKept);
              scf::YieldOp::create(b, loc,
                                   ValueRange{word, s.sub(state[1], taken)});
            });
        return Values(loop.getResults());
      });
  return Values(generic.getResults());
}

/// What is left of `alive` once boxes of this chunk are kept: these of it, and
/// of later ones those that overlap none of them.
Value Suppression::dropLater(OpBuilder &b, Value chunk, Value starts,
                             Value kept, Value left, Value alive) const {
  AffineMap map = identityMap(b, 1);
  auto isFree = [&](OpBuilder &b, Value place, Value first, Value word) {
    Box own = box(b, place);
    Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1),
          size = indexConstant(b, loc, kChunk);
    auto loop = scf::WhileOp::create(
        b, loc, TypeRange{b.getIndexType(), b.getI1Type()},
        ValueRange{zero, flag(b, true)},
        [&](OpBuilder &b, Location loc, ValueRange state) {
          Value goesOn = arith::AndIOp::create(
              b, loc, state[1],
              ScalarBuilder(b, loc, false).less(state[0], size));
          scf::ConditionOp::create(b, loc, goesOn, state);
        },
        [&](OpBuilder &b, Location loc, ValueRange state) {
          ScalarBuilder s(b, loc, false);
          auto compare = scf::IfOp::create(
              b, loc, hasBit(b, word, state[0]),
              [&](OpBuilder &b, Location loc) {
                Value other = ScalarBuilder(b, loc, false).add(first, state[0]);
                Value hit = overlap(b, box(b, other), own);
                scf::YieldOp::create(b, loc,
                                     ScalarBuilder(b, loc, false).bitNot(hit));
              },
              [&](OpBuilder &b, Location loc) {
                scf::YieldOp::create(b, loc, flag(b, true));
              });
          scf::YieldOp::create(
              b, loc, ValueRange{s.add(state[0], one), compare.getResult(0)});
        });
    return loop.getResult(1);
  };
  auto generic = buildGeneric(
      b, loc, Operand{groups, map}, Operand{alive, map},
      Iterators(1, kParallel),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Values {
        ScalarBuilder s(b, loc, false);
        Value size = indexConstant(b, loc, kChunk);
        Value place = linalg::IndexOp::create(b, loc, 0);
        Value group = groupOf(b, args[0], starts);
        Value start = startBefore(b, starts, group, place);
        Value within = s.sub(place, start);
        Value own = arith::DivUIOp::create(b, loc, within, size);
        Value word = element(b, kept, group);
        Value wasAlive = loaded(b, args[1]);
        Value mayBe = arith::AndIOp::create(
            b, loc, wasAlive, s.less(bits(b, 0), element(b, left, group)));
        Value isLater =
            arith::AndIOp::create(b, loc, s.less(chunk, own), mayBe);
        auto later = scf::IfOp::create(
            b, loc, isLater,
            [&](OpBuilder &b, Location loc) {
              ScalarBuilder s(b, loc, false);
              Value first = s.add(start, s.mul(chunk, size));
              scf::YieldOp::create(b, loc, isFree(b, place, first, word));
            },
            [&](OpBuilder &b, Location loc) {
              scf::YieldOp::create(b, loc, flag(b, false));
            });
        Value number = arith::RemUIOp::create(b, loc, within, size);
        Value isOwn = s.equal(own, chunk);
        Value result = s.select(
            isOwn, hasBit(b, word, number),
            s.select(s.less(own, chunk), wasAlive, later.getResult(0)));
        return {stored(b, result)};
      });
  return generic.getResult(0);
}

Value Suppression::inChunks(OpBuilder &b, OpFoldResult count) {
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  ScalarBuilder s(b, loc, false);
  AffineMap map = identityMap(b, 1);
  OpFoldResult numBoxes = tensor::getMixedSize(b, loc, boxes, 0);
  Value starts = buildMap(
      b, loc, {}, addSizes(b, loc, count, b.getIndexAttr(1)), b.getIndexType(),
      [&](OpBuilder &b, Location loc, ValueRange) -> Value {
        return groupStart(b, linalg::IndexOp::create(b, loc, 0));
      });
  Value lengths =
      buildMap(b, loc, {}, count, b.getIndexType(),
               [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                 ScalarBuilder s(b, loc, false);
                 Value group = linalg::IndexOp::create(b, loc, 0);
                 return s.sub(element(b, starts, s.add(group, one)),
                              element(b, starts, group));
               });
  Value most = buildReduction(
      b, loc, Operand{lengths, map}, count, llvm::SmallBitVector(1, true), zero,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return ScalarBuilder(b, loc, false).max(args[0], args[1]);
      });
  Value chunks = arith::CeilDivUIOp::create(b, loc, scalar(b, most),
                                            indexConstant(b, loc, kChunk));
  Value overlaps = findOverlaps(b, starts);
  Value alive = filledTensor(b, loc, numBoxes, stored(b, flag(b, true)));
  Value kept = emptyTensor(b, loc, count, b.getI64Type());
  Value left = buildMap(b, loc, {}, count, b.getI64Type(),
                        [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                          return scalar(b, limit);
                        });
  auto loop = scf::ForOp::create(
      b, loc, zero, chunks, one, ValueRange{alive, kept, left},
      [&](OpBuilder &b, Location loc, Value chunk, ValueRange state) {
        Values ofChunk = keepOfChunk(b, chunk, starts, overlaps, state[0],
                                     state[1], state[2]);
        Value alive =
            dropLater(b, chunk, starts, ofChunk[0], ofChunk[1], state[0]);
        scf::YieldOp::create(b, loc, ValueRange{alive, ofChunk[0], ofChunk[1]});
      });
  return loop.getResult(0);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// `before`: the unconverted operand, which may be constant.
static void checkThreshold(OpBuilder &b, Location loc, Value before,
                           Value threshold) {
  if (auto known = splatValue(before)) {
    double value = cast<FloatAttr>(*known).getValueAsDouble();
    if (value >= 0 && value <= 1)
      return;
  }
  Value yes = storeElement(
      b, loc, arith::ConstantOp::create(b, loc, b.getBoolAttr(true)),
      b.getI1Type());
  Value good = buildReduction(
      b, loc, Operand{threshold, identityMap(b, 0)}, {}, {}, yes,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        ScalarBuilder s(b, loc, false);
        Value fits =
            arith::AndIOp::create(b, loc, s.lessEqual(s.zero(args[0]), args[0]),
                                  s.lessEqual(args[0], s.one(args[0])));
        fits = arith::AndIOp::create(
            b, loc, fits, loadElement(b, loc, args[1], b.getI1Type()));
        return storeElement(b, loc, fits, b.getI1Type());
      });
  Value result = tensor::ExtractOp::create(b, loc, good, ValueRange{});
  check(b, loc, loadElement(b, loc, result, b.getI1Type()),
        "suppress: the threshold is not in [0, 1]");
}

namespace {
struct LowerSuppress : OpConversionPattern<SuppressOp> {
  LowerSuppress(const TypeConverter &converter, MLIRContext *context,
                bool manyThreads)
      : OpConversionPattern(converter, context), manyThreads(manyThreads) {}

  LogicalResult
  matchAndRewrite(SuppressOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value boxes = adaptor.getBoxes(), groups = adaptor.getGroups();
    OpFoldResult count = getAsOpFoldResult(adaptor.getCount());
    checkEqual(rewriter, loc, tensor::getMixedSize(rewriter, loc, boxes, 0),
               tensor::getMixedSize(rewriter, loc, groups, 0),
               "suppress: boxes and groups differ in number");
    checkIndices(rewriter, loc, op.getGroups(), groups, count,
                 /*isTuples=*/false, "suppress: a group is out of range");
    checkThreshold(rewriter, loc, op.getThreshold(), adaptor.getThreshold());
    Suppression suppression(loc, boxes, groups, adaptor.getLimit(),
                            adaptor.getThreshold());
    Value kept = manyThreads ? suppression.inChunks(rewriter, count)
                             : suppression.inGroups(rewriter, count);
    rewriter.replaceOp(op, shapedLike(rewriter, loc, kept, op.getType()));
    return success();
  }

  bool manyThreads;
};
} // namespace

void lowering::populateSuppression(const TypeConverter &converter,
                                   RewritePatternSet &patterns,
                                   bool manyThreads) {
  patterns.add<LowerSuppress>(converter, patterns.getContext(), manyThreads);
}
