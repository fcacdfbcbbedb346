//===- ScanLoop.h - Loops that carry a running sum --------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_SCAN_SCANLOOP_H
#define RAC_LIB_TARGET_NVPTX_SCAN_SCANLOOP_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace rac::nvptx {

/// A loop of which each iteration combines a term of its own with what it
/// carries, in any order, and stores at places of its own: those that its
/// counter says, or, of iterations that are counted, those that the count says.
struct ScanLoop {
  /// Fails where `loop` is none, or its result is used.
  static mlir::FailureOr<ScanLoop> find(mlir::scf::ForOp loop,
                                        mlir::RewriterBase &rewriter);

  mlir::scf::ForOp loop;
  mlir::scf::ParallelOp rows; ///< the loop around, of rows; null: there is one
  mlir::Operation *combiner = nullptr;
  mlir::Value term; ///< what an iteration combines
  /// The ops of the body that compute it.
  llvm::DenseSet<mlir::Operation *> computesTerm;
  /// Whether neighbours in memory are of neighbouring rows, not of iterations.
  bool neighboursAreRows = false;

  mlir::Operation *outermost() {
    return rows ? rows.getOperation() : loop.getOperation();
  }

private:
  mlir::LogicalResult findTerm(mlir::RewriterBase &rewriter);
  mlir::LogicalResult findRows(mlir::RewriterBase &rewriter);
  mlir::LogicalResult checkAccesses(mlir::RewriterBase &rewriter);
  bool isOwn(mlir::Value index, mlir::Operation *store);
  bool isCounted(mlir::Operation *store);
  void findNeighbours(llvm::ArrayRef<mlir::Operation *> accesses);
};

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_SCAN_SCANLOOP_H
