//===- TileGroups.cpp - Carry out a plan's tiles --------------------------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_TILEGROUPS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// The linalg op that computes the function's first result.
linalg::LinalgOp findRoot(func::FuncOp function) {
  auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (ret.getNumOperands() == 0)
    return {};
  Value value = ret.getOperand(0);
  if (auto place =
          value.getDefiningOp<bufferization::MaterializeInDestinationOp>())
    value = place.getSource();
  return value.getDefiningOp<linalg::LinalgOp>();
}

/// Tile sizes for `root`'s loops from those for its result's dimensions.
FailureOr<SmallVector<int64_t>> loopTiles(linalg::LinalgOp root,
                                          ArrayRef<int64_t> tiles) {
  AffineMap map = root.getIndexingMapMatchingResult(root->getResult(0));
  if (!map.isProjectedPermutation() || map.getNumResults() != tiles.size())
    return failure();
  SmallVector<int64_t> sizes(root.getNumLoops(), 0);
  for (auto [i, tile] : llvm::enumerate(tiles))
    sizes[map.getDimPosition(i)] = tile;
  return sizes;
}

struct TileGroupsPass : rac::impl::TileGroupsBase<TileGroupsPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto plan = function->getAttrOfType<PlanAttr>("rac.plan");
    if (!plan || plan.getKind() != KernelKind::generated ||
        llvm::all_of(plan.getTiles(), [](int64_t tile) { return tile == 0; }))
      return;
    linalg::LinalgOp root = findRoot(function);
    auto sizes = root ? loopTiles(root, plan.getTiles())
                      : FailureOr<SmallVector<int64_t>>();
    if (failed(sizes)) {
      function.emitRemark(
          "is not tiled: its result is not a loop nest of its own");
      ++numUntiled;
      return;
    }
    scf::SCFTileAndFuseOptions options;
    options.tilingOptions.setTileSizes(
        getAsIndexOpFoldResult(&getContext(), *sizes));
    options.tilingOptions.setLoopType(
        scf::SCFTilingOptions::LoopType::ForallOp);
    IRRewriter rewriter(root);
    FailureOr<scf::SCFTileAndFuseResult> result =
        scf::tileConsumerAndFuseProducersUsingSCF(
            rewriter, cast<TilingInterface>(*root), options);
    if (failed(result)) {
      root.emitError("can't be tiled as planned");
      return signalPassFailure();
    }
    for (auto [old, replacement] : result->replacements)
      rewriter.replaceAllUsesWith(old, replacement);
    // What a tile passes on needs memory for a tile only.
    RewritePatternSet patterns(&getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    if (failed(applyPatternsGreedily(function, std::move(patterns))))
      return signalPassFailure();
    ++numTiled;
  }
};

} // namespace
