//===- IndexingImport.cpp - Ops whose positions are data ------------------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

static LogicalResult importGather(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  // A size picked from a shape.
  const Entry *entry = n.entry(0);
  auto known = n.numbers(0);
  auto picks = n.constInts(1);
  if (known && picks && entry && !entry->value && n.rank(0) == 1) {
    Exprs part;
    int64_t size = known->size();
    for (int64_t i : *picks) {
      if (i < -size || i >= size)
        return n.fail("index " + Twine(i) + " is out of range for size " +
                      Twine(size));
      part.push_back((*known)[i < 0 ? i + size : i]);
    }
    return n.resultExprs(part, n.rank(1) == 0, n.elementType(0));
  }

  Value x = n.input(0);
  std::optional<int64_t> axis = n.axis(n.intAttr("axis", 0), tb.rank(x));
  if (!x || !axis)
    return n.result(Value());
  // One known slice is a view.
  std::optional<int64_t> dim = tb.constantOf(tb.dim(x, *axis));
  if (picks && dim && n.rank(1) == 0) {
    int64_t i = picks->front();
    if (i < -*dim || i >= *dim)
      return n.fail("index " + Twine(i) + " is out of range for size " +
                    Twine(*dim));
    Value slice = tb.sliceAxis(x, *axis, tb.constant(i < 0 ? i + *dim : i),
                               tb.constant(1));
    return n.result(tb.squeeze(slice, {*axis}));
  }
  return n.result(tb.gather(x, n.input(1), *axis));
}

static LogicalResult importGatherElements(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), indices = n.input(1);
  std::optional<int64_t> axis = n.axis(n.intAttr("axis", 0), tb.rank(x));
  if (!x || !indices || !axis)
    return n.result(Value());
  return n.result(tb.gatherElements(x, indices, *axis));
}

static LogicalResult importGatherNd(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), indices = n.input(1);
  if (!x || !indices)
    return n.result(Value());
  int64_t batch = n.intAttr("batch_dims", 0);
  if (batch < 0)
    return n.fail("batch_dims is negative");
  if (tb.rank(indices) == 0 ||
      !tb.constantOf(tb.dim(indices, tb.rank(indices) - 1)))
    return n.unsupported("the last dimension of its indices must be static");
  return n.result(tb.finish(rac::GatherNdOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), x, indices,
      batch)));
}

static std::optional<ScatterKind> scatterKind(NodeImporter &n) {
  StringRef name = n.stringAttr("reduction", "none");
  if (name == "none")
    return ScatterKind::replace;
  if (std::optional<ScatterKind> kind = symbolizeScatterKind(name))
    return kind;
  n.tb.fail("reduction '" + name + "' is unknown");
  return std::nullopt;
}

static LogicalResult importScatterElements(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), indices = n.input(1), updates = n.input(2);
  auto kind = scatterKind(n);
  auto axis = n.axis(n.intAttr("axis", 0), tb.rank(x));
  if (!x || !indices || !updates || !kind || !axis)
    return n.result(Value());
  return n.result(tb.scatterElements(*kind, x, indices, updates, *axis));
}

static LogicalResult importScatterNd(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), indices = n.input(1), updates = n.input(2);
  auto kind = scatterKind(n);
  if (!x || !indices || !updates || !kind)
    return n.result(Value());
  return n.result(tb.finish(rac::ScatterNdOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), *kind, x, indices,
      updates)));
}

