//===- BlockFactor.h - Factors of whole sums --------------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_BLOCKFACTOR_H
#define RAC_LIB_LOWERING_VECTORIZE_BLOCKFACTOR_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>

namespace rac::vectorize {

/// A body adds the sum of `terms`, times `factor`, to its result, and the
/// factor is the same in all steps of `loop`, the innermost reduction: what
/// that sums up can be multiplied once.
struct BlockFactor {
  unsigned loop = 0;
  llvm::SmallVector<mlir::Value> terms; ///< in the body
  mlir::Value factor;
};

/// Whether a value of the body of `op` is the same in all steps of `loop`.
bool isSameAlong(mlir::linalg::LinalgOp op, mlir::Value value, unsigned loop);

/// The factor of `op`'s body, where floats may be reassociated so.
std::optional<BlockFactor> findBlockFactor(mlir::linalg::LinalgOp op);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_BLOCKFACTOR_H
