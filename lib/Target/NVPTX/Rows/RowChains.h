//===- RowChains.h - Where a function works row by row ----------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_ROWCHAINS_H
#define RAC_LIB_TARGET_NVPTX_ROWS_ROWCHAINS_H

#include "RowProgram.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rac::nvptx {

/// Makes kernels of ops that follow each other and work on the same rows, as
/// many ops a kernel as can be, where they are `wanted`. Returns how many.
int64_t createRowKernels(mlir::func::FuncOp function,
                         llvm::function_ref<bool(const RowProgram &)> wanted);

/// Ops of the host that follow each other, with nothing that touches memory in
/// between.
llvm::SmallVector<llvm::SmallVector<mlir::linalg::LinalgOp>>
findRuns(mlir::func::FuncOp function);

/// Whether an op multiplies buffers so that elements of each serve for many
/// results: what products of matrices are made for.
bool isContraction(mlir::linalg::LinalgOp op);

/// What is within a parallel loop or a kernel is one thread's, not the host's.
bool isHosts(mlir::Operation *op);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_ROWCHAINS_H
