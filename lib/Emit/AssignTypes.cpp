//===- AssignTypes.cpp - The types that cost least within an error --------===//

#include "PrecisionChooser.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace rac;

const TypeWay &PrecisionChooser::wayOf(unsigned group, unsigned pick) const {
  for (const TypeWay &way : ways[group])
    if (way.reason.empty() && pick-- == 0)
      return way;
  llvm_unreachable("picks are of ways without a reason");
}

void PrecisionChooser::setPicked(ModuleOp copy) const {
  SmallVector<std::optional<KernelKind>> kinds;
  SmallVector<PlanAttr> costed;
  for (auto [i, pick] : llvm::enumerate(assignment.picks)) {
    kinds.push_back(wayOf(i, pick).kind);
    costed.push_back(wayOf(i, pick).cost.plan);
  }
  setPlans(copy, typesOf(assignment.picks), kinds, costed);
}

/// Whether a group wants a tensor rounded, and how.
static unsigned wanted(GroupType type) {
  switch (type) {
  case GroupType::half:
    return 1;
  case GroupType::steps:
    return 2;
  case GroupType::float8:
    return 3;
  default:
    return 0;
  }
}

AssignProblem PrecisionChooser::problem(double budget) const {
  AssignProblem problem;
  problem.budget = budget;
  for (const auto &list : ways) {
    AssignNode &node = problem.nodes.emplace_back();
    for (const TypeWay &way : list)
      if (way.reason.empty())
        node.options.push_back(
            {score(way.cost), composable(metric, way.error)});
  }
  // Where groups want a tensor differently, some group has to cast it.
  std::vector<SmallVector<std::pair<unsigned, unsigned>>> users(
      probe.observed.size());
  for (auto [g, group] : llvm::enumerate(probe.groups))
    for (unsigned stage : group.stages)
      users[probe.stages[stage].tensor].push_back({g, stage});
  for (const auto &list : users)
    for (size_t i = 1; i < list.size(); ++i) {
      auto [from, stage] = list[i - 1];
      unsigned to = list[i].first;
      if (from == to)
        continue;
      double cost = score(stageCosts.lookup("probe_" + std::to_string(stage)));
      AssignEdge edge{from, to, {}};
      for (const TypeWay &a : ways[from])
        for (const TypeWay &b : ways[to])
          if (a.reason.empty() && b.reason.empty())
            edge.costs.push_back(wanted(a.type) == wanted(b.type) ? 0 : cost);
      problem.edges.push_back(std::move(edge));
    }
  return problem;
}

SmallVector<GroupType>
PrecisionChooser::typesOf(ArrayRef<unsigned> picks) const {
  SmallVector<GroupType> types;
  for (auto [i, pick] : llvm::enumerate(picks))
    types.push_back(wayOf(i, pick).type);
  return types;
}

Cost PrecisionChooser::total(ArrayRef<unsigned> picks) const {
  Cost sum = noCost();
  for (auto [i, pick] : llvm::enumerate(picks))
    sum += wayOf(i, pick).cost;
  return sum;
}

bool PrecisionChooser::changesNothing(ArrayRef<unsigned> picks) const {
  return llvm::all_of(typesOf(picks),
                      [](GroupType type) { return type == GroupType::f32; });
}

/// What keeps any error, whatever samples were able to show.
Assignment PrecisionChooser::allInF32() const {
  Assignment all;
  all.found = true;
  all.picks.assign(ways.size(), 0);
  for (const auto &list : ways)
    all.cost += score(list.front().cost);
  all.bound = std::min(all.cost, assign(problem(0)).bound);
  all.exact = all.cost <= all.bound;
  return all;
}

