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

template <typename OpT> static LogicalResult binary(NodeImporter &n) {
  return n.result(n.tb.binary<OpT>(n.input(0), n.input(1)));
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
  table.add("BitwiseNot", importUnary<rac::NotOp>);
  table.add("BitShift", importBitShift);
  table.add("IsNaN", test<rac::IsNanOp>);
  table.add("IsInf", importIsInf);

  table.add("Abs", importUnary<rac::AbsOp>);
  table.add("Sign", importUnary<rac::SignOp>);
  table.add("Floor", rounding<rac::FloorOp>);
  table.add("Ceil", rounding<rac::CeilOp>);
  table.add("Round", rounding<rac::RoundOp>);
  table.add("Sqrt", importUnary<rac::SqrtOp>);
  table.add("Reciprocal", importUnary<rac::ReciprocalOp>);
  table.add("Exp", importUnary<rac::ExpOp>);
  table.add("Log", importUnary<rac::LogOp>);
  table.add("Sin", importUnary<rac::SinOp>);
  table.add("Cos", importUnary<rac::CosOp>);
  table.add("Tan", importUnary<rac::TanOp>);
  table.add("Asin", importUnary<rac::AsinOp>);
  table.add("Acos", importUnary<rac::AcosOp>);
  table.add("Atan", importUnary<rac::AtanOp>);
  table.add("Sinh", importUnary<rac::SinhOp>);
  table.add("Cosh", importUnary<rac::CoshOp>);
  table.add("Tanh", importUnary<rac::TanhOp>);
  table.add("Asinh", importUnary<rac::AsinhOp>);
  table.add("Acosh", importUnary<rac::AcoshOp>);
  table.add("Atanh", importUnary<rac::AtanhOp>);
  table.add("Erf", importUnary<rac::ErfOp>);
}
