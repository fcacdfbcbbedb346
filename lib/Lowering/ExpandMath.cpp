//===- ExpandMath.cpp - Math functions as arithmetic ----------------------===//

#include "Math/Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_EXPANDMATH
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

/// The greater or lesser of two numbers, where neither is NaN: what x86 has one
/// instruction for. arith's own expansion minds NaN all the same.
template <typename Op, arith::CmpFPredicate better>
struct ExpandChoice : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::nnan))
      return rewriter.notifyMatchFailure(op, "may be of NaN");
    Value wins = arith::CmpFOp::create(rewriter, op.getLoc(), better,
                                       op.getLhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, wins, op.getLhs(),
                                                 op.getRhs());
    return success();
  }
};

struct ExpandMathPass : rac::impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    bool kernel = isa<gpu::GPUFuncOp>(getOperation());
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (rac::functions::isExpanded(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      op->getResult(0).replaceAllUsesWith(rac::functions::expand(op, kernel));
      op->erase();
    }
    if (!kernel) // GPUs have instructions that mind NaN
      expandChoices();
  }

private:
  void expandChoices() {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandChoice<arith::MaximumFOp, arith::CmpFPredicate::OGT>,
                 ExpandChoice<arith::MinimumFOp, arith::CmpFPredicate::OLT>>(
        &getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
