//===- ScalarBuilder.cpp - Elementwise computations on scalars ------------===//

#include "rac/Dialect/Rac/IR/ScalarBuilder.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

Type rac::signless(Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  return integer && !integer.isSignless()
             ? IntegerType::get(type.getContext(), integer.getWidth())
             : type;
}

ScalarBuilder::ScalarBuilder(OpBuilder &b, Location loc, Operation *op)
    : ScalarBuilder(b, loc,
                    getElementTypeOrSelf(op->getOperand(0).getType())
                        .isUnsignedInteger()) {}

ScalarBuilder::ScalarBuilder(OpBuilder &b, Location loc, bool isUnsigned)
    : b(b), loc(loc), isUnsigned(isUnsigned) {}

Value ScalarBuilder::constant(double value, Type type) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value ScalarBuilder::add(Value x, Value y) {
  if (isFloat(x))
    return arith::AddFOp::create(b, loc, x, y, fast());
  return arith::AddIOp::create(b, loc, x, y);
}

Value ScalarBuilder::sub(Value x, Value y) {
  if (isFloat(x))
    return arith::SubFOp::create(b, loc, x, y, fast());
  return arith::SubIOp::create(b, loc, x, y);
}

Value ScalarBuilder::mul(Value x, Value y) {
  if (isFloat(x))
    return arith::MulFOp::create(b, loc, x, y, fast());
  return arith::MulIOp::create(b, loc, x, y);
}

/// `y` with zero, and for signed types a -1 that would overflow, made 1;
/// `isZero` says where y was zero.
Value ScalarBuilder::nonZeroDivisor(Value x, Value y, Value &isZero) {
  isZero = arith::CmpIOp::create(b, loc, CmpIPredicate::eq, y, zero(y));
  Value bad = isZero;
  if (!isUnsigned) {
    unsigned width = y.getType().getIntOrFloatBitWidth();
    Value lowest = arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(y.getType(), APInt::getSignedMinValue(width)));
    Value overflows = arith::AndIOp::create(
        b, loc, arith::CmpIOp::create(b, loc, CmpIPredicate::eq, x, lowest),
        arith::CmpIOp::create(b, loc, CmpIPredicate::eq, y,
                              constant(-1, y.getType())));
    bad = arith::OrIOp::create(b, loc, bad, overflows);
  }
  return select(bad, one(y), y);
}

Value ScalarBuilder::div(Value x, Value y) {
  if (isFloat(x))
    return arith::DivFOp::create(b, loc, x, y, fast());
  Value isZero;
  Value divisor = nonZeroDivisor(x, y, isZero);
  Value quotient = isUnsigned
                       ? Value(arith::DivUIOp::create(b, loc, x, divisor))
                       : Value(arith::DivSIOp::create(b, loc, x, divisor));
  return select(isZero, zero(x), quotient);
}

Value ScalarBuilder::rem(Value x, Value y) {
  if (isFloat(x))
    return arith::RemFOp::create(b, loc, x, y, fast());
  Value isZero;
  Value divisor = nonZeroDivisor(x, y, isZero);
  Value result = isUnsigned ? Value(arith::RemUIOp::create(b, loc, x, divisor))
                            : Value(arith::RemSIOp::create(b, loc, x, divisor));
  return select(isZero, zero(x), result);
}

Value ScalarBuilder::mod(Value x, Value y) {
  Value r = rem(x, y);
  if (isUnsigned)
    return r;
  // The remainder has the dividend's sign: move it to the divisor's side.
  Value differs, nonZero;
  if (isFloat(x)) {
    nonZero = arith::CmpFOp::create(b, loc, CmpFPredicate::ONE, r, zero(r));
    Value rNegative = less(r, zero(r)), yNegative = less(y, zero(y));
    differs = arith::XOrIOp::create(b, loc, rNegative, yNegative);
  } else {
    nonZero = arith::CmpIOp::create(b, loc, CmpIPredicate::ne, r, zero(r));
    Value signs = arith::XOrIOp::create(b, loc, r, y);
    differs = less(signs, zero(signs));
  }
  Value moves = arith::AndIOp::create(b, loc, nonZero, differs);
  return select(moves, add(r, y), r);
}

