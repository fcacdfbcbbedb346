//===- ReductionImport.cpp - Ops that fold dimensions ---------------------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

namespace {
struct Reduced {
  Value input;
  SmallVector<int64_t> axes;
  bool keepDims;
};
} // namespace

/// Axes are an attribute or, later, an input; none are all, or with
/// noop_with_empty_axes none.
static std::optional<Reduced> readReduction(NodeImporter &n) {
  Reduced r;
  r.input = n.input(0);
  if (!r.input)
    return std::nullopt;
  r.keepDims = n.boolAttr("keepdims", true);
  int64_t rank = TensorBuilder::rank(r.input);
  SmallVector<int64_t> given = n.intsAttr("axes");
  if (n.hasInput(1)) {
    auto known = n.constInts(1);
    if (!known) {
      // Even unknown axes are all of them if there are as many.
      Value axes = n.input(1);
      if (axes && TensorBuilder::rank(axes) == 1 &&
          n.tb.constantOf(n.tb.dim(axes, 0)) == 0) {
        known.emplace();
      } else {
        n.tb.fail("axes known only to the run are not supported");
        return std::nullopt;
      }
    }
    given = *known;
  }
  if (given.empty() && !n.boolAttr("noop_with_empty_axes"))
    r.axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  else if (auto axes = n.axes(given, rank))
    r.axes = *axes;
  else
    return std::nullopt;
  return r;
}

static LogicalResult notReduced(NodeImporter &n) {
  if (StringRef(n.tb.failure).contains("not supported"))
    return n.unsupported(n.tb.failure);
  return n.result(Value());
}

/// reduce(before(x)), then `after`.
static LogicalResult reduction(NodeImporter &n, ReduceKind kind,
                               llvm::function_ref<Value(Value)> before = {},
                               llvm::function_ref<Value(Value)> after = {}) {
  std::optional<Reduced> r = readReduction(n);
  if (!r)
    return notReduced(n);
  Value x = before ? before(r->input) : r->input;
  Value y = n.tb.reduce(kind, x, r->axes, r->keepDims);
  return n.result(after ? after(y) : y);
}

static LogicalResult importSum(NodeImporter &n) {
  return reduction(n, ReduceKind::sum);
}
static LogicalResult importMean(NodeImporter &n) {
  return reduction(n, ReduceKind::mean);
}
static LogicalResult importProd(NodeImporter &n) {
  // The number of elements of a known shape.
  if (auto known = n.elements(0); known && n.rank(0) == 1) {
    auto axes = n.constInts(1);
    SmallVector<int64_t> given = axes ? *axes : n.intsAttr("axes");
    bool all = given.empty()
                   ? !n.boolAttr("noop_with_empty_axes")
                   : given.size() == 1 && (given[0] == 0 || given[0] == -1);
    AffineExpr product = n.tb.product(*known);
    if (all && product && (!n.hasInput(1) || axes))
      return n.resultExprs({product}, !n.boolAttr("keepdims", true),
                           n.elementType(0));
  }
  return reduction(n, ReduceKind::prod);
}

/// Of bools, the largest is or, the smallest is and; rac reduces numbers.
template <ReduceKind kind> static LogicalResult importExtreme(NodeImporter &n) {
  Type type = n.elementType(0);
  if (type && type.isInteger(1))
    return reduction(
        n, kind, [&](Value x) { return n.tb.cast(x, n.tb.b.getI8Type()); },
        [&](Value y) { return n.tb.cast(y, type); });
  return reduction(n, kind);
}

static LogicalResult importL1(NodeImporter &n) {
  return reduction(n, ReduceKind::sum,
                   [&](Value x) { return n.tb.unary<rac::AbsOp>(x); });
}

static LogicalResult importL2(NodeImporter &n) {
  Type type = n.elementType(0);
  bool isFloat = isa_and_nonnull<FloatType>(type);
  return reduction(
      n, ReduceKind::sum, [&](Value x) { return n.tb.mul(x, x); },
      [&](Value y) {
        if (isFloat)
          return n.tb.unary<rac::SqrtOp>(y);
        return n.tb.cast(
            n.tb.unary<rac::SqrtOp>(n.tb.cast(y, n.tb.b.getF64Type())), type);
      });
}

