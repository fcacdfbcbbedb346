//===- CostTypes.cpp - What groups cost in each type ----------------------===//

#include "HostLibrary.h"
#include "PrecisionChooser.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "rac/Cost/GpuBlock.h"
#include "rac/Transforms/Groups.h"
#include "rac/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;

std::string PrecisionChooser::nameOf(GroupType type) const {
  switch (type) {
  case GroupType::f32:
    return "f32";
  case GroupType::half:
    return half.isBF16() ? "bf16" : "f16";
  case GroupType::steps:
    return "i8";
  case GroupType::float8:
    return "f8";
  case GroupType::weights8:
    return "f32, weights i8";
  case GroupType::weights4:
    return "f32, weights i4";
  }
  llvm_unreachable("no other types");
}

/// Costs of a module's groups, by name.
llvm::Expected<Costs> PrecisionChooser::costsOf(ModuleOp copy) const {
  if (llvm::Error error =
          runPasses(copy, "costing", [&](OpPassManager &manager) {
            CostGroupsOptions costs;
            costs.threads = request.threads;
            costs.again = true;
            manager.addPass(createCostGroups(costs));
          }))
    return error;
  Costs costs;
  copy.walk([&](GroupOp group) {
    CostAttr cost = group.getPlan() ? group.getPlan()->getCost() : CostAttr();
    if (!cost)
      return;
    Cost &entry = costs[group.getSym()];
    entry.seconds = cost.getSeconds().value;
    if (cost.getJoules())
      entry.joules = cost.getJoules()->value;
    entry.plan = group.getPlanAttr();
  });
  return costs;
}

PlanAttr PrecisionChooser::planOf(PlanAttr plan, unsigned group,
                                  GroupType type) const {
  switch (type) {
  case GroupType::f32:
    return plan;
  case GroupType::half:
    return plan.withPrecision(half);
  case GroupType::steps: {
    const ActivationSteps &steps = study->stepsOf(group);
    Type i8 = IntegerType::get(context, 8), f32 = Float32Type::get(context);
    constexpr int64_t kLow = 0, kHigh = 255;
    if (steps.byChannel.empty())
      return plan.withPrecision(i8,
                                quant::UniformQuantizedType::get(
                                    /*flags=*/0, i8, f32, steps.params.scale,
                                    steps.params.zero, kLow, kHigh));
    SmallVector<int64_t> zeros(steps.byChannel.size(), steps.params.zero);
    return plan.withPrecision(i8,
                              quant::UniformQuantizedPerAxisType::get(
                                  /*flags=*/0, i8, f32, steps.byChannel, zeros,
                                  study->channelDimOf(group), kLow, kHigh));
  }
  case GroupType::float8: {
    constexpr int64_t kLow = -128, kHigh = 127;
    return plan.withPrecision(
        Float8E4M3FNType::get(context),
        quant::UniformQuantizedType::get(
            quant::QuantizationFlags::Signed, IntegerType::get(context, 8),
            Float32Type::get(context), study->float8ScaleOf(group),
            /*zeroPoint=*/0, kLow, kHigh));
  }
  case GroupType::weights8:
    return plan.withWeights(IntegerType::get(context, 8), kWeightGroup);
  case GroupType::weights4:
    return plan.withWeights(IntegerType::get(context, 4), kWeightGroup);
  }
  llvm_unreachable("no other types");
}

/// The same on as many threads, by another kind of kernel.
static PlanAttr withKind(PlanAttr plan, KernelKind kind) {
  return plan.getKind() == kind
             ? plan
             : PlanAttr::get(kind, plan.getPrecision(), plan.getThreads());
}

void PrecisionChooser::setPlans(ModuleOp copy, ArrayRef<GroupType> types,
                                Kinds kinds, ArrayRef<PlanAttr> costed) const {
  llvm::StringMap<unsigned> numbers;
  for (auto [i, group] : llvm::enumerate(probe.groups))
    numbers[group.name] = i;
  copy.walk([&](GroupOp group) {
    auto found = numbers.find(group.getSym());
    if (found == numbers.end() || types[found->second] == GroupType::f32)
      return;
    PlanAttr plan = group.getPlanAttr();
    std::optional<KernelKind> kind = kinds[found->second];
    if (kind == KernelKind::generated ||
        (kind == KernelKind::library && libraryCanCompute(group)))
      plan = withKind(plan, *kind);
    plan = planOf(plan, found->second, types[found->second]);
    PlanAttr known = costed.empty() ? PlanAttr() : costed[found->second];
    if (std::optional<GpuBlock> block = known ? blockOf(known) : std::nullopt)
      plan = withBlock(plan, *block, known.getTiles().size())
                 .withCost(known.getCost());
    group.setPlanAttr(plan);
  });
}

/// The group of the plan that another was added for: the only reader of what
/// both compute from, so that no other has to do with the cost.
static GroupOp soleReader(GroupOp added, const llvm::StringMap<Cost> &own) {
  Value x = added.getInputs().front();
  for (Operation *user : x.getUsers())
    if (user != added && !isa<tensor::DimOp>(user))
      return {};
  for (Operation *user : added.getResult(0).getUsers()) {
    while (isa<ReshapeOp>(user) && user->hasOneUse())
      user = *user->user_begin();
    if (auto group = dyn_cast<GroupOp>(user);
        group && own.contains(group.getSym()))
      return group;
  }
  return {};
}

