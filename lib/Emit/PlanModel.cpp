//===- PlanModel.cpp - How the model shall run ----------------------------===//

#include "ComparePlans.h"
#include "CompilerStages.h"
#include "HostLibrary.h"
#include "PlanJson.h"
#include "Replay.h"
#include "rac/Cost/Carbon.h"
#include "rac/Cost/DeviceLookup.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Cost/GpuBlock.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;

/// Where no site is given: the world's average, which the report says.
static constexpr llvm::StringLiteral kDefaultSite = "world";

/// Drops sums of products of 16 bits that take longer than multiply-adds of f32
/// would: half as many of VDPBF16PS are done in a clock on Sapphire and Emerald
/// Rapids, where tiles are the quick way. Those of blocks ("2x") are a matrix
/// unit's.
static void dropSlowDots(std::vector<std::string> &dots, const Device &device) {
  const ComputeUnit *unit = device.unit(UnitKind::simd);
  const ComputeUnit *matrix = device.unit(UnitKind::matrix);
  Known f32 = unit ? device.peakOpsPerSecond(*unit, DataType::f32) : Known();
  llvm::erase_if(dots, [&](StringRef dot) {
    StringRef factor = dot.split(':').first;
    const ComputeUnit *own = factor.consume_front("2x") ? matrix : unit;
    Known rate;
    for (DataType type : {DataType::bf16, DataType::f16})
      if (f32 && own && nameOf(type) == factor)
        rate = device.peakOpsPerSecond(*own, type);
    return rate && rate->v <= f32->v;
  });
}

/// Blocks of a cluster multiply by warp groups.
static llvm::Error checkClusters(ModuleOp module, const Device &device) {
  llvm::Error problem = llvm::Error::success();
  module.walk([&](GroupOp group) {
    bool has = group.getPlan() && !group.getPlan()->getCluster().empty();
    if (!problem && has && !warpgroupUnit(device))
      problem =
          llvm::createStringError("the plan of group '" + group.getSym() +
                                  "' has a cluster of blocks, which device " +
                                  device.id + " doesn't have");
  });
  return problem;
}

/// A block takes no more shared memory than all chips have for it.
llvm::Error Compiler::fitLaterChips() {
  for (const LaterChip &later : target.accelerator.later) {
    if (StringRef(later.name).ends_with("a"))
      options.warn(later.name + " runs the kernels of " +
                   target.accelerator.chip +
                   ", without the instructions that it alone has: a library "
                   "of its own would use them");
    std::vector<std::string> notes;
    auto device = findDevice(later.device, notes);
    if (!device)
      return device.takeError();
    if (!report.device->topology.gpu || !device->topology.gpu)
      continue;
    Known &most = report.device->topology.gpu->sharedBytesPerBlock;
    const Known &its = device->topology.gpu->sharedBytesPerBlock;
    if (most && its && its->v < most->v)
      most = its;
  }
  return llvm::Error::success();
}

/// The device to plan for, and the site to count carbon at.
llvm::Error Compiler::findDescriptions() {
  std::vector<std::string> notes;
  auto device = findDevice(
      options.device.empty() ? target.device : options.device, notes);
  for (const std::string &note : notes)
    options.note(note);
  if (!device)
    return device.takeError();
  // A plan may be made for any device, code only for the target's.
  StringRef arch = llvm::Triple::getArchTypeName(target.triple.getArch());
  if (!target.accelerator.chip.empty())
    arch = llvm::Triple::getArchTypeName(target.accelerator.triple.getArch());
  bool isCode =
      options.emit == EmitKind::Assembly || options.emit == EmitKind::Ptx ||
      options.emit == EmitKind::Object || options.emit == EmitKind::Library;
  if (isCode && device->arch != arch)
    return llvm::createStringError("device " + device->id + " runs " +
                                   device->arch + ", and target " +
                                   target.name + " is " + arch);
  StringRef chip = target.accelerator.chip;
  if (options.device.empty() && chip.starts_with("sm_") && device->chip != chip)
    options.note(("no device of chip " + chip + " is described: planning for " +
                  device->id + ", which is " + device->chip)
                     .str());
  report.device = std::move(*device);
  if (llvm::Error error = fitLaterChips())
    return error;
  dropSlowDots(target.dots, *report.device);
  // A run has all of a GPU.
  if (report.device->kind == DeviceKind::gpu)
    report.threads = report.device->topology.cores->v;
  report.siteGiven = !options.site.empty();
  if (!report.siteGiven && options.objective == "carbon")
    options.note("no --site: carbon is that of the world's mean electricity");
  auto site = findSite(report.siteGiven ? options.site : kDefaultSite.str());
  if (!site)
    return site.takeError();
  report.site = std::move(*site);
  return llvm::Error::success();
}

