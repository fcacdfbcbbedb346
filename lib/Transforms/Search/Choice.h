//===- Choice.h - One option of each slot -----------------------*- C++ -*-===//
//
// The multiple-choice problem: of each slot one option, so that the goal's
// score of all together is the least, within its limits. Solved by branch and
// bound; the bound is the goal's least score on the convex hull of what the
// slots left can cost (for one limit and a linear goal, the LP relaxation of
// the multiple-choice knapsack problem).
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_TRANSFORMS_SEARCH_CHOICE_H
#define RAC_LIB_TRANSFORMS_SEARCH_CHOICE_H

#include "Front.h"

namespace rac {

struct Slot {
  std::vector<Option> options;
  /// Whether these are all there are that are on the Pareto front.
  bool complete = true;
  /// What options that are not listed don't go below, where there may be some
  /// below the hull of those listed.
  std::optional<Price> floor;
};

struct ChoiceProblem {
  std::vector<Slot> slots;
  std::vector<Held> always; ///< whatever is chosen
};

struct SearchLimits {
  int64_t nodes = 200'000; ///< of a branch-and-bound tree
  unsigned front = 64;     ///< points kept of a front, beyond its hull's
  unsigned states = 512;   ///< of one step of covering a region
};

struct Choice {
  bool found = false; ///< within the limits; if not, the rest means nothing
  std::vector<unsigned> picks; ///< an option of each slot
  Price price;
  double bytes = 0; ///< peak
  double score = 0;
  double bound = 0;   ///< no choice within the limits scores less
  bool exact = false; ///< the best, or that there is none, is certain
};

/// The best choice, to a part in 1e9.
Choice choose(const ChoiceProblem &problem, const Goal &goal,
              const SearchLimits &limits);

/// A choice of little memory: the least if `exact`.
Choice chooseLeastMemory(const ChoiceProblem &problem,
                         const SearchLimits &limits);

/// Choices that nothing is better than in seconds, joules and peak memory, by
/// increasing seconds: each the best within limits between the extremes, at
/// most `steps` of time and `levels` of memory, all of them where there are so
/// few.
std::vector<Choice> chooseFront(const ChoiceProblem &problem, unsigned steps,
                                unsigned levels, const SearchLimits &limits);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SEARCH_CHOICE_H
