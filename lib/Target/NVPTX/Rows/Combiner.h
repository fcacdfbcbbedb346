//===- Combiner.h - How threads put their parts together --------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_COMBINER_H
#define RAC_LIB_TARGET_NVPTX_ROWS_COMBINER_H

#include "LaneBody.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace rac::nvptx {

/// How results over parts of what an op reduces become the one over all of it,
/// in any order: known for sums, products, extremes and bits, and for the index
/// of an extreme.
class Combiner {
public:
  static std::optional<Combiner> find(mlir::linalg::LinalgOp op);
  /// Of one result, which `combiner` combines.
  static std::optional<Combiner> find(mlir::Operation *combiner);

  /// What a part without elements comes to. The op of an index starts from
  /// `start`, which has no index smaller than any.
  Values neutral(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::ValueRange start) const;
  /// Whether a result that starts from `start` needs nothing done for it after
  /// parts are merged that start from what is neutral.
  bool isNeutral(mlir::ValueRange start) const;
  Values merge(mlir::OpBuilder &builder, mlir::Location loc, mlir::ValueRange x,
               mlir::ValueRange y) const;
  /// Of neighbouring lanes: `parts[result][lane]`.
  Values mergeLanes(mlir::OpBuilder &builder, mlir::Location loc,
                    llvm::ArrayRef<Values> parts) const;
  /// Of `group` neighbouring threads, a power of two up to 32, for each.
  Values mergeThreads(mlir::OpBuilder &builder, mlir::Location loc,
                      Values parts, int64_t group) const;
  /// Of all threads of the block, for each of them.
  Values mergeBlock(mlir::OpBuilder &builder, mlir::gpu::LaunchOp launch,
                    mlir::Value thread, Values parts, int64_t threads) const;

  bool findsIndex() const { return !wins.empty(); }

private:
  /// The op of the body for each result.
  llvm::SmallVector<mlir::Operation *> combiners;
  /// Of an index: what of the body decides whether `candidate` wins over
  /// `best`.
  llvm::SmallVector<mlir::Operation *> wins;
  mlir::Value condition, candidate, best;
  unsigned valueResult = 0, indexResult = 1;
};

/// `value` of another thread of the warp, which `offset` (an i32) and `mode`
/// tell.
mlir::Value shuffle(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value value, mlir::Value offset,
                    mlir::gpu::ShuffleMode mode);

/// `value` of the thread whose number in the warp differs in the bits `mask`.
mlir::Value shuffleXor(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value, int64_t mask);

/// Memory that the threads of a block share.
mlir::Value shareMemory(mlir::gpu::LaunchOp launch, int64_t size,
                        mlir::Type element);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_COMBINER_H
