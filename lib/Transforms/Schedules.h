//===- Schedules.h - Ways to run some ops as one kernel ---------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_SCHEDULES_H
#define RAC_LIB_TRANSFORMS_SCHEDULES_H

#include "rac/Cost/GpuBlock.h"
#include "rac/Cost/Schedule.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// Tile sizes for the result of generated code for `ops`, whose last is the
/// root; the usual first. No tiles at all: tiling gains nothing. Nothing is
/// listed that lowering doesn't carry out.
struct TileChoices {
  int64_t innerTile = 64; ///< of the innermost dimension where it isn't whole
  /// Rows of a chain of products that run together: a multiple of the rows of
  /// register tiles (6 and 12).
  int64_t chainRows = 48;
};
llvm::SmallVector<llvm::SmallVector<int64_t>>
tileChoices(llvm::ArrayRef<mlir::Operation *> ops, TileChoices usual = {});

/// Those for CPUs: these, none at all, and several rows of what is combined.
llvm::SmallVector<llvm::SmallVector<int64_t>>
tilesOfCores(llvm::ArrayRef<mlir::Operation *> ops);

/// The threads of a run on the device: `asked`, or as many as there are cores.
int64_t usableThreads(const Device &device, int64_t asked);

/// Numbers of threads to consider where there are `threads`: all, and the
/// powers of two below.
llvm::SmallVector<int64_t> threadChoices(int64_t threads);

/// Plans without costs, the usual first; blocks of a contraction's loops for
/// registers like `vectors`, if these are known.
llvm::SmallVector<PlanAttr>
schedules(llvm::ArrayRef<mlir::Operation *> ops, KernelKind kind,
          mlir::Type precision, int64_t threads,
          const std::optional<VectorShape> &vectors = std::nullopt);

/// The same for a GPU: with each of `blocks`, those of a contraction, or by
/// rows where the group combines them.
llvm::SmallVector<PlanAttr> gpuSchedules(llvm::ArrayRef<mlir::Operation *> ops,
                                         mlir::Type precision,
                                         llvm::ArrayRef<GpuBlock> blocks);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SCHEDULES_H
