//===- BodyLoads.h - What a linalg op's body loads by itself ----*- C++ -*-===//
//
// Gathers and resizes load at indices that their body computes. Where only the
// last of these moves with the lanes, and is the lane's own loop, it is one
// load of a vector; scalable vectors gather what is elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_BODYLOADS_H
#define RAC_LIB_LOWERING_VECTORIZE_BODYLOADS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

namespace rac::vectorize {

/// Whether a value of the body of `op` may differ between iterations of `loop`.
bool variesAlong(mlir::linalg::LinalgOp op, mlir::Value value, unsigned loop);

/// Whether a value of a body serves for nothing but indices of loads.
bool isAddress(mlir::Value value);

/// Whether a load of the body is contiguous along `loop`, or the same for all
/// of it.
bool isAlong(mlir::linalg::LinalgOp op, mlir::memref::LoadOp load,
             unsigned loop);

/// Whether neighbours in the last dimension of what is loaded from are
/// neighbours in memory.
bool isDense(mlir::memref::LoadOp load);

/// Whether a value of the body is needed to find what a load gathers for lanes
/// along `loop`.
bool servesGather(mlir::linalg::LinalgOp op, mlir::Value value, unsigned loop);

/// Whether all loads of the body are contiguous along `loop`, or the same for
/// all of it.
bool loadsAlong(mlir::linalg::LinalgOp op, unsigned loop);

/// What the body of `op`, which works on buffers, makes of single numbers:
/// those that `scalars` has for its arguments or indices, and what operands
/// hold at `addressOf`.
mlir::Value computeScalar(
    mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
    mlir::IRMapping scalars,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpOperand &)>
        addressOf);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_BODYLOADS_H
