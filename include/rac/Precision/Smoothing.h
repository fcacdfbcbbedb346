//===- Smoothing.h - Steps of an activation by channel ----------*- C++ -*-===//
//
// Where some channels of an activation are much larger than others, a step that
// is wide enough for them is too wide for the rest. So each channel has a
// factor: the activation is divided by it and the weights it meets are
// multiplied by it, which leaves the product as it is (SmoothQuant: Xiao et
// al., ICML 2023). In steps: channel j has a step of its own, factor j times
// that of all.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PRECISION_SMOOTHING_H
#define RAC_PRECISION_SMOOTHING_H

#include "rac/Precision/Ranges.h"
#include "rac/Transforms/Probe.h"

namespace rac {

/// What values the channels of a tensor, its last dimension, have had.
class ChannelRanges {
public:
  explicit ChannelRanges(size_t channels = 0)
      : ranges(channels), squares(channels) {}

  /// Whole rows. Values that are no finite numbers are left out.
  void add(llvm::ArrayRef<float> values);

  size_t channels() const { return ranges.size(); }
  Range range(size_t channel) const { return ranges[channel]; }
  /// How far others may reach: a channel has few values, and with steps of its
  /// own nothing but these would say how far. At least as far as the largest of
  /// as many normal values as the whole tensor has had, with the channel's mean
  /// square: sqrt(2 ln n) times its root, nearly.
  Range reach(size_t channel) const;
  float largest(size_t channel) const; ///< magnitude within its reach
  double meanSquare(size_t channel) const {
    return rows == 0 ? 0 : squares[channel] / rows;
  }

private:
  std::vector<Range> ranges;
  std::vector<double> squares;
  uint64_t rows = 0;
};

using WeightsList = llvm::ArrayRef<const ProbeWeights *>;

/// |x|^share / |w|^(1 - share) of each channel, largest magnitudes of the
/// activation and of all weights it meets, over the geometric mean of all. 1
/// where either is zero.
std::vector<float> smoothingFactors(const ChannelRanges &values,
                                    WeightsList weights, double share);

/// The reach of all channels, each divided by its factor, if there are any.
Range smoothedRange(const ChannelRanges &values,
                    llvm::ArrayRef<float> factors = {});

/// The mean square, summed over the results of a row, of what rounding both
/// operands to 8 bits adds to them, were each rounding off by anything up to
/// half a step, independently of others. Tells which factors are worth trying.
double roundingNoise(const ChannelRanges &values, WeightsList weights,
                     llvm::ArrayRef<float> factors = {});

/// Steps of each channel: three digits, so that a plan can be read, and not
/// smaller than `step` times its factor.
std::vector<double> channelSteps(float step, llvm::ArrayRef<float> factors);

} // namespace rac

#endif // RAC_PRECISION_SMOOTHING_H
