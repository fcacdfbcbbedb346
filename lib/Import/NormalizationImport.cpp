//===- NormalizationImport.cpp - Normalisations ---------------------------===//

#include "GraphImporter.h"
#include <cmath>

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// Gives a vector along the channels the shape that broadcasts to `rank`
/// dimensions, channels second.
static Value alongChannels(TensorBuilder &tb, Value vector, int64_t rank) {
  if (!vector)
    return {};
  if (tb.rank(vector) != 1)
    return tb.fail("its scale, bias, mean and variance must be vectors");
  Exprs shape(rank - 1, tb.constant(1));
  shape[0] = tb.dim(vector, 0);
  return tb.reshape(vector, shape);
}

/// Where all four are constants: one product and one sum.
static Value foldedBatchNorm(NodeImporter &n, Value x, double epsilon) {
  TensorBuilder &tb = n.tb;
  auto scale = n.constFloats(1), bias = n.constFloats(2);
  auto mean = n.constFloats(3), variance = n.constFloats(4);
  if (!scale || !bias || !mean || !variance)
    return {};
  size_t channels = scale->size();
  if (bias->size() != channels || mean->size() != channels ||
      variance->size() != channels)
    return {};
  std::vector<double> factor, shift;
  for (size_t c = 0; c < channels; ++c) {
    factor.push_back((*scale)[c] / std::sqrt((*variance)[c] + epsilon));
    shift.push_back((*bias)[c] - (*mean)[c] * factor[c]);
  }
  SmallVector<int64_t> shape(tb.rank(x) - 1, 1);
  shape[0] = channels;
  Type type = tb.element(x);
  return tb.add(tb.mul(x, tb.floats(factor, shape, type)),
                tb.floats(shift, shape, type));
}

/// In training the batch's own mean and variance count, and the running ones
/// move towards them.
static LogicalResult importTrainingBatchNorm(NodeImporter &n, Value x) {
  TensorBuilder &tb = n.tb;
  Type type = tb.element(x);
  int64_t rank = tb.rank(x);
  SmallVector<int64_t> axes = {0};
  for (int64_t i = 2; i < rank; ++i)
    axes.push_back(i);
  auto average = [&](Value v) {
    return tb.reduce(ReduceKind::mean, v, axes, /*keepDims=*/true);
  };
  Value mean = average(x), centred = tb.sub(x, mean);
  Value variance = average(tb.mul(centred, centred));
  Value epsilon = tb.scalar(n.floatAttr("epsilon", 1e-5), type);
  Value y = tb.div(centred, tb.unary<rac::SqrtOp>(tb.add(variance, epsilon)));
  auto parameter = [&](size_t i) {
    return alongChannels(tb, tb.cast(n.input(i), type), rank);
  };
  y = tb.add(tb.mul(y, parameter(1)), parameter(2));
  if (failed(n.result(0, y)))
    return failure();
  double momentum = n.floatAttr("momentum", 0.9);
  for (size_t i : {1, 2}) {
    if (!n.hasOutput(i))
      continue;
    Value own = i == 1 ? mean : variance, running = n.input(i + 2);
    if (!running || !own)
      return n.result(Value());
    own = tb.cast(tb.reshape(own, {tb.dim(own, 1)}), tb.element(running));
    auto share = [&](Value v, double s) {
      return tb.mul(v, tb.scalar(s, tb.element(running)));
    };
    if (failed(n.result(
            i, tb.add(share(running, momentum), share(own, 1 - momentum)))))
      return failure();
  }
  return success();
}

static LogicalResult importBatchNorm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  if (tb.rank(x) < 2)
    return n.fail("its input needs a batch and a channel dimension");
  if (n.boolAttr("training_mode"))
    return importTrainingBatchNorm(n, x);
  if (n.hasOutput(1))
    return n.unsupported("training is not supported");
  // Before opset 9 each element of a batch may have statistics of its own.
  bool isByChannel = n.boolAttr("spatial", true);
  double epsilon = n.floatAttr("epsilon", 1e-5);
  if (isByChannel) {
    if (Value folded = foldedBatchNorm(n, x, epsilon))
      return n.result(folded);
    if (!tb.failure.empty())
      return n.result(Value());
  }

  // Scale and bias may be of another type than the input.
  Type type = tb.element(x);
  Value scale = tb.cast(n.input(1), type), bias = tb.cast(n.input(2), type);
  Value mean = tb.cast(n.input(3), type), variance = tb.cast(n.input(4), type);
  Value deviation =
      tb.unary<rac::SqrtOp>(tb.add(variance, tb.scalar(epsilon, type)));
  Value factor = tb.div(scale, deviation);
  Value shift = tb.sub(bias, tb.mul(mean, factor));
  if (isByChannel) {
    factor = alongChannels(tb, factor, tb.rank(x));
    shift = alongChannels(tb, shift, tb.rank(x));
  }
  return n.result(tb.add(tb.mul(x, factor), shift));
}

