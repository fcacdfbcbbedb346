//===- OnlyReduction.h - The op of a group that reduces ---------*- C++ -*-===//

#ifndef RAC_LOWERING_ONLYREDUCTION_H
#define RAC_LOWERING_ONLYREDUCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac {

/// The one op that reduces; null if there are several or none.
mlir::linalg::LinalgOp findOnlyReduction(mlir::func::FuncOp function);

} // namespace rac

#endif // RAC_LOWERING_ONLYREDUCTION_H
