//===- PoolImport.cpp - Pools ---------------------------------------------===//

#include "Window.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// Makes room at the high end for the windows that ceil_mode adds, and gives
/// how much of it that is.
static SmallVector<int64_t> roundUp(NodeImporter &n, Value input, Window &w) {
  SmallVector<int64_t> extra(w.kernel.size(), 0);
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    std::optional<int64_t> size = n.tb.constantOf(n.tb.dim(input, i + 2));
    int64_t stride = w.strides[i];
    if (!size) {
      // floor((x + stride - 1) / stride) is ceil(x / stride).
      extra[i] = stride - 1;
      w.high[i] += extra[i];
      continue;
    }
    int64_t room = *size + w.low[i] + w.high[i] - w.reach(i);
    if (room < 0)
      continue;
    int64_t out = (room + stride - 1) / stride + 1;
    // A window that starts in the padding at the end doesn't count.
    if ((out - 1) * stride >= *size + w.low[i])
      --out;
    int64_t high = (out - 1) * stride + w.reach(i) - *size - w.low[i];
    extra[i] = std::max<int64_t>(high - w.high[i], 0);
    w.high[i] = std::max<int64_t>(high, 0);
  }
  return extra;
}

/// The pool of a channels-first input; its result is so too.
static Value buildPool(NodeImporter &n, PoolKind kind, Value input, Window w) {
  TensorBuilder &tb = n.tb;
  if (!input)
    return {};
  int64_t rank = tb.rank(input);
  SmallVector<int64_t> extra(w.kernel.size(), 0);
  if (n.boolAttr("ceil_mode") && w.dynamicLow.empty())
    extra = roundUp(n, input, w);
  Value x = tb.transpose(input, toChannelsLast(rank));
  if (!w.dynamicLow.empty()) {
    if (kind == PoolKind::average)
      return tb.fail("auto_pad for an average of an input of dynamic size is "
                     "not supported");
    Exprs low = w.dynamicLow, high = w.dynamicHigh;
    for (Exprs *pads : {&low, &high}) {
      pads->insert(pads->begin(), tb.constant(0));
      pads->push_back(tb.constant(0));
    }
    bool isMax = kind == PoolKind::max;
    Value fill = tb.scalar(0, tb.element(x));
    if (isMax)
      fill = tb.lowest(tb.element(x));
    x = tb.pad(PadMode::constant, x, fill, low, high);
  }
  if (!x)
    return {};
  Value y = tb.finish(rac::PoolOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), kind, x, w.kernel,
      w.strides, w.dilations, w.low, w.high, extra));
  return tb.transpose(y, toChannelsFirst(rank));
}

static LogicalResult importMaxPool(NodeImporter &n) {
  if (n.hasOutput(1))
    return n.unsupported("its Indices output is not supported");
  Value x = n.input(0);
  auto w = readWindow(n, x, {});
  if (!w)
    return n.result(Value());
  return n.result(buildPool(n, PoolKind::max, x, *w));
}

static LogicalResult importAveragePool(NodeImporter &n) {
  Value x = n.input(0);
  auto w = readWindow(n, x, {});
  if (!w)
    return n.result(Value());
  PoolKind kind = n.boolAttr("count_include_pad")
                      ? PoolKind::average_with_padding
                      : PoolKind::average;
  return n.result(buildPool(n, kind, x, *w));
}

/// (sum of |x|^p over the window)^(1/p): an average times the window's size.
static LogicalResult importLpPool(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  auto w = readWindow(n, x, {});
  if (!w)
    return n.result(Value());
  Type type = tb.element(x);
  double p = n.intAttr("p", 2);
  double size = 1;
  for (int64_t k : w->kernel)
    size *= k;
  Value powers = tb.unary<rac::AbsOp>(x);
  powers = p == 2 ? tb.mul(powers, powers)
                  : tb.binary<rac::PowOp>(powers, tb.scalar(p, type));
  // Padding is zero, so it may as well count; what ceil_mode adds as well, as
  // padding proper.
  Value mean;
  if (powers && n.boolAttr("ceil_mode") && w->dynamicLow.empty()) {
    roundUp(n, x, *w);
    mean = tb.finish(rac::PoolOp::create(
        tb.b, tb.loc, TensorBuilder::shapeless(type),
        PoolKind::average_with_padding,
        tb.transpose(powers, toChannelsLast(tb.rank(x))), w->kernel, w->strides,
        w->dilations, w->low, w->high,
        SmallVector<int64_t>(w->kernel.size(), 0)));
    mean = tb.transpose(mean, toChannelsFirst(tb.rank(x)));
  } else {
    mean = buildPool(n, PoolKind::average_with_padding, powers, *w);
  }
  Value sum = tb.mul(mean, tb.scalar(size, type));
  return n.result(p == 2 ? tb.unary<rac::SqrtOp>(sum)
                         : tb.binary<rac::PowOp>(sum, tb.scalar(1 / p, type)));
}

