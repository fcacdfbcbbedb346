//===- Assign.cpp - A type for each group ---------------------------------===//

#include "rac/Precision/Assign.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace rac;

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();

/// Options of the nodes that later ones have edges from, by node.
using State = llvm::SmallVector<std::pair<unsigned, unsigned>, 8>;

struct Point {
  double cost = 0, error = 0;
  int32_t last = -1; ///< link
};

struct Link {
  int32_t before;
  unsigned option;
};

class Assigner {
public:
  Assigner(const AssignProblem &problem, const AssignLimits &limits)
      : problem(problem), limits(limits), edgesTo(problem.nodes.size()),
        lastUse(problem.nodes.size()) {
    for (unsigned i = 0; i < problem.edges.size(); ++i) {
      const AssignEdge &edge = problem.edges[i];
      edgesTo[edge.to].push_back(i);
      lastUse[edge.from] = std::max(lastUse[edge.from], edge.to);
    }
  }

  Assignment run();

private:
  using Fronts = std::map<State, std::vector<Point>>;

  double edgeCost(unsigned node, unsigned option, const State &state) const;
  State after(const State &state, unsigned node, unsigned option) const;
  void step(unsigned node);
  void prune(std::vector<Point> &points);
  void forgetStates();
  /// The least of cost + price * error; none where there are too many states.
  std::optional<double> relaxed(double price, bool withEdges) const;
  double bound(double cost) const;

  const AssignProblem &problem;
  AssignLimits limits;
  std::vector<llvm::SmallVector<unsigned>> edgesTo;
  std::vector<unsigned> lastUse;
  Fronts fronts;
  std::vector<Link> links;
  bool complete = true, allStates = true;
};

double Assigner::edgeCost(unsigned node, unsigned option,
                          const State &state) const {
  double sum = 0;
  for (unsigned index : edgesTo[node]) {
    const AssignEdge &edge = problem.edges[index];
    const auto *from = llvm::find_if(
        state, [&](const auto &entry) { return entry.first == edge.from; });
    sum +=
        edge.costs[from->second * problem.nodes[node].options.size() + option];
  }
  return sum;
}

/// What is left to know once `node` has its option.
State Assigner::after(const State &state, unsigned node,
                      unsigned option) const {
  State next;
  for (const auto &entry : state)
    if (lastUse[entry.first] > node)
      next.push_back(entry);
  if (lastUse[node] > node)
    next.push_back({node, option});
  return next;
}

/// Keeps what nothing else is better than; of too many, the cheapest of each
/// part of the budget.
void Assigner::prune(std::vector<Point> &points) {
  llvm::sort(points, [](const Point &a, const Point &b) {
    return std::tie(a.error, a.cost, a.last) <
           std::tie(b.error, b.cost, b.last);
  });
  std::vector<Point> front;
  for (const Point &point : points)
    if (front.empty() || point.cost < front.back().cost)
      front.push_back(point);
  if (front.size() > limits.front) {
    complete = false;
    std::vector<Point> few;
    double most = std::isfinite(problem.budget) ? problem.budget
                                                : front.back().error,
           cell = std::max(most / limits.front,
                           std::numeric_limits<double>::min());
    for (const Point &point : front) {
      // Costs fall along the front: the last of a cell is its cheapest.
      if (!few.empty() &&
          std::floor(few.back().error / cell) == std::floor(point.error / cell))
        few.back() = point;
      else
        few.push_back(point);
    }
    front = std::move(few);
  }
  points = std::move(front);
}

void Assigner::forgetStates() {
  if (fronts.size() <= limits.states)
    return;
  complete = allStates = false;
  std::vector<std::pair<double, State>> ranked;
  for (const auto &[state, points] : fronts)
    ranked.push_back({points.back().cost, state});
  llvm::sort(ranked);
  // What errs least stays, or nothing might keep the budget.
  auto safest =
      std::min_element(fronts.begin(), fronts.end(),
                       [](const auto &a, const auto &b) {
                         return a.second.front().error < b.second.front().error;
                       })
          ->first;
  for (const auto &[cost, state] : llvm::drop_begin(ranked, limits.states))
    if (state != safest)
      fronts.erase(state);
}

