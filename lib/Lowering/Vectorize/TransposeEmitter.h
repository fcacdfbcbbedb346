//===- TransposeEmitter.h - Elements in another order -----------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_TRANSPOSEEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_TRANSPOSEEMITTER_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// An elementwise op that reads contiguously along one loop and writes along
/// another: square blocks of registers are transposed.
struct TransposeRoles {
  unsigned sourceLoop = 0, resultLoop = 0;
  int64_t lanes = 1;
  /// The operand whose rows are transposed, for the body to compute on rows of
  /// the result; none: the body computes on rows of the source, and what it
  /// makes of them is transposed.
  std::optional<unsigned> operand;
};

/// The roles, if `op`, which works on buffers, is such an op. Scalable vectors
/// have no square blocks.
std::optional<TransposeRoles> matchTranspose(mlir::linalg::LinalgOp op,
                                             const VectorTarget &target);

/// Writes the loops before `op`.
void emitTranspose(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                   const TransposeRoles &roles);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_TRANSPOSEEMITTER_H