llvm::Error Compiler::plan() {
  options.progress("planning");
  PlanOptions planOptions;
  planOptions.useLibrary = options.useLibrary && target.hasKernelLibrary;
  planOptions.threads = options.threads;
  planOptions.objective = options.objective;
  if (options.precision != "f32" && !choosesTypes())
    planOptions.precision = options.precision;
  planOptions.maxSeconds = options.maxSeconds;
  planOptions.maxBytes = options.maxBytes;
  constexpr int64_t points = 24;
  planOptions.front = options.paretoFile.empty() ? 0 : points;
  planOptions.checkBudgets = options.planFile.empty();
  if (options.objective == "carbon")
    if (llvm::Error error = setCarbon(planOptions))
      return error;
  planOptions.sizes = options.sizes;
  attachDevice(module, *report.device);
  if (isPlanned)
    if (llvm::Error error = assumeSizes())
      return error;
  if (!isPlanned && choosesTypes())
    if (llvm::Error error = planNarrow(planOptions))
      return error;
  if (!isPlanned) {
    if (llvm::Error error = runPasses("planning", [&](OpPassManager &manager) {
          populatePlanPipeline(manager, planOptions);
        }))
      return error;
  }
  if (choosesTypes())
    if (llvm::Error error = chooseTypes(planOptions))
      return error;
  if (!options.paretoFile.empty())
    describeFront();
  if (!options.planFile.empty())
    if (llvm::Error error = replay())
      return error;
  if (llvm::Error error = checkClusters(module, *report.device))
    return error;
  if (options.emit == EmitKind::Plan &&
      StringRef(summary.output).ends_with(".json"))
    planJson = llvm::formatv("{0:2}", planToJson(module, report.device->id));
  if (llvm::Error error = runPasses("planning", [](OpPassManager &manager) {
        manager.addPass(createApplyPrecision());
      }))
    return error;
  if (isPlanned || !options.planFile.empty() || options.precision != "f32")
    if (llvm::Error error = costAsGiven())
      return error;
  if (!options.group.empty())
    if (llvm::Error error = extractGroup())
      return error;
  noteSizes();
  report.groups = reportGroups(module);
  if (!options.reportFile.empty())
    reportBreakdowns(module, report);
  report.search = reportSearch(module);
  report.unknowns = notedUnknowns(module);
  return llvm::Error::success();
}

/// A plan that says already what sizes it is for keeps to that unless it is
/// said anew.
llvm::Error Compiler::assumeSizes() {
  if (options.sizes.empty() && hasAssumedRanges(module))
    return llvm::Error::success();
  return runPasses("planning", [&](OpPassManager &manager) {
    AssumeSizesOptions assume;
    llvm::append_range(assume.sizes, options.sizes);
    manager.addPass(createAssumeSizes(assume));
  });
}

/// What costs are told for.
void Compiler::noteSizes() {
  for (const std::string &name : signature.symbols)
    report.assumedSizes.push_back({name, Assumptions().dim});
  for (auto [input, tensor] : llvm::enumerate(signature.inputs))
    for (auto [dim, size] : llvm::enumerate(tensor.dims))
      if (auto range = assumedRange(module, input, dim); range && size < 0)
        report.assumedSizes[-1 - size].second =
            (*range)[unsigned(SizeBound::typical)];
}