static Value normalize(TensorBuilder &tb, NormalizeKind kind, Value x,
                       Value scale, Value bias, int64_t axis, double epsilon) {
  if (!x || !scale)
    return {};
  return tb.finish(rac::NormalizeOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.element(x)), kind, x, scale,
      bias, axis, llvm::APFloat(epsilon)));
}

/// Normalises groups of channels: as layers of a tensor N x groups x rest.
static Value normalizeGroups(TensorBuilder &tb, Value x, AffineExpr groups,
                             double epsilon) {
  Exprs dims = tb.dims(x);
  AffineExpr rest = tb.product(ArrayRef<AffineExpr>(dims).drop_front(2));
  rest = tb.mul(tb.div(dims[1], groups), rest);
  Value grouped = tb.reshape(x, {dims[0], groups, rest});
  Value one = tb.scalar(1, tb.element(x));
  Value y = normalize(tb, NormalizeKind::layer, grouped,
                      one ? tb.unsqueeze(one, {0}) : one, {}, 2, epsilon);
  return tb.reshape(y, dims);
}

static LogicalResult importInstanceNorm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  int64_t rank = tb.rank(x);
  if (rank < 3)
    return n.fail("its input needs a spatial dimension");
  Value y = normalizeGroups(tb, x, tb.dim(x, 1), n.floatAttr("epsilon", 1e-5));
  y = tb.mul(y, alongChannels(tb, n.input(1), rank));
  return n.result(tb.add(y, alongChannels(tb, n.input(2), rank)));
}

static LogicalResult importGroupNorm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  int64_t rank = tb.rank(x);
  int64_t groups = n.intAttr("num_groups", 0);
  std::optional<int64_t> channels =
      rank < 2 ? std::nullopt : tb.constantOf(tb.dim(x, 1));
  if (groups < 1 || !channels || *channels % groups != 0)
    return n.fail("num_groups must divide its channels");
  // Until opset 21 scale and bias go by groups: the body has it right.
  if (n.version < 21)
    return n.importBody();
  Type type = tb.element(x);
  Value y =
      normalizeGroups(tb, x, tb.constant(groups), n.floatAttr("epsilon", 1e-5));
  y = tb.mul(y, alongChannels(tb, tb.cast(n.input(1), type), rank));
  return n.result(
      tb.add(y, alongChannels(tb, tb.cast(n.input(2), type), rank)));
}

static LogicalResult importLayerNorm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), scale = n.input(1);
  if (!x || !scale)
    return n.result(Value());
  // Mean and deviation are wanted in training only; the body gives them.
  if (n.hasOutput(1) || n.hasOutput(2))
    return n.importBody();
  std::optional<int64_t> axis = n.axis(n.intAttr("axis", -1), tb.rank(x));
  if (!axis)
    return n.result(Value());
  Value bias;
  if (n.hasInput(2) && !(bias = n.input(2)))
    return n.result(Value());
  return n.result(normalize(tb, NormalizeKind::layer, x, scale, bias, *axis,
                            n.floatAttr("epsilon", 1e-5)));
}

static LogicalResult importRmsNorm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), scale = n.input(1);
  if (!x || !scale)
    return n.result(Value());
  std::optional<int64_t> axis = n.axis(n.intAttr("axis", -1), tb.rank(x));
  if (!axis)
    return n.result(Value());
  return n.result(normalize(tb, NormalizeKind::rms, x,
                            tb.cast(scale, tb.element(x)), {}, *axis,
                            n.floatAttr("epsilon", 1e-5)));
}

