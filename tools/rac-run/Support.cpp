//===- Support.cpp - What all of rac-run uses -----------------------------===//

#include "Support.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

const DtypeInfo kDtypes[RAC_NUM_DTYPES] = {
    {"f32", "f4", kDLFloat, 32},   {"f16", "f2", kDLFloat, 16},
    {"bf16", "V2", kDLBfloat, 16}, {"f64", "f8", kDLFloat, 64},
    {"i8", "i1", kDLInt, 8},       {"u8", "u1", kDLUInt, 8},
    {"i16", "i2", kDLInt, 16},     {"u16", "u2", kDLUInt, 16},
    {"i32", "i4", kDLInt, 32},     {"u32", "u4", kDLUInt, 32},
    {"i64", "i8", kDLInt, 64},     {"u64", "u8", kDLUInt, 64},
    {"bool", "b1", RAC_DL_BOOL, 8}};

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fflush(stdout);
  fprintf(stderr, "rac-run: error: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  exit(1);
}

std::string text(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  std::string result(vsnprintf(nullptr, 0, format, arguments), 0);
  vsnprintf(&result[0], result.size() + 1, format, again);
  va_end(again);
  va_end(arguments);
  return result;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  auto rank = size_t(std::ceil(share * double(values.size())));
  return values[rank ? rank - 1 : 0];
}

std::string milliseconds(double seconds) {
  return text(seconds < 1e-3 ? "%.4f ms"
              : seconds < .1 ? "%.3f ms"
                             : "%.1f ms",
              1e3 * seconds);
}

int32_t dtypeNamed(const std::string &name) {
  for (int32_t i = 0; i < RAC_NUM_DTYPES; ++i)
    if (name == kDtypes[i].name)
      return i;
  return -1;
}

int64_t Array::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size == 0)
      return 0;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count))
      return -1;
  return count;
}

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string result = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    result += (i ? ", " : "") + std::to_string(shape[i]);
  return result + "]";
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

static float floatOfBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

static uint32_t bitsOfFloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

static double halfValue(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  double value = exponent == 31 ? (fraction ? NAN : INFINITY)
                 : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                                : std::ldexp(fraction, -24);
  return half & 0x8000 ? -value : value;
}

/// To the nearest, ties to even; for the numbers that inputs are filled with.
static uint16_t halfOf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double size = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (size >= 65520)
    return sign | 0x7c00;
  int exponent = 0;
  std::frexp(size, &exponent);
  // The exponent of the last of the 11 bits that a half holds.
  int last = std::max(exponent - 11, -24);
  auto bits = uint16_t(std::nearbyint(std::ldexp(size, -last)));
  return sign | uint16_t(bits + (last + 24) * 1024);
}

template <typename T> static double get(const void *data, int64_t index) {
  T value;
  memcpy(&value, static_cast<const char *>(data) + index * sizeof(T),
         sizeof(T));
  return double(value);
}

template <typename T> static void set(void *data, int64_t index, T value) {
  memcpy(static_cast<char *>(data) + index * sizeof(T), &value, sizeof(T));
}

double element(int32_t dtype, const void *data, int64_t i) {
  switch (dtype) {
  case RAC_F32:
    return get<float>(data, i);
  case RAC_F16:
    return halfValue(uint16_t(get<uint16_t>(data, i)));
  case RAC_BF16:
    return floatOfBits(uint32_t(get<uint16_t>(data, i)) << 16);
  case RAC_F64:
    return get<double>(data, i);
  case RAC_I8:
    return get<int8_t>(data, i);
  case RAC_I16:
    return get<int16_t>(data, i);
  case RAC_U16:
    return get<uint16_t>(data, i);
  case RAC_I32:
    return get<int32_t>(data, i);
  case RAC_U32:
    return get<uint32_t>(data, i);
  case RAC_I64:
    return get<int64_t>(data, i);
  case RAC_U64:
    return get<uint64_t>(data, i);
  default:
    return get<uint8_t>(data, i);
  }
}

void setElement(int32_t dtype, void *data, int64_t i, double value) {
  switch (dtype) {
  case RAC_F32:
    return set(data, i, float(value));
  case RAC_F16:
    return set(data, i, halfOf(value));
  case RAC_BF16: {
    uint32_t bits = bitsOfFloat(float(value));
    return set(data, i, uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16));
  }
  case RAC_F64:
    return set(data, i, value);
  case RAC_I8:
    return set(data, i, int8_t(value));
  case RAC_I16:
    return set(data, i, int16_t(value));
  case RAC_U16:
    return set(data, i, uint16_t(value));
  case RAC_I32:
    return set(data, i, int32_t(value));
  case RAC_U32:
    return set(data, i, uint32_t(value));
  case RAC_I64:
    return set(data, i, int64_t(value));
  case RAC_U64:
    return set(data, i, uint64_t(value));
  case RAC_BOOL:
    return set(data, i, uint8_t(value != 0));
  default:
    return set(data, i, uint8_t(value));
  }
}
