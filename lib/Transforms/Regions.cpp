//===- Regions.cpp - Ops whose grouping is one decision -------------------===//

#include "Regions.h"
#include "Schedules.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace rac;

Price rac::priceOf(const Estimate &estimate) {
  return {estimate.seconds.value, estimate.joules ? estimate.joules->value : 0};
}

/// Those on the Pareto front first, then the best of the rest.
static std::vector<Way> bestWays(std::vector<Way> ways, const Goal &goal,
                                 std::vector<Option> &options) {
  constexpr size_t mostLosers = 2;
  std::vector<Option> all;
  for (const Way &way : ways)
    all.push_back({priceOf(way.estimate), {}});
  SmallVector<const Option *> pointers;
  SmallVector<unsigned> numbers;
  for (auto [i, option] : llvm::enumerate(all))
    if (!ways[i].missedGain) {
      pointers.push_back(&option);
      numbers.push_back(i);
    }
  SmallVector<unsigned> kept;
  for (unsigned i : paretoFront(pointers, /*withMemory=*/false))
    kept.push_back(numbers[i]);
  size_t front = kept.size();
  std::vector<std::pair<double, unsigned>> losers;
  for (unsigned i = 0; i < ways.size(); ++i)
    if (!llvm::is_contained(kept, i))
      losers.push_back({goal.score(all[i].price), i});
  llvm::sort(losers);
  for (const auto &[score, i] : losers)
    if (kept.size() < front + mostLosers)
      kept.push_back(i);
  std::vector<Way> best;
  for (unsigned i : kept)
    best.push_back(std::move(ways[i]));
  for (unsigned i : ArrayRef(kept).take_front(front))
    options.push_back(all[i]);
  return best;
}

/// Whether it has to be computed in f32: weights of few bits are multiplied in
/// that, and what becomes f8 is rounded once.
static bool staysWide(Operation *op) {
  auto hasFloatsOf8Bits = [](Type type) {
    type = getElementTypeOrSelf(type);
    return isa<FloatType>(type) && type.getIntOrFloatBitWidth() == 8;
  };
  return isa<DequantizeWeightsOp>(op) ||
         llvm::any_of(op->getOperandTypes(), hasFloatsOf8Bits) ||
         llvm::any_of(op->getResultTypes(), hasFloatsOf8Bits);
}

/// In the type of the main op, and where that is f32 in the narrow one too.
SmallVector<PlanAttr> RegionBuilder::plansOf(const Cluster &cluster,
                                             const Candidate &candidate) {
  SmallVector<Type> types = {precisionOf(cluster.main)};
  if (narrow && types.front().isF32() && llvm::none_of(cluster.ops, staysWide))
    types.push_back(narrow);
  SmallVector<PlanAttr> plans;
  for (Type type : types)
    llvm::append_range(
        plans,
        threads == 0
            ? gpuSchedules(cluster.ops, type, costs.bestBlocks(candidate, type))
            : schedules(cluster.ops, cluster.kind, type, threads, vectors));
  return plans;
}

/// The ops and how they hang together: clusters alike in all of it cost the
/// same in the same surroundings.
static std::vector<const void *> signatureOf(const Cluster &cluster) {
  std::vector<const void *> key;
  auto add = [&](const void *part) { key.push_back(part); };
  auto addNumber = [&](uintptr_t number) {
    add(reinterpret_cast<const void *>(number));
  };
  llvm::DenseMap<Value, unsigned> numbers;
  auto addValue = [&](Value value) {
    auto [place, isNew] = numbers.try_emplace(value, numbers.size());
    addNumber(place->second);
    add(value.getType().getAsOpaquePointer());
    addNumber(isConstant(value));
  };
  addNumber(uintptr_t(cluster.kind));
  addNumber(llvm::find(cluster.ops, cluster.main) - cluster.ops.begin());
  for (Operation *op : cluster.ops) {
    add(op->getName().getAsOpaquePointer());
    add(op->getAttrDictionary().getAsOpaquePointer());
    for (Value operand : op->getOperands())
      addValue(operand);
    for (Value result : op->getResults()) {
      addValue(result);
      addNumber(llvm::any_of(result.getUsers(), [&](Operation *user) {
        return !cluster.contains(user);
      }));
    }
  }
  return key;
}