/// What a joule and a second on the device are in grams, at the site.
llvm::Error Compiler::setCarbon(PlanOptions &planOptions) {
  double cores = report.device->topology.cores->v;
  bool all = options.threads == 0 || report.device->kind == DeviceKind::gpu;
  double share = all ? 1 : std::min(1.0, options.threads / cores);
  Unknowns unknowns;
  auto joule = carbonOf(1, 0, share, *report.device, *report.site, unknowns);
  auto second = carbonOf(0, 1, share, *report.device, *report.site, unknowns);
  if (!joule || !second)
    return llvm::createStringError("site " + report.site->id +
                                   " has no carbon intensity, so there is no "
                                   "planning for carbon");
  planOptions.gramsPerJoule = joule->total().value;
  planOptions.gramsPerSecond = second->total().value;
  return llvm::Error::success();
}

/// A plan in JSON changes the module's groups; one in MLIR takes its place.
llvm::Error Compiler::replay() {
  if (StringRef(options.planFile).ends_with(".json"))
    return applyPlanJson(module, options.planFile);
  replayContext = std::make_unique<MLIRContext>(makeRegistry());
  complaints.listenTo(*replayContext);
  auto read = readPlan(options.planFile, *replayContext, module);
  if (!read)
    return complaints.because(llvm::toString(read.takeError()));
  if (llvm::Error error = checkPlan(**read))
    return complaints.because(llvm::toString(std::move(error)));
  replayed = std::move(*read);
  module = *replayed;
  // Budgets are those of now.
  if (auto search = module->getAttrOfType<SearchAttr>("rac.search"))
    module->setAttr("rac.search",
                    search.withBudgets(options.maxSeconds, options.maxBytes));
  auto device = attachedDevice(module);
  if (!device) {
    llvm::consumeError(device.takeError());
    attachDevice(module, *report.device);
  }
  return llvm::Error::success();
}

/// Gives a plan the model's constants. It says how the model runs, and not what
/// it computes; one of narrower types may have its casts already.
llvm::Error Compiler::checkPlan(ModuleOp plan) {
  if (!differenceOf(plan, module))
    return takeConstants(plan, module);
  OwningOpRef<ModuleOp> narrowed = module.clone();
  if (llvm::Error error =
          rac::runPasses(*narrowed, "planning", [](OpPassManager &manager) {
            manager.addPass(createApplyPrecision());
          }))
    return error;
  std::optional<std::string> difference = differenceOf(plan, *narrowed);
  if (!difference)
    return takeConstants(plan, *narrowed);
  return llvm::createStringError(
      "'" + options.planFile + "' computes something else than the model, or " +
      "was made with other flags: " + *difference);
}

/// What a plan that was given costs, and whether it keeps to the budgets.
llvm::Error Compiler::costAsGiven() {
  CostGroupsOptions costs;
  costs.threads = options.threads;
  CheckBudgetsOptions budgets;
  budgets.maxSeconds = options.maxSeconds;
  budgets.maxBytes = options.maxBytes;
  return runPasses("planning", [&](OpPassManager &manager) {
    manager.addPass(createCostGroups(costs));
    manager.addPass(createCheckBudgets(budgets));
  });
}

/// To be written once all else is.
void Compiler::describeFront() {
  llvm::raw_string_ostream os(front);
  if (!StringRef(options.paretoFile).ends_with(".json")) {
    printFront(module, os);
    if (report.precision)
      printErrorFront(*report.precision, os);
    return;
  }
  llvm::json::Value json =
      frontToJson(module, signature.name, report.device->id);
  if (report.precision)
    (*json.getAsObject())["by_error"] = errorFrontToJson(*report.precision);
  os << llvm::formatv("{0:2}", json) << "\n";
}
