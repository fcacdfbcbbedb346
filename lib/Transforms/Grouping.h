//===- Grouping.h - Which ops run together ----------------------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_GROUPING_H
#define RAC_LIB_TRANSFORMS_GROUPING_H

#include "rac/Cost/CostModel.h"
#include "rac/Transforms/SymbolicShapes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace rac {

/// Ops that will be a group. All its results are those of the last op, the
/// root.
struct Cluster {
  KernelKind kind = KernelKind::generated;
  /// What gives the group its name.
  mlir::Operation *main = nullptr;
  /// In the order of the block.
  llvm::SmallVector<mlir::Operation *> ops;
  /// Those of `ops` that others need too: the group computes them again.
  llvm::SmallPtrSet<mlir::Operation *, 2> copies;

  mlir::Operation *root() const { return ops.back(); }
  bool contains(mlir::Operation *op) const {
    return llvm::is_contained(ops, op);
  }
  void add(mlir::Operation *op);
};

/// Decides about one block after another.
class Grouping {
public:
  Grouping(mlir::MLIRContext *ctx, const CostModel &costs, bool useLibrary)
      : costs(costs), shapes(ctx), useLibrary(useLibrary) {}

  /// The clusters of a block, in the order of their roots.
  llvm::SmallVector<Cluster> form(mlir::Block &block);
  PlanAttr plan(const Cluster &cluster) const;

  int64_t numRefused = 0;

private:
  /// LibraryGroups.cpp
  void formLibrary(mlir::Operation *anchor);
  bool joinsChain(const Cluster &cluster, mlir::Value value,
                  mlir::Operation *next);
  void takeOperandTransposes(Cluster &cluster);
  /// AttentionGroups.cpp
  void formAttention(MatmulOp last);
  /// GeneratedGroups.cpp
  void formGenerated(mlir::Operation *root);
  bool joinsAsProducer(const Cluster &cluster, mlir::Operation *op);

  bool isFree(mlir::Operation *op) const { return !owner.contains(op); }
  void claim(Cluster cluster);
  /// Whether the cluster with `op` costs no more than both apart.
  bool pays(const Cluster &cluster, mlir::Operation *op);
  double seconds(llvm::ArrayRef<mlir::Operation *> ops, KernelKind kind) const;

  const CostModel &costs;
  SymbolicShapes shapes;
  bool useLibrary;
  llvm::SmallVector<Cluster> clusters;
  llvm::DenseSet<mlir::Operation *> owner;
};

/// Whether an op of level 1 computes, and so belongs into a group.
bool belongsInGroup(mlir::Operation *op);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_GROUPING_H