/// Whether a way cuts loops that the default leaves whole.
static bool cutsMore(const Way &way, const Way &usual) {
  return (!way.plan.getTiles().empty() || !way.plan.getReduction().empty()) &&
         usual.plan.getTiles().empty() && usual.plan.getReduction().empty();
}

/// The first plan of a type and a number of threads is lowering's default.
void RegionBuilder::keepDefaultPlans(std::vector<Way> &ways) const {
  if (!keepsDefaults)
    return;
  // Of 12 products of 400 to 1,024 rows, blocks gained half of what was
  // predicted, and where that was less than 10 % nothing (Xeon 6, one thread).
  constexpr double ofBlocks = 2;
  SmallVector<const Way *> defaults;
  for (Way &way : ways) {
    auto *usual = llvm::find_if(defaults, [&](const Way *other) {
      return other->plan.getPrecision() == way.plan.getPrecision() &&
             other->plan.getThreads() == way.plan.getThreads();
    });
    if (usual == defaults.end()) {
      defaults.push_back(&way);
      continue;
    }
    double gain = costs.leastGain() * (cutsMore(way, **usual) ? ofBlocks : 1);
    if (goal.score(priceOf(way.estimate)) >=
        (1 - gain) * goal.score(priceOf((*usual)->estimate)))
      way.missedGain = gain;
  }
}

/// Those that `isTold` isn't true of are no options any more.
static void keepOptions(OpRegion &region, size_t number, double gain,
                        function_ref<bool(const Way &)> isTold) {
  Column &column = region.problem.columns[number];
  std::vector<Way> kept, lost;
  std::vector<Option> options;
  for (auto [i, way] : llvm::enumerate(region.ways[number])) {
    if (i >= column.options.size()) {
      lost.push_back(way);
    } else if (isTold(way)) {
      options.push_back(column.options[i]);
      kept.push_back(way);
    } else {
      lost.push_back(way);
      lost.back().missedGain = gain;
    }
  }
  llvm::append_range(kept, lost);
  region.ways[number] = std::move(kept);
  column.options = std::move(options);
}

static bool crossesContractions(const Cluster &cluster) {
  return llvm::count_if(cluster.ops, llvm::IsaPred<MatmulOp, ConvOp>) > 1;
}

/// Contractions that are a group together must gain enough over the best groups
/// of one each.
void RegionBuilder::keepContractionsApart(OpRegion &region) const {
  if (!keepsDefaults)
    return;
  for (size_t i = 0; i < region.clusters.size(); ++i) {
    if (!crossesContractions(region.clusters[i]))
      continue;
    PartsOfColumn parts = partsOf(region, i);
    for (auto [column, number] :
         llvm::zip_equal(parts.problem.columns, parts.columns))
      if (crossesContractions(region.clusters[number]))
        column.options.clear();
    double least = Goal::none;
    for (const Cover &cover :
         cover(parts.problem, goal, /*withMemory=*/false, SearchLimits())
             .covers)
      least = std::min(least, goal.score(cover.option.price));
    double gain = costs.leastGain();
    keepOptions(region, i, gain, [&](const Way &way) {
      return goal.score(priceOf(way.estimate)) < (1 - gain) * least;
    });
  }
}

PartsOfColumn rac::partsOf(const OpRegion &region, unsigned column) {
  const Column &whole = region.problem.columns[column];
  auto place = [&](unsigned item) {
    return llvm::find(whole.members, item) - whole.members.begin();
  };
  PartsOfColumn parts;
  for (unsigned item : whole.members)
    parts.problem.items.push_back(
        {region.problem.items[item].step, 0, item == whole.root, 0});
  for (auto [i, column] : llvm::enumerate(region.problem.columns)) {
    if (column.members.size() >= whole.members.size() ||
        !llvm::all_of(column.members, [&](unsigned item) {
          return llvm::is_contained(whole.members, item);
        }))
      continue;
    Column part = column;
    part.root = place(column.root);
    llvm::transform(column.members, part.members.begin(), place);
    llvm::erase_if(part.needs, [&](unsigned item) {
      return !llvm::is_contained(whole.members, item);
    });
    llvm::transform(part.needs, part.needs.begin(), place);
    parts.problem.columns.push_back(std::move(part));
    parts.columns.push_back(i);
  }
  return parts;
}

