//===- FloatBuilder.cpp - Arithmetic that makes up functions --------------===//

#include "FloatBuilder.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac::functions;

static Type withElement(Type like, Type element) {
  auto vector = dyn_cast<VectorType>(like);
  return vector ? Type(vector.clone(element)) : element;
}

static Value makeConstant(OpBuilder &b, Location loc, Type type,
                          TypedAttr value) {
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, Attribute(value));
  return arith::ConstantOp::create(b, loc, value);
}

FloatBuilder::FloatBuilder(OpBuilder &b, Location loc, Type type, bool kernel)
    : b(b), loc(loc), type(type),
      width(getElementTypeOrSelf(type).getIntOrFloatBitWidth()),
      kernel(kernel) {}

Type FloatBuilder::integerType() {
  return withElement(type, b.getIntegerType(width));
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value FloatBuilder::constant(double value) {
  return makeConstant(b, loc, type,
                      b.getFloatAttr(getElementTypeOrSelf(type), value));
}

Value FloatBuilder::add(Value x, Value y) {
  return arith::AddFOp::create(b, loc, x, y);
}
Value FloatBuilder::sub(Value x, Value y) {
  return arith::SubFOp::create(b, loc, x, y);
}
Value FloatBuilder::mul(Value x, Value y) {
  return arith::MulFOp::create(b, loc, x, y);
}
Value FloatBuilder::div(Value x, Value y) {
  return arith::DivFOp::create(b, loc, x, y);
}
Value FloatBuilder::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}
Value FloatBuilder::neg(Value x) { return arith::NegFOp::create(b, loc, x); }
Value FloatBuilder::abs(Value x) { return math::AbsFOp::create(b, loc, x); }
Value FloatBuilder::sqrt(Value x) { return math::SqrtOp::create(b, loc, x); }
Value FloatBuilder::floor(Value x) { return math::FloorOp::create(b, loc, x); }
Value FloatBuilder::exp2(Value x) {
  return math::Exp2Op::create(b, loc, x, arith::FastMathFlags::afn);
}
Value FloatBuilder::copySign(Value x, Value y) {
  return math::CopySignOp::create(b, loc, x, y);
}

Value FloatBuilder::polynomial(Value x, ArrayRef<double> coefficients) {
  Value sum = constant(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = fma(sum, x, constant(coefficient));
  return sum;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

Value FloatBuilder::less(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
}
Value FloatBuilder::equal(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y);
}
Value FloatBuilder::both(Value x, Value y) {
  return arith::AndIOp::create(b, loc, x, y);
}
Value FloatBuilder::either(Value x, Value y) {
  return arith::OrIOp::create(b, loc, x, y);
}
Value FloatBuilder::negate(Value condition) {
  Value yes = makeConstant(b, loc, condition.getType(),
                           b.getIntegerAttr(b.getI1Type(), 1));
  return arith::XOrIOp::create(b, loc, condition, yes);
}
Value FloatBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}
Value FloatBuilder::atMost(Value x, double bound) {
  Value limit = constant(bound);
  if (kernel)
    return arith::MinimumFOp::create(b, loc, x, limit);
  return select(less(limit, x), limit, x);
}
Value FloatBuilder::atLeast(Value x, double bound) {
  Value limit = constant(bound);
  if (kernel)
    return arith::MaximumFOp::create(b, loc, x, limit);
  return select(less(x, limit), limit, x);
}

//===----------------------------------------------------------------------===//
// Bits
//===----------------------------------------------------------------------===//

Value FloatBuilder::bits(Value x) {
  return arith::BitcastOp::create(b, loc, integerType(), x);
}
Value FloatBuilder::fromBits(Value bits) {
  return arith::BitcastOp::create(b, loc, type, bits);
}
Value FloatBuilder::integer(int64_t value) {
  return makeConstant(b, loc, integerType(),
                      b.getIntegerAttr(b.getIntegerType(width), value));
}
Value FloatBuilder::addBits(Value x, Value y) {
  return arith::AddIOp::create(b, loc, x, y);
}
Value FloatBuilder::subBits(Value x, Value y) {
  return arith::SubIOp::create(b, loc, x, y);
}
Value FloatBuilder::andBits(Value x, int64_t mask) {
  return arith::AndIOp::create(b, loc, x, integer(mask));
}
Value FloatBuilder::shiftLeft(Value x, int64_t by) {
  return arith::ShLIOp::create(b, loc, x, integer(by));
}
Value FloatBuilder::shiftRight(Value x, int64_t by) {
  return arith::ShRSIOp::create(b, loc, x, integer(by));
}
Value FloatBuilder::isSet(Value bits, int64_t mask) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                               andBits(bits, mask), integer(0));
}
Value FloatBuilder::toFloat(Value integer) {
  return arith::SIToFPOp::create(b, loc, type, integer);
}

Value FloatBuilder::round(Value x, Value &sum, int64_t bias) {
  // Numbers of this size are 1 apart: adding one rounds, and leaves the whole
  // number in the low bits.
  Value shifter = constant((width == 64 ? 0x1.8p52 : 0x1.8p23) + bias);
  Value shifted = add(x, shifter);
  sum = bits(shifted);
  return sub(shifted, shifter);
}

Value FloatBuilder::powerOfTwo(Value biased) {
  return fromBits(shiftLeft(biased, mantissaBits()));
}

FloatBuilder FloatBuilder::wide() {
  return FloatBuilder(b, loc, withElement(type, b.getF64Type()));
}
Value FloatBuilder::widen(Value x) {
  return arith::ExtFOp::create(b, loc, type, x);
}
Value FloatBuilder::narrow(Value x) {
  return arith::TruncFOp::create(b, loc, type, x);
}
