//===- FloatBuilder.h - Arithmetic that makes up functions ------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_MATH_FLOATBUILDER_H
#define RAC_LIB_LOWERING_MATH_FLOATBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace rac::functions {

/// Writes arithmetic on numbers of one type, f32 or f64, or on vectors of them,
/// and on their bits, which are integers as wide.
class FloatBuilder {
public:
  using Value = mlir::Value;

  /// `kernel`: for a GPU, which has instructions that CPUs haven't.
  FloatBuilder(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
               bool kernel = false);

  Value constant(double value);
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value div(Value x, Value y);
  /// x y + z, rounded once.
  Value fma(Value x, Value y, Value z);
  Value fma(Value x, double y, Value z) { return fma(x, constant(y), z); }
  Value fma(Value x, double y, double z) {
    return fma(x, constant(y), constant(z));
  }
  Value neg(Value x);
  Value abs(Value x);
  Value sqrt(Value x);
  Value floor(Value x);
  /// Whether there is an instruction for 2^x, right but for two units in the
  /// last place.
  bool hasExp2() const { return kernel && width == 32; }
  Value exp2(Value x);
  /// |x| with the sign of y.
  Value copySign(Value x, Value y);
  /// By Horner's scheme; the coefficient of the highest power comes first.
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);

  /// Comparisons are false for NaN.
  Value less(Value x, Value y);
  Value equal(Value x, Value y);
  Value both(Value x, Value y);
  Value either(Value x, Value y);
  Value negate(Value condition);
  Value select(Value condition, Value x, Value y);
  /// At most, at least `bound`; NaN stays NaN.
  Value atMost(Value x, double bound);
  Value atLeast(Value x, double bound);

  Value bits(Value x);
  Value fromBits(Value bits);
  Value integer(int64_t value);
  Value addBits(Value x, Value y);
  Value subBits(Value x, Value y);
  Value andBits(Value x, int64_t mask);
  Value shiftLeft(Value x, int64_t by);
  Value shiftRight(Value x, int64_t by); ///< keeps the sign
  Value isSet(Value bits, int64_t mask);
  Value toFloat(Value integer);

  /// The nearest integer to x as a number; the low bits of `sum` are those of
  /// it plus `bias`, which is not negative. For |x| + bias below 2^22 in f32,
  /// 2^51 in f64; beyond it nothing is undefined.
  Value round(Value x, Value &sum, int64_t bias = 0);
  /// 2^n, a normal number, by the low bits of n + exponentBias().
  Value powerOfTwo(Value biased);

  /// The same numbers in f64.
  FloatBuilder wide();
  Value widen(Value x);  ///< from f32, by the wide one
  Value narrow(Value x); ///< to f32, by the narrow one

  int64_t mantissaBits() const { return width == 64 ? 52 : 23; }
  int64_t exponentBias() const { return width == 64 ? 1023 : 127; }

private:
  mlir::Type integerType();

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Type type;
  unsigned width;
  bool kernel;
};

} // namespace rac::functions

#endif // RAC_LIB_LOWERING_MATH_FLOATBUILDER_H
