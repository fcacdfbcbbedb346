//===- ChoiceFront.cpp - All good choices, by the limits they need --------===//
//
// The epsilon-constraint method: the fewest joules within ever less time, and
// that within ever less memory.
//
//===----------------------------------------------------------------------===//

#include "Choice.h"
#include "llvm/ADT/STLExtras.h"

using namespace rac;

namespace {

class FrontSearch {
public:
  FrontSearch(const ChoiceProblem &problem, unsigned steps, unsigned levels,
              const SearchLimits &limits)
      : problem(problem), limits(limits), steps(steps), levels(levels) {}

  std::vector<Choice> run() {
    double least = chooseLeastMemory(problem, limits).bytes;
    double most = 0, maxBytes = Goal::none;
    for (unsigned level = 0; level < levels; ++level) {
      std::optional<double> reached = withinMemory(maxBytes);
      if (!reached)
        break;
      most = std::max(most, *reached);
      // Evenly down to the least, past what is reached already.
      double even =
          most - (most - least) * (level + 1) / std::max(1.0, levels - 1.0);
      maxBytes = std::min(*reached - 1, even);
      if (maxBytes < least)
        break;
    }
    return nonDominated();
  }

private:
  /// Adds choices that hold no more than that; returns what the fastest of them
  /// holds. None: there are none.
  std::optional<double> withinMemory(double maxBytes) {
    Goal fast, frugal;
    frugal.perSecond = 0;
    frugal.perJoule = 1;
    fast.maxBytes = frugal.maxBytes = maxBytes;
    Choice left = choose(problem, fast, limits),
           right = choose(problem, frugal, limits);
    if (!left.found || !right.found)
      return std::nullopt;
    double bytes = left.bytes, from = left.price.seconds;
    double to = right.price.seconds;
    choices.push_back(std::move(left));
    double bound = to;
    choices.push_back(std::move(right));
    for (unsigned step = 1; step + 1 < steps; ++step) {
      // The next is to be faster than the last, and as much as it takes to get
      // to the fastest in the steps left.
      double even = from + (to - from) * (steps - 1.0 - step) / (steps - 1.0);
      frugal.maxSeconds = std::min(even, std::nextafter(bound, -Goal::none));
      if (frugal.maxSeconds <= from)
        break;
      Choice next = choose(problem, frugal, limits);
      if (!next.found)
        break;
      bound = next.price.seconds;
      choices.push_back(std::move(next));
    }
    return bytes;
  }

  std::vector<Choice> nonDominated() {
    llvm::sort(choices, [](const Choice &a, const Choice &b) {
      return std::tie(a.price.seconds, a.price.joules, a.bytes, a.picks) <
             std::tie(b.price.seconds, b.price.joules, b.bytes, b.picks);
    });
    std::vector<Choice> front;
    for (Choice &choice : choices)
      if (llvm::none_of(front, [&](const Choice &other) {
            return other.price.joules <= choice.price.joules &&
                   other.bytes <= choice.bytes;
          }))
        front.push_back(std::move(choice));
    return front;
  }

  const ChoiceProblem &problem;
  const SearchLimits &limits;
  unsigned steps, levels;
  std::vector<Choice> choices;
};

} // namespace

std::vector<Choice> rac::chooseFront(const ChoiceProblem &problem,
                                     unsigned steps, unsigned levels,
                                     const SearchLimits &limits) {
  return FrontSearch(problem, steps, levels, limits).run();
}
