//===- ColumnKernel.h - A thread for each result of a reduction -*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_COLUMNKERNEL_H
#define RAC_LIB_TARGET_NVPTX_ROWS_COLUMNKERNEL_H

#include "Combiner.h"

namespace rac::nvptx {

/// A kernel in which neighbouring threads compute neighbouring results, each
/// over all that is reduced, or, where those threads are too few, over a part
/// of it that is then put together in shared memory; where blocks would be too
/// few, over a part of which another kernel puts together what blocks have.
/// Right for any reduction whose results are as many as its parallel
/// iterations.
class ColumnKernel {
public:
  static bool matches(mlir::linalg::LinalgOp op);
  /// Whether blocks that have a result each would leave most of a large chip
  /// idle for long.
  static bool isFewResults(mlir::linalg::LinalgOp op);
  explicit ColumnKernel(mlir::linalg::LinalgOp op);
  /// Makes the kernel in place of the op, and of what it takes along.
  void create();

private:
  /// How many results a thread has, how many threads of a block one result,
  /// and how many blocks.
  struct Shape {
    int64_t lanes = 1, parts = 1, splits = 1;
  };
  /// What a thread reduces of the loop that is split.
  struct Part {
    mlir::Value first, end;
    int64_t step;
  };
  Shape chooseShape(int64_t lanes);
  bool hasLanes();
  void createLaunch(mlir::OpBuilder &builder, Shape shape);
  void createWhole(mlir::OpBuilder &builder, mlir::Value item, int64_t lanes);
  void createParts(mlir::OpBuilder &builder, mlir::Value count, Shape shape);
  mlir::linalg::GenericOp createSplit(mlir::OpBuilder &builder, Shape shape);
  void storePartials(mlir::OpBuilder &builder, mlir::ValueRange position,
                     mlir::Value block, llvm::ArrayRef<Values> results);
  /// Where results of a thread begin; zeros along reductions.
  Values positionOf(mlir::OpBuilder &builder, mlir::Value item, int64_t lanes);
  llvm::SmallVector<Values> start(mlir::OpBuilder &builder,
                                  mlir::ValueRange position, int64_t lanes);
  llvm::SmallVector<Values> reduce(mlir::OpBuilder &builder, Values position,
                                   llvm::ArrayRef<Values> from, Part part,
                                   unsigned depth = 0);
  llvm::SmallVector<Values> reduceInnermost(mlir::OpBuilder &builder,
                                            Values position,
                                            llvm::ArrayRef<Values> from,
                                            Part part);
  llvm::SmallVector<Values> load(mlir::OpBuilder &builder,
                                 mlir::ValueRange position, int64_t lanes);
  llvm::SmallVector<Values> combine(mlir::OpBuilder &builder,
                                    mlir::ValueRange position,
                                    llvm::ArrayRef<Values> loaded,
                                    llvm::ArrayRef<Values> before);
  llvm::SmallVector<Values> gather(mlir::OpBuilder &builder,
                                   mlir::gpu::LaunchOp launch, mlir::Value part,
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
  Values partials;    ///< what blocks that share results have of each
};

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_COLUMNKERNEL_H
