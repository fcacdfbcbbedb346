//===- SuppressionImport.cpp - Non-maximum suppression --------------------===//
//
// Boxes whose score is above the threshold are found in all classes at once,
// sorted once by class and score, and only they are compared.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// The first element, as a scalar.
static Value firstOf(TensorBuilder &tb, Value x) {
  if (!x)
    return {};
  x = tb.reshape(x, {tb.product(tb.dims(x))});
  return tb.reshape(tb.sliceAxis(x, 0, tb.constant(0), tb.constant(1)), {});
}

/// Integers in the order of f32 scores, of which none is NaN: bits without
/// their sign, with that of the score.
static Value orderOf(TensorBuilder &tb, Value scores) {
  Type i64 = tb.b.getI64Type();
  Value bits = tb.cast(tb.bitcast(scores, tb.b.getI32Type()), i64);
  Value zero = tb.scalarInt(0, i64);
  Value size = tb.binary<rac::AndOp>(
      bits, tb.scalarInt(std::numeric_limits<int32_t>::max(), i64));
  return tb.select(tb.comparison<rac::LessOp>(bits, zero), tb.sub(zero, size),
                   size);
}

/// Rows of two corners in any order, or of a center and a size, as the lower
/// and then the upper ends along two axes.
static Value endsOf(TensorBuilder &tb, Value boxes, bool areCentered) {
  Value first = tb.sliceAxis(boxes, 1, tb.constant(0), tb.constant(2));
  Value second = tb.sliceAxis(boxes, 1, tb.constant(2), tb.constant(2));
  if (areCentered) {
    Value half = tb.mul(second, tb.scalar(0.5, tb.element(second)));
    return tb.concat({tb.sub(first, half), tb.add(first, half)}, 1);
  }
  Value isFlipped = tb.comparison<rac::LessOp>(second, first);
  return tb.concat({tb.select(isFlipped, second, first),
                    tb.select(isFlipped, first, second)},
                   1);
}

namespace {
/// What the numbers of scores in [batches, classes, boxes] are made of.
struct Positions {
  TensorBuilder &tb;
  Value classes, boxes;

  Value group(Value number) const { return tb.div(number, boxes); }
  Value box(Value number) const { return tb.binary<rac::RemOp>(number, boxes); }
  Value batch(Value number) const { return tb.div(group(number), classes); }
  Value classOf(Value number) const {
    return tb.binary<rac::RemOp>(group(number), classes);
  }
};
} // namespace

/// The numbers of scores above the threshold, by class, the highest first.
static Value findCandidates(NodeImporter &n, Value scores,
                            const Positions &at) {
  TensorBuilder &tb = n.tb;
  Type i64 = tb.b.getI64Type();
  Value isCandidate;
  if (n.hasInput(4))
    isCandidate = tb.comparison<rac::LessOp>(firstOf(tb, n.input(4)), scores);
  else
    isCandidate = tb.unary<rac::NotOp>(tb.test<rac::IsNanOp>(scores));
  Value found = tb.places(isCandidate);
  if (!found)
    return {};
  // Keys of one class differ by less than 2^32.
  Value key = tb.sub(tb.mul(at.group(found), tb.scalarInt(1LL << 32, i64)),
                     orderOf(tb, tb.gather(scores, found, 0)));
  if (!key)
    return {};
  auto [keys, order] =
      tb.topK(key, tb.dim(key, 0), /*axis=*/0, /*largest=*/false);
  return tb.gather(found, order, 0);
}

static LogicalResult importNonMaxSuppression(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Type i64 = tb.b.getI64Type();
  Value boxes = n.input(0), scores = n.input(1);
  if (!boxes || !scores)
    return n.result(Value());
  if (tb.rank(boxes) != 3 || tb.rank(scores) != 3)
    return n.fail("its boxes and scores must have three dimensions");
  if (!tb.element(boxes).isF32() || !tb.element(scores).isF32())
    return n.fail("its boxes and scores must be floats of 32 bits");
  auto center = n.intAttr("center_point_box", 0);
  if (center != 0 && center != 1)
    return n.fail("its center_point_box must be 0 or 1");
  Exprs dims = tb.dims(scores);
  for (auto [mine, theirs] : {std::pair(0, 0), {1, 2}}) {
    auto given = tb.constantOf(tb.dim(boxes, mine)),
         wanted = tb.constantOf(dims[theirs]);
    if (given && wanted && *given != *wanted)
      return n.fail("it has " + Twine(*given) +
                    (mine == 0 ? " batches" : " boxes") + ", and scores of " +
                    Twine(*wanted));
  }
  if (auto threshold = n.constFloats(3);
      threshold && !threshold->empty() &&
      !((*threshold)[0] >= 0 && (*threshold)[0] <= 1))
    return n.fail("its iou_threshold is not in [0, 1]");
  // None are asked for unless somebody says how many.
  if (!n.hasInput(2))
    return n.result(
        tb.full(tb.scalarInt(0, i64), {tb.constant(0), tb.constant(3)}));

  AffineExpr groups = tb.product({dims[0], dims[1]});
  scores = tb.reshape(scores, {tb.product(dims)});
  boxes = tb.reshape(boxes, {tb.product({dims[0], dims[2]}), tb.constant(4)});
  Positions at{tb, tb.fromExprs(dims[1], {}, i64),
               tb.fromExprs(dims[2], {}, i64)};
  Value candidates = findCandidates(n, scores, at);
  Value row =
      tb.add(tb.mul(at.batch(candidates), at.boxes), at.box(candidates));
  Value ends = endsOf(tb, tb.gather(boxes, row, 0), center == 1);
  Value limit = firstOf(tb, n.input(2)), threshold;
  if (n.hasInput(3))
    threshold = firstOf(tb, n.input(3));
  else
    threshold = tb.scalar(0, tb.b.getF32Type());
  Value group = at.group(candidates);
  if (!ends || !group || !limit || !threshold)
    return n.result(Value());
  Value isKept = tb.finish(rac::SuppressOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.b.getI1Type()), ends, group,
      limit, threshold, tb.index(groups)));
  Value kept = tb.places(isKept);
  if (!kept)
    return n.result(kept);
  kept = tb.gather(candidates, kept, 0);
  Value columns[] = {at.batch(kept), at.classOf(kept), at.box(kept)};
  for (Value &column : columns)
    column = tb.unsqueeze(column, {1});
  return n.result(tb.concat(columns, 1));
}

void rac::onnximport::addSuppressionImporters(ImporterTable &table) {
  table.add("NonMaxSuppression", importNonMaxSuppression);
}