void Assigner::step(unsigned node) {
  Fronts next;
  const AssignNode &here = problem.nodes[node];
  for (const auto &[state, points] : fronts)
    for (auto [option, choice] : llvm::enumerate(here.options)) {
      double cost = choice.cost + edgeCost(node, option, state);
      std::vector<Point> *into = nullptr;
      for (const Point &point : points) {
        double error = point.error + choice.error;
        if (!(error <= problem.budget))
          continue;
        if (!into)
          into = &next[after(state, node, option)];
        links.push_back({point.last, unsigned(option)});
        into->push_back({point.cost + cost, error, int32_t(links.size() - 1)});
      }
    }
  for (auto &[state, points] : next)
    prune(points);
  fronts = std::move(next);
  if (!fronts.empty())
    forgetStates();
}

std::optional<double> Assigner::relaxed(double price, bool withEdges) const {
  std::map<State, double> least{{State(), 0}};
  for (unsigned node = 0; node < problem.nodes.size(); ++node) {
    std::map<State, double> next;
    for (const auto &[state, cost] : least)
      for (auto [option, choice] :
           llvm::enumerate(problem.nodes[node].options)) {
        if (!std::isfinite(choice.error))
          continue;
        double sum = cost + choice.cost + price * choice.error;
        if (withEdges)
          sum += edgeCost(node, option, state);
        State key = withEdges ? after(state, node, option) : State();
        auto [entry, isNew] = next.try_emplace(key, sum);
        if (!isNew)
          entry->second = std::min(entry->second, sum);
      }
    if (next.size() > limits.states)
      return std::nullopt;
    least = std::move(next);
  }
  return least.begin()->second;
}

/// The Lagrangian dual, which is concave in the price of an error: no
/// assignment within the budget costs less than it says for any price.
double Assigner::bound(double cost) const {
  // Edges left out cost nothing, where they cost at least that.
  bool withEdges = relaxed(0, true).has_value();
  auto dual = [&](double price) {
    double least = *relaxed(price, withEdges);
    return price > 0 ? least - price * problem.budget : least;
  };
  if (!withEdges)
    for (const AssignEdge &edge : problem.edges)
      for (double each : edge.costs)
        if (each < 0)
          return -kNone;
  double best = dual(0);
  if (problem.budget <= 0 || !std::isfinite(problem.budget))
    return std::min(cost, best);
  // By golden section over the logarithm of the price, about cost / budget.
  double low = std::log(std::max(cost, 1e-300) / problem.budget) - 20,
         high = low + 40;
  const double golden = (std::sqrt(5.0) - 1) / 2;
  constexpr int steps = 48;
  for (int i = 0; i < steps; ++i) {
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double atA = dual(std::exp(a)), atB = dual(std::exp(b));
    best = std::max({best, atA, atB});
    (atA < atB ? low : high) = atA < atB ? a : b;
  }
  return std::min(cost, best);
}

Assignment Assigner::run() {
  fronts[State()] = {Point()};
  for (unsigned node = 0; node < problem.nodes.size(); ++node) {
    step(node);
    if (fronts.empty())
      return {};
  }
  // Nothing is left to know after the last node.
  const Point &best = fronts.begin()->second.back();
  Assignment result;
  result.found = true;
  for (int32_t link = best.last; link >= 0; link = links[link].before)
    result.picks.push_back(links[link].option);
  std::reverse(result.picks.begin(), result.picks.end());
  result.cost = best.cost;
  result.error = best.error;
  result.exact = complete;
  result.bound = complete ? best.cost : bound(best.cost);
  return result;
}

} // namespace

Assignment rac::assign(const AssignProblem &problem,
                       const AssignLimits &limits) {
  return Assigner(problem, limits).run();
}
