//===- InterleaveEmitter.h - A few rows side by side ------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_INTERLEAVEEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_INTERLEAVEEMITTER_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// What an elementwise op makes of a few rows lies element by element side by
/// side: the planes of an image become its pixels.
struct InterleaveRoles {
  unsigned rowLoop = 0;   ///< along a row of the source
  unsigned innerLoop = 0; ///< from row to row
  int64_t rows = 2, lanes = 1;
};

/// The roles, if `op`, which works on buffers, is such an op.
std::optional<InterleaveRoles> matchInterleave(mlir::linalg::LinalgOp op,
                                               const VectorTarget &target);

/// Writes the loops before `op`.
void emitInterleave(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                    const InterleaveRoles &roles);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_INTERLEAVEEMITTER_H
