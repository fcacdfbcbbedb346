//===- Indices.h - Positions that are data ----------------------*- C++ -*-===//

#ifndef RAC_LOWERING_RACTOLINALG_INDICES_H
#define RAC_LOWERING_RACTOLINALG_INDICES_H

#include "Utils.h"

namespace rac::lowering {

/// A stored index as an index value, counted from the end of `size` where
/// negative. Right only for indices that checkIndices let pass.
mlir::Value resolveIndex(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value stored, mlir::Value size);
/// Checks once, before they are used, that all of `indices` lie in
/// [-size, size). With more than one size, the last dimension of `indices` has
/// an entry for each. `before` is the unconverted operand, which may be
/// constant.
void checkIndices(mlir::OpBuilder &b, mlir::Location loc, mlir::Value before,
                  mlir::Value indices, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                  bool isTuples, llvm::StringRef message);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_INDICES_H