Value ScalarBuilder::max(Value x, Value y) {
  if (isFloat(x))
    return arith::MaximumFOp::create(b, loc, x, y, fast());
  if (isUnsigned)
    return arith::MaxUIOp::create(b, loc, x, y);
  return arith::MaxSIOp::create(b, loc, x, y);
}

Value ScalarBuilder::min(Value x, Value y) {
  if (isFloat(x))
    return arith::MinimumFOp::create(b, loc, x, y, fast());
  if (isUnsigned)
    return arith::MinUIOp::create(b, loc, x, y);
  return arith::MinSIOp::create(b, loc, x, y);
}

Value ScalarBuilder::pow(Value x, Value y) {
  if (isFloat(x))
    return math::PowFOp::create(b, loc, x, y, fast());
  // By squaring, for every bit of the exponent.
  Value result = one(x), square = x, nothing = zero(y);
  for (unsigned i : llvm::seq(y.getType().getIntOrFloatBitWidth())) {
    Value bit = arith::ConstantOp::create(
        b, loc,
        b.getIntegerAttr(
            y.getType(),
            APInt::getOneBitSet(y.getType().getIntOrFloatBitWidth(), i)));
    Value isClear = equal(arith::AndIOp::create(b, loc, y, bit), nothing);
    result = select(isClear, result, mul(result, square));
    square = mul(square, square);
  }
  if (isUnsigned)
    return result;
  // Only of 1 and -1 is a negative power an integer.
  Value isUnit = arith::OrIOp::create(b, loc, equal(x, one(x)),
                                      equal(x, constant(-1, x.getType())));
  Value vanishes = arith::AndIOp::create(b, loc, less(y, nothing),
                                         equal(isUnit, zero(isUnit)));
  return select(vanishes, zero(x), result);
}

Value ScalarBuilder::neg(Value x) {
  if (isFloat(x))
    return arith::NegFOp::create(b, loc, x, fast());
  return sub(zero(x), x);
}

Value ScalarBuilder::abs(Value x) {
  if (isFloat(x))
    return unary<math::AbsFOp>(x);
  return isUnsigned ? x : Value(math::AbsIOp::create(b, loc, x));
}

Value ScalarBuilder::sign(Value x) {
  Value o = one(x), z = zero(x);
  if (isUnsigned)
    return select(equal(x, z), z, o);
  Value negative = select(less(x, z), constant(-1, x.getType()), z);
  Value result = select(less(z, x), o, negative);
  return isFloat(x) ? select(isNan(x), x, result) : result;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Value ScalarBuilder::sigmoid(Value x) {
  return div(one(x), add(one(x), exp(neg(x))));
}

Value ScalarBuilder::gelu(Value x) {
  Type type = x.getType();
  if (!type.isF32()) {
    Value inner = erf(mul(x, constant(M_SQRT1_2, type)));
    return mul(mul(x, constant(0.5, type)), add(one(x), inner));
  }
  // x F(x) = max(x, 0) - |x| F(-|x|), where F is the normal distribution's. The
  // fourth root of F(-t) is smooth enough for a short polynomial (a minimax fit
  // of F by Lawson's algorithm), which is zero at 5.65, as F is in f32 beside
  // 1: off by 3.3 2^-24 |x| at most, rounding included. NaN passes comparisons;
  // the difference makes one of -infinity, which times zero is none.
  constexpr double end = 5.65;
  constexpr double terms[] = {
      -3.3973553854593774e-06, 5.839662844664417e-05,   -3.074048145208508e-04,
      -3.512507100822404e-05,  3.795411204919219e-03,   4.649904556572437e-03,
      -5.019782856106758e-02,  -1.6773401200771332e-01, 8.408964276313782e-01};
  Value t = abs(x), limit = constant(end, type), nothing = zero(x);
  t = select(less(limit, t), limit, t);
  Value root = constant(terms[0], type);
  for (double term : ArrayRef(terms).drop_front())
    root = fma(root, t, constant(term, type));
  Value square = mul(root, root);
  Value positive = sub(x, select(less(x, nothing), x, nothing));
  return fma(neg(t), mul(square, square), positive);
}

Value ScalarBuilder::geluTanh(Value x) {
  Type type = x.getType();
  Value cube = mul(mul(x, x), mul(x, constant(0.044715, type)));
  Value inner = mul(constant(M_SQRT1_2 * M_2_SQRTPI, type), add(x, cube));
  return mul(mul(x, constant(0.5, type)), add(one(x), tanh(inner)));
}

Value ScalarBuilder::softplus(Value x) {
  // max(x, 0) + log1p(exp(-|x|)) never overflows.
  Value tail = unary<math::Log1pOp>(exp(neg(abs(x))));
  return add(max(x, zero(x)), tail);
}

Value ScalarBuilder::hardSigmoid(Value x, double alpha, double beta) {
  Type type = x.getType();
  Value line = add(mul(x, constant(alpha, type)), constant(beta, type));
  return min(max(line, zero(x)), one(x));
}

Value ScalarBuilder::hardSwish(Value x) {
  return mul(x, hardSigmoid(x, 1.0 / 6.0, 0.5));
}

Value ScalarBuilder::leakyRelu(Value x, double alpha) {
  return select(less(x, zero(x)), mul(x, constant(alpha, x.getType())), x);
}

Value ScalarBuilder::elu(Value x, double alpha) {
  Value low = mul(unary<math::ExpM1Op>(x), constant(alpha, x.getType()));
  return select(less(x, zero(x)), low, x);
}

//===----------------------------------------------------------------------===//
// Comparison, bits, casts
//===----------------------------------------------------------------------===//

Value ScalarBuilder::equal(Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, CmpFPredicate::OEQ, x, y);
  return arith::CmpIOp::create(b, loc, CmpIPredicate::eq, x, y);
}

