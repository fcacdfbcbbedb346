//===- PlanTiles.cpp - Tile sizes of generated groups ---------------------===//

#include "Schedules.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_PLANTILES
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct PlanTilesPass : rac::impl::PlanTilesBase<PlanTilesPass> {
  using PlanTilesBase::PlanTilesBase;

  void runOnOperation() override {
    getOperation().walk([&](GroupOp group) {
      PlanAttr plan = group.getPlanAttr();
      // A plan with a cost was chosen, and none may be its tiles.
      if (!plan || plan.getKind() != KernelKind::generated ||
          !plan.getTiles().empty() || plan.getCost())
        return;
      // The planner, who knew what it costs, wanted none.
      if (plan.getCost())
        return;
      SmallVector<Operation *> ops;
      for (Operation &op : group.getBodyBlock()->without_terminator())
        ops.push_back(&op);
      SmallVector<int64_t> tiles =
          tileChoices(ops, {innerTile, chainRows}).front();
      if (!tiles.empty())
        group.setPlanAttr(plan.withTiles(tiles));
    });
  }
};

} // namespace