/// x / (bias + alpha / size * sum of squares over `size` channels)^beta
static LogicalResult importLrn(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  int64_t rank = tb.rank(x), size = n.intAttr("size", 0);
  if (rank < 2 || size < 1 || size > 1 << 20)
    return n.fail("size must be positive and its input needs channels");
  Type type = tb.element(x);
  // The sum over a window of channels is a pool with channels as the spatial
  // dimension: N x (C) x rest is already channels-last for that.
  Exprs dims = tb.dims(x);
  Value squares = tb.mul(x, x);
  Value flat = tb.reshape(
      squares,
      {dims[0], dims[1], tb.product(ArrayRef<AffineExpr>(dims).drop_front(2))});
  if (!flat)
    return n.result(flat);
  int64_t low = (size - 1) / 2, high = size - 1 - low;
  Value mean = tb.finish(rac::PoolOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(type),
      PoolKind::average_with_padding, flat, ArrayRef<int64_t>{size},
      ArrayRef<int64_t>{1}, ArrayRef<int64_t>{1}, ArrayRef<int64_t>{low},
      ArrayRef<int64_t>{high}, ArrayRef<int64_t>{0}));
  Value scaled =
      tb.add(tb.mul(mean, tb.scalar(n.floatAttr("alpha", 1e-4), type)),
             tb.scalar(n.floatAttr("bias", 1), type));
  Value power =
      tb.binary<rac::PowOp>(scaled, tb.scalar(n.floatAttr("beta", 0.75), type));
  return n.result(tb.div(x, tb.reshape(power, dims)));
}

/// Divides by the p-norm along an axis; 0 / 0 is 0.
static LogicalResult importLpNorm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  std::optional<int64_t> axis = n.axis(n.intAttr("axis", -1), tb.rank(x));
  if (!x || !axis)
    return n.result(Value());
  int64_t p = n.intAttr("p", 2);
  if (p != 1 && p != 2)
    return n.fail("p must be 1 or 2");
  Value norm = p == 1 ? tb.unary<rac::AbsOp>(x) : tb.mul(x, x);
  norm = tb.reduce(ReduceKind::sum, norm, *axis, /*keepDims=*/true);
  if (p == 2)
    norm = tb.unary<rac::SqrtOp>(norm);
  Value zero = tb.scalar(0, tb.element(x));
  Value isZero = tb.comparison<rac::EqualOp>(norm, zero);
  return n.result(tb.select(isZero, zero, tb.div(x, norm)));
}

/// Before opset 13 the dimensions from `axis` on are one.
template <int kind> static LogicalResult importSoftmax(NodeImporter &n) {
  constexpr int kSoftmax = 0, kLog = 1;
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  bool flattens = n.version < 13;
  // axis may be the rank where it flattens nothing.
  int64_t given = n.intAttr("axis", flattens ? 1 : -1);
  if (flattens && given == tb.rank(x) && given > 0)
    return n.fail("axis is out of range");
  std::optional<int64_t> axis = n.axis(given, tb.rank(x));
  if (!axis)
    return n.result(Value());
  auto build = [&](Value v, int64_t along) -> Value {
    if (kind == kSoftmax || kind == kLog)
      return tb.softmax(v, along, kind == kLog);
    // Hardmax: 1 at the first largest element.
    if (!v)
      return {};
    Value where = tb.finish(rac::ArgReduceOp::create(
        tb.b, tb.loc, TensorBuilder::shapeless(tb.b.getI64Type()),
        ArgReduceKind::max, v, along, /*keep_dims=*/true, /*last=*/false));
    Value hit = tb.comparison<rac::EqualOp>(
        tb.iota(along, tb.dims(v), tb.b.getI64Type()), where);
    return tb.cast(hit, tb.element(v));
  };
  if (!flattens || *axis == tb.rank(x) - 1)
    return n.result(build(x, *axis));
  Exprs dims = tb.dims(x);
  ArrayRef<AffineExpr> all(dims);
  Value flat = tb.reshape(x, {tb.product(all.take_front(*axis)),
                              tb.product(all.drop_front(*axis))});
  return n.result(tb.reshape(build(flat, 1), dims));
}

void rac::onnximport::addNormalizationImporters(ImporterTable &table) {
  table.add("BatchNormalization", importBatchNorm);
  table.add("InstanceNormalization", importInstanceNorm);
  table.add("GroupNormalization", importGroupNorm);
  table.add("LayerNormalization", importLayerNorm);
  table.add("RMSNormalization", importRmsNorm);
  table.add("LRN", importLrn);
  table.add("LpNormalization", importLpNorm);
  table.add("Softmax", importSoftmax<0>);
  table.add("LogSoftmax", importSoftmax<1>);
  table.add("Hardmax", importSoftmax<2>);
}
