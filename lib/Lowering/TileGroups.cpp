//===- TileGroups.cpp - Carry out a plan's tiles --------------------------===//

#include "Vectorize/LoopRoles.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/OnlyReduction.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_TILEGROUPS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

linalg::LinalgOp rac::findOnlyReduction(func::FuncOp function) {
  linalg::LinalgOp found;
  bool several = false;
  function.walk([&](linalg::LinalgOp op) {
    if (op.getNumReductionLoops() == 0)
      return;
    several |= static_cast<bool>(found);
    found = op;
  });
  return several ? linalg::LinalgOp() : found;
}

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

/// `root`'s loop for each dimension of its result.
FailureOr<SmallVector<unsigned>> loopsOfResult(linalg::LinalgOp root) {
  AffineMap map = root.getIndexingMapMatchingResult(root->getResult(0));
  if (!map.isProjectedPermutation())
    return failure();
  SmallVector<unsigned> loops;
  for (unsigned i : llvm::seq(map.getNumResults()))
    loops.push_back(map.getDimPosition(i));
  return loops;
}

/// What a plan's `tiles`, `reduction` and `order` come to: tiles of the group's
/// result, and inside of them tiles of the op that reduces, from the first of
/// its reductions' on.
class TileNest {
public:
  TileNest(func::FuncOp function, PlanAttr plan)
      : function(function), plan(plan),
        rank(static_cast<int64_t>(plan.getTiles().size())) {}

  LogicalResult run(int64_t &numTiled, int64_t &numUntiled);

private:
  void readOrder();
  LogicalResult tileResult(linalg::LinalgOp root);
  LogicalResult tileReduction();
  LogicalResult findInnerLoops(linalg::LinalgOp root, linalg::LinalgOp main);
  LogicalResult checkPanels(linalg::LinalgOp root, linalg::LinalgOp main);
  /// In front the loops of `first`, then all others.
  static SmallVector<int64_t> interchange(ArrayRef<int64_t> first,
                                          int64_t count);

  func::FuncOp function;
  PlanAttr plan;
  int64_t rank;
  /// Tiled loops in order: dimensions of the result before the first reduction,
  /// and what comes from there on.
  SmallVector<int64_t> outer, inner;
  /// For `inner`, the reducing op's loops.
  SmallVector<int64_t> innerLoops;
};

} // namespace

void TileNest::readOrder() {
  SmallVector<int64_t> order(plan.getOrder());
  if (order.empty())
    order = llvm::to_vector(llvm::seq<int64_t>(
        rank + static_cast<int64_t>(plan.getReduction().size())));
  for (int64_t entry : order) {
    bool reduces = entry >= rank;
    int64_t size =
        reduces ? plan.getReduction()[entry - rank] : plan.getTiles()[entry];
    if (size != 0)
      (reduces || !inner.empty() ? inner : outer).push_back(entry);
  }
}

SmallVector<int64_t> TileNest::interchange(ArrayRef<int64_t> first,
                                           int64_t count) {
  SmallVector<int64_t> order(first);
  for (int64_t loop : llvm::seq(count))
    if (!llvm::is_contained(first, loop))
      order.push_back(loop);
  return order;
}

/// The loop of `main` that runs over dimension `dim` of `root`'s result, which
/// is `main`'s own or read from that element by element.
static std::optional<unsigned> loopOf(linalg::LinalgOp root,
                                      linalg::LinalgOp main, int64_t dim) {
  auto ofRoot = loopsOfResult(root), ofMain = loopsOfResult(main);
  if (failed(ofRoot) || failed(ofMain))
    return std::nullopt;
  if (root == main)
    return (*ofRoot)[dim];
  for (OpOperand *operand : root.getDpsInputOperands()) {
    AffineMap map = root.getMatchingIndexingMap(operand);
    if (operand->get().getDefiningOp() != main || !map.isPermutation())
      continue;
    for (unsigned i : llvm::seq(map.getNumResults()))
      if (map.getDimPosition(i) == (*ofRoot)[dim])
        return (*ofMain)[i];
  }
  return std::nullopt;
}

/// Operands in panels are cut between them, or within one.
LogicalResult TileNest::checkPanels(linalg::LinalgOp root,
                                    linalg::LinalgOp main) {
  for (auto [dim, size] : llvm::enumerate(plan.getTiles())) {
    auto loop = size ? loopOf(root, main, dim) : std::nullopt;
    for (AffineMap map : main.getIndexingMapsArray()) {
      auto width = loop ? vectorize::panelOf(map, *loop) : std::nullopt;
      if (width && size % *width != 0 && *width % size != 0)
        return main.emitError("can't be tiled by ")
               << size << ": its weights are in panels of " << *width;
    }
  }
  return success();
}