static LogicalResult importSumSquare(NodeImporter &n) {
  return reduction(n, ReduceKind::sum, [&](Value x) { return n.tb.mul(x, x); });
}

/// Integers are logarithmised as floats.
static Value logOf(TensorBuilder &tb, Value x) {
  Type type = tb.element(x);
  if (isa_and_nonnull<IntegerType>(type))
    return tb.cast(tb.unary<rac::LogOp>(tb.cast(x, tb.b.getF64Type())), type);
  return tb.unary<rac::LogOp>(x);
}

static LogicalResult importLogSum(NodeImporter &n) {
  return reduction(n, ReduceKind::sum, {},
                   [&](Value y) { return logOf(n.tb, y); });
}

/// max + log(sum(exp(x - max))), which doesn't overflow.
static LogicalResult importLogSumExp(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  std::optional<Reduced> r = readReduction(n);
  if (!r)
    return notReduced(n);
  Type type = tb.element(r->input);
  Value x = r->input;
  if (isa<IntegerType>(type))
    x = tb.cast(x, tb.b.getF64Type());
  Value largest = tb.reduce(ReduceKind::max, x, r->axes, /*keepDims=*/true);
  // Infinities less themselves are NaN; of them the largest is the answer.
  Value zero = tb.scalar(0, tb.element(x));
  Value shift = tb.select(tb.test<rac::IsInfOp>(largest), zero, largest);
  Value sum = tb.reduce(ReduceKind::sum, tb.unary<rac::ExpOp>(tb.sub(x, shift)),
                        r->axes,
                        /*keepDims=*/true);
  Value y = tb.add(tb.unary<rac::LogOp>(sum), shift);
  if (!r->keepDims)
    y = tb.squeeze(y, r->axes);
  return n.result(tb.cast(y, type));
}

template <ArgReduceKind kind> static LogicalResult argReduce(NodeImporter &n) {
  Value x = n.input(0);
  std::optional<int64_t> axis =
      n.axis(n.intAttr("axis", 0), TensorBuilder::rank(x));
  if (!x || !axis)
    return n.result(Value());
  return n.result(n.tb.finish(rac::ArgReduceOp::create(
      n.tb.b, n.tb.loc, TensorBuilder::shapeless(n.tb.b.getI64Type()), kind, x,
      *axis, n.boolAttr("keepdims", true), n.boolAttr("select_last_index"))));
}

template <ScanKind kind> static LogicalResult scan(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  auto given = n.constInts(1);
  if (!given || given->size() != 1)
    return n.unsupported("an axis known only to the run is not supported");
  std::optional<int64_t> axis = n.axis(given->front(), TensorBuilder::rank(x));
  if (!axis)
    return n.result(Value());
  return n.result(n.tb.finish(
      rac::ScanOp::create(n.tb.b, n.tb.loc, x.getType(), kind, x, *axis,
                          n.boolAttr("exclusive"), n.boolAttr("reverse"))));
}

void rac::onnximport::addReductionImporters(ImporterTable &table) {
  table.add("ReduceSum", importSum);
  table.add("ReduceMean", importMean);
  table.add("ReduceProd", importProd);
  table.add("ReduceMax", importExtreme<ReduceKind::max>);
  table.add("ReduceMin", importExtreme<ReduceKind::min>);
  table.add("ReduceL1", importL1);
  table.add("ReduceL2", importL2);
  table.add("ReduceSumSquare", importSumSquare);
  table.add("ReduceLogSum", importLogSum);
  table.add("ReduceLogSumExp", importLogSumExp);
  table.add("ArgMax", argReduce<ArgReduceKind::max>);
  table.add("ArgMin", argReduce<ArgReduceKind::min>);
  table.add("CumSum", scan<ScanKind::sum>);
  table.add("CumProd", scan<ScanKind::prod>);
}
