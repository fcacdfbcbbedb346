//===- PlanSearch.h - The best groups and plans for a module ----*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_PLANSEARCH_H
#define RAC_LIB_TRANSFORMS_PLANSEARCH_H

#include "Regions.h"
#include "llvm/ADT/MapVector.h"

namespace rac {

struct PlanGoal {
  Objective objective = Objective::latency;
  double maxSeconds = 0; ///< s; 0: no limit
  int64_t maxBytes = 0;  ///< B, with the weights; 0: no limit
  double gramsPerJoule = 0, gramsPerSecond = 0; ///< gCO2e, for carbon
  GroupForms forms;
  mlir::Type narrow;   ///< that groups of f32 may be in instead; null: none
  int64_t threads = 1; ///< that a run may use; 0: a GPU, all of it
  /// Registers that loops of contractions are cut for; none: they aren't cut.
  std::optional<VectorShape> vectors;
  unsigned frontPoints = 0; ///< of the front of all plans; 0: it isn't wanted

  bool needsJoules() const { return objective != Objective::latency; }
  /// What the search makes small for an objective, within the limits;
  /// `weights`: B that are held whatever is chosen.
  Goal forObjective(Objective which, int64_t weights) const;
};

struct PlannedGroup {
  Cluster cluster;
  PlanAttr plan; ///< with its cost
  llvm::SmallVector<mlir::Attribute> alternatives;
};

class PlanSearch {
public:
  PlanSearch(mlir::ModuleOp module, const CostModel &costs,
             const PlanGoal &goal, const Assumptions &assumptions);

  /// Costs everything and chooses. Whether there is any plan within the limits
  /// is for others to say: where none is found, the one chosen misses one limit
  /// by as little as can be.
  void run(llvm::ArrayRef<mlir::Block *> blocks);

  /// Whether there was nothing to plan.
  bool empty() const { return regions.empty(); }
  /// Whether joules are known of all that was costed.
  bool knowsJoules() const { return joulesKnown; }
  /// In the order of their roots.
  llvm::SmallVector<PlannedGroup> groups(mlir::Block *block);
  SearchAttr summary();
  /// The front of time and energy, at the memory that these need and below.
  llvm::SmallVector<mlir::Attribute> front();

  int64_t numUndecided = 0;

private:
  Choice chooseWithin(const Goal &goal) const;
  PointAttr describe(llvm::StringRef label, const Choice &choice);
  const Cover &coverOf(size_t region, const Choice &choice) const {
    return fronts[region].covers[choice.picks[region]];
  }
  /// Alternatives.cpp
  llvm::SmallVector<mlir::Attribute>
  alternatives(const OpRegion &region, const Cover &cover, const Pick &pick);
  /// `way`: the one that lost, or the last of several.
  AlternativeAttr explain(llvm::StringRef form, const Way &way,
                          const Estimate &lost, const Estimate &won);
  void addWays(const OpRegion &region, const Pick &pick,
               llvm::SmallVectorImpl<mlir::Attribute> &list);
  void addApart(const OpRegion &region, const Pick &pick,
                llvm::SmallVectorImpl<mlir::Attribute> &list);
  void addJoined(const OpRegion &region, const Cover &cover, const Pick &pick,
                 llvm::SmallVectorImpl<mlir::Attribute> &list);

  mlir::ModuleOp module;
  const CostModel &costs;
  PlanGoal wanted;
  Assumptions assumptions;
  int64_t weights;
  Goal goal;
  bool countsMemory;
  SearchLimits limits;
  std::vector<OpRegion> regions;
  std::vector<CoverFront> fronts;
  llvm::MapVector<mlir::Block *, std::pair<size_t, size_t>> regionsOf;
  ChoiceProblem problem;
  Choice chosen;
  int64_t numCandidates = 0;
  bool joulesKnown = true;
};

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_PLANSEARCH_H
