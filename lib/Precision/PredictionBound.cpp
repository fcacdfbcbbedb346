//===- PredictionBound.cpp - What samples say of others -------------------===//

#include "rac/Precision/PredictionBound.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cmath>
#include <limits>

using namespace rac;
using llvm::ArrayRef;

/// The probability that Student's t lies within [-t, t]: Abramowitz and Stegun,
/// 26.7.3 and 26.7.4.
static double studentWithin(double t, unsigned degrees) {
  double angle = std::atan(t / std::sqrt(double(degrees)));
  double cosine = std::cos(angle), sine = std::sin(angle);
  bool isOdd = degrees % 2 == 1;
  double term = isOdd ? cosine : 1, sum = 0;
  for (unsigned i = isOdd ? 3 : 2; i <= degrees; i += 2) {
    sum += term;
    term *= cosine * cosine * (i - 1) / i;
  }
  constexpr double kPi = 3.14159265358979323846;
  return isOdd ? 2 / kPi * (angle + sine * sum) : sine * sum;
}

/// Where `rises`, from false to true between two numbers, does so.
template <typename Rises>
static double bisect(double low, double high, Rises rises) {
  constexpr int kSteps = 64; // to neighbouring doubles
  for (int i = 0; i < kSteps; ++i) {
    double middle = low + (high - low) / 2;
    (rises(middle) ? high : low) = middle;
  }
  return high;
}

double rac::studentQuantile(double probability, unsigned degrees) {
  auto isAbove = [&](double t) {
    return (1 + studentWithin(t, degrees)) / 2 >= probability;
  };
  double high = 1;
  while (!isAbove(high) && std::isfinite(high))
    high *= 2;
  return bisect(0, high, isAbove);
}

static double meanOf(ArrayRef<double> values) {
  return llvm::sum_of(values) / values.size();
}

/// The standard deviation, of a population of which these are a sample.
static double spreadOf(ArrayRef<double> values) {
  double mean = meanOf(values), sum = 0;
  for (double value : values)
    sum += (value - mean) * (value - mean);
  return std::sqrt(sum / (values.size() - 1));
}

double rac::boundOfRatio(ArrayRef<double> parts, ArrayRef<double> wholes) {
  if (parts.empty())
    return 0;
  double part = meanOf(parts), whole = meanOf(wholes);
  if (part == 0)
    return 0;
  if (!(whole > 0) || !std::isfinite(part))
    return std::numeric_limits<double>::infinity();
  double ratio = part / whole;
  size_t count = parts.size();
  if (count == 1)
    return ratio;
  // What a ratio of means is off by is, nearly, the mean of these over that of
  // the wholes.
  llvm::SmallVector<double> rest;
  for (auto [p, w] : llvm::zip_equal(parts, wholes))
    rest.push_back(p - ratio * w);
  // Its standard error, as a part of it. Sums of squares are skewed: with that
  // standard error they are taken for ones that have a gamma distribution,
  // whose cube roots are nearly normal.
  double relative = spreadOf(rest) / std::sqrt(double(count)) / part;
  double t = studentQuantile(kConfidence, count - 1);
  double root = 1 - relative * relative / 9 - t * relative / 3;
  return root > 0 ? ratio / (root * root * root)
                  : std::numeric_limits<double>::infinity();
}

double rac::boundOfWorst(ArrayRef<double> values) {
  if (values.empty())
    return 0;
  double worst = *llvm::max_element(values);
  size_t count = values.size();
  if (count == 1 || !std::isfinite(worst))
    return worst;
  // Sums of squares are skewed, and nearly normal as cube roots.
  llvm::SmallVector<double> roots;
  for (double value : values)
    roots.push_back(std::cbrt(value));
  // Each of the next ones exceeds it with at most its part of the risk.
  double each = 1 - (1 - kConfidence) / count;
  double root = meanOf(roots) + studentQuantile(each, count - 1) *
                                    spreadOf(roots) *
                                    std::sqrt(1 + 1.0 / count);
  return std::max(worst, root * root * root);
}

double rac::boundOfShare(uint64_t count, uint64_t total) {
  if (count >= total)
    return total == 0 ? 0 : 1;
  // The share with which no more than so many would be seen too seldom. It is
  // above the share seen, so that terms fall from `count` on down.
  double ways = std::lgamma(total + 1.0) - std::lgamma(count + 1.0) -
                std::lgamma(total - count + 1.0);
  auto isSeldom = [&](double share) {
    double term = std::exp(ways + count * std::log(share) +
                           (total - count) * std::log1p(-share));
    double sum = term;
    for (uint64_t k = count; k > 0 && term > 1e-17 * sum; --k) {
      term *= k / (total - k + 1.0) * (1 - share) / share;
      sum += term;
    }
    return sum <= 1 - kConfidence;
  };
  return bisect(double(count) / total, 1, isSeldom);
}