/// values[1] where the class along the new dimension is the index's, else
/// values[0].
static LogicalResult importOneHot(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Type i64 = tb.b.getI64Type();
  Value indices = n.input(0), values = n.input(2);
  if (!indices || !values)
    return n.result(Value());
  AffineExpr depth;
  if (auto known = n.numbers(1); known && known->size() == 1) {
    depth = known->front();
  } else {
    Value given = tb.cast(n.input(1), i64);
    if (tb.rank(given) > 1)
      return n.fail("its depth must be a scalar");
    depth = tb.extract(given, SmallVector<int64_t>(tb.rank(given), 0));
  }
  int64_t rank = tb.rank(indices) + 1;
  auto axis = n.axis(n.intAttr("axis", -1), rank);
  if (!depth || !axis)
    return n.result(Value());
  if (tb.rank(values) != 1)
    return n.fail("its values must be a pair");
  indices = tb.cast(indices, i64);
  Value count = tb.fromExprs(depth, {}, i64);
  Value zero = tb.scalarInt(0, i64);
  indices = tb.select(tb.comparison<rac::LessOp>(indices, zero),
                      tb.add(indices, count), indices);
  Value spread = tb.unsqueeze(indices, {*axis});
  if (!spread)
    return n.result(Value());
  Exprs shape = tb.dims(spread);
  shape[*axis] = depth;
  Value hit = tb.comparison<rac::EqualOp>(spread, tb.iota(*axis, shape, i64));
  auto pick = [&](int64_t i) {
    return tb.reshape(tb.sliceAxis(values, 0, tb.constant(i), tb.constant(1)),
                      {});
  };
  return n.result(tb.select(hit, pick(1), pick(0)));
}

static LogicalResult importEyeLike(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  if (tb.rank(x) != 2)
    return n.fail("its input must be a matrix");
  Type type = tb.element(x), i64 = tb.b.getI64Type();
  if (n.has("dtype")) {
    auto given = n.typeAttr("dtype", ElementType::Float);
    if (!given)
      return n.unsupported(tb.failure);
    type = *given;
  }
  Exprs dims = tb.dims(x);
  Value row =
      tb.add(tb.iota(0, dims, i64), tb.scalarInt(n.intAttr("k", 0), i64));
  return n.result(
      tb.cast(tb.comparison<rac::EqualOp>(row, tb.iota(1, dims, i64)), type));
}

static LogicalResult importTrilu(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  Type i64 = tb.b.getI64Type();
  if (!x)
    return n.result(x);
  if (tb.rank(x) < 2)
    return n.fail("its input must be a matrix");
  Value k = n.hasInput(1) ? n.input(1) : tb.scalarInt(0, i64);
  if (k && tb.rank(k) == 1)
    k = tb.reshape(k, {});
  Exprs dims = tb.dims(x);
  Exprs matrix(dims.end() - 2, dims.end());
  Value distance = tb.sub(tb.iota(1, matrix, i64), tb.iota(0, matrix, i64));
  Value kept = n.boolAttr("upper", true)
                   ? tb.comparison<rac::LessEqualOp>(k, distance)
                   : tb.comparison<rac::LessEqualOp>(distance, k);
  return n.result(tb.select(kept, x, tb.scalar(0, tb.element(x))));
}

static LogicalResult importTopK(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  auto axis = n.axis(n.intAttr("axis", -1), tb.rank(x));
  if (!x || !axis)
    return n.result(Value());
  AffineExpr k;
  if (n.version < 10) {
    k = tb.constant(n.intAttr("k", 0));
  } else {
    auto given = n.indices(1);
    if (!given)
      return n.result(Value());
    if (given->size() != 1)
      return n.fail("its k must be one number");
    k = given->front();
  }
  if (auto known = tb.constantOf(k)) {
    if (*known < 0)
      return n.fail("its k is negative");
    if (auto size = tb.constantOf(tb.dim(x, *axis)); size && *known > *size)
      return n.fail("its k, " + Twine(*known) + ", exceeds the dimension, " +
                    Twine(*size));
  }
  auto [values, indices] = tb.topK(x, k, *axis, n.boolAttr("largest", true));
  if (failed(n.result(0, values)))
    return failure();
  return n.result(1, indices);
}

static LogicalResult importNonZero(NodeImporter &n) {
  Value x = n.input(0);
  if (x && n.tb.rank(x) == 0)
    x = n.tb.unsqueeze(x, {0});
  return n.result(n.tb.nonZero(x));
}

static LogicalResult importCompress(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), condition = n.input(1);
  if (!x || !condition)
    return n.result(Value());
  if (tb.rank(condition) != 1)
    return n.fail("its condition must be a vector");
  std::optional<int64_t> axis = 0;
  if (n.has("axis"))
    axis = n.axis(n.intAttr("axis", 0), tb.rank(x));
  else
    x = tb.reshape(x, {tb.product(tb.dims(x))});
  Value where = tb.places(condition);
  if (!axis || !where)
    return n.result(Value());
  return n.result(tb.gather(x, where, *axis));
}

