//===- FuseElementwise.cpp - Loops that share their elements --------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

/// Whether the op only says where elements are.
bool onlyMoves(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return !linalgOp || linalgOp.getBlock()->without_terminator().empty();
}

/// A producer that computes runs no more often than it did: all the consumer's
/// loops must be in the operand's map, or the work would be repeated for each
/// iteration of those that aren't.
bool isWorthFusing(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !producer->hasOneUse())
    return false;
  if (!consumer || onlyMoves(producer))
    return true;
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  for (int64_t loop : llvm::seq<int64_t>(consumer.getNumLoops()))
    if (!map.isFunctionOfDim(loop) && consumer.getNumReductionLoops() > 0 &&
        consumer.getStaticLoopRanges()[loop] != 1)
      return false;
  return true;
}

struct FuseElementwisePass
    : rac::impl::FuseElementwiseBase<FuseElementwisePass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, isWorthFusing);
    // A sum's memory must be seen to be its own, or what reads the sum is not
    // done in registers.
    tensor::populateFoldTensorEmptyPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    affine::AffineApplyOp::getCanonicalizationPatterns(patterns, context);
    context->getLoadedDialect<linalg::LinalgDialect>()
        ->getCanonicalizationPatterns(patterns);
    if (failed(applyPatternsGreedily(
            getOperation(), std::move(patterns),
            GreedyRewriteConfig().setUseTopDownTraversal())))
      signalPassFailure();
  }
};

} // namespace
