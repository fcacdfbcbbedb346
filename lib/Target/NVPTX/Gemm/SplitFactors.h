//===- SplitFactors.h - Factors of f32 for warp groups ----------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_SPLITFACTORS_H
#define RAC_LIB_TARGET_NVPTX_GEMM_SPLITFACTORS_H

#include "Feed.h"

namespace rac::gemm {

/// What tensor cores multiply for factors of f32: these themselves, of which
/// they take a tf32, or two parts of each. Threads have their elements of the
/// left factor in registers. Of a step's tile of the right one they make copies
/// in shared memory, along the terms, as tensor cores want f32, however it
/// lies; one copy is made while the other is multiplied with.
class SplitFactors {
public:
  /// Shared memory that copies take, B.
  static int64_t bytes(const Tile &tile);

  explicit SplitFactors(Emit &e, const FeedPlan &plan);

  /// Of each part, the thread's registers (i32) of the left factor, of terms
  /// from `depth` on; `stage`: where its tile is.
  using Registers = llvm::SmallVector<mlir::Value>;
  llvm::SmallVector<Registers, 2> left(Index stage, int64_t depth);
  /// Makes the copy of a stage's tile of the right factor that is number
  /// `copy`, 0 or 1.
  void copyRight(Index stage, Index copy);
  /// Where it is (i64).
  mlir::Value right(Index copy, int64_t part);

private:
  /// Elements of a copy of one part.
  int64_t copyElements() const { return plan.tile.columns * plan.tile.depth; }

  Emit &e;
  FeedPlan plan;
  mlir::Value tilesA, tilesB; ///< memory of f32
  int64_t begin;              ///< of copies, B from where stages begin
  mlir::Value copies;         ///< memory of f32
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_SPLITFACTORS_H
