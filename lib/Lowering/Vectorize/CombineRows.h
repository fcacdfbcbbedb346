//===- CombineRows.h - What the lanes of several rows make ------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_COMBINEROWS_H
#define RAC_LIB_LOWERING_VECTORIZE_COMBINEROWS_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// How many of `rows` vectors of `type` are combined together: a power of two.
int64_t rowsTogether(mlir::VectorType type, int64_t rows);

/// A vector that has a lane for each of `rows`, which are as many as
/// rowsTogether allows: all lanes of that row, combined.
mlir::Value
combineRows(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange rows,
            llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_COMBINEROWS_H
