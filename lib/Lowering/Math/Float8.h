//===- Float8.h - Floats of 8 bits from others and back ---------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_MATH_FLOAT8_H
#define RAC_LIB_LOWERING_MATH_FLOAT8_H

#include "mlir/IR/Builders.h"

namespace rac::functions {

/// Whether `op` makes another float of an f8E4M3FN, or one of another float:
/// LLVM has no such type.
bool isFloat8Conversion(mlir::Operation *op);

/// The same on integers: exact, or rounded to the nearest, to even between two.
/// What rounds to more than 448 is NaN, as arith.truncf has it.
mlir::Value convertFloat8(mlir::OpBuilder &b, mlir::Operation *op);

} // namespace rac::functions

#endif // RAC_LIB_LOWERING_MATH_FLOAT8_H
