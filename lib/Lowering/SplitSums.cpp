//===- SplitSums.cpp - Sums that several threads add up -------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/OnlyReduction.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_SPLITSUMS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

/// The same with all that it goes over as one loop; null if that isn't one.
static linalg::LinalgOp withOneLoop(linalg::LinalgOp sum,
                                    IRRewriter &rewriter) {
  SmallVector<unsigned> loops;
  sum.getReductionDims(loops);
  if (loops.size() == 1)
    return sum;
  ReassociationIndices together(loops.begin(), loops.end());
  if (!linalg::areDimSequencesPreserved(sum.getIndexingMapsArray(), {together}))
    return {};
  rewriter.setInsertionPoint(sum);
  auto collapsed = linalg::collapseOpIterationDims(sum, {together}, rewriter);
  if (failed(collapsed))
    return {};
  rewriter.replaceOp(sum, collapsed->results);
  return collapsed->collapsedOp;
}

namespace {
struct SplitSumsPass : rac::impl::SplitSumsBase<SplitSumsPass> {
  void runOnOperation() override {
    auto plan = getOperation()->getAttrOfType<PlanAttr>("rac.plan");
    if (!plan || plan.getKind() != KernelKind::generated ||
        plan.getSplit() <= 1 || plan.getWarps() != 0)
      return;
    if (failed(split(plan.getSplit())))
      signalPassFailure();
  }

private:
  LogicalResult split(int64_t parts);
};
} // namespace

LogicalResult SplitSumsPass::split(int64_t parts) {
  linalg::LinalgOp sum = findOnlyReduction(getOperation());
  if (!sum)
    return getOperation().emitError(
        "can't have a sum in parts: not one op reduces");
  Location loc = sum.getLoc();
  if (!cast<ShapedType>(sum->getResult(0).getType()).hasStaticShape())
    return emitError(loc) << "can't be in parts: how many sums there are is "
                             "known only when it runs";
  IRRewriter rewriter(sum);
  linalg::LinalgOp flat = withOneLoop(sum, rewriter);
  if (!flat)
    return sum.emitError("can't be in parts: what it goes over isn't together");
  linalg::SplitReductionOptions outermost;
  outermost.ratio = parts;
  rewriter.setInsertionPoint(flat);
  if (failed(linalg::splitReduction(
          rewriter, flat, [&](linalg::LinalgOp) { return outermost; })))
    return emitError(loc) << "can't be in " << parts
                          << " parts, equal ones of a known length";
  ++numSplit;
  return success();
}
