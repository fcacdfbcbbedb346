//===- ElementwiseImport.cpp - One element in, one element out ------------===//

#include "GraphImporter.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

//===----------------------------------------------------------------------===//
// Shape arithmetic: small integers are computed as index expressions
//===----------------------------------------------------------------------===//

using Combine = llvm::function_ref<AffineExpr(ArrayRef<AffineExpr>)>;

/// The result's elements where all inputs' elements are known.
static std::optional<Exprs> combineElements(NodeImporter &n, Combine combine,
                                            bool &isScalar) {
  SmallVector<Exprs> inputs;
  bool any = false;
  for (size_t i = 0; i < n.numInputs(); ++i) {
    const Entry *entry = n.entry(i);
    if (!entry || entry->value)
      return std::nullopt;
    any |= entry->elements.has_value();
  }
  isScalar = true;
  size_t size = 1;
  for (size_t i = 0; i < n.numInputs(); ++i) {
    std::optional<Exprs> known = any ? n.numbers(i) : n.elements(i);
    if (!known)
      return std::nullopt;
    if (n.rank(i) == 1) {
      isScalar = false;
      if (size == 1)
        size = known->size();
      else if (known->size() != 1 && known->size() != size)
        return std::nullopt;
    }
    inputs.push_back(std::move(*known));
  }
  Exprs result;
  for (size_t k = 0; k < size; ++k) {
    Exprs operands;
    for (const Exprs &input : inputs)
      operands.push_back(input[input.size() == 1 ? 0 : k]);
    AffineExpr element = combine(operands);
    if (!element)
      return std::nullopt;
    result.push_back(element);
  }
  return result;
}

/// Imports by `combine` where all elements are known, else by `build`.
static LogicalResult combineOr(NodeImporter &n, Combine combine, Type type,
                               llvm::function_ref<Value()> build) {
  bool isScalar = false;
  if (auto exprs = combineElements(n, combine, isScalar))
    return n.resultExprs(*exprs, isScalar, type);
  return n.result(build());
}

using ExprFunction = AffineExpr (TensorBuilder::*)(AffineExpr, AffineExpr);

template <typename OpT, ExprFunction combine, bool exactOnFloats = true>
static LogicalResult arithmetic(NodeImporter &n) {
  Type type = n.elementType(0);
  if (n.elementType(1) != type)
    return n.fail("its inputs have different element types");
  auto elements = [&](ArrayRef<AffineExpr> x) {
    return exactOnFloats || isa_and_nonnull<IntegerType>(type)
               ? (n.tb.*combine)(x[0], x[1])
               : AffineExpr();
  };
  return combineOr(n, elements, type,
                   [&] { return n.tb.binary<OpT>(n.input(0), n.input(1)); });
}

template <typename OpT, arith::CmpIPredicate predicate, bool swap = false>
static LogicalResult comparison(NodeImporter &n) {
  auto elements = [&](ArrayRef<AffineExpr> x) {
    return n.tb.compare(predicate, x[0], x[1]);
  };
  return combineOr(n, elements, n.tb.b.getI1Type(), [&] {
    return swap ? n.tb.comparison<OpT>(n.input(1), n.input(0))
                : n.tb.comparison<OpT>(n.input(0), n.input(1));
  });
}

/// Of two or more inputs.
template <typename OpT, ExprFunction combine>
static LogicalResult variadic(NodeImporter &n) {
  Type type = n.elementType(0);
  auto elements = [&](ArrayRef<AffineExpr> x) {
    AffineExpr result = x[0];
    for (AffineExpr other : x.drop_front())
      result = result ? (n.tb.*combine)(result, other) : result;
    return result;
  };
  return combineOr(n, elements, type, [&] {
    Value result = n.input(0);
    for (size_t i = 1; i < n.numInputs(); ++i)
      result = n.tb.binary<OpT>(result, n.input(i));
    return result;
  });
}

static LogicalResult importMean(NodeImporter &n) {
  Value sum = n.input(0);
  for (size_t i = 1; i < n.numInputs(); ++i)
    sum = n.tb.add(sum, n.input(i));
  Value count = n.tb.scalar(n.numInputs(), TensorBuilder::element(sum));
  return n.result(n.tb.div(sum, count));
}

static LogicalResult importWhere(NodeImporter &n) {
  auto elements = [&](ArrayRef<AffineExpr> x) {
    return n.tb.select(x[0], x[1], x[2]);
  };
  return combineOr(n, elements, n.elementType(1), [&] {
    return n.tb.select(n.input(0), n.input(1), n.input(2));
  });
}

static LogicalResult importNeg(NodeImporter &n) {
  auto elements = [&](ArrayRef<AffineExpr> x) {
    return n.tb.mul(x[0], n.tb.constant(-1));
  };
  return combineOr(n, elements, n.elementType(0),
                   [&] { return n.tb.unary<rac::NegOp>(n.input(0)); });
}

