//===- Ranges.h - What range of a tensor's values to keep -------*- C++ -*-===//
//
// A tensor in 8 bits has one step and one zero point. Its values are seen once,
// in a histogram; each estimator takes a range from that (docs/ErrorBudget.md).
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PRECISION_RANGES_H
#define RAC_PRECISION_RANGES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <vector>

namespace rac {

/// How often values occur: in bins of one width around zero, which is doubled
/// as larger values come.
class Histogram {
public:
  static constexpr unsigned kBins = 8192;

  Histogram() : counts(kBins) {}
  /// Values that are no finite numbers are only counted.
  void add(llvm::ArrayRef<float> values);

  uint64_t total() const { return numValues; } ///< finite ones
  uint64_t zeros() const { return numZeros; }
  uint64_t notFinite() const { return numOthers; }
  float least() const { return low; } ///< 0 of none
  float most() const { return high; }
  double binWidth() const { return 2.0 * reach / kBins; }
  double binCenter(unsigned bin) const {
    return (bin + 0.5) * binWidth() - reach;
  }
  uint64_t count(unsigned bin) const { return counts[bin]; }

private:
  void widen(float magnitude);

  double reach = 0; ///< bins are over [-reach, reach); a power of two
  uint64_t numValues = 0, numZeros = 0, numOthers = 0;
  float low = 0, high = 0;
  std::vector<uint64_t> counts;
};

enum class RangeEstimator { minMax, percentile, meanSquare };
llvm::StringRef nameOf(RangeEstimator estimator);

/// Contains zero.
struct Range {
  float low = 0, high = 0;
  bool operator==(const Range &other) const {
    return low == other.low && high == other.high;
  }
};

/// The range that an estimator finds: all values; but for a share of 1e-4 of
/// them at either end; that of the least mean square error.
Range estimateRange(const Histogram &histogram, RangeEstimator estimator);

/// The mean square error of rounding the histogram's values to `levels` values
/// that are spread evenly over the range, what is beyond going to its ends.
double rangeError(const Histogram &histogram, Range range,
                  unsigned levels = 256);

/// q = round(x / scale) + zero, from 0 to 255; x = (q - zero) * scale.
struct QuantParams {
  float scale = 1;
  int32_t zero = 0;
};
/// Zero is exact. A range of nothing has scale 1.
QuantParams paramsOf(Range range);

/// Largest magnitudes along an axis over 127: scales of weights of 8 bits with
/// a sign. Channels of zeros have scale 1.
std::vector<float> channelScales(llvm::ArrayRef<float> weights,
                                 llvm::ArrayRef<int64_t> shape, unsigned axis);

} // namespace rac

#endif // RAC_PRECISION_RANGES_H
