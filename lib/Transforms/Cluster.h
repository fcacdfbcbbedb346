//===- Cluster.h - Ops that could run as one kernel -------------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_CLUSTER_H
#define RAC_LIB_TRANSFORMS_CLUSTER_H

#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Dialect/Rac/IR/SymbolicShapes.h"

namespace rac {

/// Ops that could be a group. All its results are those of the last op, the
/// root; what else the ops give is needed by none but them, or cheap enough to
/// be computed elsewhere again.
struct Cluster {
  KernelKind kind = KernelKind::generated;
  /// What gives the group its name, and contractions their precision.
  mlir::Operation *main = nullptr;
  /// In the order of the block.
  llvm::SmallVector<mlir::Operation *> ops;

  mlir::Operation *root() const { return ops.back(); }
  bool contains(mlir::Operation *op) const {
    return llvm::is_contained(ops, op);
  }
  void add(mlir::Operation *op);

  /// `main` and what else is computed with it.
  static Cluster of(mlir::Operation *main,
                    llvm::ArrayRef<mlir::Operation *> others = {});
};

/// Whether an op of level 1 computes, and so belongs into a group.
bool belongsInGroup(mlir::Operation *op);

/// What the cluster's main op computes in: floats where it has any; what a
/// contraction multiplies.
mlir::Type precisionOf(mlir::Operation *main);

/// The main op and what follows it, for example conv_add_relu.
std::string formOf(const Cluster &cluster);

/// What groups the target can run.
struct GroupForms {
  bool library = true; ///< calls of the kernel library
  /// Two matrix products and all between them, a tile at a time.
  bool productChains = true;
  /// Transposes of a contraction's operands and of its result, which are
  /// nothing but strides there. Those of weights are so everywhere.
  bool transposes = false;
  /// Chains of products of f16 and bf16 too.
  bool halfChains = false;
  /// A depthwise convolution and a pointwise one, a few rows at a time.
  bool convChains = false;
  /// Chains with the elementwise ops after them.
  bool chainEnds = false;
};

/// Finds what could be a group in a block. A cluster of each op alone is always
/// among them.
class ClusterFinder {
public:
  ClusterFinder(mlir::Block &block, SymbolicShapes &shapes, GroupForms forms);

  /// In the order of the block's roots; no two have the same ops and kind.
  llvm::SmallVector<Cluster> find();

private:
  /// LibraryGroups.cpp: a convolution or product and each beginning of the
  /// chain after it.
  void findLibrary(mlir::Operation *anchor);
  bool joinsChain(const Cluster &cluster, mlir::Value value,
                  mlir::Operation *next);
  Cluster withOperandTransposes(Cluster cluster);
  /// ProductChains.cpp: from one matrix product to another.
  void findProductChain(MatmulOp last);
  void addWithEnds(Cluster cluster);
  /// ConvChains.cpp: from a depthwise convolution to a pointwise one.
  void findConvChain(ConvOp last);
  /// GeneratedGroups.cpp: an op and producers that share its loops.
  void findGenerated(mlir::Operation *root);
  bool joinsAsProducer(const Cluster &cluster, mlir::Operation *op);
  bool isInPassing(mlir::Operation *op) const;
  bool mayBeTogether(const Cluster &cluster, mlir::Operation *op) const;
  bool visitsOnce(const Cluster &cluster, mlir::OpOperand &use);
  Cluster grow(mlir::Operation *root, llvm::ArrayRef<mlir::Operation *> refused,
               llvm::SmallVectorImpl<mlir::Operation *> &joined);

  void add(Cluster cluster);

  mlir::Block &block;
  SymbolicShapes &shapes;
  GroupForms forms;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Cluster>> byRoot;
};

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_CLUSTER_H
