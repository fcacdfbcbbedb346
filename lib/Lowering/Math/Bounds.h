//===- Bounds.h - What a number is between ----------------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_MATH_BOUNDS_H
#define RAC_LIB_LOWERING_MATH_BOUNDS_H

#include "mlir/IR/Value.h"
#include <limits>

namespace rac::functions {

struct Bounds {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

/// What a floating-point number, or the elements of a vector, are between
/// unless they are NaN, as far as the constants tell that it was limited by.
Bounds boundsOf(mlir::Value x);

} // namespace rac::functions

#endif // RAC_LIB_LOWERING_MATH_BOUNDS_H
