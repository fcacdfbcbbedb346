//===- SliceImport.cpp - Parts of tensors, and padding --------------------===//

#include "GraphImporter.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// Positions beyond this are exporters' way of saying "the end".
static constexpr int64_t kFar = int64_t(1) << 31;

namespace {
/// What a slice takes of one dimension.
struct SliceExtent {
  AffineExpr offset, size;
};
} // namespace

/// `position` counted from the front and clamped to [low, high].
static AffineExpr clampPosition(TensorBuilder &tb, AffineExpr position,
                                AffineExpr dim, AffineExpr low,
                                AffineExpr high) {
  if (auto known = tb.constantOf(position)) {
    if (*known >= kFar - 1)
      return high;
    if (*known <= -kFar + 1)
      return low;
    if (*known < 0)
      position = tb.add(dim, position);
  } else if (!tb.isNonNegative(position)) {
    position = tb.select(
        tb.compare(arith::CmpIPredicate::slt, position, tb.constant(0)),
        tb.add(position, dim), position);
  }
  return tb.min(tb.max(position, low), high);
}

static SliceExtent extent(TensorBuilder &tb, AffineExpr dim, AffineExpr start,
                          AffineExpr end, int64_t step) {
  AffineExpr zero = tb.constant(0), last = tb.sub(dim, tb.constant(1));
  if (step > 0) {
    start = clampPosition(tb, start, dim, zero, dim);
    end = clampPosition(tb, end, dim, zero, dim);
    return {start, tb.max(tb.ceilDiv(tb.sub(end, start), step), zero)};
  }
  start = clampPosition(tb, start, dim, zero, last);
  // The end may lie before the first element: -1, which as an input would count
  // from the end.
  end = clampPosition(tb, end, dim, tb.constant(-1), last);
  return {start, tb.max(tb.ceilDiv(tb.sub(start, end), -step), zero)};
}

