//===- Expansion.h - What becomes of a math op ------------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_MATH_EXPANSION_H
#define RAC_LIB_LOWERING_MATH_EXPANSION_H

#include "mlir/IR/Builders.h"

namespace rac::functions {

/// Whether `op` is a function that `expand` writes as arithmetic: one of
/// Functions.h, of f32 or of narrower types, which are computed in f32; or it
/// makes or takes floats of 8 bits.
bool isExpanded(mlir::Operation *op);

/// Writes it before `op`; gives the result. `kernel`: with what a GPU has
/// instructions for.
mlir::Value expand(mlir::Operation *op, bool kernel);

/// Whether `op` would be a call of the C library, which works on one number.
bool isLibraryCall(mlir::Operation *op);

} // namespace rac::functions

#endif // RAC_LIB_LOWERING_MATH_EXPANSION_H
