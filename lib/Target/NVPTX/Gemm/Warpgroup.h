//===- Warpgroup.h - Products of four warps together ------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_WARPGROUP_H
#define RAC_LIB_TARGET_NVPTX_GEMM_WARPGROUP_H

#include "SplitFactors.h"
#include "Stage.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace rac::gemm {

/// A block's products where a chip multiplies tiles straight from shared memory
/// (sm_90a): each group of four warps has 64 rows and all columns.
class Warpgroups {
public:
  Warpgroups(Emit &e, const Tile &tile, const Contraction &contraction,
             const Atom &atom, const Operand &a, const Operand &b,
             Index thread);

  /// Bytes of shared memory for operands, with what aligning them takes.
  static int64_t bytes(const Tile &tile);

  /// The sums of the block. `barriers`: where in shared memory there is room
  /// for one of each stage, B.
  mlir::Value accumulate(const Way &way, Index batches, int64_t barriers);
  /// Puts them into shared memory.
  void put(const Stage &stage, mlir::Value sums);

private:
  FeedPlan planFeed(const Way &way, Index batches, int64_t barriers);
  mlir::Value accumulateTiles(const FeedPlan &plan, Feed &feed);
  mlir::Value accumulateParts(const FeedPlan &plan, Feed &feed);
  mlir::Value multiply(mlir::Value addressA, mlir::Value addressB,
                       mlir::Value sums, bool add);
  mlir::Value multiplyParts(SplitFactors &factors, Index stage, Index copy,
                            mlir::Value sums, bool add);
  mlir::Value total(mlir::Value before, mlir::Value step);
  /// Of a body that adds a step to the sums.
  mlir::scf::ForOp loopOverSteps(const FeedPlan &plan);
  /// Steps that are asked for before they are multiplied.
  int64_t ahead() const { return tile.stages - 2; }

  Emit &e;
  Tile tile;
  const Operand &a, &b;
  Index thread;
  bool apart; ///< each step's sums are added up in registers
  GroupProduct product;
  /// Of bytes: what is added to all left factors, as such factors in registers.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> shifts;
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_WARPGROUP_H
