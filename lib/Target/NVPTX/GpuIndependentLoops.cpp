//===- GpuIndependentLoops.cpp - Loops over rows run in threads -----------===//

#include "IndependentLoops.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUINDEPENDENTLOOPS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

/// The only structured op in a loop, if it is elementwise: products and sums
/// are worth kernels of their own.
static linalg::LinalgOp onlyElementwiseOp(scf::ForOp loop) {
  SmallVector<linalg::LinalgOp> ops;
  loop.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
  if (ops.size() != 1 || ops.front().getNumReductionLoops() != 0 ||
      !ops.front().hasPureBufferSemantics())
    return {};
  return ops.front();
}

/// An index that is a loop's counter shall be seen to be.
static void foldIndices(scf::ForOp nest, IRRewriter &rewriter) {
  nest.walk([&](affine::AffineApplyOp index) {
    rewriter.setInsertionPoint(index);
    SmallVector<Value> folded;
    if (succeeded(rewriter.tryFold(index, folded)))
      rewriter.replaceOp(index, folded);
  });
}

/// Makes one kernel of the loop, if the threads of its op needn't wait for each
/// other from one iteration to the next.
static bool launch(scf::ForOp loop) {
  if (loop.getNumResults() != 0 || !onlyElementwiseOp(loop))
    return false;
  // What is no such nest keeps its op, which other passes make kernels of.
  IRRewriter rewriter(loop);
  auto nest = cast<scf::ForOp>(rewriter.clone(*loop));
  linalg::LinalgOp op = onlyElementwiseOp(nest);
  rewriter.setInsertionPoint(op);
  if (failed(linalg::linalgOpToParallelLoops(rewriter, op))) {
    nest.erase();
    return false;
  }
  op.erase();
  foldIndices(nest, rewriter);
  if (!nvptx::launchIndependent(nest)) {
    nest.erase();
    return false;
  }
  loop.erase();
  return true;
}

namespace {
struct GpuIndependentLoopsPass
    : rac::impl::GpuIndependentLoopsBase<GpuIndependentLoopsPass> {
  void runOnOperation() override {
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      // What is within these is done by one of their threads.
      if (isa<gpu::LaunchOp, scf::ParallelOp, scf::ForallOp>(op))
        return WalkResult::skip();
      auto loop = dyn_cast<scf::ForOp>(op);
      if (!loop || !launch(loop))
        return WalkResult::advance();
      ++numKernels;
      return WalkResult::skip();
    });
  }
};
} // namespace