Value ScalarBuilder::less(Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, CmpFPredicate::OLT, x, y);
  return arith::CmpIOp::create(
      b, loc, isUnsigned ? CmpIPredicate::ult : CmpIPredicate::slt, x, y);
}

Value ScalarBuilder::lessEqual(Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, CmpFPredicate::OLE, x, y);
  return arith::CmpIOp::create(
      b, loc, isUnsigned ? CmpIPredicate::ule : CmpIPredicate::sle, x, y);
}

Value ScalarBuilder::select(Value c, Value x, Value y) {
  return arith::SelectOp::create(b, loc, c, x, y);
}

Value ScalarBuilder::isNan(Value x) {
  return arith::CmpFOp::create(b, loc, CmpFPredicate::UNO, x, x);
}

Value ScalarBuilder::isInf(Value x) {
  auto type = mlir::cast<FloatType>(x.getType());
  Value inf = arith::ConstantOp::create(
      b, loc, b.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics())));
  return equal(abs(x), inf);
}

Value ScalarBuilder::bitNot(Value x) {
  return arith::XOrIOp::create(b, loc, x, constant(-1, x.getType()));
}

Value ScalarBuilder::shift(Value x, Value y, bool left) {
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Value inRange = arith::CmpIOp::create(b, loc, CmpIPredicate::ult, y,
                                        constant(width, y.getType()));
  Value amount = select(inRange, y, zero(y));
  Value moved = left ? Value(arith::ShLIOp::create(b, loc, x, amount))
                     : Value(arith::ShRUIOp::create(b, loc, x, amount));
  return select(inRange, moved, zero(x));
}

Value ScalarBuilder::shiftLeft(Value x, Value y) { return shift(x, y, true); }
Value ScalarBuilder::shiftRight(Value x, Value y) { return shift(x, y, false); }

Value ScalarBuilder::bitcast(Value x, Type to) {
  to = signless(to);
  return x.getType() == to ? x : Value(arith::BitcastOp::create(b, loc, to, x));
}

