//===- PlanSearchTest.cpp - Plans against all plans -----------------------===//

#include "PlanSearch.h"
#include "../Cost/ParsedOps.h"
#include "../Cost/RoundDevice.h"
#include "Schedules.h"
#include "gtest/gtest.h"
#include <map>

using namespace mlir;
using namespace rac;

namespace {

constexpr VectorShape kVectors = {512, 32};
constexpr int64_t kThreads = 2;

/// What stands for a library: nothing that beats generated code everywhere.
Device slowLibrary() {
  Device device = roundDevice();
  device.units[0].libraryFraction[DataType::f32] = number(0.6);
  device.overheads.forkJoinSeconds = number(1e-5);
  device.overheads.libraryCallSeconds = number(2e-4);
  MemoryLevel near = device.memory[0];
  near.sizeBytes = number(32768);
  near.coreBytesPerSecond = number(2e9);
  device.memory[0].name = "L2";
  device.memory[0].coreBytesPerSecond = number(2e8);
  device.memory.insert(device.memory.begin(), near);
  return device;
}

class Brute {
public:
  Brute(ParsedOps &parsed, const CostModel &costs, const Goal &goal)
      : goal(goal), shapes(&parsed.context) {
    GroupForms forms;
    forms.convChains = forms.chainEnds = true;
    Block &block = *parsed.ops.front()->getBlock();
    clusters = ClusterFinder(block, shapes, forms).find();
    for (const Cluster &cluster : clusters) {
      Candidate candidate = Candidate::of(cluster.ops);
      auto &of = prices.emplace_back();
      std::map<int64_t, double> defaults; // by threads
      for (PlanAttr plan :
           schedules(cluster.ops, cluster.kind, precisionOf(cluster.main),
                     kThreads, kVectors)) {
        ++plans;
        Price price = priceOf(costs.estimate(candidate, plan));
        double score = goal.score(price);
        auto [usual, isFirst] = defaults.try_emplace(plan.getThreads(), score);
        if (isFirst || score < (1 - costs.leastGain()) * usual->second)
          of.push_back(price);
      }
    }
    // What the library computes as well must gain enough over it.
    for (auto [cluster, of] : llvm::zip_equal(clusters, prices)) {
      if (cluster.kind == KernelKind::library)
        continue;
      for (auto [other, usual] : llvm::zip_equal(clusters, prices))
        if (other.kind == KernelKind::library && other.ops == cluster.ops)
          for (const Price &library : usual)
            llvm::erase_if(of, [&](const Price &price) {
              return goal.score(price) >=
                     (1 - costs.leastGain()) * goal.score(library);
            });
    }
    // So must contractions that are a group together, over the best groups of
    // one each.
    std::vector<std::vector<Price>> kept = prices;
    for (auto [cluster, of] : llvm::zip_equal(clusters, kept))
      if (llvm::count_if(cluster.ops, llvm::IsaPred<MatmulOp, ConvOp>) > 1) {
        within = &cluster;
        least = std::numeric_limits<double>::infinity();
        descend(cluster.ops, {cluster.root()}, {0, 0});
        llvm::erase_if(of, [&](const Price &price) {
          return goal.score(price) >= (1 - costs.leastGain()) * least;
        });
      }
    within = nullptr;
    prices = std::move(kept);
  }

  /// The least score of all covers with all plans: of each op whose result is
  /// needed, from the last on, every cluster that ends in it.
  double best(ArrayRef<Operation *> ops) {
    DenseSet<Operation *> needed;
    for (Operation *op : ops)
      for (Operation *user : op->getUsers())
        if (user->hasTrait<OpTrait::IsTerminator>())
          needed.insert(op);
    least = std::numeric_limits<double>::infinity();
    descend(ops, needed, {0, 0});
    return least;
  }

