//===- Float8.cpp - Scales of floats of 8 bits ----------------------------===//

#include "rac/Transforms/Float8.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <limits>

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

float rac::float8Scale(float most) {
  float scale = most / kMostFloat8;
  bool isNormal =
      scale >= std::numeric_limits<float>::min() && std::isfinite(scale);
  return isNormal ? scale : 1;
}

std::vector<float> rac::float8Scales(llvm::ArrayRef<float> values,
                                     llvm::ArrayRef<int64_t> shape,
                                     unsigned axis) {
  int64_t channels = shape[axis],
          inner = llvm::product_of(shape.drop_front(axis + 1));
  std::vector<float> scales(channels, 0);
  for (auto [i, value] : llvm::enumerate(values)) {
    float &most = scales[i / inner % channels];
    most = std::max(most, std::fabs(value));
  }
  for (float &scale : scales)
    scale = float8Scale(scale);
  return scales;
}