Value ScalarBuilder::cast(Value x, Type from, Type to) {
  Type target = signless(to);
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  if (from == to)
    return x;
  if (to.isInteger(1)) {
    if (fromFloat)
      return arith::CmpFOp::create(b, loc, CmpFPredicate::UNE, x, zero(x));
    return arith::CmpIOp::create(b, loc, CmpIPredicate::ne, x, zero(x));
  }
  bool zeroExtends = from.isUnsignedInteger() || from.isInteger(1);
  if (fromFloat && toFloat) {
    unsigned fromWidth = from.getIntOrFloatBitWidth();
    unsigned toWidth = to.getIntOrFloatBitWidth();
    if (fromWidth < toWidth)
      return arith::ExtFOp::create(b, loc, target, x);
    // No processor rounds f64 to bf16 at once.
    if (from.isF64() && to.isBF16())
      x = arith::TruncFOp::create(b, loc, b.getF32Type(), x);
    if (fromWidth > toWidth)
      return arith::TruncFOp::create(b, loc, target, x);
    // f16 <-> bf16 go through f32.
    return arith::TruncFOp::create(
        b, loc, target, arith::ExtFOp::create(b, loc, b.getF32Type(), x));
  }
  if (fromFloat) {
    // Through i64 where that holds every value, so that what does not fit wraps
    // as C's conversions do on x86 and never is undefined behaviour in the IR.
    Type wide = b.getI64Type();
    if (to.isUnsignedInteger(64))
      return arith::FPToUIOp::create(b, loc, target, x);
    if (to.isInteger(64))
      return arith::FPToSIOp::create(b, loc, target, x);
    if (to.getIntOrFloatBitWidth() == 32 && !to.isUnsignedInteger())
      return arith::FPToSIOp::create(b, loc, target, x);
    Value whole = arith::FPToSIOp::create(b, loc, wide, x);
    return arith::TruncIOp::create(b, loc, target, whole);
  }
  if (toFloat) {
    if (zeroExtends)
      return arith::UIToFPOp::create(b, loc, target, x);
    return arith::SIToFPOp::create(b, loc, target, x);
  }
  unsigned fromWidth = from.getIntOrFloatBitWidth();
  unsigned toWidth = to.getIntOrFloatBitWidth();
  if (fromWidth == toWidth)
    return x;
  if (fromWidth > toWidth)
    return arith::TruncIOp::create(b, loc, target, x);
  if (zeroExtends)
    return arith::ExtUIOp::create(b, loc, target, x);
  return arith::ExtSIOp::create(b, loc, target, x);
}

//===----------------------------------------------------------------------===//
// Steps of a quantised type
//===----------------------------------------------------------------------===//

/// What doesn't fit is the largest that does; NaN stays, as comparisons with it
/// fail.
Value ScalarBuilder::toFloat8(Value x, Type float8) {
  constexpr double kMost = 448;
  Value low = constant(-kMost, x.getType()),
        high = constant(kMost, x.getType());
  x = select(less(x, low), low, x);
  x = select(less(high, x), high, x);
  return arith::TruncFOp::create(b, loc, float8, x);
}

Value ScalarBuilder::quantize(Value x, quant::UniformQuantizedType steps,
                              Type stored) {
  Type f32 = b.getF32Type();
  if (isa<FloatType>(stored))
    return toFloat8(div(x, constant(steps.getScale(), f32)), stored);
  Value y = roundEven(div(x, constant(steps.getScale(), f32)));
  if (steps.getZeroPoint() != 0)
    y = add(y, constant(steps.getZeroPoint(), f32));
  // Comparisons that NaN fails: what comes out is in range, and so has no
  // undefined conversion.
  Value low = constant(steps.getStorageTypeMin(), f32),
        high = constant(steps.getStorageTypeMax(), f32);
  y = select(less(low, y), y, low);
  y = select(less(y, high), y, high);
  Value whole = arith::FPToSIOp::create(b, loc, b.getI32Type(), y);
  return arith::TruncIOp::create(
      b, loc, b.getIntegerType(steps.getStorageTypeIntegralWidth()), whole);
}

Value ScalarBuilder::dequantize(Value q, quant::UniformQuantizedType steps) {
  Type f32 = b.getF32Type();
  Value x = q;
  if (isa<FloatType>(q.getType()))
    x = q.getType() == f32 ? q : arith::ExtFOp::create(b, loc, f32, q);
  else if (steps.isSigned())
    x = arith::SIToFPOp::create(b, loc, f32, q);
  else
    x = arith::UIToFPOp::create(b, loc, f32, q);
  if (steps.getZeroPoint() != 0)
    x = sub(x, constant(steps.getZeroPoint(), f32));
  return mul(x, constant(steps.getScale(), f32));
}
