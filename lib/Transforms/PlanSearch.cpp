//===- PlanSearch.cpp - The best groups and plans for a module ------------===//

#include "PlanSearch.h"

using namespace mlir;
using namespace rac;

Goal PlanGoal::forObjective(Objective which, int64_t weights) const {
  Goal goal;
  switch (which) {
  case Objective::latency:
    break;
  case Objective::energy:
    goal.perSecond = 0;
    goal.perJoule = 1;
    break;
  case Objective::edp:
    goal.product = true;
    break;
  case Objective::carbon:
    goal.perSecond = gramsPerSecond;
    goal.perJoule = gramsPerJoule;
    break;
  }
  if (maxSeconds > 0)
    goal.maxSeconds = maxSeconds;
  if (maxBytes > 0)
    goal.maxBytes = maxBytes - weights;
  return goal;
}

PlanSearch::PlanSearch(ModuleOp module, const CostModel &costs,
                       const PlanGoal &wanted, const Assumptions &assumptions)
    : module(module), costs(costs), wanted(wanted), assumptions(assumptions),
      weights(constantBytes(module)),
      goal(wanted.forObjective(wanted.objective, weights)) {
  // What holds less but costs more matters only where memory is counted.
  // Comparing it takes long.
  constexpr unsigned fewer = 16;
  countsMemory = wanted.maxBytes > 0 || wanted.frontPoints > 0;
  if (countsMemory)
    limits.front = fewer;
}

/// The best within the limits; else the one that misses one limit by the least:
/// memory if that alone can't be kept, else latency.
Choice PlanSearch::chooseWithin(const Goal &within) const {
  Choice best = choose(problem, within, limits);
  if (best.found)
    return best;
  Goal fastest = wanted.forObjective(Objective::latency, weights);
  fastest.maxSeconds = Goal::none;
  Choice nearest = choose(problem, fastest, limits);
  if (!nearest.found)
    nearest = chooseLeastMemory(problem, limits);
  nearest.exact = false;
  nearest.score = within.score(nearest.price);
  nearest.bound = std::min(best.bound, nearest.score);
  return nearest;
}

void PlanSearch::run(ArrayRef<Block *> blocks) {
  Lifetimes lifetimes(module, assumptions);
  // On a GPU no way is the usual one. Within a budget of time, and for a front,
  // every way counts.
  bool keepsDefaults = wanted.threads > 0 && goal.maxSeconds == Goal::none &&
                       wanted.frontPoints == 0;
  RegionBuilder builder(costs, lifetimes, goal, wanted.forms, wanted.threads,
                        wanted.narrow, wanted.vectors, keepsDefaults);
  llvm::SmallPtrSet<Operation *, 32> grouped;
  for (Block *block : blocks) {
    size_t first = regions.size();
    for (OpRegion &region : builder.build(*block)) {
      grouped.insert(region.ops.begin(), region.ops.end());
      regions.push_back(std::move(region));
    }
    regionsOf[block] = {first, regions.size()};
  }
  numCandidates = builder.numCandidates;
  for (const OpRegion &region : regions) {
    for (ArrayRef<Way> ways : region.ways)
      for (const Way &way : ways)
        joulesKnown &= way.estimate.joules.has_value();
    fronts.push_back(cover(region.problem, goal, countsMemory, limits));
    Slot slot;
    for (const Cover &cover : fronts.back().covers)
      slot.options.push_back(cover.option);
    slot.complete = fronts.back().complete;
    slot.floor = fronts.back().floor;
    problem.slots.push_back(std::move(slot));
  }
  // What is no group's holds memory too.
  module->walk([&](Operation *op) {
    if (grouped.contains(op))
      return;
    for (Value result : op->getResults())
      if (double bytes = lifetimes.bytes(result))
        problem.always.push_back(
            {lifetimes.step(op), lifetimes.lastUse(result), bytes});
  });
  chosen = chooseWithin(goal);
}

SmallVector<PlannedGroup> PlanSearch::groups(Block *block) {
  SmallVector<PlannedGroup> groups;
  auto [first, last] = regionsOf.lookup(block);
  for (size_t i = first; i < last; ++i) {
    const OpRegion &region = regions[i];
    const Cover &cover = coverOf(i, chosen);
    for (const Pick &pick : cover.picks) {
      const Way &way = region.ways[pick.column][pick.option];
      groups.push_back(
          {region.clusters[pick.column],
           way.plan.withCost(way.estimate.toAttr(module.getContext())),
           alternatives(region, cover, pick)});
      numUndecided += llvm::any_of(groups.back().alternatives, [](auto other) {
        return cast<AlternativeAttr>(other).getUndecided();
      });
    }
  }
  llvm::sort(groups, [](const PlannedGroup &a, const PlannedGroup &b) {
    return a.cluster.root()->isBeforeInBlock(b.cluster.root());
  });
  return groups;
}

PointAttr PlanSearch::describe(StringRef label, const Choice &choice) {
  int64_t groups = 0, library = 0, serial = 0;
  for (size_t i = 0; i < regions.size(); ++i)
    for (const Pick &pick : coverOf(i, choice).picks) {
      PlanAttr plan = regions[i].ways[pick.column][pick.option].plan;
      ++groups;
      library += plan.getKind() == KernelKind::library;
      serial += plan.getThreads() == 1 || wanted.threads == 1;
    }
  return PointAttr::get(module.getContext(), label, choice.price.seconds,
                        joulesKnown ? choice.price.joules : -1, choice.bytes,
                        groups, library, serial, choice.picks == chosen.picks);
}

SearchAttr PlanSearch::summary() {
  SmallVector<Attribute> rivals;
  for (Objective other :
       {Objective::latency, Objective::energy, Objective::edp}) {
    if (other != Objective::latency && !joulesKnown)
      continue;
    Choice best = other == wanted.objective
                      ? chosen
                      : chooseWithin(wanted.forObjective(other, weights));
    rivals.push_back(describe(stringifyObjective(other), best));
  }
  return SearchAttr::get(module.getContext(), wanted.objective, chosen.score,
                         chosen.bound, chosen.exact, wanted.maxSeconds,
                         wanted.maxBytes, int64_t(chosen.bytes), weights,
                         numCandidates, numUndecided,
                         ArrayAttr::get(module.getContext(), rivals));
}

SmallVector<Attribute> PlanSearch::front() {
  constexpr unsigned levels = 3;
  SearchLimits few = limits;
  few.nodes /= 10;
  SmallVector<Attribute> list;
  for (const Choice &choice : chooseFront(
           problem, std::max(2u, wanted.frontPoints / levels), levels, few))
    list.push_back(describe("p" + std::to_string(list.size()), choice));
  return list;
}