static LogicalResult importSlice(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  std::optional<Exprs> starts, ends;
  SmallVector<int64_t> axes, steps;
  if (n.version < 10) {
    starts = tb.constants(n.intsAttr("starts"));
    ends = tb.constants(n.intsAttr("ends"));
    axes = n.intsAttr("axes");
  } else {
    starts = n.indices(1);
    ends = n.indices(2);
    if (n.hasInput(3)) {
      auto known = n.constInts(3);
      if (!known)
        return n.unsupported("axes known only to the run are not supported");
      axes = *known;
    }
    if (n.hasInput(4)) {
      auto known = n.constInts(4);
      if (!known)
        return n.unsupported("steps known only to the run are not supported");
      steps = *known;
    }
  }
  if (!starts || !ends)
    return n.result(Value());
  if (axes.empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (steps.empty())
    steps.assign(starts->size(), 1);
  if (ends->size() != starts->size() || axes.size() != starts->size() ||
      steps.size() != starts->size())
    return n.fail("starts, ends, axes and steps differ in length");
  if (!n.axes(axes, n.rank(0)))
    return n.result(Value());
  for (int64_t step : steps)
    if (step == 0)
      return n.fail("a step is 0");

  std::optional<Entry> known = n.known(0);
  Value x = known ? Value() : n.input(0);
  if (!known && !x)
    return n.result(x);
  int64_t rank = n.rank(0);
  Exprs offsets(rank, tb.constant(0));
  Exprs sizes = known ? tb.constants(known->shape) : tb.dims(x);
  SmallVector<int64_t> by(rank, 1);
  for (auto [axis, start, end, step] :
       llvm::zip_equal(axes, *starts, *ends, steps)) {
    int64_t d = axis < 0 ? axis + rank : axis;
    // Longer steps than any dimension all do the same.
    step = std::clamp<int64_t>(step, -(kFar - 1), kFar - 1);
    SliceExtent e = extent(tb, sizes[d], start, end, step);
    offsets[d] = e.offset;
    sizes[d] = e.size;
    by[d] = step;
  }
  if (!known)
    return n.result(tb.slice(x, offsets, sizes, by));
  // Of known numbers, known numbers.
  auto from = tb.constantsOf(offsets), shape = tb.constantsOf(sizes);
  if (!from || !shape)
    return n.result(tb.slice(n.input(0), offsets, sizes, by));
  SmallVector<int64_t> strides = computeSuffixProduct(known->shape);
  SmallVector<int64_t> to = computeSuffixProduct(*shape);
  Exprs part;
  for (int64_t i = 0, e = ShapedType::getNumElements(*shape); i < e; ++i) {
    int64_t position = 0;
    for (int64_t d = 0; d < rank; ++d)
      position += ((*from)[d] + i / to[d] % (*shape)[d] * by[d]) * strides[d];
    part.push_back((*known->elements)[position]);
  }
  return n.resultKnown(part, *shape, known->elementType);
}

static LogicalResult importSplit(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  std::optional<int64_t> axis = n.axis(n.intAttr("axis", 0), tb.rank(x));
  if (!x || !axis)
    return n.result(Value());
  AffineExpr dim = tb.dim(x, *axis);
  int64_t parts = n.numOutputs();
  Exprs sizes;
  if (n.version < 13 && n.has("split")) {
    sizes = tb.constants(n.intsAttr("split"));
  } else if (n.version >= 13 && n.hasInput(1)) {
    auto known = n.indices(1);
    if (!known)
      return n.result(Value());
    sizes = *known;
  } else {
    if (n.intAttr("num_outputs", parts) != parts)
      return n.fail("num_outputs is not the number of its outputs");
    // Equal parts, the last one smaller where it doesn't come out even.
    AffineExpr part = tb.ceilDiv(dim, parts);
    sizes.assign(parts - 1, part);
    AffineExpr rest = tb.sub(dim, tb.mul(part, tb.constant(parts - 1)));
    if (auto known = tb.constantOf(rest); known && *known < 0)
      return n.fail("it splits a dimension into more parts than it has");
    sizes.push_back(rest);
  }
  if (static_cast<int64_t>(sizes.size()) != parts)
    return n.fail("it has " + Twine(parts) + " outputs for " +
                  Twine(sizes.size()) + " sizes");
  AffineExpr total = tb.constant(0);
  for (AffineExpr size : sizes) {
    if (auto known = tb.constantOf(size); known && *known < 0)
      return n.fail("a size is negative");
    total = tb.add(total, size);
  }
  if (tb.constantOf(total) && tb.constantOf(dim) && total != dim)
    return n.fail("its sizes don't add up to its input's");
  AffineExpr offset = tb.constant(0);
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (failed(n.result(i, tb.sliceAxis(x, *axis, offset, size))))
      return failure();
    offset = tb.add(offset, size);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

static LogicalResult importPad(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  int64_t rank = tb.rank(x);
  std::optional<Exprs> pads =
      n.version < 11 ? std::optional(tb.constants(n.intsAttr("pads")))
                     : n.indices(1);
  if (!pads)
    return n.result(Value());
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (n.hasInput(3)) {
    auto known = n.constInts(3);
    if (!known)
      return n.unsupported("axes known only to the run are not supported");
    axes = *known;
    if (!n.axes(axes, rank))
      return n.result(Value());
  }
  if (pads->size() != 2 * axes.size())
    return n.fail("pads needs two values per axis");

  StringRef name = n.stringAttr("mode", "constant");
  PadMode mode;
  if (std::optional<PadMode> known = symbolizePadMode(name))
    mode = *known;
  else
    return n.fail("mode '" + name + "' is unknown");
  Type type = tb.element(x);
  Value value = tb.scalar(0, type);
  if (n.version < 11) {
    value = tb.scalar(n.floatAttr("value", 0), type);
  } else if (n.hasInput(2)) {
    value = n.input(2);
    if (value && tb.rank(value) == 1 && tb.constantOf(tb.dim(value, 0)) == 1)
      value = tb.reshape(value, {});
  }

  // Negative amounts cut off; that comes first.
  Exprs zeros(rank, tb.constant(0)), low = zeros, high = zeros;
  Exprs offsets = zeros, sizes = tb.dims(x);
  SmallVector<int64_t> steps(rank, 1);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t d = axis < 0 ? axis + rank : axis;
    AffineExpr before = (*pads)[i], after = (*pads)[i + axes.size()];
    low[d] = tb.max(before, zeros[d]);
    high[d] = tb.max(after, zeros[d]);
    auto cut = [&](AffineExpr amount) {
      return tb.isNonNegative(amount)
                 ? zeros[d]
                 : tb.max(tb.mul(amount, tb.constant(-1)), zeros[d]);
    };
    if (!before || !after)
      return n.result(Value());
    offsets[d] = cut(before);
    sizes[d] = tb.sub(sizes[d], tb.add(offsets[d], cut(after)));
    if (auto known = tb.constantOf(sizes[d]); known && *known < 0)
      return n.fail("it cuts off more than there is");
  }
  x = tb.slice(x, offsets, sizes, steps);
  return n.result(tb.pad(mode, x, value, low, high));
}

void rac::onnximport::addSliceImporters(ImporterTable &table) {
  table.add("Slice", importSlice);
  table.add("Split", importSplit);
  table.add("Pad", importPad);
}