  size_t numPlans() const { return plans; }

private:
  void descend(ArrayRef<Operation *> ops, const DenseSet<Operation *> &needed,
               Price sum) {
    if (ops.empty()) {
      least = std::min(least, goal.score(sum));
      return;
    }
    Operation *op = ops.back();
    if (!needed.contains(op))
      return descend(ops.drop_back(), needed, sum);
    for (auto [cluster, of] : llvm::zip_equal(clusters, prices)) {
      if (cluster.root() != op)
        continue;
      if (within &&
          (llvm::count_if(cluster.ops, llvm::IsaPred<MatmulOp, ConvOp>) > 1 ||
           !llvm::all_of(cluster.ops, [&](Operation *member) {
             return within->contains(member);
           })))
        continue;
      DenseSet<Operation *> more = needed;
      for (Operation *member : cluster.ops)
        for (Value operand : member->getOperands())
          if (Operation *producer = operand.getDefiningOp())
            if (!cluster.contains(producer))
              more.insert(producer);
      for (const Price &price : of)
        descend(ops.drop_back(), more,
                {sum.seconds + price.seconds, sum.joules + price.joules});
    }
  }

  Goal goal;
  SymbolicShapes shapes;
  SmallVector<Cluster> clusters;
  std::vector<std::vector<Price>> prices;
  size_t plans = 0;
  double least = 0;
  const Cluster *within = nullptr; ///< whose parts alone are looked at
};

void expectBest(StringRef signature, StringRef body, size_t mostPlans) {
  ParsedOps parsed(signature, body);
  ASSERT_TRUE(parsed.module);
  Unknowns unknowns;
  Assumptions assumptions;
  Device device = slowLibrary();
  DeviceModel costs(device, assumptions, kThreads, unknowns);
  for (Objective objective :
       {Objective::latency, Objective::energy, Objective::edp}) {
    PlanGoal wanted;
    wanted.objective = objective;
    wanted.forms.convChains = wanted.forms.chainEnds = true;
    wanted.threads = kThreads;
    wanted.vectors = kVectors;
    PlanSearch search(*parsed.module, costs, wanted, assumptions);
    Block *block = parsed.ops.front()->getBlock();
    search.run(block);
    Brute brute(parsed, costs, wanted.forObjective(objective, 0));
    double best = brute.best(parsed.ops);
    SearchAttr found = search.summary();
    EXPECT_TRUE(found.getExact());
    EXPECT_NEAR(found.getScore() / best, 1, 1e-9)
        << stringifyObjective(objective).str();
    EXPECT_LE(found.getBound(), best * (1 + 1e-9));
    // The dimensions of the search: none of this would be of one plan each.
    EXPECT_GT(brute.numPlans(), mostPlans);
  }
}

TEST(PlanSearch, ProductWithBiasAndActivation) {
  expectBest(
      "(%x: tensor<192x512xf32>, %w: tensor<512x256xf32>, "
      "%b: tensor<256xf32>) -> tensor<192x256xf32>",
      R"(%0 = rac.matmul %x, %w : (tensor<192x512xf32>, tensor<512x256xf32>) -> tensor<192x256xf32>
                %1 = rac.add %0, %b : (tensor<192x256xf32>, tensor<256xf32>) -> tensor<192x256xf32>
                %2 = rac.relu %1 : (tensor<192x256xf32>) -> tensor<192x256xf32>
                return %2 : tensor<192x256xf32>)",
      200);
}

TEST(PlanSearch, TwoProducts) {
  expectBest(
      "(%x: tensor<96x48xf32>, %v: tensor<48x128xf32>, "
      "%w: tensor<128x40xf32>) -> tensor<96x40xf32>",
      R"(%0 = rac.matmul %x, %v : (tensor<96x48xf32>, tensor<48x128xf32>) -> tensor<96x128xf32>
                %1 = rac.relu %0 : (tensor<96x128xf32>) -> tensor<96x128xf32>
                %2 = rac.matmul %1, %w : (tensor<96x128xf32>, tensor<128x40xf32>) -> tensor<96x40xf32>
                return %2 : tensor<96x40xf32>)",
      40);
}

