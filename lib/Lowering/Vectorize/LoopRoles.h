//===- LoopRoles.h - What each loop of a linalg op becomes ------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_LOOPROLES_H
#define RAC_LIB_LOWERING_VECTORIZE_LOOPROLES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace rac::vectorize {

/// What a target's vector registers are like.
struct VectorTarget {
  /// Of one register; of scalable ones, the least that there may be.
  int64_t bits = 512;
  bool scalable = false;
  int64_t registers = 32;
};

/// One loop's iterations become lanes; those of another, and several vectors of
/// lanes, are computed together in a tile of registers, so that what is loaded
/// serves more than once.
struct LoopRoles {
  unsigned vectorLoop = 0;
  std::optional<unsigned> rowLoop;
  /// The tile: rows x vectors registers.
  int64_t rows = 1, vectors = 1;
  /// Elements of a vector (times vscale).
  int64_t lanes = 1;
  /// How lanes combine, where the vector loop is a reduction.
  std::optional<mlir::vector::CombiningKind> horizontal;
};

/// Whether the operand's address does not depend on a loop.
bool isIndependent(mlir::AffineMap map, unsigned loop);

/// Whether neighbouring iterations of `loop` touch neighbouring elements.
bool isContiguous(mlir::OpOperand &operand, mlir::AffineMap map, unsigned loop);

/// The op of the body that combines its result with what was there before; null
/// if it isn't one op.
mlir::Operation *findCombiner(mlir::linalg::LinalgOp op);

/// The roles of the loops of `op`, which works on buffers; or, in `why`, the
/// reason that it stays scalar.
llvm::FailureOr<LoopRoles> chooseRoles(mlir::linalg::LinalgOp op,
                                       const VectorTarget &target,
                                       std::string &why);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_LOOPROLES_H
