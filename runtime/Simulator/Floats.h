//===- Floats.h - Short numbers ---------------------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_SIMULATOR_FLOATS_H
#define RAC_RUNTIME_SIMULATOR_FLOATS_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace rac::simulator {

inline float fromBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

inline uint32_t toBits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// In integers and one product, since not every CPU has an instruction for it.
inline float fromHalf(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t bits = uint32_t(half & 0x7FFF) << 13;
  // The exponent's bias is 127, not 15: also right for subnormal numbers.
  uint32_t finite = toBits(fromBits(bits) * 0x1p112f);
  bool special = (half & 0x7C00) == 0x7C00;
  return fromBits(sign | (special ? bits | 0x7F800000 : finite));
}

/// To the nearest, to even between two.
inline uint16_t toHalf(float value) {
  uint32_t bits = toBits(value), sign = bits >> 16 & 0x8000;
  bits &= 0x7FFFFFFF;
  if (bits > 0x7F800000)
    return sign | 0x7E00;
  if (bits >= 0x477FF000) // rounds to 65536 or more
    return sign | 0x7C00;
  if (bits < 0x38800000) // below 2^-14: the unit is 2^-24, as after adding 1/2
    return sign | (toBits(fromBits(bits) + 0.5f) & 0x7FF);
  uint32_t odd = bits >> 13 & 1;
  return sign | ((bits - 0x38000000 + 0xFFF + odd) >> 13);
}

// Types of a product's elements: how each is stored, and as what it is
// multiplied or summed.
struct F16 {
  using Stored = uint16_t;
  static float load(Stored bits) { return fromHalf(bits); }
  static Stored store(float value) { return toHalf(value); }
};
struct Tf32 {
  using Stored = uint32_t;
  /// The unit reads no more than 10 bits of the mantissa.
  static float load(Stored bits) { return fromBits(bits & ~uint32_t(0x1FFF)); }
};
/// Four bits of an exponent with a bias of 7, three of a mantissa; no infinity.
struct E4M3 {
  using Stored = uint8_t;
  static float load(Stored bits) {
    uint32_t sign = uint32_t(bits & 0x80) << 24, magnitude = bits & 0x7F;
    if (magnitude == 0x7F)
      return fromBits(sign | 0x7FC00000);
    uint32_t number = magnitude < 8 ? toBits(float(magnitude) * 0x1p-9f)
                                    : (magnitude << 20) + (120u << 23);
    return fromBits(sign | number);
  }
  /// To the nearest, to even between two; what is larger than all of them to
  /// the largest.
  static Stored store(float value) {
    constexpr float kMost = 448;
    constexpr int kLeastExponent = -6, kMantissa = 1 << 3;
    if (std::isnan(value))
      return 0x7F;
    int sign = std::signbit(value) ? 0x80 : 0;
    float magnitude = std::min(std::fabs(value), kMost);
    int exponent = kLeastExponent;
    while (std::ldexp(1.0f, exponent + 1) <= magnitude)
      ++exponent;
    // In units of the last bit, of which the first is not stored.
    int units = int(std::nearbyint(std::ldexp(magnitude, 3 - exponent)));
    return sign | ((exponent - kLeastExponent) * kMantissa + units);
  }
};
struct BF16 {
  using Stored = uint16_t;
  static float load(Stored bits) { return fromBits(uint32_t(bits) << 16); }
};
template <typename T> struct Byte {
  using Stored = T;
  static int32_t load(Stored value) { return value; }
};

// Sums of 32-bit integers wrap as two's complement does, which C++ leaves
// undefined.
inline float multiplyAdd(float a, float b, float c) { return a * b + c; }
inline double multiplyAdd(double a, double b, double c) { return a * b + c; }
inline int32_t multiplyAdd(int32_t a, int32_t b, int32_t c) {
  return int32_t(uint32_t(a) * uint32_t(b) + uint32_t(c));
}

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_FLOATS_H
