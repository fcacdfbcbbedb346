//===- Front.cpp - What nothing else is better than -----------------------===//

#include "Front.h"
#include "llvm/ADT/STLExtras.h"

using namespace rac;

namespace {
/// More (or fewer, if negative) bytes from a step on.
using Change = std::pair<int32_t, double>;
} // namespace

static void addChanges(llvm::ArrayRef<Held> held, double sign,
                       std::vector<Change> &changes) {
  for (const Held &item : held) {
    changes.push_back({item.first, sign * item.bytes});
    changes.push_back({item.last + 1, -sign * item.bytes});
  }
}

/// The largest sum of changes up to the end of some step.
static double largestSum(std::vector<Change> &changes) {
  llvm::sort(changes);
  double sum = 0, most = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    sum += changes[i].second;
    if (i + 1 == changes.size() || changes[i + 1].first != changes[i].first)
      most = std::max(most, sum);
  }
  return most;
}

bool rac::holdsNoMore(llvm::ArrayRef<Held> a, llvm::ArrayRef<Held> b) {
  if (a.empty())
    return true;
  std::vector<Change> changes;
  addChanges(a, 1, changes);
  addChanges(b, -1, changes);
  // Sums of bytes are whole numbers, and far below 2^53.
  return largestSum(changes) <= 0;
}

double rac::peakBytes(llvm::ArrayRef<Held> held) {
  std::vector<Change> changes;
  addChanges(held, 1, changes);
  return largestSum(changes);
}

/// Bytes times steps.
static double byteSteps(llvm::ArrayRef<Held> held) {
  double sum = 0;
  for (const Held &item : held)
    sum += item.bytes * (item.last - item.first + 1);
  return sum;
}

llvm::SmallVector<unsigned>
rac::paretoFront(llvm::ArrayRef<const Option *> options, bool withMemory) {
  struct Entry {
    double seconds, joules, byteSteps;
    unsigned index;
    bool operator<(const Entry &other) const {
      return std::tie(seconds, joules, byteSteps, index) <
             std::tie(other.seconds, other.joules, other.byteSteps,
                      other.index);
    }
  };
  std::vector<Entry> entries;
  for (auto [i, option] : llvm::enumerate(options))
    entries.push_back({option->price.seconds, option->price.joules,
                       byteSteps(option->memory), unsigned(i)});
  llvm::sort(entries);
  llvm::SmallVector<unsigned> front;
  // What is dominated is so by something before it in this order.
  auto dominated = [&](const Option &option) {
    return llvm::any_of(llvm::reverse(front), [&](unsigned i) {
      return options[i]->price.joules <= option.price.joules &&
             (!withMemory || holdsNoMore(options[i]->memory, option.memory));
    });
  };
  for (const Entry &entry : entries)
    if (!dominated(*options[entry.index]))
      front.push_back(entry.index);
  return front;
}

/// Twice the area of the triangle; positive where b is below the line from a to
/// c.
static double turn(const Price &a, const Price &b, const Price &c) {
  return (b.seconds - a.seconds) * (c.joules - a.joules) -
         (c.seconds - a.seconds) * (b.joules - a.joules);
}

Hull::Hull(std::vector<Price> prices) {
  llvm::sort(prices, [](const Price &a, const Price &b) {
    return std::tie(a.seconds, a.joules) < std::tie(b.seconds, b.joules);
  });
  for (const Price &price : prices) {
    if (!vertices.empty() && price.joules >= vertices.back().joules)
      continue;
    while (vertices.size() >= 2 &&
           turn(vertices[vertices.size() - 2], vertices.back(), price) <= 0)
      vertices.pop_back();
    vertices.push_back(price);
  }
}

namespace rac {
Hull operator+(const Hull &a, const Hull &b) {
  // Edges of both, the steepest first.
  Hull sum;
  sum.vertices = {a.vertices.front() + b.vertices.front()};
  size_t i = 1, j = 1;
  while (i < a.vertices.size() || j < b.vertices.size()) {
    auto edge = [](const Hull &hull, size_t k) {
      return Price{hull.vertices[k].seconds - hull.vertices[k - 1].seconds,
                   hull.vertices[k].joules - hull.vertices[k - 1].joules};
    };
    bool first = j == b.vertices.size();
    if (!first && i < a.vertices.size()) {
      Price x = edge(a, i), y = edge(b, j);
      first = x.joules * y.seconds <= y.joules * x.seconds;
    }
    sum.vertices.push_back(sum.vertices.back() +
                           (first ? edge(a, i++) : edge(b, j++)));
  }
  return sum;
}
} // namespace rac

std::optional<Price> Hull::best(const Goal &goal, Price shift,
                                Price *slope) const {
  std::optional<Price> best;
  auto consider = [&](const Price &point, const Price &weights) {
    if (best && goal.score(point) >= goal.score(*best))
      return;
    best = point;
    if (slope)
      *slope = weights;
  };
  for (size_t i = 0; i < vertices.size(); ++i) {
    Price point = vertices[i] + shift;
    if (point.seconds <= goal.maxSeconds) {
      consider(point, goal.gradient(point));
      continue;
    }
    if (i == 0)
      break;
    Price before = vertices[i - 1] + shift;
    double part =
        (goal.maxSeconds - before.seconds) / (point.seconds - before.seconds);
    consider({goal.maxSeconds,
              before.joules + part * (point.joules - before.joules)},
             {before.joules - point.joules, point.seconds - before.seconds});
    break;
  }
  return best;
}
