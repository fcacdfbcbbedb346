//===- Float8.cpp - Scales of floats of 8 bits ----------------------------===//

#include "rac/Transforms/Float8.h"
#include "rac/Transforms/ChannelScales.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace rac;

float rac::roundToFloat8(float value) {
  constexpr float kLeastNormal = 0x1p-6f;
  float magnitude = std::fabs(value), rounded;
  if (std::isnan(value))
    return value;
  if (magnitude < kLeastNormal) {
    // Steps of 2^-9 there; adding this leaves no more bits.
    constexpr float shift = 0x1p-9f * 0x1.8p23f;
    rounded = (magnitude + shift) - shift;
  } else {
    auto bits = llvm::bit_cast<uint32_t>(std::min(magnitude, kMostFloat8));
    bits += 0x7ffff + ((bits >> 20) & 1);
    rounded = llvm::bit_cast<float>(bits & 0xfff00000);
  }
  return std::copysign(rounded, value);
}

float rac::float8Scale(float most) { return scaleOf(most, kMostFloat8); }

std::vector<float> rac::float8Scales(llvm::ArrayRef<float> values,
                                     llvm::ArrayRef<int64_t> shape,
                                     unsigned axis) {
  return scalesByChannel(values, shape, axis, kMostFloat8);
}
