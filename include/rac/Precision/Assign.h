//===- Assign.h - A type for each group -------------------------*- C++ -*-===//
//
// One option of each node, so that costs of nodes and of edges between them are
// the least and errors add up to no more than a budget. Nothing here knows of
// groups or types.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PRECISION_ASSIGN_H
#define RAC_PRECISION_ASSIGN_H

#include "llvm/ADT/SmallVector.h"
#include <limits>
#include <vector>

namespace rac {

struct AssignOption {
  double cost = 0, error = 0; ///< at least 0, the error
};

struct AssignNode {
  llvm::SmallVector<AssignOption, 4> options;
};

/// Costs of two nodes' options together.
struct AssignEdge {
  unsigned from, to;         ///< from < to
  std::vector<double> costs; ///< [from's option][to's option]
};

struct AssignProblem {
  std::vector<AssignNode> nodes;
  std::vector<AssignEdge> edges;
  double budget = 0; ///< of the errors' sum; infinity: none
};

struct AssignLimits {
  unsigned front = 1024; ///< points of cost and error kept for each state
  unsigned states = 512; ///< combinations of options that later nodes still see
};

struct Assignment {
  static constexpr double kNoBudget = std::numeric_limits<double>::infinity();

  bool found = false; ///< within the budget; if not, the rest means nothing
  std::vector<unsigned> picks;
  double cost = 0, error = 0;
  double bound = 0;   ///< no assignment within the budget costs less
  bool exact = false; ///< the best
};

/// By dynamic programming along the nodes: for each combination of options that
/// edges to later nodes depend on, the Pareto front of cost and error. Where
/// there are more points or combinations than the limits allow the best are
/// kept, and the Lagrangian dual of the budget says by how much that may have
/// missed the best.
Assignment assign(const AssignProblem &problem,
                  const AssignLimits &limits = {});

} // namespace rac

#endif // RAC_PRECISION_ASSIGN_H
