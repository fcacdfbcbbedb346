//===- NonNegative.cpp - Non-negative least squares -----------------------===//

#include "NonNegative.h"
#include <algorithm>
#include <vector>

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// What rounding makes of zero, columns being of length 1.
static constexpr double kZero = 1e-14;

/// The least squares solution in which only `free` variables are not zero.
static VectorXd solveFree(const MatrixXd &a, const VectorXd &b,
                          const std::vector<int> &free) {
  MatrixXd columns(a.rows(), free.size());
  for (size_t i = 0; i < free.size(); ++i)
    columns.col(i) = a.col(free[i]);
  VectorXd part = columns.completeOrthogonalDecomposition().solve(b);
  VectorXd x = VectorXd::Zero(a.cols());
  for (size_t i = 0; i < free.size(); ++i)
    x[free[i]] = part[i];
  return x;
}

VectorXd rac::solveNonNegative(const MatrixXd &a, const VectorXd &b) {
  const double tolerance = 1e-12 * a.norm() * b.norm();
  VectorXd x = VectorXd::Zero(a.cols());
  std::vector<int> free;
  // Each round frees a variable and ends nearer to b; a few per variable do,
  // the bound is for rounding errors that go in circles.
  for (int round = 0; round < 10 * a.cols(); ++round) {
    VectorXd gain = a.transpose() * (b - a * x);
    int best = -1;
    for (int i = 0; i < a.cols(); ++i)
      if (std::find(free.begin(), free.end(), i) == free.end() &&
          gain[i] > tolerance && (best < 0 || gain[i] > gain[best]))
        best = i;
    if (best < 0)
      return x;
    free.push_back(best);
    while (true) {
      VectorXd next = solveFree(a, b, free);
      // As far towards it as nothing turns negative.
      double step = 1;
      for (int i : free)
        if (next[i] <= 0 && x[i] - next[i] > 0)
          step = std::min(step, x[i] / (x[i] - next[i]));
      bool blocked = step < 1;
      x += step * (next - x);
      size_t before = free.size();
      free.erase(std::remove_if(free.begin(), free.end(),
                                [&](int i) { return x[i] <= kZero; }),
                 free.end());
      for (int i = 0; i < a.cols(); ++i)
        if (x[i] <= kZero)
          x[i] = 0;
      if (free.empty() || (!blocked && free.size() == before))
        break;
    }
  }
  return x;
}
