//===- PlanTypes.cpp - Which types groups compute in ----------------------===//

#include "ChoosePrecision.h"
#include "CompilerStages.h"
#include "HostLibrary.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Transforms/Passes.h"

using namespace mlir;
using namespace rac;

/// Whether types are a matter of samples and errors.
bool Compiler::choosesTypes() const {
  return options.precision == "auto" || options.precision == "int8" ||
         options.precision == "f8" || options.maxError ||
         !options.calibration.empty();
}

/// Whether the group has a tensor of that type.
static bool has(GroupOp group, Type element) {
  auto is = [&](Type type) { return getElementTypeOrSelf(type) == element; };
  return llvm::any_of(group.getInputs().getTypes(), is) ||
         llvm::any_of(*group.getBodyBlock(), [&](Operation &op) {
           return llvm::any_of(op.getResultTypes(), is);
         });
}

/// How ops are best grouped depends on types: a product in f32 may be cheapest
/// in a kernel with its softmax, and in bf16 as a call of the library. So the
/// model is also planned with groups as 16 bits have them, back in f32.
llvm::Error Compiler::planNarrow(const PlanOptions &planOptions) {
  FloatType half = halfTypeFor(&context, options.precision, *report.device);
  if (!half || !options.planFile.empty() || options.maxError == 0.0)
    return llvm::Error::success();
  PlanOptions narrow;
  narrow.copyOptionValuesFrom(planOptions);
  narrow.precision = nameOf(*dataTypeOf(half)).str();
  narrow.front = 0;
  narrow.checkBudgets = false;
  narrowPlan = module.clone();
  if (llvm::Error error =
          rac::runPasses(*narrowPlan, "planning", [&](OpPassManager &manager) {
            populatePlanPipeline(manager, narrow);
          }))
    return complaints.because(llvm::toString(std::move(error)));
  narrowPlan->walk([&](GroupOp group) {
    PlanAttr plan = group.getPlanAttr();
    if (plan && plan.getPrecision() == half && !has(group, half))
      group.setPlanAttr(plan.withPrecision(Float32Type::get(&context)));
  });
  return llvm::Error::success();
}

/// What the plan would cost, in what is to be small, were all its groups that
/// can in 16 bits: seconds, or joules where energy is all that counts.
llvm::Expected<double> Compiler::costIn16Bits(ModuleOp plan) {
  FloatType type = halfTypeFor(&context, options.precision, *report.device);
  bool isEnergy = options.objective == "energy";
  OwningOpRef<ModuleOp> copy = plan.clone();
  copy->walk([&](GroupOp group) {
    if (PlanAttr old = group.getPlanAttr(); old && old.getPrecision().isF32())
      group.setPlanAttr(old.withPrecision(type));
  });
  if (llvm::Error error =
          rac::runPasses(*copy, "costing", [&](OpPassManager &manager) {
            CostGroupsOptions costs;
            costs.threads = options.threads;
            costs.again = true;
            PlanBlocksOptions blocks;
            blocks.perSecond = !isEnergy;
            blocks.perJoule = isEnergy;
            manager.addPass(createApplyPrecision());
            manager.addPass(createPlanBlocks(blocks));
            manager.addPass(createCostGroups(costs));
          }))
    return complaints.because(llvm::toString(std::move(error)));
  double sum = 0;
  copy->walk([&](GroupOp group) {
    CostAttr cost = group.getPlan() ? group.getPlan()->getCost() : CostAttr();
    if (cost)
      sum += isEnergy && cost.getJoules() ? cost.getJoules()->value
                                          : cost.getSeconds().value;
  });
  return sum;
}

/// How the module is grouped, as text.
static std::string groupsOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.walk([&](GroupOp group) {
    os << group.getSym() << " " << group.getPlanAttr().withCost({});
    for (Operation &op : *group.getBodyBlock())
      os << " " << op.getName();
    os << "\n";
  });
  return text;
}

llvm::Error Compiler::chooseTypes(const PlanOptions &planOptions) {
  if (isPlanned || !options.planFile.empty())
    return llvm::createStringError(
        "a plan that is given has its types: it doesn't go with "
        "--precision=auto, int8 or f8, --max-error or --calibration");
  PrecisionRequest request;
  request.precision = options.precision;
  request.calibration = options.calibration;
  request.metric = options.errorMetric;
  request.maxError = options.maxError;
  request.objective = options.objective;
  request.gramsPerJoule = planOptions.gramsPerJoule;
  request.gramsPerSecond = planOptions.gramsPerSecond;
  request.threads = options.threads;
  request.useLibrary = planOptions.useLibrary;
  request.front = !options.paretoFile.empty();
  request.progress = options.progress;
  request.warn = options.warn;
  ModuleOp narrow = narrowPlan ? *narrowPlan : ModuleOp();
  if (narrow && groupsOf(narrow) == groupsOf(module))
    narrow = {};
  if (narrow) {
    auto ours = costIn16Bits(module), theirs = costIn16Bits(narrow);
    if (!ours)
      return ours.takeError();
    if (!theirs)
      return theirs.takeError();
    if (*theirs >= *ours)
      narrow = {};
  }
  auto chosen = choosePrecision(module, narrow, signature, *report.device,
                                target, request);
  if (!chosen)
    return complaints.because(llvm::toString(chosen.takeError()));
  report.precision = std::move(chosen->report);
  if (!chosen->isNarrow)
    return llvm::Error::success();
  // What else there is to choose from is told of the plan in f32.
  if (Attribute front = module->getAttr("rac.front"))
    narrow->setAttr("rac.front", front);
  module = narrow;
  return llvm::Error::success();
}
