//===- ActivationImport.cpp - Activation functions ------------------------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

template <typename OpT, int tenThousandths>
static LogicalResult withAlpha(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  double alpha = n.floatAttr("alpha", tenThousandths / 10000.0);
  return n.result(n.tb.finish(OpT::create(
      n.tb.b, n.tb.loc, TensorBuilder::shapeless(TensorBuilder::element(x)), x,
      llvm::APFloat(alpha))));
}

static LogicalResult importHardSigmoid(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  return n.result(n.tb.finish(rac::HardSigmoidOp::create(
      n.tb.b, n.tb.loc, TensorBuilder::shapeless(TensorBuilder::element(x)), x,
      llvm::APFloat(n.floatAttr("alpha", 0.2)),
      llvm::APFloat(n.floatAttr("beta", 0.5)))));
}

static LogicalResult importGelu(NodeImporter &n) {
  if (n.stringAttr("approximate", "none") == "tanh")
    return importUnary<rac::GeluTanhOp>(n);
  return importUnary<rac::GeluOp>(n);
}

static LogicalResult importSwish(NodeImporter &n) {
  double alpha = n.floatAttr("alpha", 1);
  if (alpha == 1)
    return importUnary<rac::SiluOp>(n);
  Value x = n.input(0);
  Value gate = n.tb.unary<rac::SigmoidOp>(
      n.tb.mul(x, n.tb.scalar(alpha, TensorBuilder::element(x))));
  return n.result(n.tb.mul(x, gate));
}

static LogicalResult importMish(NodeImporter &n) {
  Value x = n.input(0);
  Value gate = n.tb.unary<rac::TanhOp>(n.tb.unary<rac::SoftplusOp>(x));
  return n.result(n.tb.mul(x, gate));
}

static LogicalResult importSoftsign(NodeImporter &n) {
  Value x = n.input(0);
  Value one = n.tb.scalar(1, TensorBuilder::element(x));
  return n.result(n.tb.div(x, n.tb.add(one, n.tb.unary<rac::AbsOp>(x))));
}

static LogicalResult importSelu(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  double alpha = n.floatAttr("alpha", 1.67326319217681884765625);
  double gamma = n.floatAttr("gamma", 1.05070102214813232421875);
  Value elu = n.tb.finish(rac::EluOp::create(
      n.tb.b, n.tb.loc, TensorBuilder::shapeless(TensorBuilder::element(x)), x,
      llvm::APFloat(alpha)));
  return n.result(n.tb.mul(elu, n.tb.scalar(gamma, TensorBuilder::element(x))));
}

/// alpha * (exp(x / alpha) - 1) where x is negative.
static LogicalResult importCelu(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  Type type = TensorBuilder::element(x);
  double alpha = n.floatAttr("alpha", 1);
  Value scaled = n.tb.div(x, n.tb.scalar(alpha, type));
  if (!scaled)
    return n.result(scaled);
  Value elu = n.tb.finish(rac::EluOp::create(n.tb.b, n.tb.loc,
                                             TensorBuilder::shapeless(type),
                                             scaled, llvm::APFloat(1.0)));
  return n.result(n.tb.mul(elu, n.tb.scalar(alpha, type)));
}

static LogicalResult importThresholdedRelu(NodeImporter &n) {
  Value x = n.input(0);
  Type type = TensorBuilder::element(x);
  Value alpha = n.tb.scalar(n.floatAttr("alpha", 1), type);
  Value above = n.tb.comparison<rac::LessOp>(alpha, x);
  return n.result(n.tb.select(above, x, n.tb.scalar(0, type)));
}

/// x - bias above lambd, x + bias below -lambd, else 0.
static LogicalResult importShrink(NodeImporter &n) {
  Value x = n.input(0);
  Type type = TensorBuilder::element(x);
  double lambd = n.floatAttr("lambd", 0.5);
  Value bias = n.tb.scalar(n.floatAttr("bias", 0), type);
  Value above = n.tb.comparison<rac::LessOp>(n.tb.scalar(lambd, type), x);
  Value below = n.tb.comparison<rac::LessOp>(x, n.tb.scalar(-lambd, type));
  Value rest = n.tb.select(below, n.tb.add(x, bias), n.tb.scalar(0, type));
  return n.result(n.tb.select(above, n.tb.sub(x, bias), rest));
}

static LogicalResult importPRelu(NodeImporter &n) {
  Value x = n.input(0), slope = n.input(1);
  if (!x || !slope)
    return n.result(Value());
  // Old models give one slope per channel, which broadcasting would put last.
  int64_t rank = TensorBuilder::rank(x);
  if (rank > 2 && TensorBuilder::rank(slope) == 1 &&
      n.tb.constantOf(n.tb.dim(slope, 0)) != 1 &&
      n.tb.dim(slope, 0) == n.tb.dim(x, 1) &&
      n.tb.dim(slope, 0) != n.tb.dim(x, rank - 1)) {
    Exprs shape(rank - 1, n.tb.constant(1));
    shape[0] = n.tb.dim(slope, 0);
    slope = n.tb.reshape(slope, shape);
  }
  Value negative = n.tb.comparison<rac::LessOp>(
      x, n.tb.scalar(0, TensorBuilder::element(x)));
  return n.result(n.tb.select(negative, n.tb.mul(x, slope), x));
}

static LogicalResult importClip(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  Type type = TensorBuilder::element(x);
  Value low, high;
  if (n.version < 11) {
    if (n.has("min"))
      low = n.tb.scalar(n.floatAttr("min", 0), type);
    if (n.has("max"))
      high = n.tb.scalar(n.floatAttr("max", 0), type);
  } else {
    for (size_t i : {1, 2}) {
      if (!n.hasInput(i))
        continue;
      Value bound = n.input(i);
      // Some exporters write a vector of one.
      if (bound && TensorBuilder::rank(bound) == 1 &&
          n.tb.constantOf(n.tb.dim(bound, 0)) == 1)
        bound = n.tb.reshape(bound, {});
      if (!bound || TensorBuilder::rank(bound) != 0)
        return n.fail("its bounds must be scalars");
      (i == 1 ? low : high) = bound;
    }
  }
  if (low && high)
    return n.result(n.tb.clip(x, low, high));
  if (low)
    x = n.tb.max(x, low);
  if (high)
    x = n.tb.min(x, high);
  return n.result(x);
}

void rac::onnximport::addActivationImporters(ImporterTable &table) {
  table.add("Relu", importUnary<rac::ReluOp>);
  table.add("Sigmoid", importUnary<rac::SigmoidOp>);
  table.add("Softplus", importUnary<rac::SoftplusOp>);
  table.add("Softsign", importSoftsign);
  table.add("HardSwish", importUnary<rac::HardSwishOp>);
  table.add("HardSigmoid", importHardSigmoid);
  table.add("Gelu", importGelu);
  table.add("Swish", importSwish);
  table.add("Mish", importMish);
  table.add("LeakyRelu", withAlpha<rac::LeakyReluOp, 100>);
  table.add("Elu", withAlpha<rac::EluOp, 10000>);
  table.add("Selu", importSelu);
  table.add("Celu", importCelu);
  table.add("ThresholdedRelu", importThresholdedRelu);
  table.add("Shrink", importShrink);
  table.add("PRelu", importPRelu);
  table.add("Clip", importClip);
}