TEST(PlanSearch, Convolutions) {
  expectBest(
      "(%x: tensor<1x28x28x32xf32>, %v: tensor<32x1x3x3xf32>, "
      "%w: tensor<64x32x1x1xf32>) -> tensor<1x28x28x64xf32>",
      R"(%0 = rac.conv %x, %v {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 1, 1>, pads_high = array<i64: 1, 1>, groups = 32 : i64} : (tensor<1x28x28x32xf32>, tensor<32x1x3x3xf32>) -> tensor<1x28x28x32xf32>
                %1 = rac.relu %0 : (tensor<1x28x28x32xf32>) -> tensor<1x28x28x32xf32>
                %2 = rac.conv %1, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, groups = 1 : i64} : (tensor<1x28x28x32xf32>, tensor<64x32x1x1xf32>) -> tensor<1x28x28x64xf32>
                return %2 : tensor<1x28x28x64xf32>)",
      40);
}

/// Costs by kind and tiles alone, and a model that can tell a tenth.
struct ByHand : CostModel {
  double library = 1, untiled = 1, tiled = 1; ///< s
  Estimate estimate(const Candidate &, PlanAttr plan) const override {
    Estimate estimate;
    estimate.seconds = plan.getKind() == KernelKind::library ? library
                       : plan.getTiles().empty() && plan.getRegisters().empty()
                           ? untiled
                           : tiled;
    return estimate;
  }
  double leastGain() const override { return 0.1; }
};

/// The group that a product becomes, in a context that holds its plan.
struct Chosen {
  explicit Chosen(const ByHand &costs, double maxSeconds = 0) {
    PlanGoal wanted;
    wanted.vectors = kVectors;
    wanted.maxSeconds = maxSeconds;
    PlanSearch search(*parsed.module, costs, wanted, Assumptions());
    Block *block = parsed.ops.front()->getBlock();
    search.run(block);
    group = search.groups(block).front();
    plan = group.plan;
  }

  ParsedOps parsed{
      "(%x: tensor<192x512xf32>, %w: tensor<512x256xf32>) -> "
      "tensor<192x256xf32>",
      R"(%0 = rac.matmul %x, %w : (tensor<192x512xf32>, tensor<512x256xf32>) -> tensor<192x256xf32>
         return %0 : tensor<192x256xf32>)"};
  PlannedGroup group;
  PlanAttr plan;
};

TEST(PlanSearch, TheLibraryIsLeftForWhatIsQuicker) {
  ByHand costs;
  costs.untiled = costs.tiled = 1.02;
  EXPECT_EQ(Chosen(costs).plan.getKind(), KernelKind::library);
  costs.untiled = costs.tiled = 0.98;
  EXPECT_EQ(Chosen(costs).plan.getKind(), KernelKind::generated);
}

TEST(PlanSearch, DefaultsAreLeftForWhatCanBeTold) {
  ByHand costs;
  costs.untiled = 0.88;
  // Tiles gain 7 % over none at all, and so count as no better.
  costs.tiled = 0.82;
  EXPECT_TRUE(Chosen(costs).plan.getTiles().empty());
  EXPECT_TRUE(Chosen(costs).plan.getRegisters().empty());
  // 11 %.
  costs.tiled = 0.78;
  EXPECT_FALSE(Chosen(costs).plan.getRegisters().empty() &&
               Chosen(costs).plan.getTiles().empty());
  // Within a budget of time every way counts.
  costs.tiled = 0.82;
  Chosen within(costs, 0.85);
  EXPECT_FALSE(within.plan.getRegisters().empty() &&
               within.plan.getTiles().empty());
}

TEST(PlanSearch, WhatIsNotToldIsExplained) {
  ByHand costs;
  costs.library = 2;
  costs.tiled = 0.95;
  Chosen chosen(costs);
  ASSERT_FALSE(chosen.group.alternatives.empty());
  auto other = cast<AlternativeAttr>(chosen.group.alternatives.back());
  EXPECT_TRUE(other.getUndecided());
  EXPECT_EQ(other.getReason(),
            "0.95 times the time, less of a gain over the default than the "
            "10 % that can be told");
}

} // namespace
