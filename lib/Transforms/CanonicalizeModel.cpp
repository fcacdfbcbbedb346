//===- CanonicalizeModel.cpp - The form of level 1 that planning knows ----===//

#include "FlushSubnormals.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_CANONICALIZEMODEL
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {
struct CanonicalizeModel : rac::impl::CanonicalizeModelBase<CanonicalizeModel> {
  using CanonicalizeModelBase::CanonicalizeModelBase;

  void runOnOperation() override {
    MLIRContext *ctx = &getContext();
    RewriteCounts counts;
    RewritePatternSet patterns(ctx);
    populateArithmeticPatterns(patterns);
    populateScalePatterns(patterns);
    populateActivationPatterns(patterns, counts);
    populateNormalizePatterns(patterns, counts);
    populateConstantPatterns(patterns, counts, maxFold);
    populateBatchNormPatterns(patterns, counts);
    populateConcatPatterns(patterns);
    populateConvTransposePatterns(patterns);
    populateQuantizedPatterns(patterns);
    populateIntegerPatterns(patterns);
    ReshapeOp::getCanonicalizationPatterns(patterns, ctx);
    TransposeOp::getCanonicalizationPatterns(patterns, ctx);
    SliceOp::getCanonicalizationPatterns(patterns, ctx);

    // Spelled-out forms compare values, so equal ones must be one first.
    IRRewriter rewriter(ctx);
    DominanceInfo dominance(getOperation());
    eliminateCommonSubExpressions(rewriter, dominance, getOperation());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      getOperation().emitWarning("canonical form not reached");
    // Last: scales that moved into weights make some.
    flushSubnormalWeights(getOperation());
    numActivations += counts.activations;
    numNormalize += counts.normalize;
    numConstants += counts.constants;
    numScales += counts.scales;
  }
};
} // namespace
