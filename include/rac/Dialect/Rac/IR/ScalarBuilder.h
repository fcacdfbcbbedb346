//===- ScalarBuilder.h - Elementwise computations on scalars ----*- C++ -*-===//
//
// Builds arith and math ops for one element. Element types are signless;
// whether integers are unsigned comes from the rac op. Floating-point ops may
// be contracted to FMA, nothing more: NaN, infinities and signed zeros are
// kept.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_DIALECT_RAC_IR_SCALARBUILDER_H
#define RAC_DIALECT_RAC_IR_SCALARBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/Builders.h"

namespace rac {

class ScalarBuilder {
public:
  /// Signedness is that of `op`'s first operand.
  ScalarBuilder(mlir::OpBuilder &b, mlir::Location loc, mlir::Operation *op);
  ScalarBuilder(mlir::OpBuilder &b, mlir::Location loc, bool isUnsigned);

  mlir::Value constant(double value, mlir::Type type);
  mlir::Value zero(mlir::Value like) { return constant(0, like.getType()); }
  mlir::Value one(mlir::Value like) { return constant(1, like.getType()); }

  template <typename OpT> mlir::Value unary(mlir::Value x) {
    return OpT::create(b, loc, x, fast());
  }
  template <typename OpT> mlir::Value binary(mlir::Value x, mlir::Value y) {
    return OpT::create(b, loc, x, y);
  }

  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value div(mlir::Value x, mlir::Value y);
  mlir::Value mod(mlir::Value x, mlir::Value y);
  mlir::Value rem(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value pow(mlir::Value x, mlir::Value y);
  mlir::Value neg(mlir::Value x);
  mlir::Value abs(mlir::Value x);
  mlir::Value sign(mlir::Value x);
  mlir::Value floor(mlir::Value x) { return unary<mlir::math::FloorOp>(x); }
  mlir::Value ceil(mlir::Value x) { return unary<mlir::math::CeilOp>(x); }
  mlir::Value roundEven(mlir::Value x) {
    return unary<mlir::math::RoundEvenOp>(x);
  }
  mlir::Value sqrt(mlir::Value x) { return unary<mlir::math::SqrtOp>(x); }
  mlir::Value exp(mlir::Value x) { return unary<mlir::math::ExpOp>(x); }
  mlir::Value log(mlir::Value x) { return unary<mlir::math::LogOp>(x); }
  mlir::Value tanh(mlir::Value x) { return unary<mlir::math::TanhOp>(x); }
  mlir::Value erf(mlir::Value x) { return unary<mlir::math::ErfOp>(x); }

  /// x y + z, rounded once.
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z) {
    return mlir::math::FmaOp::create(b, loc, x, y, z);
  }

  mlir::Value sigmoid(mlir::Value x);
  mlir::Value gelu(mlir::Value x);
  mlir::Value geluTanh(mlir::Value x);
  mlir::Value softplus(mlir::Value x);
  mlir::Value hardSwish(mlir::Value x);
  mlir::Value hardSigmoid(mlir::Value x, double alpha, double beta);
  mlir::Value leakyRelu(mlir::Value x, double alpha);
  mlir::Value elu(mlir::Value x, double alpha);

  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value lessEqual(mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value c, mlir::Value x, mlir::Value y);
  mlir::Value isNan(mlir::Value x);
  mlir::Value isInf(mlir::Value x);
  mlir::Value bitNot(mlir::Value x);
  mlir::Value shiftLeft(mlir::Value x, mlir::Value y);
  mlir::Value shiftRight(mlir::Value x, mlir::Value y);

  /// `from` and `to` carry the signedness; `x` is signless, as is the result.
  mlir::Value cast(mlir::Value x, mlir::Type from, mlir::Type to);
  mlir::Value bitcast(mlir::Value x, mlir::Type to);
  /// From and to f32.
  /// `stored`: as what, an integer or f8.
  mlir::Value quantize(mlir::Value x, mlir::quant::UniformQuantizedType steps,
                       mlir::Type stored);
  /// f32 in 8 bits; what is too large is the largest.
  mlir::Value toFloat8(mlir::Value x, mlir::Type float8);
  mlir::Value dequantize(mlir::Value q,
                         mlir::quant::UniformQuantizedType steps);

private:
  mlir::arith::FastMathFlags fast() {
    return mlir::arith::FastMathFlags::contract;
  }
  bool isFloat(mlir::Value x) {
    return mlir::isa<mlir::FloatType>(x.getType());
  }
  mlir::Value nonZeroDivisor(mlir::Value x, mlir::Value y, mlir::Value &isZero);
  mlir::Value shift(mlir::Value x, mlir::Value y, bool left);

  mlir::OpBuilder &b;
  mlir::Location loc;
  bool isUnsigned;
};

/// `type` with unsigned integers made signless: what arith works on.
mlir::Type signless(mlir::Type type);

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_SCALARBUILDER_H
