//===- ChoosePrecision.cpp - A type for each group ------------------------===//
//
// Costs by the cost model (CostTypes.cpp), errors by running a probe, and one
// optimisation over both (AssignTypes.cpp); then the compiled model is run on
// what was held back.
//
//===----------------------------------------------------------------------===//

#include "HostLibrary.h"
#include "PrecisionChooser.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rac/Cost/Work.h"
#include "rac/Transforms/Passes.h"
#include "rac/Transforms/ProbePrecision.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;

FloatType rac::halfTypeFor(MLIRContext *context, llvm::StringRef precision,
                           const Device &device) {
  bool isF16 = precision == "f16" ||
               (precision == "auto" && !device.computesIn(DataType::bf16) &&
                device.computesIn(DataType::f16));
  if (!device.computesIn(isF16 ? DataType::f16 : DataType::bf16))
    return {};
  return isF16 ? FloatType(Float16Type::get(context))
               : BFloat16Type::get(context);
}

llvm::Error PrecisionChooser::check() {
  auto known = parseErrorMetric(request.metric);
  if (!known)
    return llvm::createStringError("--error-metric is rel-l2, cosine, max-abs "
                                   "or top1, not '" +
                                   request.metric + "'");
  metric = *known;
  report.asked = request.precision;
  report.metric = request.metric;
  report.budget = request.maxError;
  constexpr double kDefaultBudget = 0.01;
  if (request.precision == "auto" && !report.budget)
    report.budget = kDefaultBudget;
  bool isAuto = request.precision == "auto";
  FloatType halfType = halfTypeFor(context, request.precision, device);
  half = halfType ? halfType : BFloat16Type::get(context);
  bool in8Bits = request.precision == "int8" || request.precision == "f8";
  if (!in8Bits && halfType)
    candidates.push_back(GroupType::half);
  if ((isAuto || request.precision == "int8") &&
      device.computesIn(DataType::i8))
    candidates.push_back(GroupType::steps);
  bool hasFloat8 =
      (isAuto || request.precision == "f8") && device.computesIn(DataType::f8);
  if (hasFloat8)
    candidates.push_back(GroupType::float8);
  if (isAuto) {
    candidates.push_back(GroupType::weights8);
    candidates.push_back(GroupType::weights4);
  } else if (candidates.empty()) {
    return llvm::createStringError(
        "device " + device.id +
        " has no rate for --precision=" + request.precision);
  }
  return llvm::Error::success();
}

llvm::Error PrecisionChooser::readSamples() {
  request.progress("reading samples");
  std::vector<Sample> all;
  if (request.calibration.empty()) {
    constexpr unsigned kRandom = 4;
    request.warn("no --calibration: ranges and errors are those of random "
                 "inputs, which say little of real ones");
    all = randomSamples(signature, kRandom, Assumptions().dim);
    report.samples = "random numbers";
    report.random = true;
  } else {
    auto read = rac::readSamples(request.calibration, signature);
    if (!read)
      return llvm::createStringError("--calibration: " +
                                     llvm::toString(read.takeError()));
    all = std::move(*read);
    report.samples = "--calibration";
  }
  if (all.size() == 1)
    request.warn("one sample: there is none to hold back, so the error on "
                 "others is neither verified nor bounded");
  samples = std::make_shared<const SplitSamples>(splitSamples(std::move(all)));
  report.calibration = samples->calibration.size();
  report.heldBack = samples->heldBack.size();
  return llvm::Error::success();
}

llvm::Error PrecisionChooser::makeProbe() {
  request.progress("compiling a probe");
  OwningOpRef<ModuleOp> copy = module.clone();
  auto made = probePrecision(*copy, half,
                             llvm::is_contained(candidates, GroupType::float8));
  if (failed(made))
    return llvm::createStringError("the model cannot be probed");
  probe = std::move(*made);
  auto costs = costsOf(*copy);
  if (!costs)
    return costs.takeError();
  stageCosts = std::move(*costs);
  auto own = resolveTarget("host");
  if (!own)
    return own.takeError();
  // What is verified has the instructions that the model will have.
  host = target.name == own->name ? target : *own;
  // Plans for another machine say how to run there.
  if (target.name != host.name)
    copy->walk([&](GroupOp group) {
      group.setPlanAttr(PlanAttr::get(KernelKind::generated,
                                      group.getPlan()->getPrecision()));
    });
  if (target.name != host.name)
    if (llvm::Error error =
            runPasses(*copy, "planning", [&](OpPassManager &manager) {
              manager.addNestedPass<func::FuncOp>(createPlanTiles());
            }))
      return error;
  auto loaded =
      loadOnHost(*copy, host, request.threads ? request.threads : host.cores);
  if (!loaded)
    return loaded.takeError();
  model = std::move(*loaded);
  StudyOptions options;
  options.metric = metric;
  options.halfIsBf16 = half.isBF16();
  options.progress = [this](const llvm::Twine &stage) {
    request.progress(stage.str());
  };
  study.emplace(probe, *model, *samples, options);
  if (llvm::Error error = study->observe())
    return error;
  double least = study->leastBound();
  showsBudget = !measuredAbove(least);
  if (!showsBudget)
    request.warn(llvm::formatv("so few samples can't show an error of at most "
                               "{0}: if none of them changes, that of others "
                               "may still be {1:f2}",
                               *report.budget, least)
                     .str());
  return llvm::Error::success();
}

