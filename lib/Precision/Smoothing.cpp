//===- Smoothing.cpp - Steps of an activation by channel ------------------===//

#include "rac/Precision/Smoothing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace rac;
using llvm::ArrayRef;

void ChannelRanges::add(ArrayRef<float> values) {
  for (; values.size() >= ranges.size() && !ranges.empty();
       values = values.drop_front(ranges.size())) {
    ++rows;
    for (auto [value, range, sum] : llvm::zip(values, ranges, squares)) {
      if (!std::isfinite(value))
        continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
      sum += double(value) * value;
    }
  }
}

Range ChannelRanges::reach(size_t channel) const {
  Range own = ranges[channel];
  float most = std::max(-own.low, own.high);
  double count = std::max(1.0, double(rows) * ranges.size());
  float wanted = std::sqrt(2 * std::log(count) * meanSquare(channel));
  // Both ends alike: what is never negative stays so.
  float factor = most > 0 && wanted > most ? wanted / most : 1;
  return {own.low * factor, own.high * factor};
}

float ChannelRanges::largest(size_t channel) const {
  Range own = reach(channel);
  return std::max(-own.low, own.high);
}

std::vector<float> rac::smoothingFactors(const ChannelRanges &values,
                                         WeightsList weights, double share) {
  std::vector<float> most(values.channels());
  for (const ProbeWeights *each : weights)
    for (auto [i, value] : llvm::enumerate(each->values)) {
      float &own = most[each->where().termOf(i, each->shape)];
      own = std::max(own, std::fabs(value));
    }
  std::vector<double> logs(values.channels());
  double sum = 0;
  unsigned count = 0;
  auto isOpen = [&](size_t channel) {
    return values.largest(channel) > 0 && most[channel] > 0;
  };
  for (size_t channel = 0; channel < logs.size(); ++channel)
    if (isOpen(channel)) {
      logs[channel] = share * std::log(values.largest(channel)) -
                      (1 - share) * std::log(most[channel]);
      sum += logs[channel];
      ++count;
    }
  // Beyond that a channel's values are nothing beside the others'.
  const double kMost = 20 * std::log(2.0);
  std::vector<float> factors(values.channels(), 1);
  for (size_t channel = 0; channel < logs.size(); ++channel)
    if (isOpen(channel))
      factors[channel] =
          std::exp(std::clamp(logs[channel] - sum / count, -kMost, kMost));
  return factors;
}

Range rac::smoothedRange(const ChannelRanges &values, ArrayRef<float> factors) {
  Range whole;
  for (size_t channel = 0; channel < values.channels(); ++channel) {
    Range own = values.reach(channel);
    float factor = factors.empty() ? 1 : factors[channel];
    whole.low = std::min(whole.low, own.low / factor);
    whole.high = std::max(whole.high, own.high / factor);
  }
  return whole;
}

double rac::roundingNoise(const ChannelRanges &values, WeightsList weights,
                          ArrayRef<float> factors) {
  constexpr double kPerStep = 1 / 12.0; // of an even spread over a step
  double step = paramsOf(smoothedRange(values, factors)).scale, sum = 0;
  for (const ProbeWeights *each : weights) {
    std::vector<float> scaled(each->values.begin(), each->values.end());
    std::vector<unsigned> terms(scaled.size());
    for (auto [i, weight] : llvm::enumerate(scaled)) {
      terms[i] = each->where().termOf(i, each->shape);
      weight *= factors.empty() ? 1 : factors[terms[i]];
    }
    std::vector<float> scales =
        channelScales(scaled, each->shape, *each->channels);
    int64_t inner =
        llvm::product_of(ArrayRef(each->shape).drop_front(*each->channels + 1));
    for (auto [i, weight] : llvm::enumerate(scaled)) {
      double factor = factors.empty() ? 1 : factors[terms[i]],
             weightStep = scales[i / inner % scales.size()] / factor;
      sum += step * step * weight * weight +
             weightStep * weightStep * values.meanSquare(terms[i]);
    }
  }
  return kPerStep * sum;
}

std::vector<double> rac::channelSteps(float step, ArrayRef<float> factors) {
  constexpr double kHalfDigit = 0.005; // what rounding may take off
  std::vector<double> steps;
  for (float factor : factors) {
    std::string text =
        llvm::formatv("{0:e2}", (1 + kHalfDigit) * step * factor).str();
    double value = 0;
    (void)llvm::to_float(text, value);
    steps.push_back(value);
  }
  return steps;
}