LogicalResult TileNest::tileResult(linalg::LinalgOp root) {
  auto loops = loopsOfResult(root);
  SmallVector<int64_t> sizes(root.getNumLoops(), 0), order;
  for (int64_t dim : outer) {
    sizes[(*loops)[dim]] = plan.getTiles()[dim];
    order.push_back((*loops)[dim]);
  }
  MLIRContext *context = function.getContext();
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setTileSizes(getAsIndexOpFoldResult(context, sizes));
  if (!plan.getOrder().empty())
    options.tilingOptions.setInterchange(
        interchange(order, root.getNumLoops()));
  options.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  IRRewriter rewriter(root);
  FailureOr<scf::SCFTileAndFuseResult> result =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(*root), options);
  if (failed(result))
    return root.emitError("can't be tiled as planned");
  for (auto [old, replacement] : result->replacements)
    rewriter.replaceAllUsesWith(old, replacement);
  return success();
}

/// The reducing op's loops for `inner`, through what reads its result.
LogicalResult TileNest::findInnerLoops(linalg::LinalgOp root,
                                       linalg::LinalgOp main) {
  SmallVector<unsigned> reductions;
  main.getReductionDims(reductions);
  if (plan.getReduction().size() != reductions.size())
    return main.emitError("has ")
           << reductions.size() << " loops that reduce, the plan tiles for "
           << plan.getReduction().size();
  for (int64_t entry : inner) {
    if (entry >= rank) {
      innerLoops.push_back(reductions[entry - rank]);
      continue;
    }
    std::optional<unsigned> loop = loopOf(root, main, entry);
    if (!loop)
      return root.emitError("has a dimension that is no loop of the op that "
                            "reduces, and can't be tiled inside of its blocks");
    innerLoops.push_back(*loop);
  }
  return success();
}

LogicalResult TileNest::tileReduction() {
  linalg::LinalgOp main = findOnlyReduction(function);
  if (!main)
    return function.emitError("has no single op that reduces in a tile");
  SmallVector<int64_t> sizes(main.getNumLoops(), 0);
  for (auto [entry, loop] : llvm::zip_equal(inner, innerLoops))
    sizes[loop] = entry >= rank ? plan.getReduction()[entry - rank]
                                : plan.getTiles()[entry];
  scf::SCFTilingOptions options;
  options.setTileSizes(getAsIndexOpFoldResult(function.getContext(), sizes));
  options.setInterchange(interchange(innerLoops, main.getNumLoops()));
  IRRewriter rewriter(main);
  auto result =
      scf::tileUsingSCF(rewriter, cast<TilingInterface>(*main), options);
  if (failed(result))
    return main.emitError("can't be tiled as planned");
  rewriter.replaceOp(main, result->replacements);
  return success();
}

/// Whether tensors without elements make an op do nothing, whose slices MLIR
/// can't compute (llvm 22: computeTileSizes).
static bool hasEmptyLoops(func::FuncOp function) {
  return function
      .walk([](linalg::LinalgOp op) {
        return llvm::is_contained(op.getStaticLoopRanges(), 0)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult TileNest::run(int64_t &numTiled, int64_t &numUntiled) {
  readOrder();
  if (outer.empty() && inner.empty())
    return success();
  linalg::LinalgOp root = findRoot(function);
  auto loops = root ? loopsOfResult(root) : FailureOr<SmallVector<unsigned>>();
  if (failed(loops) || (rank != 0 && loops->size() != size_t(rank))) {
    if (!inner.empty())
      return function.emitError(
          "can't have blocks of a reduction: its result is "
          "not a loop nest of its own");
    function.emitRemark(
        "is not tiled: its result is not a loop nest of its own");
    ++numUntiled;
    return success();
  }
  if (hasEmptyLoops(function)) {
    function.emitRemark("is not tiled: a loop of it has no iterations");
    ++numUntiled;
    return success();
  }
  linalg::LinalgOp main = findOnlyReduction(function);
  if (main && failed(checkPanels(root, main)))
    return failure();
  if (!inner.empty()) {
    if (!main)
      return function.emitError("can't have blocks of a reduction: not one op "
                                "reduces");
    if (failed(findInnerLoops(root, main)))
      return failure();
  }
  if (!outer.empty() && failed(tileResult(root)))
    return failure();
  // What a tile passes on needs memory for a tile only; what was whole before
  // is not kept for its sizes.
  RewritePatternSet patterns(function.getContext());
  tensor::populateFoldTensorEmptyPatterns(patterns);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  if (failed(applyPatternsGreedily(function, std::move(patterns))))
    return failure();
  ++numTiled;
  return inner.empty() ? success() : tileReduction();
}

namespace {
struct TileGroupsPass : rac::impl::TileGroupsBase<TileGroupsPass> {
  void runOnOperation() override {
    auto plan = getOperation()->getAttrOfType<PlanAttr>("rac.plan");
    if (!plan || plan.getKind() != KernelKind::generated)
      return;
    // Tiles of a contraction's blocks on a GPU are its kernel's.
    if (plan.getWarps() != 0)
      return;
    int64_t tiled = 0, untiled = 0;
    if (failed(TileNest(getOperation(), plan).run(tiled, untiled)))
      return signalPassFailure();
    numTiled += tiled;
    numUntiled += untiled;
  }
};
} // namespace
