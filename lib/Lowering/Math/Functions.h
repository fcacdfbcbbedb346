//===- Functions.h - Functions of f32 as arithmetic -------------*- C++ -*-===//
//
// Each gives its value within 2 ulp (units in the last place) of f32, for every
// argument, and the infinities, NaN and zeros of C's function of that name;
// test/python/test_math.py measures it. The coefficients are minimax fits by
// iteratively reweighted least squares (Lawson's algorithm), of what the
// function leaves after the terms that are written out. Functions that models
// rarely call are computed in f64, where simple formulas are accurate enough.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_LOWERING_MATH_FUNCTIONS_H
#define RAC_LIB_LOWERING_MATH_FUNCTIONS_H

#include "FloatBuilder.h"

namespace rac::functions {

// Of f32.
mlir::Value exp(FloatBuilder &f, mlir::Value x);
/// Where the result is a normal number: for x from -87.3 to 88; NaN stays.
mlir::Value normalExp(FloatBuilder &f, mlir::Value x);
mlir::Value expm1(FloatBuilder &f, mlir::Value x);
mlir::Value tanh(FloatBuilder &f, mlir::Value x);
mlir::Value sinh(FloatBuilder &f, mlir::Value x);
mlir::Value cosh(FloatBuilder &f, mlir::Value x);
mlir::Value log(FloatBuilder &f, mlir::Value x);
mlir::Value log1p(FloatBuilder &f, mlir::Value x);
mlir::Value asinh(FloatBuilder &f, mlir::Value x);
mlir::Value acosh(FloatBuilder &f, mlir::Value x);
mlir::Value atanh(FloatBuilder &f, mlir::Value x);
/// Of angles up to 2^45; larger ones give something from -1 to 1.
mlir::Value sin(FloatBuilder &f, mlir::Value x);
mlir::Value cos(FloatBuilder &f, mlir::Value x);
mlir::Value tan(FloatBuilder &f, mlir::Value x);
mlir::Value asin(FloatBuilder &f, mlir::Value x);
mlir::Value acos(FloatBuilder &f, mlir::Value x);
mlir::Value atan(FloatBuilder &f, mlir::Value x);
mlir::Value erf(FloatBuilder &f, mlir::Value x);
mlir::Value pow(FloatBuilder &f, mlir::Value x, mlir::Value y);

// Of f64, to about 1e-11, which is more than f32 holds; for those above.
/// For |x| up to 700.
mlir::Value wideExp(FloatBuilder &f, mlir::Value x);
/// For positive normal x; log(0) is some large negative number.
mlir::Value wideLog(FloatBuilder &f, mlir::Value x);

} // namespace rac::functions

#endif // RAC_LIB_LOWERING_MATH_FUNCTIONS_H