/// Errors that were added up needn't be those of all groups together, nor those
/// on other samples: what these stay below, by what is measured, corrects what
/// the next assignment may add up to.
llvm::Expected<bool> PrecisionChooser::assignWithin(double budget) {
  constexpr int kTries = 12;
  constexpr double kCloser = 0.9, kMost = 4, kLeast = 0.01, kNear = 1.1,
                   kNone = Assignment::kNoBudget;
  double allowed = composable(metric, budget),
         cheapest = assign(problem(kNone)).cost;
  // What may be added up; the most that kept the budget, the least that didn't.
  double left = allowed, kept = 0, tooMuch = kNone;
  bool found = false;
  for (int i = 0; i < kTries; ++i) {
    Assignment next = assign(problem(left));
    MeasuredError error;
    if (!changesNothing(next.picks)) {
      auto measuredNow =
          study->error(typesOf(next.picks), Study::Which::calibration);
      if (!measuredNow)
        return measuredNow.takeError();
      error = *measuredNow;
    }
    double taken = composable(metric, held(error));
    double scale = kCloser * allowed / taken;
    if (taken <= allowed) {
      if (!found || next.cost < assignment.cost) {
        assignment = next;
        measured = error;
      }
      found = true;
      kept = std::max(kept, left);
      if (next.cost <= cheapest || taken >= allowed * kCloser)
        break;
    } else {
      tooMuch = std::min(tooMuch, left);
    }
    if (found && std::isfinite(tooMuch)) {
      if (tooMuch <= kNear * kept)
        break;
      left = std::sqrt(kept * tooMuch);
    } else if (found) {
      left *= taken > 0 ? std::min(scale, kMost) : kMost;
    } else {
      // Where some error hardly depends on types, by more each time.
      constexpr int kPatient = 3;
      double most = 1.0 / std::max(1, 1 + i - kPatient);
      left *= std::max(std::min(scale, most), kLeast);
    }
  }
  if (!found) {
    assignment = allInF32();
    measured = {};
  }
  return found;
}

/// What other budgets would give.
llvm::Error PrecisionChooser::findFront() {
  const Assignment kept = assignment;
  const MeasuredError keptError = measured;
  auto restore = [&] {
    assignment = kept;
    measured = keptError;
  };
  constexpr double kFactors[] = {0, 0.01, 0.1, 0.3, 1, 3};
  for (double factor : kFactors) {
    bool isChosen = factor == 1;
    if (isChosen) {
      restore();
    } else {
      request.progress("looking at other budgets");
      auto found = assignWithin(factor * *report.budget);
      if (!found)
        return found.takeError();
    }
    Cost cost = total(assignment.picks);
    report.front.push_back({factor * *report.budget, measured.error,
                            cost.seconds, cost.joules, isChosen});
  }
  restore();
  return llvm::Error::success();
}

void PrecisionChooser::describe() {
  SmallVector<GroupType> types = typesOf(assignment.picks);
  Cost sum = total(assignment.picks);
  report.seconds = sum.seconds;
  report.joules = sum.joules;
  report.composed = fromComposable(metric, assignment.error);
  report.score = assignment.cost;
  report.bound = assignment.bound;
  report.exact = assignment.exact;
  report.runs = study->numRuns();
  for (auto [i, group] : llvm::enumerate(probe.groups)) {
    GroupPrecision entry;
    entry.name = group.name;
    entry.type = nameOf(types[i]);
    if (types[i] == GroupType::steps) {
      const ActivationSteps &steps = study->stepsOf(i);
      double least = steps.params.scale, most = least;
      if (!steps.byChannel.empty()) {
        least = *llvm::min_element(steps.byChannel);
        most = *llvm::max_element(steps.byChannel);
      }
      entry.steps =
          llvm::formatv("{0:e4}{1}:{2} by {3}", least,
                        most > least ? llvm::formatv(" to {0:e4}", most).str()
                                     : "",
                        steps.params.zero, study->triedFor(i).front().how)
              .str();
    }
    if (types[i] == GroupType::float8)
      entry.steps = llvm::formatv("{0:e4}", study->float8ScaleOf(i)).str();
    if (probe.groups[i].activation)
      for (const TriedSteps &tried : study->triedFor(i))
        entry.triedSteps.push_back({tried.how, tried.error});
    for (const TypeWay &way : ways[i]) {
      TypeReport type;
      type.type = nameOf(way.type);
      type.seconds = way.cost.seconds;
      type.joules = way.cost.joules;
      // Errors are measured of what is worth it.
      bool isMeasured = way.reason.empty() || way.error > 0;
      if (isMeasured)
        type.error = way.error;
      type.reason = way.reason;
      if (way.reason.empty() && way.type != types[i])
        type.reason =
            score(way.cost) < score(wayOf(i, assignment.picks[i]).cost)
                ? "the error is better spent on other groups"
                : "it costs more";
      entry.types.push_back(std::move(type));
    }
    report.groups.push_back(std::move(entry));
  }
}
