//===- PlanPipeline.cpp - From a model to planned groups ------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Transforms/Passes.h"

using namespace mlir;
using namespace rac;

void rac::populatePlanPipeline(OpPassManager &pm, const PlanOptions &options) {
  if (!options.device.empty()) {
    AttachDeviceOptions attach;
    attach.device = options.device;
    pm.addPass(createAttachDevice(attach));
  }
  AssumeSizesOptions assume;
  llvm::append_range(assume.sizes, options.sizes);
  pm.addPass(createAssumeSizes(assume));
  pm.addPass(createCanonicalizer());
  pm.addNestedPass<func::FuncOp>(createRefineShapes());
  pm.addNestedPass<func::FuncOp>(createCanonicalizeModel());
  pm.addNestedPass<func::FuncOp>(createPropagateLayout());
  // Moving transposes makes new reshapes, sizes and chances to fold.
  pm.addNestedPass<func::FuncOp>(createCanonicalizeModel());
  pm.addNestedPass<func::FuncOp>(createRefineShapes());
  pm.addPass(createCanonicalizer());
  pm.addPass(createCSEPass());
  FormGroupsOptions groups;
  groups.library = options.useLibrary;
  groups.threads = options.threads;
  groups.objective = options.objective;
  groups.maxSeconds = options.maxSeconds;
  groups.maxBytes = options.maxBytes;
  groups.gramsPerJoule = options.gramsPerJoule;
  groups.gramsPerSecond = options.gramsPerSecond;
  groups.front = options.front;
  groups.precision = options.precision;
  pm.addPass(createFormGroups(groups));
  // What other groups leave in caches is known once all of them are.
  CostGroupsOptions costs;
  costs.threads = options.threads;
  costs.again = true;
  pm.addPass(createCostGroups(costs));
  // Of groups that were there before.
  pm.addNestedPass<func::FuncOp>(createPlanTiles());
  if (options.checkBudgets)
    pm.addPass(createCheckBudgets());
}
