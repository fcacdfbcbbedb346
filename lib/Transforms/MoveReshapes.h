//===- MoveReshapes.h - Views and slices where they cost least --*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_MOVERESHAPES_H
#define RAC_LIB_TRANSFORMS_MOVERESHAPES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rac {

/// Reshapes go before transposes and after the elementwise ops that follow a
/// contraction. Leaves dead ops behind. Returns whether anything moved.
bool moveReshapes(mlir::func::FuncOp func);

/// Slices go before transposes, reshapes, and contractions with constant
/// weights, where slices are all that use these. Leaves dead ops behind.
bool moveSlices(mlir::func::FuncOp func);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_MOVERESHAPES_H
