//===- ChunkEmitter.h - A few neighbours to rows of their own ---*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_CHUNKEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_CHUNKEMITTER_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// A copy that deals a pixel's chunks, of a few elements each, out to as many
/// rows: (pixels, chunks, elements) to (chunks, ..., pixels, elements), as
/// windows that lie side by side come together.
struct ChunkRoles {
  unsigned pixelLoop = 0, chunkLoop = 0, elementLoop = 0;
  int64_t chunks = 2, elements = 2, lanes = 1;
};

/// The roles, if `op`, which works on buffers, is such a copy.
std::optional<ChunkRoles> matchChunks(mlir::linalg::LinalgOp op,
                                      const VectorTarget &target);

/// Writes the loops before `op`.
void emitChunks(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                const ChunkRoles &roles);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_CHUNKEMITTER_H
