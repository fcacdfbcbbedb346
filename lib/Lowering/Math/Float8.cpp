//===- Float8.cpp - Floats of 8 bits from others and back -----------------===//
//
// f8E4M3FN has a sign, four bits of an exponent with a bias of 7, three of a
// mantissa, and no infinity: all other bits set are NaN.
//
//===----------------------------------------------------------------------===//

#include "Float8.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace {

constexpr int64_t kSign = 0x80, kMagnitude = 0x7F, kNan = 0x7F, kMost = 0x7E;
/// Below these it has steps of 2^-9; in f8's bits and in f32's.
constexpr int64_t kLeastNormal = 1 << 3, kLeastNormal32 = (127 - 6) << 23;
/// Of f32: the difference of mantissas, and of biases where f8 has its own.
constexpr int64_t kShift = 23 - 3, kBias = 127 - 7;

/// Arithmetic on integers of 32 bits, or vectors of them.
class Bits {
public:
  Bits(OpBuilder &b, Location loc, Type like) : b(b), loc(loc), like(like) {}

  Type typeOf(Type element) const {
    auto vector = dyn_cast<VectorType>(like);
    return vector ? Type(vector.clone(element)) : element;
  }
  Type i32() const { return typeOf(b.getI32Type()); }
  Type f32() const { return typeOf(b.getF32Type()); }
  Type i8() const { return typeOf(b.getI8Type()); }

  Value integer(int64_t value) const {
    return constant(b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value number(double value) const {
    return constant(b.getF32FloatAttr(static_cast<float>(value)));
  }
  Value mask(Value x, int64_t bits) const {
    return arith::AndIOp::create(b, loc, x, integer(bits));
  }
  Value left(Value x, int64_t by) const {
    return arith::ShLIOp::create(b, loc, x, integer(by));
  }
  Value right(Value x, int64_t by) const {
    return arith::ShRUIOp::create(b, loc, x, integer(by));
  }
  Value add(Value x, Value y) const {
    return arith::AddIOp::create(b, loc, x, y);
  }
  Value either(Value x, Value y) const {
    return arith::OrIOp::create(b, loc, x, y);
  }
  /// Of numbers without a sign.
  Value less(Value x, int64_t than) const {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x,
                                 integer(than));
  }
  Value select(Value condition, Value x, Value y) const {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  Value cast(Type type, Value x) const {
    return arith::BitcastOp::create(b, loc, type, x);
  }

private:
  Value constant(TypedAttr value) const {
    if (auto vector = dyn_cast<VectorType>(typeOf(value.getType())))
      value = DenseElementsAttr::get(vector, Attribute(value));
    return arith::ConstantOp::create(b, loc, value);
  }

  OpBuilder &b;
  Location loc;
  Type like;
};

Value widen(OpBuilder &b, Location loc, Value x) {
  Bits bits(b, loc, x.getType());
  Value code =
      arith::ExtUIOp::create(b, loc, bits.i32(), bits.cast(bits.i8(), x));
  Value magnitude = bits.mask(code, kMagnitude),
        sign = bits.left(bits.mask(code, kSign), 24);
  Value normal =
      bits.add(bits.left(magnitude, kShift), bits.integer(kBias << 23));
  Value small = arith::UIToFPOp::create(b, loc, bits.f32(), magnitude);
  small = arith::MulFOp::create(b, loc, small, bits.number(0x1p-9));
  Value result = bits.select(bits.less(magnitude, kLeastNormal),
                             bits.cast(bits.i32(), small), normal);
  constexpr int64_t nan32 = 0x7FC00000;
  result = bits.select(bits.less(magnitude, kNan), result, bits.integer(nan32));
  return bits.cast(bits.f32(), bits.either(result, sign));
}

Value narrow(OpBuilder &b, Location loc, Value x) {
  Bits bits(b, loc, x.getType());
  Value all = bits.cast(bits.i32(), x);
  Value sign = bits.mask(bits.right(all, 24), kSign),
        magnitude = bits.mask(all, 0x7FFFFFFF);
  // Half of the last bit that stays, less one where that is even.
  Value odd = bits.mask(bits.right(magnitude, kShift), 1);
  Value rounded =
      bits.add(bits.add(magnitude, odd), bits.integer((1 << (kShift - 1)) - 1));
  Value normal =
      bits.right(bits.add(rounded, bits.integer(-(kBias << 23))), kShift);
  // Added to it, f32 has steps of 2^-9, too.
  constexpr double unit = 0x1p14;
  Value sum = arith::AddFOp::create(b, loc, bits.cast(bits.f32(), magnitude),
                                    bits.number(unit));
  Value small = bits.mask(bits.cast(bits.i32(), sum), 0xFF);
  Value result =
      bits.select(bits.less(magnitude, kLeastNormal32), small, normal);
  result =
      bits.select(bits.less(result, kMost + 1), result, bits.integer(kNan));
  result =
      arith::TruncIOp::create(b, loc, bits.i8(), bits.either(result, sign));
  return bits.cast(bits.typeOf(Float8E4M3FNType::get(b.getContext())), result);
}

bool isFloat8(Type type) {
  return isa<Float8E4M3FNType>(getElementTypeOrSelf(type));
}

} // namespace

bool rac::functions::isFloat8Conversion(Operation *op) {
  return isa<arith::ExtFOp, arith::TruncFOp>(op) &&
         (isFloat8(op->getOperand(0).getType()) ||
          isFloat8(op->getResult(0).getType()));
}

Value rac::functions::convertFloat8(OpBuilder &b, Operation *op) {
  Location loc = op->getLoc();
  Value x = op->getOperand(0);
  Type type = op->getResult(0).getType();
  Type f32 = Bits(b, loc, x.getType()).f32();
  auto toF32 = [&](Value y) -> Value {
    unsigned width = getElementTypeOrSelf(y.getType()).getIntOrFloatBitWidth();
    if (y.getType() == f32)
      return y;
    return width < 32 ? arith::ExtFOp::create(b, loc, f32, y).getResult()
                      : arith::TruncFOp::create(b, loc, f32, y).getResult();
  };
  if (isFloat8(type))
    return narrow(b, loc, toF32(x));
  Value wide = widen(b, loc, x);
  if (type == f32)
    return wide;
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  return width < 32 ? arith::TruncFOp::create(b, loc, type, wide).getResult()
                    : arith::ExtFOp::create(b, loc, type, wide).getResult();
}
