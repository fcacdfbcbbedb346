//===- PlanTiles.cpp - Tile sizes of generated groups ---------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rac {
#define GEN_PASS_DEF_PLANTILES
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Adds the dimensions along which `op` combines elements before something else
/// in the group uses them: these must be whole in every tile.
void addWholeDims(Operation *op, llvm::SmallSetVector<int64_t, 4> &dims) {
  llvm::TypeSwitch<Operation *>(op)
      .Case<SoftmaxOp>(
          [&](SoftmaxOp softmax) { dims.insert(softmax.getAxis()); })
      .Case<NormalizeOp>([&](NormalizeOp normalize) {
        for (int64_t i = normalize.getAxis(),
                     e = normalize.getInput().getType().getRank();
             i < e; ++i)
          dims.insert(i);
      })
      .Case<ReduceOp>([&](ReduceOp reduce) {
        dims.insert(reduce.getAxes().begin(), reduce.getAxes().end());
      });
}

struct PlanTilesPass : rac::impl::PlanTilesBase<PlanTilesPass> {
  using PlanTilesBase::PlanTilesBase;

  void runOnOperation() override {
    getOperation().walk([&](GroupOp group) {
      PlanAttr plan = group.getPlanAttr();
      if (!plan || plan.getKind() != KernelKind::generated ||
          !plan.getTiles().empty())
        return;
      SmallVector<int64_t> tiles = choose(group);
      if (!tiles.empty())
        group.setPlanAttr(plan.withTiles(tiles));
    });
  }

private:
  /// Of a chain of products: some rows of the last one's result, with all that
  /// they need of what comes before.
  SmallVector<int64_t> chooseForChain(MatmulOp last) {
    int64_t rank = last.getResult().getType().getRank();
    SmallVector<int64_t> tiles(rank, 1);
    tiles[rank - 2] = chainRows;
    tiles[rank - 1] = 0;
    Operation *user = *last->user_begin();
    if (auto transpose = dyn_cast<TransposeOp>(user))
      return applyPermutation(tiles, transpose.getPermutation());
    return tiles;
  }

  /// Rows of what is combined, one at a time, so that what passes between the
  /// group's ops stays in the first-level cache; empty if that gains nothing.
  SmallVector<int64_t> choose(GroupOp group) {
    if (group.getNumResults() != 1)
      return {};
    auto products = llvm::to_vector(group.getBodyBlock()->getOps<MatmulOp>());
    if (products.size() > 1)
      return chooseForChain(products.back());
    auto type = cast<RankedTensorType>(group.getResult(0).getType());
    llvm::SmallSetVector<int64_t, 4> whole;
    for (Operation &op : group.getBodyBlock()->without_terminator()) {
      size_t before = whole.size();
      addWholeDims(&op, whole);
      // Dimensions of what is combined are those of the result only if the
      // ranks agree.
      if (whole.size() != before &&
          cast<RankedTensorType>(op.getOperand(0).getType()).getRank() !=
              type.getRank())
        return {};
    }
    int64_t last = type.getRank() - 1;
    if (whole.empty() || static_cast<int64_t>(whole.size()) == type.getRank())
      return {};
    SmallVector<int64_t> tiles(type.getRank(), 1);
    for (int64_t dim : whole)
      tiles[dim] = 0;
    if (!whole.contains(last))
      tiles[last] = innerTile;
    return tiles;
  }
};

} // namespace
