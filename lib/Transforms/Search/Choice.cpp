//===- Choice.cpp - One option of each slot -------------------------------===//

#include "Choice.h"
#include "llvm/ADT/STLExtras.h"

using namespace rac;

/// Scores this close are the same: sums in another order differ in the last
/// digits.
static constexpr double kSame = 1e-9;

namespace {

/// What is held at each step by what is chosen, and at the least by the rest.
class MemoryProfile {
public:
  MemoryProfile(const ChoiceProblem &problem, double limit) : limit(limit) {
    if (limit == Goal::none)
      return;
    int32_t last = 0;
    auto see = [&](llvm::ArrayRef<Held> held) {
      for (const Held &item : held)
        last = std::max(last, item.last);
    };
    see(problem.always);
    for (const Slot &slot : problem.slots)
      for (const Option &option : slot.options)
        see(option.memory);
    bytes.resize(last + 1);
    least.resize(problem.slots.size());
    add(problem.always, 1);
    for (auto [slot, minimum] : llvm::zip_equal(problem.slots, least)) {
      minimum = leastOf(slot);
      add(minimum, 1);
    }
  }

  /// Puts an option in the place of its slot's least, or back (sign -1).
  void place(unsigned slot, const Option &option, double sign) {
    if (limit == Goal::none)
      return;
    add(option.memory, sign);
    add(least[slot], -sign);
  }
  /// Whether the limit holds wherever `option` is alive.
  bool fits(const Option &option) const {
    if (limit == Goal::none)
      return true;
    return llvm::all_of(option.memory, [&](const Held &item) {
      for (int32_t step = item.first; step <= item.last; ++step)
        if (bytes[step] > limit)
          return false;
      return true;
    });
  }
  bool fits() const {
    return llvm::all_of(bytes, [&](double held) { return held <= limit; });
  }

private:
  void add(llvm::ArrayRef<Held> held, double sign) {
    for (const Held &item : held)
      for (int32_t step = item.first; step <= item.last; ++step)
        bytes[step] += sign * item.bytes;
  }
  /// At each step the least that any option holds.
  static llvm::SmallVector<Held> leastOf(const Slot &slot) {
    int32_t first = std::numeric_limits<int32_t>::max(), last = -1;
    for (const Option &option : slot.options)
      for (const Held &item : option.memory) {
        first = std::min(first, item.first);
        last = std::max(last, item.last);
      }
    llvm::SmallVector<Held> least;
    for (int32_t step = first; step <= last; ++step) {
      double fewest = Goal::none;
      for (const Option &option : slot.options) {
        double held = 0;
        for (const Held &item : option.memory)
          if (item.first <= step && step <= item.last)
            held += item.bytes;
        fewest = std::min(fewest, held);
      }
      if (fewest > 0)
        least.push_back({step, step, fewest});
    }
    return least;
  }

  double limit;
  std::vector<double> bytes; // of each step
  std::vector<llvm::SmallVector<Held>> least;
};

class BranchAndBound {
public:
  BranchAndBound(const ChoiceProblem &problem, const Goal &goal,
                 const SearchLimits &limits)
      : problem(problem), goal(goal), limits(limits),
        profile(problem, goal.maxBytes) {}

  Choice run();

private:
  /// Those of the slot's options that can be part of the best choice.
  llvm::SmallVector<unsigned> candidates(const Slot &slot) const;
  void order();
  Hull hullOf(unsigned slot, bool withFloor) const;
  void descend(size_t depth, Price price);
  bool improves(double score) const {
    return !best.found || score < best.score * (1 - kSame);
  }

  const ChoiceProblem &problem;
  const Goal &goal;
  const SearchLimits &limits;
  MemoryProfile profile;
  /// Slots in the order of the tree's levels, the options of each by promise,
  /// and the hull of what the levels from one on can cost.
  std::vector<unsigned> slots;
  std::vector<llvm::SmallVector<unsigned>> options;
  std::vector<Hull> rest;
  int64_t nodes = 0;
  std::vector<unsigned> picks;
  Choice best;
};

} // namespace

llvm::SmallVector<unsigned> BranchAndBound::candidates(const Slot &slot) const {
  llvm::SmallVector<const Option *> all;
  for (const Option &option : slot.options)
    all.push_back(&option);
  return paretoFront(all, goal.maxBytes != Goal::none);
}

