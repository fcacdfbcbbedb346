//===- QuantizeOperands.h - Contractions of bytes for those of f32 -*- C++ -*-//

#ifndef RAC_LIB_TRANSFORMS_QUANTIZEOPERANDS_H
#define RAC_LIB_TRANSFORMS_QUANTIZEOPERANDS_H

#include "Storage.h"

namespace rac {

/// `operand` in the storage, cast before the transposes that lead to it, where
/// nothing else looks at what they give.
mlir::Value narrowOperand(GroupOp group, mlir::Value operand,
                          const Storage &storage);

/// Replaces a contraction of f32 by one of i8 or f8, what its sums stand for,
/// and the product with both scales. Fails where the plan's type can't be had.
llvm::LogicalResult quantizeOperands(GroupOp group, mlir::Operation *op);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_QUANTIZEOPERANDS_H
