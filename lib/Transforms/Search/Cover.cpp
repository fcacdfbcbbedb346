//===- Cover.cpp - Items computed by columns ------------------------------===//

#include "Cover.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace rac;

namespace {

/// The items before some item whose results are needed.
using State = std::vector<bool>;

struct Partial {
  Option option;
  int32_t last = -1; ///< index of a link; none: -1
};

class CoverSearch {
public:
  CoverSearch(const CoverProblem &problem, const Goal &goal, bool withMemory,
              const SearchLimits &limits)
      : problem(problem), goal(goal), withMemory(withMemory), limits(limits),
        rootedAt(problem.items.size()) {
    for (auto [i, column] : llvm::enumerate(problem.columns))
      rootedAt[column.root].push_back(i);
  }

  CoverFront run();

private:
  /// Picks in the order they were made, which partial covers share.
  struct Link {
    Pick pick;
    int32_t before;
  };
  using States = std::map<State, std::vector<Partial>>;

  void step(unsigned item);
  void take(const Partial &partial, unsigned column, llvm::ArrayRef<Held> held,
            std::vector<Partial> &next);
  void prune(std::vector<Partial> &partials);
  void forgetStates();
  Cover finish(const Partial &partial) const;
  Price floor() const;

  const CoverProblem &problem;
  const Goal &goal;
  bool withMemory;
  const SearchLimits &limits;
  std::vector<llvm::SmallVector<unsigned>> rootedAt;
  std::vector<Link> links;
  States states;
  bool complete = true, allHulls = true;
};

} // namespace

/// What the result of `item` holds if it is needed until `step`.
static Held heldUntil(const CoverItem &item, int32_t step) {
  return {item.step, step, item.bytes};
}

void CoverSearch::take(const Partial &partial, unsigned column,
                       llvm::ArrayRef<Held> held, std::vector<Partial> &next) {
  for (auto [i, option] : llvm::enumerate(problem.columns[column].options)) {
    Partial more;
    more.option.price = partial.option.price + option.price;
    if (withMemory) {
      more.option.memory = partial.option.memory;
      llvm::append_range(more.option.memory, held);
      llvm::append_range(more.option.memory, option.memory);
    }
    more.last = links.size();
    links.push_back({{column, unsigned(i)}, partial.last});
    next.push_back(std::move(more));
  }
}

/// Keeps the front, and no more of it than the limit beyond its hull.
void CoverSearch::prune(std::vector<Partial> &partials) {
  llvm::SmallVector<const Option *> options;
  for (const Partial &partial : partials)
    options.push_back(&partial.option);
  llvm::SmallVector<unsigned> front = paretoFront(options, withMemory);
  if (front.size() > limits.front) {
    complete = false;
    std::vector<Price> prices;
    for (unsigned i : front)
      prices.push_back(options[i]->price);
    Hull hull(prices);
    // Every so-manieth, and the hull's.
    size_t stride = llvm::divideCeil(front.size(), limits.front);
    llvm::SmallVector<unsigned> kept;
    for (size_t i = 0; i < front.size(); ++i) {
      auto isHere = [&](const Price &vertex) {
        return vertex.seconds == prices[i].seconds &&
               vertex.joules == prices[i].joules;
      };
      if (i % stride == 0 || llvm::any_of(hull.getVertices(), isHere))
        kept.push_back(front[i]);
    }
    front = std::move(kept);
  }
  std::vector<Partial> kept;
  for (unsigned i : front)
    kept.push_back(std::move(partials[i]));
  partials = std::move(kept);
}

/// Goes on with the most promising states where there are too many.
void CoverSearch::forgetStates() {
  if (states.size() <= limits.states)
    return;
  complete = allHulls = false;
  // The state decides between equals.
  std::vector<std::pair<double, State>> ranked;
  for (const auto &[state, partials] : states) {
    double least = Goal::none;
    for (const Partial &partial : partials)
      least = std::min(least, goal.score(partial.option.price));
    ranked.push_back({least, state});
  }
  llvm::sort(ranked);
  for (const auto &[score, state] : llvm::drop_begin(ranked, limits.states))
    states.erase(state);
}

void CoverSearch::step(unsigned item) {
  States next;
  for (auto &[state, partials] : states) {
    State shorter(state.begin(), state.begin() + item);
    if (!state[item]) {
      llvm::append_range(next[shorter], partials);
      continue;
    }
    for (unsigned index : rootedAt[item]) {
      const Column &column = problem.columns[index];
      State needed = shorter;
      llvm::SmallVector<Held> held;
      for (unsigned need : column.needs)
        if (!needed[need]) {
          needed[need] = true;
          held.push_back(
              heldUntil(problem.items[need], problem.items[item].step));
        }
      for (const Partial &partial : partials)
        take(partial, index, held, next[needed]);
    }
  }
  for (auto &[state, partials] : next)
    prune(partials);
  states = std::move(next);
  forgetStates();
}

Cover CoverSearch::finish(const Partial &partial) const {
  Cover cover;
  cover.option.price = partial.option.price;
  for (int32_t link = partial.last; link >= 0; link = links[link].before)
    cover.picks.push_back(links[link].pick);
  State needed(problem.items.size());
  auto hold = [&](unsigned item, int32_t step) {
    if (!needed[item])
      cover.option.memory.push_back(heldUntil(problem.items[item], step));
    needed[item] = true;
  };
  for (auto [i, item] : llvm::enumerate(problem.items))
    if (item.wanted)
      hold(i, item.usedUntil);
  // Picks are in the order of their roots; the last to need a result counts.
  for (const Pick &pick : llvm::reverse(cover.picks)) {
    const Column &column = problem.columns[pick.column];
    for (unsigned need : column.needs)
      hold(need, problem.items[column.root].step);
    llvm::append_range(cover.option.memory, column.options[pick.option].memory);
  }
  return cover;
}

/// Every item is in some column. Where each item pays the same part of each of
/// its columns, and at that the part of the cheapest, no cover costs less than
/// what all pay.
Price CoverSearch::floor() const {
  std::vector<Price> parts(problem.items.size(), {Goal::none, Goal::none});
  for (const Column &column : problem.columns)
    for (const Option &option : column.options)
      for (unsigned member : column.members) {
        double share = 1.0 / column.members.size();
        Price &part = parts[member];
        part.seconds = std::min(part.seconds, option.price.seconds * share);
        part.joules = std::min(part.joules, option.price.joules * share);
      }
  Price sum;
  for (const Price &part : parts)
    sum += part;
  return sum;
}

CoverFront CoverSearch::run() {
  State wanted;
  Partial start;
  for (const CoverItem &item : problem.items) {
    wanted.push_back(item.wanted);
    if (item.wanted && withMemory)
      start.option.memory.push_back(heldUntil(item, item.usedUntil));
  }
  states[wanted].push_back(start);
  for (size_t item = problem.items.size(); item-- > 0;)
    step(item);
  CoverFront front;
  for (const auto &[state, partials] : states)
    for (const Partial &partial : partials)
      front.covers.push_back(finish(partial));
  front.complete = complete;
  if (!allHulls)
    front.floor = floor();
  return front;
}

CoverFront rac::cover(const CoverProblem &problem, const Goal &goal,
                      bool withMemory, const SearchLimits &limits) {
  return CoverSearch(problem, goal, withMemory, limits).run();
}
