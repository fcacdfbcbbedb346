//===- TransposeEmitter.h - Copies in another order -------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_TRANSPOSEEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_TRANSPOSEEMITTER_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// A copy whose source is contiguous along one loop and whose result is along
/// another: square blocks of registers are transposed.
struct TransposeRoles {
  unsigned sourceLoop = 0, resultLoop = 0;
  int64_t lanes = 1;
};

/// The roles, if `op`, which works on buffers, is such a copy. Scalable vectors
/// have no square blocks.
std::optional<TransposeRoles> matchTranspose(mlir::linalg::LinalgOp op,
                                             const VectorTarget &target);

/// Writes the loops before `op`.
void emitTranspose(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                   const TransposeRoles &roles);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_TRANSPOSEEMITTER_H
