//===- FlushSubnormals.h - Weights too small to multiply --------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_FLUSHSUBNORMALS_H
#define RAC_LIB_TRANSFORMS_FLUSHSUBNORMALS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rac {

/// Zeros for subnormal constants that contractions multiply.
void flushSubnormalWeights(mlir::func::FuncOp function);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_FLUSHSUBNORMALS_H
