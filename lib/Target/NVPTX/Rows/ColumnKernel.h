//===- ColumnKernel.h - A thread for each result of a reduction -*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_COLUMNKERNEL_H
#define RAC_LIB_TARGET_NVPTX_ROWS_COLUMNKERNEL_H

#include "Combiner.h"

namespace rac::nvptx {

/// A kernel in which neighbouring threads compute neighbouring results, each
/// over all that is reduced, or, where those threads are too few, over a part
/// of it that is then put together in shared memory. Right for any reduction
/// whose results are as many as its parallel iterations.
class ColumnKernel {
public:
  static bool matches(mlir::linalg::LinalgOp op);
  explicit ColumnKernel(mlir::linalg::LinalgOp op);
  /// Makes the kernel in place of the op, and of what it takes along.
  void create();

private:
  /// How many results a thread has, and how many threads one result.
  struct Shape {
    int64_t lanes = 1, parts = 1;
  };
  int64_t chooseParts(int64_t lanes);
  bool hasLanes();
  void createLaunch(mlir::OpBuilder &builder, Shape shape);
  void createWhole(mlir::OpBuilder &builder, mlir::Value item, int64_t lanes);
  void createParts(mlir::OpBuilder &builder, mlir::Value count, Shape shape);
  /// Where results of a thread begin; zeros along reductions.
  Values positionOf(mlir::OpBuilder &builder, mlir::Value item, int64_t lanes);
  llvm::SmallVector<Values> start(mlir::OpBuilder &builder,
                                  mlir::ValueRange position, int64_t lanes);
  /// Reduces from `first` in steps of `step` along the loop that is split.
  llvm::SmallVector<Values> reduce(mlir::OpBuilder &builder, Values position,
                                   llvm::ArrayRef<Values> from,
                                   mlir::Value first, int64_t step,
                                   unsigned depth = 0);
  llvm::SmallVector<Values> step(mlir::OpBuilder &builder,
                                 mlir::ValueRange position,
                                 llvm::ArrayRef<Values> before);
  llvm::SmallVector<Values> gather(mlir::OpBuilder &builder,
                                   mlir::gpu::LaunchOp launch,
                                   mlir::Value across, mlir::Value part,
                                   llvm::ArrayRef<Values> parts, Shape shape);
  void finish(mlir::OpBuilder &builder, mlir::ValueRange position,
              llvm::ArrayRef<Values> results);
  std::optional<unsigned> readerLane() const;

  mlir::linalg::LinalgOp op;
  mlir::Location loc;
  std::optional<Combiner> combiner;
  llvm::SmallVector<mlir::linalg::FillOp> fills;
  mlir::OpOperand *epilogue;
  /// Parallel loops, that along neighbouring results last; the others.
  llvm::SmallVector<unsigned> parallel, reductions;
  /// The loop that neighbouring results are along; none: there is one result.
  std::optional<unsigned> lane;
  unsigned split = 0; ///< of the reductions
  Values sizes;       ///< of all loops
};

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_COLUMNKERNEL_H