/// The first lens[b] time steps of each batch backwards, the rest as they are.
static LogicalResult importReverseSequence(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), lens = n.input(1);
  int64_t batch = n.intAttr("batch_axis", 1), time = n.intAttr("time_axis", 0);
  if (!x || !lens)
    return n.result(Value());
  if (tb.rank(x) < 2 || tb.rank(lens) != 1 || batch + time != 1 ||
      (batch != 0 && batch != 1))
    return n.fail("its axes must be 0 and 1, its lengths a vector");
  Type i64 = tb.b.getI64Type();
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < tb.rank(x); ++i)
    if (i != batch)
      others.push_back(i);
  Exprs dims = tb.dims(x);
  Value length = tb.unsqueeze(tb.cast(lens, i64), others);
  Value t = tb.iota(time, dims, i64);
  Value back = tb.sub(tb.sub(length, tb.scalarInt(1, i64)), t);
  Value from = tb.select(tb.comparison<rac::LessOp>(t, length), back, t);
  return n.result(tb.gatherElements(x, from, time));
}

/// Writes `update` into a cache along an axis, each batch from its own position
/// on.
static LogicalResult importTensorScatter(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value cache = n.input(0), update = n.input(1);
  if (!cache || !update)
    return n.result(Value());
  int64_t rank = tb.rank(cache);
  auto axis = n.axis(n.intAttr("axis", -2), rank);
  if (!axis || *axis == 0 || tb.rank(update) != rank)
    return n.fail("its axis must not be the batch, nor its inputs' ranks "
                  "differ");
  // Batch and axis come first; a pair of them is an index.
  SmallVector<int64_t> permutation = {0, *axis}, back(rank);
  for (int64_t i = 1; i < rank; ++i)
    if (i != *axis)
      permutation.push_back(i);
  for (auto [to, from] : llvm::enumerate(permutation))
    back[from] = to;
  cache = tb.transpose(cache, permutation);
  update = tb.transpose(update, permutation);
  if (!cache || !update)
    return n.result(Value());
  Type i64 = tb.b.getI64Type();
  Exprs pairs = {tb.dim(update, 0), tb.dim(update, 1)};
  Value position = tb.iota(1, pairs, i64);
  if (n.hasInput(2)) {
    Value start = tb.cast(n.input(2), i64);
    if (!start || tb.rank(start) != 1)
      return n.fail("its write indices must be a vector");
    position = tb.add(position, tb.unsqueeze(start, {1}));
  }
  if (n.stringAttr("mode", "linear") == "circular")
    position = tb.binary<rac::ModOp>(position,
                                     tb.fromExprs(tb.dim(cache, 1), {}, i64));
  Value batch = tb.iota(0, pairs, i64);
  if (!position || !batch)
    return n.result(Value());
  Value indices =
      tb.concat({tb.unsqueeze(batch, {2}), tb.unsqueeze(position, {2})}, 2);
  if (!indices)
    return n.result(indices);
  Value result = tb.finish(rac::ScatterNdOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(cache)),
      ScatterKind::replace, cache, indices, update));
  return n.result(tb.transpose(result, back));
}

void rac::onnximport::addIndexingImporters(ImporterTable &table) {
  table.add("Gather", importGather);
  table.add("GatherElements", importGatherElements);
  table.add("GatherND", importGatherNd);
  table.add("Scatter", importScatterElements);
  table.add("ScatterElements", importScatterElements);
  table.add("ScatterND", importScatterNd);
  table.add("OneHot", importOneHot);
  table.add("EyeLike", importEyeLike);
  table.add("Trilu", importTrilu);
  table.add("TopK", importTopK);
  table.add("NonZero", importNonZero);
  table.add("Compress", importCompress);
  table.add("ReverseSequence", importReverseSequence);
  table.add("TensorScatter", importTensorScatter);
}
