//===- CostGroups.cpp - Costs of plans without any ------------------------===//

#include "Schedules.h"
#include "rac/Cost/CostModel.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_COSTGROUPS
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct CostGroupsPass : rac::impl::CostGroupsBase<CostGroupsPass> {
  using CostGroupsBase::CostGroupsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<GroupOp> groups;
    module.walk([&](GroupOp group) {
      if (group.getPlan() && !group.getPlan()->getCost())
        groups.push_back(group);
    });
    if (groups.empty())
      return;
    llvm::Expected<Device> device = attachedDevice(module);
    if (!device) {
      emitError(module.getLoc(), llvm::toString(device.takeError()));
      return signalPassFailure();
    }
    Unknowns unknowns = notedUnknowns(module);
    RooflineModel costs(*device, Assumptions(), usableThreads(*device, threads),
                        unknowns);
    for (GroupOp group : groups) {
      PlanAttr plan = group.getPlanAttr();
      Estimate estimate = costs.estimate(Candidate::of(group), plan);
      group.setPlanAttr(plan.withCost(estimate.toAttr(&getContext())));
    }
    noteUnknowns(module, unknowns);
  }
};

} // namespace
