//===- Rounding.cpp - Weights as narrower types hold them -----------------===//

#include "rac/Precision/Rounding.h"
#include "rac/Precision/Ranges.h"
#include "rac/Transforms/BlockScale.h"
#include "rac/Transforms/Float8.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace rac;

float rac::roundToBf16(float value) {
  if (std::isnan(value))
    return value;
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  bits += 0x7fff + ((bits >> 16) & 1);
  return llvm::bit_cast<float>(bits & 0xffff0000);
}

float rac::roundToF16(float value) {
  constexpr float kLargest = 65504, kSmallestNormal = 0x1p-14f;
  float magnitude = std::fabs(value);
  if (!std::isfinite(value))
    return value;
  if (magnitude < kSmallestNormal) {
    // Steps of 2^-24 there; adding this leaves no more bits.
    constexpr float shift = 0x1p-24f * 0x1.8p23f;
    float rounded = (magnitude + shift) - shift;
    return std::copysign(rounded, value);
  }
  uint32_t bits = llvm::bit_cast<uint32_t>(magnitude);
  bits += 0xfff + ((bits >> 13) & 1);
  float rounded = llvm::bit_cast<float>(bits & 0xffffe000);
  if (rounded > kLargest)
    rounded = std::numeric_limits<float>::infinity();
  return std::copysign(rounded, value);
}

llvm::StringRef rac::cannotHold(const ProbeWeights &weights, GroupType type) {
  bool byChannel = type == GroupType::steps || type == GroupType::float8;
  if (byChannel && !weights.channels)
    return "its weights have no dimension of channels";
  if (!weights.finite)
    return "its weights are not all finite";
  bool isNarrow = type == GroupType::weights8 || type == GroupType::weights4;
  if (isNarrow && !(weights.terms && weights.shape.size() == 2))
    return "its weights are no matrix";
  return "";
}

/// Rounds each value over its channel's scale.
static void roundByChannel(std::vector<float> &values,
                           const ProbeWeights &weights,
                           llvm::ArrayRef<float> scales,
                           llvm::function_ref<float(float)> round) {
  int64_t inner = llvm::product_of(
      llvm::ArrayRef(weights.shape).drop_front(*weights.channels + 1));
  for (auto [i, value] : llvm::enumerate(values)) {
    float scale = scales[i / inner % scales.size()];
    value = round(value / scale) * scale;
  }
}

/// By the largest of each channel.
static std::vector<float> toChannelSteps(const ProbeWeights &weights,
                                         llvm::ArrayRef<double> termSteps) {
  constexpr float kMost = 127;
  std::vector<float> values(weights.values.begin(), weights.values.end());
  auto stepOf = [&](size_t i) {
    return float(termSteps[weights.where().termOf(i, weights.shape)]);
  };
  if (!termSteps.empty())
    for (auto [i, value] : llvm::enumerate(values))
      value *= stepOf(i);
  roundByChannel(
      values, weights, channelScales(values, weights.shape, *weights.channels),
      [&](float x) { return std::clamp(std::nearbyint(x), -kMost, kMost); });
  if (!termSteps.empty())
    for (auto [i, value] : llvm::enumerate(values))
      value /= stepOf(i);
  return values;
}

static std::vector<float> toFloat8(const ProbeWeights &weights) {
  std::vector<float> values(weights.values.begin(), weights.values.end());
  roundByChannel(values, weights,
                 float8Scales(values, weights.shape, *weights.channels),
                 roundToFloat8);
  return values;
}

/// As rac-apply-precision makes blocks of them.
static std::vector<float> toGroupSteps(const ProbeWeights &weights,
                                       bool nibbles) {
  std::vector<float> rounded(weights.values.begin(), weights.values.end());
  int64_t terms = weights.shape[*weights.terms],
          channels = weights.shape[*weights.channels],
          termStep = *weights.terms == 0 ? channels : 1,
          channelStep = *weights.terms == 0 ? 1 : terms;
  llvm::SmallVector<float> own;
  for (int64_t channel = 0; channel < channels; ++channel)
    for (int64_t first = 0; first < terms; first += kWeightGroup) {
      float *start = rounded.data() + channel * channelStep + first * termStep;
      own.clear();
      for (int64_t i = 0, e = std::min(kWeightGroup, terms - first); i < e; ++i)
        own.push_back(start[i * termStep]);
      float scale = chooseBlockScale(own, nibbles);
      for (auto [i, value] : llvm::enumerate(own))
        start[i * termStep] = roundToStep(value, scale, nibbles) * scale;
    }
  return rounded;
}

std::vector<float> rac::roundWeights(const ProbeWeights &weights,
                                     GroupType type, bool halfIsBf16,
                                     llvm::ArrayRef<double> termSteps) {
  switch (type) {
  case GroupType::f32:
    return weights.values.vec();
  case GroupType::half: {
    std::vector<float> rounded;
    rounded.reserve(weights.values.size());
    for (float value : weights.values)
      rounded.push_back(halfIsBf16 ? roundToBf16(value) : roundToF16(value));
    return rounded;
  }
  case GroupType::steps:
    return toChannelSteps(weights, termSteps);
  case GroupType::float8:
    return toFloat8(weights);
  case GroupType::weights8:
    return toGroupSteps(weights, /*nibbles=*/false);
  case GroupType::weights4:
    return toGroupSteps(weights, /*nibbles=*/true);
  }
  llvm_unreachable("no other types");
}
