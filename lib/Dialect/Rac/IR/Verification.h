//===- Verification.h - Checks that shape functions share -------*- C++ -*-===//

#ifndef RAC_LIB_DIALECT_RAC_IR_VERIFICATION_H
#define RAC_LIB_DIALECT_RAC_IR_VERIFICATION_H

#include "rac/Dialect/Rac/IR/ShapeContext.h"

namespace rac::detail {

/// Whether two sizes are known and differ.
inline bool contradict(mlir::AffineExpr a, mlir::AffineExpr b) {
  int64_t x = staticDim(a), y = staticDim(b);
  return !mlir::ShapedType::isDynamic(x) && !mlir::ShapedType::isDynamic(y) &&
         x != y;
}

/// Whether two sizes are known and the first is the larger one.
inline bool exceeds(mlir::AffineExpr a, mlir::AffineExpr b) {
  return contradict(a, b) && staticDim(a) > staticDim(b);
}

/// Fails, with a diagnostic, where `op`'s axis is none of `rank` dimensions.
inline llvm::LogicalResult checkAxis(mlir::Operation *op, int64_t axis,
                                     size_t rank) {
  if (axis < 0 || axis >= static_cast<int64_t>(rank))
    return op->emitOpError("axis ")
           << axis << " is out of range for rank " << rank;
  return mlir::success();
}

} // namespace rac::detail

#endif // RAC_LIB_DIALECT_RAC_IR_VERIFICATION_H
