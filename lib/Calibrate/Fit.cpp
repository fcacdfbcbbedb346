//===- Fit.cpp - Coefficients from measurements ---------------------------===//

#include "rac/Calibrate/Fit.h"
#include "NonNegative.h"
#include "llvm/ADT/STLExtras.h"
#include <cassert>
#include <cmath>

using namespace rac;
using Eigen::MatrixXd;
using Eigen::VectorXd;

double rac::quantile(std::vector<double> values, double share) {
  assert(!values.empty() && "no values have no quantile");
  llvm::sort(values);
  double place = share * (values.size() - 1);
  size_t below = static_cast<size_t>(place);
  if (below + 1 >= values.size())
    return values.back();
  return values[below] + (place - below) * (values[below + 1] - values[below]);
}

double rac::roundTo(double value, int digits) {
  if (value == 0 || !std::isfinite(value))
    return value;
  int exponent = static_cast<int>(std::floor(std::log10(std::abs(value))));
  int decimals = digits - 1 - exponent;
  // Dividing by an exact power of ten rounds once; multiplying by an inexact
  // small one would leave digits behind.
  double scale = std::pow(10.0, std::abs(decimals));
  return decimals >= 0 ? std::round(value * scale) / scale
                       : std::round(value / scale) * scale;
}

FitQuality rac::qualityOf(llvm::ArrayRef<double> predicted,
                          llvm::ArrayRef<double> measured) {
  assert(predicted.size() == measured.size() && !measured.empty());
  double mean = 0;
  for (double y : measured)
    mean += y / measured.size();
  double rest = 0, all = 0, relative = 0;
  for (auto [guess, y] : llvm::zip_equal(predicted, measured)) {
    rest += (y - guess) * (y - guess);
    all += (y - mean) * (y - mean);
    relative += std::abs(y - guess) / std::abs(y);
  }
  FitQuality quality;
  quality.r2 = all > 0 ? 1 - rest / all : (rest > 0 ? 0 : 1);
  quality.mape = 100 * relative / measured.size();
  return quality;
}

namespace {

/// The system with every row divided by what was measured and every column by
/// its length: residuals are relative errors then.
struct Scaled {
  MatrixXd a;
  VectorXd b, lengths;

  explicit Scaled(llvm::ArrayRef<Observation> observations);
  /// Whether column i isn't a mix of the others.
  bool isOfItsOwn(int i) const;
};

} // namespace

Scaled::Scaled(llvm::ArrayRef<Observation> observations)
    : a(observations.size(), observations.front().amounts.size()),
      b(VectorXd::Ones(observations.size())) {
  for (auto [row, observation] : llvm::enumerate(observations)) {
    assert(observation.measured > 0 && "relative to nothing");
    for (auto [column, amount] : llvm::enumerate(observation.amounts))
      a(row, column) = amount / observation.measured;
  }
  lengths = a.colwise().norm();
  for (int i = 0; i < a.cols(); ++i)
    if (lengths[i] > 0)
      a.col(i) /= lengths[i];
}

bool Scaled::isOfItsOwn(int i) const {
  // Columns are known to a few digits: what is left of one must be more.
  constexpr double leastShare = 1e-3;
  if (lengths[i] == 0)
    return false;
  if (a.cols() == 1)
    return true;
  MatrixXd others(a.rows(), a.cols() - 1);
  for (int j = 0, k = 0; j < a.cols(); ++j)
    if (j != i)
      others.col(k++) = a.col(j);
  VectorXd mix = others.completeOrthogonalDecomposition().solve(a.col(i));
  return (a.col(i) - others * mix).norm() > leastShare;
}

/// Least absolute deviations: rows weigh the less the farther off they are.
static VectorXd solveRobustly(const Scaled &system, VectorXd &weights) {
  constexpr int rounds = 200;
  // Residuals below are as good as none.
  constexpr double small = 1e-6;
  weights = VectorXd::Ones(system.b.size());
  VectorXd x;
  for (int round = 0; round < rounds; ++round) {
    VectorXd root = weights.cwiseSqrt();
    MatrixXd a = root.asDiagonal() * system.a;
    VectorXd lengths = a.colwise().norm();
    for (int i = 0; i < a.cols(); ++i)
      if (lengths[i] > 0)
        a.col(i) /= lengths[i];
    VectorXd next = solveNonNegative(a, root.cwiseProduct(system.b));
    for (int i = 0; i < a.cols(); ++i)
      next[i] = lengths[i] > 0 ? next[i] / lengths[i] : 0;
    bool done = round > 0 && (next - x).norm() <= 1e-9 * next.norm();
    x = next;
    if (done)
      break;
    VectorXd residuals = (system.a * x - system.b).cwiseAbs();
    weights = residuals.cwiseMax(small).cwiseInverse();
  }
  return x;
}

/// Relative standard errors, by the usual formula on the rows' weights.
static VectorXd standardErrors(const Scaled &system, const VectorXd &x,
                               const VectorXd &weights) {
  std::vector<int> used;
  for (int i = 0; i < x.size(); ++i)
    if (x[i] > 0)
      used.push_back(i);
  VectorXd errors = VectorXd::Zero(x.size());
  if (used.empty())
    return errors;
  MatrixXd a(system.a.rows(), used.size());
  for (auto [k, i] : llvm::enumerate(used))
    a.col(k) = system.a.col(i);
  VectorXd residuals = system.a * x - system.b;
  double total = weights.sum();
  double freedom = std::max(1.0, double(a.rows()) - double(used.size()));
  double variance =
      residuals.cwiseAbs2().dot(weights) / total * a.rows() / freedom;
  MatrixXd normal =
      a.transpose() * (weights * (a.rows() / total)).asDiagonal() * a;
  MatrixXd covariance =
      variance * normal.completeOrthogonalDecomposition().pseudoInverse();
  for (auto [k, i] : llvm::enumerate(used))
    errors[i] = std::sqrt(std::max(0.0, covariance(k, k))) / x[i];
  return errors;
}

LinearFit rac::fitTerms(llvm::ArrayRef<Observation> observations) {
  assert(!observations.empty() && "nothing to fit");
  Scaled system(observations);
  VectorXd weights;
  VectorXd x = solveRobustly(system, weights);
  VectorXd errors = standardErrors(system, x, weights);

  LinearFit fit;
  for (int i = 0; i < x.size(); ++i) {
    fit.terms.emplace_back();
    if (x[i] > 0 && system.isOfItsOwn(i))
      fit.terms.back() = FittedTerm{x[i] / system.lengths[i], errors[i]};
  }
  VectorXd relative = system.a * x;
  std::vector<double> predicted, measured;
  for (auto [row, observation] : llvm::enumerate(observations)) {
    measured.push_back(observation.measured);
    predicted.push_back(relative[row] * observation.measured);
  }
  fit.quality = qualityOf(predicted, measured);
  return fit;
}

double rac::minimize(double low, double high,
                     llvm::function_ref<double(double)> loss, double width) {
  assert(0 < low && low <= high);
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  double a = std::log(low), b = std::log(high);
  double c = b - ratio * (b - a), d = a + ratio * (b - a);
  double atC = loss(std::exp(c)), atD = loss(std::exp(d));
  while (b - a > width) {
    if (atC <= atD) {
      b = d, d = c, atD = atC;
      c = b - ratio * (b - a), atC = loss(std::exp(c));
    } else {
      a = c, c = d, atC = atD;
      d = a + ratio * (b - a), atD = loss(std::exp(d));
    }
  }
  return std::exp((a + b) / 2);
}
