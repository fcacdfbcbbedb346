//===- Regions.h - Ops whose grouping is one decision -----------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_REGIONS_H
#define RAC_LIB_TRANSFORMS_REGIONS_H

#include "Cluster.h"
#include "Lifetimes.h"
#include "Search/Cover.h"
#include "rac/Cost/CostModel.h"
#include <map>

namespace rac {

/// A cluster under a plan, and what that costs.
struct Way {
  PlanAttr plan; ///< without its cost
  Estimate estimate;
  /// What it had to gain over the default, as a part of that's score, and
  /// doesn't, so that it is no option; else 0. See CostModel::leastGain.
  double missedGain = 0;
};

/// Ops of a block that clusters connect: how they are grouped concerns no
/// others.
struct OpRegion {
  llvm::SmallVector<mlir::Operation *> ops; ///< the items of `problem`
  std::vector<Cluster> clusters;            ///< the columns of `problem`
  /// Of each cluster the ways that are the options of its column, then the best
  /// of those that are not on the Pareto front.
  std::vector<std::vector<Way>> ways;
  CoverProblem problem;
};

/// The columns of a region that make up another one of its columns.
struct PartsOfColumn {
  CoverProblem problem;          ///< its root is what is wanted
  std::vector<unsigned> columns; ///< of the region, by the problem's
};
PartsOfColumn partsOf(const OpRegion &region, unsigned column);

class RegionBuilder {
public:
  RegionBuilder(const CostModel &costs, const Lifetimes &lifetimes,
                const Goal &goal, GroupForms forms, int64_t threads,
                mlir::Type narrow, std::optional<VectorShape> vectors,
                bool keepsDefaults)
      : costs(costs), lifetimes(lifetimes), goal(goal), forms(forms),
        threads(threads), narrow(narrow), vectors(vectors),
        keepsDefaults(keepsDefaults) {}

  /// All ops of the block that belong in groups, none of them without a use.
  std::vector<OpRegion> build(mlir::Block &block);

  int64_t numCandidates = 0;

private:
  /// The ways of a cluster that are worth keeping; the first `options.size()`
  /// of them are options of a column.
  struct Ways {
    std::vector<Way> ways;
    std::vector<Option> options;
  };
  void addColumn(OpRegion &region, Cluster cluster);
  const Ways &waysOf(const Cluster &cluster);
  llvm::SmallVector<PlanAttr> plansOf(const Cluster &cluster,
                                      const Candidate &candidate);
  void addItems(OpRegion &region);
  void keepDefaultPlans(std::vector<Way> &ways) const;
  void keepContractionsApart(OpRegion &region) const;

  const CostModel &costs;
  const Lifetimes &lifetimes;
  const Goal &goal;
  GroupForms forms;
  int64_t threads;   ///< 0: a GPU, which a run has to itself
  mlir::Type narrow; ///< what f32 may be narrowed to; null: nothing
  /// Registers that the loops of contractions are cut for; none: they aren't.
  std::optional<VectorShape> vectors;
  /// Whether defaults are left for what gains enough only.
  bool keepsDefaults;
  /// By what tells clusters of different costs apart.
  std::map<std::pair<std::vector<const void *>, std::vector<double>>, Ways>
      known;
  /// When an op will have run at the latest: the step of the last root that can
  /// take it along.
  llvm::DenseMap<mlir::Operation *, int32_t> latest;
};

/// What an estimate counts in the search; joules that are unknown count
/// nothing.
Price priceOf(const Estimate &estimate);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_REGIONS_H
