//===- Alternatives.cpp - Why a group runs as it does ---------------------===//
//
// Three kinds of ways that lost are told for each group: other plans for the
// same ops, the ops apart in several groups, and together with other groups.
// Each is compared with what the same ops cost as planned.
//
//===----------------------------------------------------------------------===//

#include "PlanSearch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;

/// The score as an interval.
static Interval scoreOf(const Estimate &estimate, const Goal &goal) {
  Interval joules = estimate.joules.value_or(Interval(0));
  if (goal.product)
    return estimate.seconds * joules;
  return Interval(goal.perSecond) * estimate.seconds +
         Interval(goal.perJoule) * joules;
}

static StringRef measureOf(Objective objective) {
  switch (objective) {
  case Objective::latency:
    return "time";
  case Objective::energy:
    return "energy";
  case Objective::edp:
    return "energy-delay product";
  case Objective::carbon:
    return "carbon";
  }
  llvm_unreachable("an objective without a measure");
}

AlternativeAttr PlanSearch::explain(StringRef form, const Way &way,
                                    const Estimate &lost, const Estimate &won) {
  Interval theirs = scoreOf(lost, goal), ours = scoreOf(won, goal);
  // Ratios as people say them; far ones have no digits that matter.
  double ratio = ours.value > 0 ? theirs.value / ours.value : 1;
  std::string reason =
      llvm::formatv("{0:F2} times the {1}", ratio, measureOf(wanted.objective));
  constexpr double percent = 100;
  if (theirs.value < ours.value)
    reason += way.missedGain > 0
                  ? llvm::formatv(", less of a gain over the default than the "
                                  "{0:F0} % that can be told",
                                  percent * way.missedGain)
                        .str()
                  : ", but the whole would miss a budget";
  // Of time it is known what the two have in common.
  bool isUndecided = wanted.objective == Objective::latency
                         ? undecided(lost, won)
                         : theirs.low < ours.high && ours.low < theirs.high;
  MLIRContext *ctx = module.getContext();
  return AlternativeAttr::get(ctx, form, way.plan.withCost(lost.toAttr(ctx)),
                              reason, isUndecided || way.missedGain > 0);
}

/// The best other plan of each kernel kind for the same ops.
void PlanSearch::addWays(const OpRegion &region, const Pick &pick,
                         SmallVectorImpl<Attribute> &list) {
  const Cluster &cluster = region.clusters[pick.column];
  const Way &won = region.ways[pick.column][pick.option];
  for (KernelKind kind : {KernelKind::library, KernelKind::generated}) {
    const Way *best = nullptr;
    for (auto [other, ways] : llvm::zip_equal(region.clusters, region.ways)) {
      if (other.kind != kind || other.ops != cluster.ops)
        continue;
      for (const Way &way : ways)
        if (way.plan != won.plan &&
            !(priceOf(way.estimate).seconds == priceOf(won.estimate).seconds &&
              priceOf(way.estimate).joules == priceOf(won.estimate).joules) &&
            (!best || goal.score(priceOf(way.estimate)) <
                          goal.score(priceOf(best->estimate))))
          best = &way;
    }
    if (best)
      list.push_back(
          explain(formOf(cluster), *best, best->estimate, won.estimate));
  }
}

/// The best cover of the group's ops by smaller groups.
void PlanSearch::addApart(const OpRegion &region, const Pick &pick,
                          SmallVectorImpl<Attribute> &list) {
  const Column &whole = region.problem.columns[pick.column];
  if (whole.members.size() < 2)
    return;
  PartsOfColumn parts = partsOf(region, pick.column);
  CoverFront front = cover(parts.problem, goal, /*withMemory=*/false, limits);
  const Cover *best = nullptr;
  for (const Cover &cover : front.covers)
    if (!best ||
        goal.score(cover.option.price) < goal.score(best->option.price))
      best = &cover;
  if (!best)
    return;
  std::string form;
  std::optional<Estimate> sum;
  const Way *last = nullptr;
  for (const Pick &part : best->picks) {
    unsigned column = parts.columns[part.column];
    last = &region.ways[column][part.option];
    form += (form.empty() ? "" : " | ") + formOf(region.clusters[column]);
    if (sum)
      *sum += last->estimate;
    else
      sum = last->estimate;
  }
  list.push_back(explain(form, *last, *sum,
                         region.ways[pick.column][pick.option].estimate));
}

/// The best larger cluster that would replace this group, as the last, and
/// other groups whole.
void PlanSearch::addJoined(const OpRegion &region, const Cover &cover,
                           const Pick &pick, SmallVectorImpl<Attribute> &list) {
  const CoverProblem &problem = region.problem;
  const Column &own = problem.columns[pick.column];
  const Way *best = nullptr;
  std::string bestForm;
  Estimate bestReplaced;
  for (auto [i, column] : llvm::enumerate(problem.columns)) {
    if (column.members.size() <= own.members.size())
      continue;
    // The groups it would replace: they must make up all of it.
    std::optional<Estimate> replaced;
    size_t members = 0;
    const Pick *last = nullptr;
    std::string form;
    for (const Pick &other : cover.picks) {
      const Column &part = problem.columns[other.column];
      if (!llvm::all_of(part.members, [&column = column](unsigned item) {
            return llvm::is_contained(column.members, item);
          }))
        continue;
      const Estimate &cost = region.ways[other.column][other.option].estimate;
      if (replaced)
        *replaced += cost;
      else
        replaced = cost;
      members += part.members.size();
      last = &other;
      form +=
          (form.empty() ? "" : " + ") + formOf(region.clusters[other.column]);
    }
    if (members != column.members.size() || !last ||
        last->column != pick.column)
      continue;
    for (const Way &way : region.ways[i])
      if (!best || goal.score(priceOf(way.estimate)) <
                       goal.score(priceOf(best->estimate))) {
        best = &way;
        bestForm = form;
        bestReplaced = *replaced;
      }
  }
  if (best)
    list.push_back(explain(bestForm, *best, best->estimate, bestReplaced));
}

SmallVector<Attribute> PlanSearch::alternatives(const OpRegion &region,
                                                const Cover &cover,
                                                const Pick &pick) {
  SmallVector<Attribute> list;
  addWays(region, pick, list);
  addApart(region, pick, list);
  addJoined(region, cover, pick, list);
  return list;
}
