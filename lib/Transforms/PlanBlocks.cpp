//===- PlanBlocks.cpp - Blocks of products for groups' types --------------===//

#include "Schedules.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rac/Cost/CostModel.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_PLANBLOCKS
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct PlanBlocksPass : rac::impl::PlanBlocksBase<PlanBlocksPass> {
  using PlanBlocksBase::PlanBlocksBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::Expected<Device> device = attachedDevice(module);
    if (!device) {
      emitError(module.getLoc(), llvm::toString(device.takeError()));
      return signalPassFailure();
    }
    if (device->kind != DeviceKind::gpu)
      return;
    Assumptions assumptions;
    assumptions.modelBytes = weightBytes(module);
    Unknowns unknowns = notedUnknowns(module);
    DeviceModel costs(*device, assumptions, usableThreads(*device, 0),
                      unknowns);
    module.walk([&](GroupOp group) {
      PlanAttr plan = group.getPlanAttr();
      if (plan && plan.getKind() == KernelKind::generated && !plan.getCost())
        group.setPlanAttr(bestFor(group, plan, costs));
    });
  }

private:
  PlanAttr bestFor(GroupOp group, PlanAttr plan, const CostModel &costs) {
    Candidate candidate = Candidate::of(group);
    auto result = dyn_cast<RankedTensorType>(group.getResult(0).getType());
    std::optional<double> least;
    PlanAttr best = plan;
    for (const GpuBlock &block :
         costs.bestBlocks(candidate, plan.getPrecision())) {
      PlanAttr other = withBlock(plan, block, result.getRank());
      Estimate estimate = costs.estimate(candidate, other);
      double score = perSecond * estimate.seconds.value;
      if (estimate.joules)
        score += perJoule * estimate.joules->value;
      if (!least || score < *least) {
        least = score;
        best = other;
      }
    }
    return best;
  }
};

} // namespace
