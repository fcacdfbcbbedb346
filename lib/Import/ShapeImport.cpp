//===- ShapeImport.cpp - Shapes, constants, sequences of numbers ----------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

//===----------------------------------------------------------------------===//
// Shapes as values
//===----------------------------------------------------------------------===//

static LogicalResult importShape(NodeImporter &n) {
  std::optional<Exprs> dims = n.dims(0);
  if (!dims)
    return n.result(Value());
  int64_t rank = dims->size();
  auto clamped = [&](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  int64_t start = clamped(n.intAttr("start", 0));
  int64_t end = clamped(n.intAttr("end", rank));
  Exprs part;
  if (start < end)
    part.assign(dims->begin() + start, dims->begin() + end);
  return n.resultExprs(part, /*isScalar=*/false, n.tb.b.getI64Type());
}

static LogicalResult importSize(NodeImporter &n) {
  std::optional<Exprs> dims = n.dims(0);
  if (!dims)
    return n.result(Value());
  return n.resultExprs({n.tb.product(*dims)}, /*isScalar=*/true,
                       n.tb.b.getI64Type());
}

static LogicalResult importConstant(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  const OnnxAttribute *a = n.attr("value");
  if (!a)
    a = n.attr("sparse_value");
  if (a && a->tensor) {
    if (!a->tensor->problem.empty())
      return n.unsupported(a->tensor->problem);
    Entry entry;
    entry.constant = a->tensor.get();
    return n.resultEntry(0, entry);
  }
  if (n.has("value_int"))
    return n.resultExprs({tb.constant(n.intAttr("value_int", 0))},
                         /*isScalar=*/true, tb.b.getI64Type());
  if (n.has("value_ints")) {
    SmallVector<int64_t> values = n.intsAttr("value_ints");
    if (values.size() <= 256)
      return n.resultExprs(tb.constants(values), /*isScalar=*/false,
                           tb.b.getI64Type());
    return n.result(tb.ints(values, {static_cast<int64_t>(values.size())},
                            tb.b.getI64Type()));
  }
  if (n.has("value_float"))
    return n.result(
        tb.scalar(n.floatAttr("value_float", 0), tb.b.getF32Type()));
  if (n.has("value_floats")) {
    std::vector<double> values = n.floatsAttr("value_floats");
    return n.result(tb.floats(values, {static_cast<int64_t>(values.size())},
                              tb.b.getF32Type()));
  }
  return n.unsupported("only tensors of numbers are supported");
}

static LogicalResult importConstantOfShape(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  std::optional<Exprs> shape = n.indices(0);
  if (!shape)
    return n.result(Value());
  Value value = tb.scalar(0, tb.b.getF32Type());
  std::optional<int64_t> whole;
  if (const OnnxAttribute *a = n.attr("value"); a && a->tensor) {
    if (a->tensor->problem.empty() && a->tensor->elements != 1)
      return n.fail("its value must be one element");
    std::string problem;
    Type type = n.g.elementType(a->tensor->element, problem);
    auto floats = type ? floatsOf(*a->tensor, 1) : std::nullopt;
    if (!floats)
      return n.unsupported(problem.empty() ? a->tensor->problem : problem);
    if (auto ints = intsOf(*a->tensor))
      whole = ints->front();
    value =
        whole ? tb.scalarInt(*whole, type) : tb.scalar(floats->front(), type);
  }
  std::optional<int64_t> size =
      shape->size() == 1 ? tb.constantOf(shape->front()) : std::nullopt;
  if (whole && size && *size >= 0 && *size <= 256)
    return n.resultExprs(Exprs(*size, tb.constant(*whole)), /*isScalar=*/false,
                         tb.element(value));
  return n.result(tb.full(value, *shape));
}

static LogicalResult importIdentity(NodeImporter &n) {
  const Entry *entry = n.entry(0);
  if (!entry)
    return n.result(Value());
  return n.resultEntry(0, *entry);
}

/// In inference the input, and a mask of trues, which before opset 10 are ones.
static LogicalResult importDropout(NodeImporter &n) {
  if (n.hasInput(2)) {
    auto training = n.constInts(2);
    if (!training || training->empty() || training->front())
      return n.unsupported("training is not supported");
  }
  if (n.hasOutput(1)) {
    std::optional<Exprs> dims = n.dims(0);
    Type type = n.version < 10 ? n.elementType(0) : n.tb.b.getI1Type();
    Value mask =
        isa<FloatType>(type) ? n.tb.scalar(1, type) : n.tb.scalarInt(1, type);
    if (failed(n.result(1, n.tb.full(mask, *dims))))
      return failure();
  }
  return importIdentity(n);
}

//===----------------------------------------------------------------------===//
// Sequences of numbers
//===----------------------------------------------------------------------===//

static LogicalResult importRange(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Type type = n.elementType(0);
  if (!type || n.elementType(1) != type || n.elementType(2) != type)
    return n.fail("its inputs have different element types");
  Value scalars[3];
  auto in = [&](size_t i) -> Value {
    // Some exporters write vectors of one.
    if (!scalars[i])
      scalars[i] = tb.reshape(n.input(i), {});
    return scalars[i];
  };
  auto start = n.constFloats(0), limit = n.constFloats(1),
       delta = n.constFloats(2);
  for (auto *values : {&start, &limit, &delta})
    if (*values && (*values)->size() != 1)
      return n.fail("its inputs must be scalars");
  if (delta && delta->front() == 0)
    return n.fail("its step is 0");
  if (start && limit && delta) {
    double count =
        std::ceil((limit->front() - start->front()) / delta->front());
    if (!(std::abs(count) < 1e9))
      return n.fail("it gives too many numbers");
    count = std::max(count, 0.0);
    if (count <= 4096) {
      std::vector<double> values;
      for (int64_t i = 0; i < count; ++i)
        values.push_back(start->front() + i * delta->front());
      if (isa<IntegerType>(type) && count <= 256)
        return n.resultExprs(
            tb.constants(SmallVector<int64_t>(values.begin(), values.end())),
            /*isScalar=*/false, type);
      return n.result(
          tb.floats(values, {static_cast<int64_t>(values.size())}, type));
    }
  }
  // How many: ceil((limit - start) / delta), and none where that is negative.
  auto first = n.elements(0), last = n.elements(1), step = n.elements(2);
  AffineExpr count;
  if (first && last && step && tb.constantOf(step->front())) {
    int64_t by = *tb.constantOf(step->front());
    AffineExpr span = by > 0 ? tb.sub(last->front(), first->front())
                             : tb.sub(first->front(), last->front());
    count = tb.max(tb.ceilDiv(span, std::abs(by)), tb.constant(0));
  } else {
    // The span is one of floats' type, the quotient in double precision: as
    // onnxruntime has it, so that as many numbers come.
    Type wide = tb.b.getF64Type();
    Value span = isa<FloatType>(type)
                     ? tb.sub(in(1), in(0))
                     : tb.sub(tb.cast(in(1), wide), tb.cast(in(0), wide));
    Value quotient = tb.div(tb.cast(span, wide), tb.cast(in(2), wide));
    count = tb.countUpTo(tb.number(tb.unary<rac::CeilOp>(quotient), {}),
                         "range: its step is 0, or it gives too many numbers");
  }
  if (!count)
    return n.result(Value());
  // Integers count in 64 bits, as they may be of a type that iota doesn't have.
  Value i = tb.cast(tb.iota(0, {count}, tb.b.getI64Type()), type);
  if (delta != std::vector<double>{1})
    i = tb.mul(i, in(2));
  if (start != std::vector<double>{0})
    i = tb.add(i, in(0));
  return n.result(i);
}

void rac::onnximport::addShapeImporters(ImporterTable &table) {
  table.add("Shape", importShape);
  table.add("Size", importSize);
  table.add("Constant", importConstant);
  table.add("ConstantOfShape", importConstantOfShape);
  table.add("Identity", importIdentity);
  table.add("Dropout", importDropout);
  table.add("Range", importRange);
}