Hull BranchAndBound::hullOf(unsigned slot, bool withFloor) const {
  if (withFloor && problem.slots[slot].floor)
    return Hull({*problem.slots[slot].floor});
  std::vector<Price> prices;
  for (unsigned option : options[slot])
    prices.push_back(problem.slots[slot].options[option].price);
  return Hull(std::move(prices));
}

/// Slots where most is at stake come first, and of each slot what is best at
/// the slope of the relaxed optimum.
void BranchAndBound::order() {
  Hull all;
  for (unsigned slot = 0; slot < problem.slots.size(); ++slot)
    all = all + hullOf(slot, /*withFloor=*/false);
  Price slope{1, 0};
  all.best(goal, {}, &slope);
  // What is at stake, negative to come first, and the slot.
  std::vector<std::pair<double, unsigned>> stakes;
  for (unsigned slot = 0; slot < problem.slots.size(); ++slot) {
    std::vector<std::pair<double, unsigned>> relaxed;
    for (unsigned option : options[slot]) {
      const Price &price = problem.slots[slot].options[option].price;
      relaxed.push_back(
          {slope.seconds * price.seconds + slope.joules * price.joules,
           option});
    }
    llvm::sort(relaxed);
    llvm::transform(relaxed, options[slot].begin(),
                    [](const auto &entry) { return entry.second; });
    stakes.push_back({relaxed.front().first - relaxed.back().first, slot});
  }
  llvm::sort(stakes);
  for (const auto &[stake, slot] : stakes)
    slots.push_back(slot);
}

void BranchAndBound::descend(size_t depth, Price price) {
  if (++nodes > limits.nodes)
    return;
  if (depth == slots.size()) {
    if (!improves(goal.score(price)))
      return;
    best.found = true;
    best.picks = picks;
    best.price = price;
    best.score = goal.score(price);
    return;
  }
  unsigned slot = slots[depth];
  for (unsigned index : options[slot]) {
    const Option &option = problem.slots[slot].options[index];
    Price reached = price + option.price;
    std::optional<Price> bound = rest[depth + 1].best(goal, reached);
    if (!bound || !improves(goal.score(*bound)))
      continue;
    profile.place(slot, option, 1);
    picks[slot] = index;
    if (profile.fits(option))
      descend(depth + 1, reached);
    profile.place(slot, option, -1);
    if (nodes > limits.nodes)
      return;
  }
}

Choice BranchAndBound::run() {
  bool complete = true;
  for (const Slot &slot : problem.slots) {
    options.push_back(candidates(slot));
    complete &= slot.complete;
  }
  order();
  rest.resize(slots.size() + 1);
  for (size_t depth = slots.size(); depth-- > 0;)
    rest[depth] = hullOf(slots[depth], /*withFloor=*/false) + rest[depth + 1];
  picks.resize(slots.size());
  if (rest.front().best(goal, {}) && profile.fits())
    descend(0, {});
  best.exact = complete && nodes <= limits.nodes;
  best.bound = best.score;
  if (!best.exact) {
    Hull all;
    for (unsigned slot = 0; slot < problem.slots.size(); ++slot)
      all = all + hullOf(slot, /*withFloor=*/true);
    std::optional<Price> relaxed = all.best(goal, {});
    best.bound = relaxed ? goal.score(*relaxed) : Goal::none;
    if (best.found)
      best.bound = std::min(best.bound, best.score);
  }
  if (!best.found)
    return best;
  std::vector<Held> held = problem.always;
  for (auto [slot, pick] : llvm::zip_equal(problem.slots, best.picks))
    llvm::append_range(held, slot.options[pick].memory);
  best.bytes = peakBytes(held);
  return best;
}

Choice rac::choose(const ChoiceProblem &problem, const Goal &goal,
                   const SearchLimits &limits) {
  if (!problem.slots.empty())
    return BranchAndBound(problem, goal, limits).run();
  Choice nothing;
  nothing.bytes = peakBytes(problem.always);
  nothing.found = nothing.bytes <= goal.maxBytes;
  nothing.exact = true;
  return nothing;
}

Choice rac::chooseLeastMemory(const ChoiceProblem &problem,
                              const SearchLimits &limits) {
  Goal goal;
  Choice best = choose(problem, goal, limits);
  bool exact = true;
  while (best.bytes > 0 && best.found) {
    // Bytes are whole.
    goal.maxBytes = best.bytes - 1;
    Choice less = choose(problem, goal, limits);
    if (!less.found) {
      exact = less.exact;
      break;
    }
    best = std::move(less);
  }
  best.exact = exact;
  return best;
}