static std::optional<SmallVector<int64_t>> spatialAxes(NodeImporter &n,
                                                       Value x) {
  if (!x || TensorBuilder::rank(x) < 2) {
    n.tb.fail("its input needs a batch and a channel dimension");
    return std::nullopt;
  }
  return llvm::to_vector(llvm::seq<int64_t>(2, TensorBuilder::rank(x)));
}

template <ReduceKind kind> static LogicalResult globalPool(NodeImporter &n) {
  Value x = n.input(0);
  auto axes = spatialAxes(n, x);
  if (!axes)
    return n.result(Value());
  return n.result(n.tb.reduce(kind, x, *axes, /*keepDims=*/true));
}

static LogicalResult importGlobalLpPool(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  auto axes = spatialAxes(n, x);
  if (!axes)
    return n.result(Value());
  Value p = tb.scalar(n.intAttr("p", 2), tb.element(x));
  Value powers = tb.binary<rac::PowOp>(tb.unary<rac::AbsOp>(x), p);
  Value sum = tb.reduce(ReduceKind::sum, powers, *axes, /*keepDims=*/true);
  return n.result(tb.binary<rac::PowOp>(sum, tb.unary<rac::ReciprocalOp>(p)));
}

/// Puts each element back where its maximum was found, among zeros.
static LogicalResult importMaxUnpool(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), indices = n.input(1);
  auto w = readWindow(n, x, {});
  if (!w || !indices)
    return n.result(Value());
  Exprs dims = tb.dims(x), shape = {dims[0], dims[1]};
  for (size_t i = 0; i < w->kernel.size(); ++i)
    shape.push_back(tb.add(
        tb.mul(tb.sub(dims[i + 2], tb.constant(1)), tb.constant(w->strides[i])),
        tb.constant(w->kernel[i] - w->low[i] - w->high[i])));
  // The indices count in the tensor as it was before the pool.
  Exprs wanted = shape;
  if (n.hasInput(2)) {
    auto given = n.indices(2);
    if (!given)
      return n.result(Value());
    if (given->size() != shape.size())
      return n.fail("its output shape has the wrong rank");
    wanted = *given;
  }
  AffineExpr count = tb.product(dims);
  Value zero = tb.scalar(0, tb.element(x));
  Value zeros = tb.full(zero, {tb.product(shape)});
  Value flat = tb.reshape(x, {count}), where = tb.reshape(indices, {count});
  if (!zeros || !flat || !where)
    return n.result(Value());
  Value y = tb.finish(rac::ScatterElementsOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)),
      ScatterKind::replace, zeros, where, flat, /*axis=*/0));
  // A larger result has more zeros at the ends.
  Exprs low(shape.size(), tb.constant(0)), high;
  for (auto [want, size] : llvm::zip_equal(wanted, shape)) {
    high.push_back(tb.sub(want, size));
    if (auto known = tb.constantOf(high.back()); known && *known < 0)
      return n.fail("its output shape is smaller than what it puts there");
  }
  return n.result(
      tb.pad(PadMode::constant, tb.reshape(y, shape), zero, low, high));
}

void rac::onnximport::addPoolImporters(ImporterTable &table) {
  table.add("MaxPool", importMaxPool);
  table.add("AveragePool", importAveragePool);
  table.add("LpPool", importLpPool);
  table.add("GlobalAveragePool", globalPool<ReduceKind::mean>);
  table.add("GlobalMaxPool", globalPool<ReduceKind::max>);
  table.add("GlobalLpPool", importGlobalLpPool);
  table.refuse("MaxRoiPool", "regions of interest are not supported");
  table.add("MaxUnpool", importMaxUnpool);
  table.refuse("RoiAlign", "regions of interest are not supported");
}