/// What each group costs if all that can compute in a type do, and, where they
/// can, by kernels of this kind. Where a group had to be added that casts or
/// divides what one of them multiplies, that one costs as much more; where
/// several read it, edges count that (AssignTypes.cpp).
llvm::Expected<Costs>
PrecisionChooser::costsIn(GroupType type, std::optional<KernelKind> kind) {
  SmallVector<GroupType> types;
  for (unsigned i = 0; i < probe.groups.size(); ++i)
    types.push_back(study->refusal(i, type).empty() ? type : GroupType::f32);
  SmallVector<std::optional<KernelKind>> kinds(types.size(), kind);
  OwningOpRef<ModuleOp> copy = module.clone();
  setPlans(*copy, types, kinds);
  if (llvm::Error error =
          runPasses(*copy, "applying types", [&](OpPassManager &manager) {
            manager.addPass(createApplyPrecision());
            PlanBlocksOptions blocks;
            blocks.perSecond = perSecond;
            blocks.perJoule = perJoule;
            manager.addPass(createPlanBlocks(blocks));
          }))
    return error;
  auto costs = costsOf(*copy);
  if (!costs)
    return costs.takeError();
  Costs own;
  for (const ProbeGroup &group : probe.groups)
    own[group.name] = costs->lookup(group.name);
  copy->walk([&](GroupOp group) {
    if (own.contains(group.getSym()))
      return;
    if (GroupOp reader = soleReader(group, own))
      own[reader.getSym()] += costs->lookup(group.getSym());
  });
  return own;
}

/// Of the model's score in f32, what steps have to save: other samples than
/// those that they were found with may leave their range, and do any harm then.
constexpr double kWorthSteps = 1e-3;

static std::string times(double ratio) {
  return llvm::formatv("{0:f2} times the score of f32", ratio).str();
}

/// Sets what a second and a joule count for, too.
llvm::Expected<Cost> PrecisionChooser::costInF32() {
  OwningOpRef<ModuleOp> copy = module.clone();
  auto costs = costsOf(*copy);
  if (!costs)
    return costs.takeError();
  Cost sum = noCost();
  for (const auto &entry : *costs)
    sum += entry.second;
  report.secondsInF32 = sum.seconds;
  report.joulesInF32 = sum.joules;
  if (request.objective == "energy") {
    perSecond = 0;
    perJoule = 1;
  } else if (request.objective == "carbon") {
    perSecond = request.gramsPerSecond;
    perJoule = request.gramsPerJoule;
  } else if (request.objective == "edp") {
    // Its gradient.
    perSecond = sum.joules.value_or(1);
    perJoule = sum.joules ? sum.seconds : 0;
  }
  return sum;
}

/// The ways of all groups to compute in a type, by group.
llvm::Expected<std::vector<TypeWay>> PrecisionChooser::waysIn(GroupType type) {
  // Few bits of weights alone are for generated code.
  bool isWeights = type == GroupType::weights8 || type == GroupType::weights4;
  std::optional<KernelKind> first, second;
  if (isWeights)
    first = KernelKind::generated;
  else if (request.useLibrary)
    second = KernelKind::library;
  auto costs = costsIn(type, first);
  if (!costs)
    return costs.takeError();
  Costs others;
  if (second) {
    auto library = costsIn(type, second);
    if (!library)
      return library.takeError();
    others = std::move(*library);
  }
  double whole = 0;
  for (const auto &list : ways)
    whole += score(list.front().cost);
  std::vector<TypeWay> found;
  for (auto [i, group] : llvm::enumerate(probe.groups)) {
    TypeWay way{type, first, costs->lookup(group.name), 0,
                study->refusal(i, type).str()};
    auto other = others.find(group.name);
    if (other != others.end() && score(other->second) < score(way.cost)) {
      way.kind = second;
      way.cost = other->second;
    }
    double before = score(ways[i].front().cost), now = score(way.cost);
    if (way.reason.empty() && now >= before)
      way.reason = before > 0 ? times(now / before) : "f32 costs nothing";
    if (way.reason.empty() && type == GroupType::steps &&
        before - now < kWorthSteps * whole)
      way.reason = "it saves less than a thousandth of the model";
    found.push_back(std::move(way));
  }
  return found;
}

/// Lists the ways of each group, f32 first.
llvm::Error PrecisionChooser::costWays() {
  request.progress("costing types");
  auto plain = costsIn(GroupType::f32, std::nullopt);
  if (!plain)
    return plain.takeError();
  ways.resize(probe.groups.size());
  for (auto [i, group] : llvm::enumerate(probe.groups))
    ways[i].push_back(
        {GroupType::f32, std::nullopt, plain->lookup(group.name), 0, ""});
  for (GroupType type : candidates) {
    auto found = waysIn(type);
    if (!found)
      return found.takeError();
    for (auto [list, way] : llvm::zip_equal(ways, *found))
      list.push_back(std::move(way));
  }
  return llvm::Error::success();
}

/// Steps by channel, which are known only once ranges are, take a
/// multiplication.
llvm::Error PrecisionChooser::costSmoothing() {
  bool smooths = false;
  for (unsigned i = 0; i < ways.size(); ++i)
    for (const TypeWay &way : ways[i])
      smooths |= way.type == GroupType::steps && way.reason.empty() &&
                 !study->stepsOf(i).byChannel.empty();
  if (!smooths)
    return llvm::Error::success();
  auto found = waysIn(GroupType::steps);
  if (!found)
    return found.takeError();
  for (auto [list, now] : llvm::zip_equal(ways, *found))
    for (TypeWay &way : list)
      if (way.type == GroupType::steps && way.reason.empty())
        way = now;
  return llvm::Error::success();
}