const RegionBuilder::Ways &RegionBuilder::waysOf(const Cluster &cluster) {
  Candidate candidate = Candidate::of(cluster.ops);
  auto [place, isNew] =
      known.try_emplace({signatureOf(cluster), costs.surroundings(candidate)});
  Ways &result = place->second;
  if (!isNew)
    return result;
  std::vector<Way> ways;
  SmallVector<PlanAttr> plans = plansOf(cluster, candidate);
  for (auto [plan, estimate] :
       llvm::zip_equal(plans, costs.estimates(candidate, plans)))
    ways.push_back({plan, std::move(estimate)});
  numCandidates += ways.size();
  keepDefaultPlans(ways);
  result.ways = bestWays(std::move(ways), goal, result.options);
  return result;
}

void RegionBuilder::addColumn(OpRegion &region, Cluster cluster) {
  auto itemOf = [&](Operation *op) {
    return std::lower_bound(region.ops.begin(), region.ops.end(), op,
                            [](Operation *a, Operation *b) {
                              return a->isBeforeInBlock(b);
                            }) -
           region.ops.begin();
  };
  Column column;
  column.root = itemOf(cluster.root());
  for (Operation *op : cluster.ops) {
    column.members.push_back(itemOf(op));
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (!producer || producer->getBlock() != op->getBlock() ||
          cluster.contains(producer))
        continue;
      size_t item = itemOf(producer);
      if (item < region.ops.size() && region.ops[item] == producer &&
          !llvm::is_contained(column.needs, item))
        column.needs.push_back(item);
    }
  }
  const Ways &ways = waysOf(cluster);
  column.options = ways.options;
  region.ways.push_back(ways.ways);
  region.problem.columns.push_back(std::move(column));
  region.clusters.push_back(std::move(cluster));
}

void RegionBuilder::addItems(OpRegion &region) {
  llvm::SmallPtrSet<Operation *, 16> inside(region.ops.begin(),
                                            region.ops.end());
  for (Operation *op : region.ops) {
    CoverItem item;
    item.step = lifetimes.step(op);
    for (Value result : op->getResults()) {
      item.bytes += lifetimes.bytes(result);
      if (llvm::all_of(result.getUsers(),
                       [&](Operation *user) { return inside.contains(user); }))
        continue;
      item.wanted = true;
      item.usedUntil = std::max(
          item.usedUntil, lifetimes.lastUse(result, [&](Operation *user) {
            auto known = latest.find(user);
            return known == latest.end() ? lifetimes.step(user) : known->second;
          }));
    }
    region.problem.items.push_back(item);
  }
}

std::vector<OpRegion> RegionBuilder::build(Block &block) {
  SymbolicShapes shapes(block.getParentOp()->getContext());
  SmallVector<Cluster> clusters = ClusterFinder(block, shapes, forms).find();
  llvm::EquivalenceClasses<Operation *> connected;
  for (const Cluster &cluster : clusters)
    for (Operation *op : cluster.ops) {
      connected.unionSets(cluster.root(), op);
      int32_t &last = latest[op];
      last = std::max(last, lifetimes.step(cluster.root()));
    }
  // In the order of their first ops.
  llvm::MapVector<Operation *, OpRegion> regions;
  for (Operation &op : block)
    if (connected.contains(&op))
      regions[connected.getLeaderValue(&op)].ops.push_back(&op);
  for (Cluster &cluster : clusters) {
    OpRegion &region = regions[connected.getLeaderValue(cluster.root())];
    addColumn(region, std::move(cluster));
  }
  std::vector<OpRegion> built;
  for (auto &[leader, region] : regions) {
    addItems(region);
    keepContractionsApart(region);
    built.push_back(std::move(region));
  }
  return built;
}
