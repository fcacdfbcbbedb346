//===- PlanPipeline.cpp - From a model to planned groups ------------------===//

#include "mlir/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Transforms/Passes.h"

using namespace mlir;
using namespace rac;

void rac::populatePlanPipeline(OpPassManager &pm, const PlanOptions &options) {
  pm.addPass(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createRefineShapes());
  pm.addNestedPass<func::FuncOp>(createCanonicalizeModel());
  pm.addNestedPass<func::FuncOp>(createPropagateLayout());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createFormGroups());
  pm.addNestedPass<func::FuncOp>(createPlanTiles());
}
