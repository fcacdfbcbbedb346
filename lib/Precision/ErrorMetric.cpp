//===- ErrorMetric.cpp - How far answers are from those wanted ------------===//

#include "rac/Precision/ErrorMetric.h"
#include "rac/Precision/PredictionBound.h"
#include "llvm/ADT/STLExtras.h"
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

void ErrorMeter::addValues(Output &output, ArrayView wanted, ArrayView got) {
  double squares = 0, gotSquares = 0, product = 0, difference = 0, most = 0;
  for (int64_t i = 0, n = wanted.elements(); i < n; ++i) {
    double a = wanted.at(i), b = got.at(i);
    if (!std::isfinite(a) || !std::isfinite(b)) {
      output.broken |= !(a == b || (std::isnan(a) && std::isnan(b)));
      continue;
    }
    squares += a * a;
    gotSquares += b * b;
    product += a * b;
    difference += (a - b) * (a - b);
    most = std::max(most, std::fabs(a - b));
  }
  double norms = std::sqrt(squares * gotSquares), cosine = 0;
  if (difference > 0)
    cosine = norms > 0 ? 1 - product / norms : 1;
  bool isSquares = metric == ErrorMetric::relativeL2;
  output.wholes.push_back(squares);
  output.parts.push_back(isSquares ? difference
                         : metric == ErrorMetric::maxAbs
                             ? most
                             : std::max(0.0, cosine));
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

void ErrorMeter::addRows(Output &output, ArrayView wanted, ArrayView got) {
  int64_t length = wanted.shape.empty() ? 1 : wanted.shape.back();
  int64_t rows = 0, changed = 0;
  for (int64_t at = 0, n = wanted.elements(); at < n; at += length) {
    ++rows;
    changed += largest(wanted, at, length) != largest(got, at, length);
  }
  output.parts.push_back(changed);
  output.wholes.push_back(rows);
}

void ErrorMeter::add(size_t output, ArrayView wanted, ArrayView got) {
  if (outputs.size() <= output)
    outputs.resize(output + 1);
  Output &own = outputs[output];
  if (wanted.shape != got.shape)
    own.broken = true;
  else if (metric == ErrorMetric::top1)
    addRows(own, wanted, got);
  else
    addValues(own, wanted, got);
}

/// Of the outputs.
template <typename Of> double ErrorMeter::worst(Of of) const {
  double worst = 0;
  for (const Output &output : outputs)
    worst =
        std::max(worst, output.broken ? std::numeric_limits<double>::infinity()
                                      : of(output));
  return worst;
}

double ErrorMeter::error() const {
  return worst([&](const Output &output) {
    if (metric == ErrorMetric::cosine || metric == ErrorMetric::maxAbs)
      return output.parts.empty() ? 0.0 : *llvm::max_element(output.parts);
    double part = llvm::sum_of(output.parts),
           whole = llvm::sum_of(output.wholes);
    double ratio = part == 0   ? 0
                   : whole > 0 ? part / whole
                               : std::numeric_limits<double>::infinity();
    return metric == ErrorMetric::top1 ? ratio : std::sqrt(ratio);
  });
}

double ErrorMeter::bound() const {
  return worst([&](const Output &output) {
    if (metric == ErrorMetric::cosine || metric == ErrorMetric::maxAbs)
      return boundOfWorst(output.parts);
    double ratio = boundOfRatio(output.parts, output.wholes);
    if (metric == ErrorMetric::relativeL2)
      return std::sqrt(ratio);
    // Rows that changed in no sample may in others.
    return std::max(ratio, boundOfShare(uint64_t(llvm::sum_of(output.parts)),
                                        uint64_t(llvm::sum_of(output.wholes))));
  });
}

double rac::composable(ErrorMetric metric, double error) {
  return metric == ErrorMetric::relativeL2 ? error * error : error;
}

double rac::fromComposable(ErrorMetric metric, double sum) {
  return metric == ErrorMetric::relativeL2 ? std::sqrt(sum) : sum;
}
