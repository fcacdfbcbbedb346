//===- ErrorMetric.cpp - How far answers are from those wanted ------------===//

#include "rac/Precision/ErrorMetric.h"
#include <cmath>

using namespace rac;

static constexpr std::pair<llvm::StringLiteral, ErrorMetric> kNames[] = {
    {"rel-l2", ErrorMetric::relativeL2},
    {"cosine", ErrorMetric::cosine},
    {"max-abs", ErrorMetric::maxAbs},
    {"top1", ErrorMetric::top1}};

std::optional<ErrorMetric> rac::parseErrorMetric(llvm::StringRef name) {
  for (const auto &[known, metric] : kNames)
    if (known == name)
      return metric;
  return std::nullopt;
}

llvm::StringRef rac::nameOf(ErrorMetric metric) {
  for (const auto &[name, known] : kNames)
    if (known == metric)
      return name;
  llvm_unreachable("no other metrics");
}

void ErrorMeter::addValues(Sums &sums, ArrayView wanted, ArrayView got) {
  double squares = 0, gotSquares = 0, product = 0, difference = 0;
  for (int64_t i = 0, n = wanted.elements(); i < n; ++i) {
    double a = wanted.at(i), b = got.at(i);
    if (!std::isfinite(a) || !std::isfinite(b)) {
      sums.broken |= !(a == b || (std::isnan(a) && std::isnan(b)));
      continue;
    }
    squares += a * a;
    gotSquares += b * b;
    product += a * b;
    difference += (a - b) * (a - b);
    if (metric == ErrorMetric::maxAbs)
      sums.worst = std::max(sums.worst, std::fabs(a - b));
  }
  sums.wanted += squares;
  sums.difference += difference;
  if (metric != ErrorMetric::cosine || difference == 0)
    return;
  double norms = std::sqrt(squares * gotSquares);
  sums.worst = std::max(sums.worst, norms > 0 ? 1 - product / norms : 1.0);
}

/// The first of the largest, by a NaN-last order.
static int64_t largest(ArrayView array, int64_t first, int64_t count) {
  int64_t best = 0;
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < count; ++i) {
    double value = array.at(first + i);
    if (value > most) {
      most = value;
      best = i;
    }
  }
  return best;
}

void ErrorMeter::addRows(Sums &sums, ArrayView wanted, ArrayView got) {
  int64_t length = wanted.shape.empty() ? 1 : wanted.shape.back();
  for (int64_t at = 0, n = wanted.elements(); at < n; at += length) {
    ++sums.rows;
    sums.changed += largest(wanted, at, length) != largest(got, at, length);
  }
}

void ErrorMeter::add(size_t output, ArrayView wanted, ArrayView got) {
  if (outputs.size() <= output)
    outputs.resize(output + 1);
  Sums &sums = outputs[output];
  if (wanted.shape != got.shape)
    sums.broken = true;
  else if (metric == ErrorMetric::top1)
    addRows(sums, wanted, got);
  else
    addValues(sums, wanted, got);
}

double ErrorMeter::error() const {
  double worst = 0;
  for (const Sums &sums : outputs) {
    double error = 0;
    if (sums.broken)
      error = std::numeric_limits<double>::infinity();
    else if (metric == ErrorMetric::top1)
      error = sums.rows ? double(sums.changed) / sums.rows : 0;
    else if (metric != ErrorMetric::relativeL2)
      error = sums.worst;
    else if (sums.difference > 0)
      error = sums.wanted > 0 ? std::sqrt(sums.difference / sums.wanted)
                              : std::numeric_limits<double>::infinity();
    worst = std::max(worst, error);
  }
  return worst;
}

double rac::composable(ErrorMetric metric, double error) {
  return metric == ErrorMetric::relativeL2 ? error * error : error;
}

double rac::fromComposable(ErrorMetric metric, double sum) {
  return metric == ErrorMetric::relativeL2 ? std::sqrt(sum) : sum;
}
