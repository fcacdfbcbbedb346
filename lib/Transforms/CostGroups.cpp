//===- CostGroups.cpp - Costs of plans without any ------------------------===//

#include "AttachDevice.h"
#include "Schedules.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rac/Cost/CostModel.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"
#include <cmath>

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
      if (group.getPlan() && (again || !group.getPlan()->getCost()))
        groups.push_back(group);
    });
    if (groups.empty())
      return;
    if (!device.empty() && failed(attachNamedDevice(module, device)))
      return signalPassFailure();
    llvm::Expected<Device> described = attachedDevice(module);
    if (!described) {
      emitError(module.getLoc(), llvm::toString(described.takeError()));
      return signalPassFailure();
    }
    FailureOr<Assumptions> assumptions = assumed();
    if (failed(assumptions))
      return signalPassFailure();
    Unknowns unknowns = notedUnknowns(module);
    DeviceModel costs(*described, *assumptions,
                      usableThreads(*described, threads), unknowns);
    for (GroupOp group : groups) {
      PlanAttr plan = group.getPlanAttr();
      Estimate estimate = costs.estimate(Candidate::of(group), plan);
      group.setPlanAttr(plan.withCost(estimate.toAttr(&getContext())));
      if (traffic)
        tell(group, estimate, *described);
    }
    noteUnknowns(module, unknowns);
  }

private:
  FailureOr<Assumptions> assumed() {
    Assumptions assumptions;
    assumptions.dim = dim;
    assumptions.dimLow = dimLow > 0 ? dimLow : dim;
    assumptions.dimHigh = dimHigh > 0 ? dimHigh : dim;
    assumptions.cold = cold;
    assumptions.modelBytes = weightBytes(getOperation());
    if (dim < 1 || assumptions.dimLow > dim || assumptions.dimHigh < dim)
      return emitError(getOperation().getLoc(),
                       "dim must be positive, and between dim-low and "
                       "dim-high");
    return assumptions;
  }

  static void tell(GroupOp group, const Estimate &estimate,
                   const Device &device) {
    InFlightDiagnostic remark = group.emitRemark("brings");
    for (auto [level, bytes] :
         llvm::zip(device.memory, estimate.breakdown.fillBytes))
      remark << " " << static_cast<int64_t>(std::llround(bytes)) << " B into "
             << level.name;
  }
};

} // namespace