/// Ops that leave whole numbers as they are.
template <typename OpT> static LogicalResult rounding(NodeImporter &n) {
  auto elements = [&](ArrayRef<AffineExpr> x) { return x[0]; };
  return combineOr(n, elements, n.elementType(0),
                   [&] { return n.tb.unary<OpT>(n.input(0)); });
}

static LogicalResult importNot(NodeImporter &n) {
  auto elements = [&](ArrayRef<AffineExpr> x) {
    return n.tb.compare(arith::CmpIPredicate::eq, x[0], n.tb.constant(0));
  };
  return combineOr(n, elements, n.elementType(0),
                   [&] { return n.tb.unary<rac::NotOp>(n.input(0)); });
}

static LogicalResult importMod(NodeImporter &n) {
  if (n.boolAttr("fmod"))
    return n.result(n.tb.binary<rac::RemOp>(n.input(0), n.input(1)));
  return arithmetic<rac::ModOp, &TensorBuilder::mod, false>(n);
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

static LogicalResult castTo(NodeImporter &n, Type to) {
  if (!to)
    return n.fail("the type to cast to is not known");
  std::optional<Entry> known = n.known(0);
  // Sizes fit 32 bits and are exact as floats: exporters cast them to and fro.
  bool holdsSizes =
      to.isInteger(64) || to.isInteger(32) || to.isF32() || to.isF64();
  if (known && to.isInteger(1)) {
    for (AffineExpr &e : *known->elements)
      e = n.tb.compare(arith::CmpIPredicate::ne, e, n.tb.constant(0));
    return n.resultKnown(*known->elements, known->shape, to);
  }
  if (known && holdsSizes)
    return n.resultKnown(*known->elements, known->shape, to);
  return n.result(n.tb.cast(n.input(0), to));
}

static LogicalResult importCast(NodeImporter &n) {
  std::optional<Type> to = n.typeAttr("to", ElementType::Undefined);
  if (!to)
    return n.unsupported(n.tb.failure);
  return castTo(n, *to);
}

static LogicalResult importCastLike(NodeImporter &n) {
  return castTo(n, n.elementType(1));
}

static LogicalResult importBitCast(NodeImporter &n) {
  std::optional<Type> to = n.typeAttr("to", ElementType::Undefined);
  if (!to)
    return n.unsupported(n.tb.failure);
  // A bool is a byte to ONNX.
  if (to->isInteger(1) || (n.elementType(0) && n.elementType(0).isInteger(1)))
    return n.result(n.tb.cast(n.input(0), *to));
  return n.result(n.tb.bitcast(n.input(0), *to));
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

template <typename OpT> static LogicalResult unary(NodeImporter &n) {
  return n.result(n.tb.unary<OpT>(n.input(0)));
}

template <typename OpT> static LogicalResult binary(NodeImporter &n) {
  return n.result(n.tb.binary<OpT>(n.input(0), n.input(1)));
}

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
    return unary<rac::GeluTanhOp>(n);
  return unary<rac::GeluOp>(n);
}

static LogicalResult importSwish(NodeImporter &n) {
  double alpha = n.floatAttr("alpha", 1);
  if (alpha == 1)
    return unary<rac::SiluOp>(n);
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

/// ONNX's base may be of another type than its exponent; the result has the
/// base's.
static LogicalResult importPow(NodeImporter &n) {
  Value x = n.input(0), y = n.input(1);
  if (!x || !y)
    return n.result(Value());
  Type type = TensorBuilder::element(x);
  // Powers that cost a multiplication instead of a logarithm.
  if (auto power = n.constFloats(1);
      power && power->size() == 1 && isa<FloatType>(type) &&
      TensorBuilder::rank(y) <= TensorBuilder::rank(x)) {
    double p = power->front();
    if (p == 1)
      return n.result(x);
    if (p == 2)
      return n.result(n.tb.mul(x, x));
    if (p == 3)
      return n.result(n.tb.mul(n.tb.mul(x, x), x));
    if (p == 0.5)
      return n.result(n.tb.unary<rac::SqrtOp>(x));
    if (p == -1)
      return n.result(n.tb.unary<rac::ReciprocalOp>(x));
  }
  if (isa<IntegerType>(type) && isa<FloatType>(TensorBuilder::element(y))) {
    Type wide = TensorBuilder::element(y);
    return n.result(
        n.tb.cast(n.tb.binary<rac::PowOp>(n.tb.cast(x, wide), y), type));
  }
  return n.result(n.tb.binary<rac::PowOp>(x, n.tb.cast(y, type)));
}

static LogicalResult importBitShift(NodeImporter &n) {
  StringRef direction = n.stringAttr("direction", "");
  if (direction == "LEFT")
    return binary<rac::ShiftLeftOp>(n);
  if (direction == "RIGHT") {
    Type type = n.elementType(0);
    if (!type || type.isUnsignedInteger())
      return binary<rac::ShiftRightOp>(n);
    // rac fills with zeros: a negative number's complement is shifted.
    TensorBuilder &tb = n.tb;
    Value x = n.input(0), by = n.input(1);
    auto shift = [&](Value v) { return tb.binary<rac::ShiftRightOp>(v, by); };
    Value negative = tb.comparison<rac::LessOp>(x, tb.scalar(0, type));
    Value filled = tb.unary<rac::NotOp>(shift(tb.unary<rac::NotOp>(x)));
    return n.result(tb.select(negative, filled, shift(x)));
  }
  return n.fail("direction must be LEFT or RIGHT");
}

static LogicalResult importIsInf(NodeImporter &n) {
  bool positive = n.boolAttr("detect_positive", true);
  bool negative = n.boolAttr("detect_negative", true);
  Value x = n.input(0);
  Value isInf = n.tb.test<rac::IsInfOp>(x);
  if (positive && negative)
    return n.result(isInf);
  Value zero = n.tb.scalar(0, TensorBuilder::element(x));
  if (!positive)
    isInf =
        n.tb.binary<rac::AndOp>(isInf, n.tb.comparison<rac::LessOp>(x, zero));
  if (!negative)
    isInf =
        n.tb.binary<rac::AndOp>(isInf, n.tb.comparison<rac::LessOp>(zero, x));
  return n.result(isInf);
}

template <typename OpT> static LogicalResult test(NodeImporter &n) {
  return n.result(n.tb.test<OpT>(n.input(0)));
}

void rac::onnximport::addElementwiseImporters(ImporterTable &table) {
  using TB = TensorBuilder;
  using P = arith::CmpIPredicate;
  table.add("Add", arithmetic<rac::AddOp, &TB::add>);
  table.add("Sub", arithmetic<rac::SubOp, &TB::sub>);
  table.add("Mul", arithmetic<rac::MulOp, &TB::mul>);
  table.add("Div", arithmetic<rac::DivOp, &TB::div, false>);
  table.add("Mod", importMod);
  table.add("Max", variadic<rac::MaxOp, &TB::max>);
  table.add("Min", variadic<rac::MinOp, &TB::min>);
  table.add("Sum", variadic<rac::AddOp, &TB::add>);
  table.add("Mean", importMean);
  table.add("Neg", importNeg);
  table.add("Pow", importPow);
  table.add("Where", importWhere);
  table.add("Cast", importCast);
  table.add("CastLike", importCastLike);
  table.add("BitCast", importBitCast);

  table.add("Equal", comparison<rac::EqualOp, P::eq>);
  table.add("Less", comparison<rac::LessOp, P::slt>);
  table.add("LessOrEqual", comparison<rac::LessEqualOp, P::sle>);
  table.add("Greater", comparison<rac::LessOp, P::sgt, true>);
  table.add("GreaterOrEqual", comparison<rac::LessEqualOp, P::sge, true>);
  table.add("Not", importNot);
  table.add("And", binary<rac::AndOp>);
  table.add("Or", binary<rac::OrOp>);
  table.add("Xor", binary<rac::XorOp>);
  table.add("BitwiseAnd", binary<rac::AndOp>);
  table.add("BitwiseOr", binary<rac::OrOp>);
  table.add("BitwiseXor", binary<rac::XorOp>);
  table.add("BitwiseNot", unary<rac::NotOp>);
  table.add("BitShift", importBitShift);
  table.add("IsNaN", test<rac::IsNanOp>);
  table.add("IsInf", importIsInf);

  table.add("Abs", unary<rac::AbsOp>);
  table.add("Sign", unary<rac::SignOp>);
  table.add("Floor", rounding<rac::FloorOp>);
  table.add("Ceil", rounding<rac::CeilOp>);
  table.add("Round", rounding<rac::RoundOp>);
  table.add("Sqrt", unary<rac::SqrtOp>);
  table.add("Reciprocal", unary<rac::ReciprocalOp>);
  table.add("Exp", unary<rac::ExpOp>);
  table.add("Log", unary<rac::LogOp>);
  table.add("Sin", unary<rac::SinOp>);
  table.add("Cos", unary<rac::CosOp>);
  table.add("Tan", unary<rac::TanOp>);
  table.add("Asin", unary<rac::AsinOp>);
  table.add("Acos", unary<rac::AcosOp>);
  table.add("Atan", unary<rac::AtanOp>);
  table.add("Sinh", unary<rac::SinhOp>);
  table.add("Cosh", unary<rac::CoshOp>);
  table.add("Tanh", unary<rac::TanhOp>);
  table.add("Asinh", unary<rac::AsinhOp>);
  table.add("Acosh", unary<rac::AcoshOp>);
  table.add("Atanh", unary<rac::AtanhOp>);
  table.add("Erf", unary<rac::ErfOp>);
  table.add("Relu", unary<rac::ReluOp>);
  table.add("Sigmoid", unary<rac::SigmoidOp>);
  table.add("Softplus", unary<rac::SoftplusOp>);
  table.add("Softsign", importSoftsign);
  table.add("HardSwish", unary<rac::HardSwishOp>);
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