llvm::Error PrecisionChooser::measureWays() {
  SmallVector<unsigned> rounded;
  size_t count = 0, done = 0;
  for (unsigned i = 0; i < ways.size(); ++i)
    for (const TypeWay &way : ways[i]) {
      bool open = way.reason.empty() && way.type != GroupType::f32;
      count += open;
      if (open && way.type == GroupType::steps)
        rounded.push_back(i);
    }
  if (llvm::Error error = study->chooseRanges(rounded))
    return error;
  if (llvm::Error error = costSmoothing())
    return error;
  for (unsigned i = 0; i < ways.size(); ++i)
    for (TypeWay &way : ways[i]) {
      if (!way.reason.empty() || way.type == GroupType::f32)
        continue;
      request.progress(
          llvm::formatv("measuring errors: {0} of {1}", ++done, count).str());
      auto error = study->errorOf(i, way.type);
      if (!error)
        return error.takeError();
      way.error = *error;
      if (measuredAbove(*error))
        way.reason = llvm::formatv("its error alone, {0:e2}, is above {1}",
                                   *error, *report.budget)
                         .str();
    }
  return llvm::Error::success();
}

/// The error of the compiled model on what was held back, and a bound.
llvm::Expected<MeasuredError> PrecisionChooser::verify() {
  SmallVector<GroupType> types = typesOf(assignment.picks);
  if (target.name != host.name)
    return study->verify(types);
  request.progress("verifying");
  OwningOpRef<ModuleOp> copy = module.clone();
  setPicked(*copy);
  if (llvm::Error error =
          runPasses(*copy, "applying types", [](OpPassManager &manager) {
            manager.addPass(createApplyPrecision());
          }))
    return error;
  auto loaded =
      loadOnHost(*copy, host, request.threads ? request.threads : host.cores);
  if (!loaded)
    return loaded.takeError();
  report.verifiedByLibrary = true;
  return study->verify(**loaded);
}

llvm::Error PrecisionChooser::choose() {
  constexpr int kTries = 6;
  double budget = report.budget.value_or(Assignment::kNoBudget);
  std::vector<std::string> first;
  for (int i = 0;; ++i) {
    request.progress("assigning types");
    auto within = assignWithin(i == kTries ? 0 : budget);
    if (!within)
      return within.takeError();
    std::vector<std::string> names;
    for (GroupType type : typesOf(assignment.picks))
      names.push_back(nameOf(type));
    if (i == 0)
      first = names;
    for (size_t g = 0; g < names.size() && i > 0; ++g)
      if (names[g] != first[g])
        report.givenUp.push_back(probe.groups[g].name + ": " + first[g] +
                                 " became " + names[g]);
    report.calibrationError = measured.error;
    report.errorBound = measured.bound;
    if (samples->heldBack.empty())
      return llvm::Error::success();
    auto error = verify();
    if (!error)
      return error.takeError();
    report.heldBackError = error->error;
    // Nothing that samples tell can be off where no group rounds.
    report.errorBound =
        changesNothing(assignment.picks) ? error->error : error->bound;
    // What was held back keeps the budget by itself, too.
    double found = std::max(error->error, held(*error));
    if (!measuredAbove(found) || i == kTries)
      return llvm::Error::success();
    report.givenUp.clear();
    // By as much less than the calibration's samples showed as all of them
    // showed to be too much.
    constexpr double kCloser = 0.9, kBroken = 0.1;
    double had = composable(metric, std::min(budget, held(measured))),
           less = kCloser * composable(metric, *report.budget) /
                  composable(metric, found);
    budget = fromComposable(metric, had * (less > 0 ? less : kBroken));
  }
}

llvm::Error PrecisionChooser::begin() {
  if (llvm::Error error = check())
    return error;
  return keepsAll() ? llvm::Error::success() : readSamples();
}

void PrecisionChooser::beginAs(const PrecisionChooser &other) {
  metric = other.metric;
  report = other.report;
  half = other.half;
  candidates = other.candidates;
  samples = other.samples;
  perSecond = other.perSecond;
  perJoule = other.perJoule;
}

void PrecisionChooser::keepAll() {
  module.walk([&](GroupOp group) {
    report.groups.push_back({group.getSym().str(), "f32", "", {}, {}});
  });
}

llvm::Error PrecisionChooser::decide() {
  if (llvm::Error error = makeProbe())
    return error;
  if (llvm::Error error = costWays())
    return error;
  if (llvm::Error error = measureWays())
    return error;
  if (llvm::Error error = choose())
    return error;
  if (request.front && report.budget)
    if (llvm::Error error = findFront())
      return error;
  describe();
  setPicked(module);
  return llvm::Error::success();
}

llvm::Expected<PrecisionChoice>
rac::choosePrecision(ModuleOp plan, ModuleOp narrowPlan,
                     const ModelSignature &signature, const Device &device,
                     const TargetSpec &target,
                     const PrecisionRequest &request) {
  PrecisionChooser chooser(plan, signature, device, target, request);
  if (llvm::Error error = chooser.begin())
    return error;
  if (chooser.keepsAll()) {
    chooser.keepAll();
    return PrecisionChoice{false, std::move(chooser.found())};
  }
  auto plain = chooser.costInF32();
  if (!plain)
    return plain.takeError();
  if (narrowPlan) {
    PrecisionChooser narrow(narrowPlan, signature, device, target, request);
    narrow.beginAs(chooser);
    if (llvm::Error error = narrow.decide())
      return error;
    if (narrow.score() < chooser.score(*plain))
      return PrecisionChoice{true, std::move(narrow.found())};
  }
  if (llvm::Error error = chooser.decide())
    return error;
  return PrecisionChoice{false, std::move(chooser.found())};
}
