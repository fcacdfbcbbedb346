//===- Search.cpp - Parameters of a model that isn't linear ---------------===//

#include "rac/Calibrate/Search.h"
#include "rac/Calibrate/Fit.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace rac;

/// Of one parameter, within a factor of `span`; the loss there.
static double searchOne(Parameter &parameter, llvm::function_ref<double()> loss,
                        double before, double span) {
  const double start = *parameter.value;
  // Logarithms and back may leave the bounds by a rounding error.
  auto at = [&](double &value) {
    value = std::clamp(value, parameter.low, parameter.high);
    *parameter.value = value;
    return loss();
  };
  double low = std::max(parameter.low, start / span);
  double high = std::min(parameter.high, start * span);
  // The loss may have several valleys: the best of some points is near the
  // deepest.
  constexpr int points = 7;
  double best = start, least = before;
  const double step = std::pow(high / low, 1.0 / (points - 1));
  for (int i = 0; i < points; ++i) {
    double value = low * std::pow(step, i);
    if (double found = at(value); found < least)
      best = value, least = found;
  }
  double fine = minimize(
      std::max(low, best / step), std::min(high, best * step),
      [&](double value) { return at(value); }, /*width=*/5e-3);
  if (double found = at(fine); found < least)
    best = fine, least = found;
  *parameter.value = best;
  return least;
}

/// The smallest factor, to a few percent, that makes the loss grow that much in
/// either direction.
static double uncertaintyOf(Parameter &parameter,
                            llvm::function_ref<double()> loss, double least,
                            double tolerance) {
  const double start = *parameter.value;
  double result = std::numeric_limits<double>::infinity();
  constexpr double most = 10;
  for (double factor = 1.02; factor < most; factor *= 1.05) {
    double worst = std::numeric_limits<double>::infinity();
    for (double value : {start / factor, start * factor}) {
      *parameter.value = value;
      worst = std::min(worst, loss());
    }
    if (worst >= least + tolerance) {
      result = factor - 1;
      break;
    }
  }
  *parameter.value = start;
  return result;
}

double rac::search(std::vector<Parameter> &parameters,
                   llvm::function_ref<double()> loss, double tolerance,
                   int mostRounds) {
  double least = loss();
  double span = 16;
  for (int round = 0; round < mostRounds; ++round) {
    double before = least;
    for (Parameter &parameter : parameters)
      least = searchOne(parameter, loss, least, span);
    constexpr double worthwhile = 1e-3; // of what there is
    if (before - least <= worthwhile * before) {
      if (span < 2)
        break;
      span = std::sqrt(span);
    }
  }
  for (Parameter &parameter : parameters)
    parameter.uncertainty =
        uncertaintyOf(parameter, loss, least, tolerance * parameter.share);
  return least;
}
