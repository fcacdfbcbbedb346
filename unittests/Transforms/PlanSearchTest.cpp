//===- PlanSearchTest.cpp - Plans against all plans -----------------------===//

#include "PlanSearch.h"
#include "../Cost/ParsedOps.h"
#include "../Cost/RoundDevice.h"
#include "Schedules.h"
#include "gtest/gtest.h"
#include <functional>

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
      for (PlanAttr plan :
           schedules(cluster.ops, cluster.kind, precisionOf(cluster.main),
                     kThreads, kVectors))
        of.push_back(priceOf(costs.estimate(candidate, plan)));
    }
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

  size_t numPlans() const {
    size_t sum = 0;
    for (const auto &of : prices)
      sum += of.size();
    return sum;
  }

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
  double least = 0;
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

} // namespace
