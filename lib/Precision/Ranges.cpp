//===- Ranges.cpp - What range of a tensor's values to keep ---------------===//

#include "rac/Precision/Ranges.h"
#include "rac/Transforms/ChannelScales.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace rac;

llvm::StringRef rac::nameOf(RangeEstimator estimator) {
  switch (estimator) {
  case RangeEstimator::minMax:
    return "min-max";
  case RangeEstimator::percentile:
    return "percentile";
  case RangeEstimator::meanSquare:
    return "mean-square";
  }
  llvm_unreachable("no other estimators");
}

namespace {

/// Sums over the bins below each, so that a range costs little to judge.
class Moments {
public:
  explicit Moments(const Histogram &histogram) : histogram(histogram) {
    sums.resize(Histogram::kBins + 1);
    for (unsigned i = 0; i < Histogram::kBins; ++i) {
      double count = histogram.count(i), x = histogram.binCenter(i);
      sums[i + 1] = {sums[i].count + count, sums[i].first + count * x,
                     sums[i].second + count * x * x};
    }
  }

  /// Of what a range loses: the sum of squares, over the number of values.
  double error(Range range, unsigned levels) const {
    if (histogram.total() == 0)
      return 0;
    double step = (double(range.high) - range.low) / (levels - 1);
    unsigned below = binOf(range.low), above = binOf(range.high);
    const Sums &start = sums[below], &end = sums[above], &all = sums.back();
    // Rounding errs evenly within half a step; zero itself is exact.
    double inside = end.count - start.count;
    double sum = inside * step * step / 12;
    sum += squares(start, range.low);
    sum += squares(
        {all.count - end.count, all.first - end.first, all.second - end.second},
        range.high);
    return sum / histogram.total();
  }

private:
  struct Sums {
    double count = 0, first = 0, second = 0;
  };
  static double squares(const Sums &part, double end) {
    return std::max(0.0, part.second - 2 * end * part.first +
                             end * end * part.count);
  }
  /// The first bin whose center isn't below `x`.
  unsigned binOf(double x) const {
    double place = (x - histogram.binCenter(0)) / histogram.binWidth();
    return std::clamp<double>(std::ceil(place), 0, Histogram::kBins);
  }

  const Histogram &histogram;
  std::vector<Sums> sums;
};

Range wholeRange(const Histogram &histogram) {
  return {std::min(0.0f, histogram.least()), std::max(0.0f, histogram.most())};
}

Range percentileRange(const Histogram &histogram) {
  constexpr double kShare = 1e-4;
  uint64_t spare = uint64_t(kShare * histogram.total());
  Range range = wholeRange(histogram);
  double half = histogram.binWidth() / 2;
  uint64_t seen = 0;
  for (unsigned i = 0; i < Histogram::kBins / 2; ++i) {
    if (seen + histogram.count(i) > spare) {
      range.low = std::max<float>(range.low, histogram.binCenter(i) - half);
      break;
    }
    seen += histogram.count(i);
    if (i + 1 == Histogram::kBins / 2)
      range.low = 0;
  }
  seen = 0;
  for (unsigned i = Histogram::kBins; i-- > Histogram::kBins / 2;) {
    if (seen + histogram.count(i) > spare) {
      range.high = std::min<float>(range.high, histogram.binCenter(i) + half);
      break;
    }
    seen += histogram.count(i);
    if (i == Histogram::kBins / 2)
      range.high = 0;
  }
  return range;
}

/// The best of a grid over both ends; the ends' errors depend on each other by
/// the step only, so neither can be chosen alone.
Range meanSquareRange(const Histogram &histogram) {
  constexpr unsigned kLevels = 256, kSteps = 64;
  Moments moments(histogram);
  Range whole = wholeRange(histogram), best = whole;
  double least = moments.error(whole, kLevels);
  unsigned lows = whole.low < 0 ? kSteps : 1,
           highs = whole.high > 0 ? kSteps : 1;
  for (unsigned i = 0; i < lows; ++i)
    for (unsigned j = 0; j < highs; ++j) {
      Range range = {whole.low * (kSteps - i) / kSteps,
                     whole.high * (kSteps - j) / kSteps};
      double error = moments.error(range, kLevels);
      if (error < least) {
        least = error;
        best = range;
      }
    }
  return best;
}

} // namespace

Range rac::estimateRange(const Histogram &histogram, RangeEstimator estimator) {
  if (histogram.binWidth() == 0) // nothing but zeros
    return {};
  switch (estimator) {
  case RangeEstimator::minMax:
    return wholeRange(histogram);
  case RangeEstimator::percentile:
    return percentileRange(histogram);
  case RangeEstimator::meanSquare:
    return meanSquareRange(histogram);
  }
  llvm_unreachable("no other estimators");
}

double rac::rangeError(const Histogram &histogram, Range range,
                       unsigned levels) {
  return histogram.binWidth() == 0 ? 0
                                   : Moments(histogram).error(range, levels);
}

QuantParams rac::paramsOf(Range range) {
  constexpr int32_t kMost = 255;
  float scale = (range.high - range.low) / kMost;
  if (!(scale >= std::numeric_limits<float>::min()) || !std::isfinite(scale))
    return {};
  int32_t zero = std::lround(-range.low / scale);
  return {scale, std::clamp(zero, 0, kMost)};
}

std::vector<float> rac::channelScales(llvm::ArrayRef<float> weights,
                                      llvm::ArrayRef<int64_t> shape,
                                      unsigned axis) {
  constexpr float kMost = 127;
  return scalesByChannel(weights, shape, axis, kMost);
}
