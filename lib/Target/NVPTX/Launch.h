//===- Launch.h - Kernels with a thread for each item -----------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_LAUNCH_H
#define RAC_LIB_TARGET_NVPTX_LAUNCH_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"

namespace rac::nvptx {

/// Threads of a block where nothing asks for more or less: enough warps to hide
/// latency, and eight such blocks fill a multiprocessor of any chip.
constexpr int64_t kBlockThreads = 256;

/// A launch of one block of `threads` threads for each of `blocks`; its body is
/// built at the returned op's terminator.
mlir::gpu::LaunchOp createLaunch(mlir::OpBuilder &builder, mlir::Location loc,
                                 mlir::Value blocks, int64_t threads);

/// A launch with a thread for each of `count` items, of which there may be
/// none. `body` builds what a thread does with its item, an index.
mlir::gpu::LaunchOp
launchItems(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value count,
            llvm::function_ref<void(mlir::OpBuilder &, mlir::Value)> body);

/// The position along each of `sizes`, last fastest, of item number `item`.
llvm::SmallVector<mlir::Value> delinearize(mlir::OpBuilder &builder,
                                           mlir::Location loc, mlir::Value item,
                                           llvm::ArrayRef<mlir::Value> sizes);

/// How often a loop runs; its range may end before it begins.
mlir::Value countIterations(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value lower, mlir::Value upper,
                            mlir::Value step);

/// A loop's counter in iteration number `iteration`.
mlir::Value counterAt(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value iteration, mlir::Value lower,
                      mlir::Value step);

/// The product; 1 of none.
mlir::Value product(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::ValueRange sizes);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_LAUNCH_H
