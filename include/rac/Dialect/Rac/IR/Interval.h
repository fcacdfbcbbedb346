//===- Interval.h - A number and how far to trust it ------------*- C++ -*-===//

#ifndef RAC_DIALECT_RAC_IR_INTERVAL_H
#define RAC_DIALECT_RAC_IR_INTERVAL_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/bit.h"
#include <algorithm>

namespace rac {

/// What is thought most likely, and the least and the most that it may be.
struct Interval {
  double value = 0, low = 0, high = 0;

  Interval() = default;
  Interval(double exactly) : value(exactly), low(exactly), high(exactly) {}
  Interval(double value, double low, double high)
      : value(value), low(low), high(high) {}

  bool isExact() const { return low == value && high == value; }
  Interval &operator+=(const Interval &other) {
    value += other.value;
    low += other.low;
    high += other.high;
    return *this;
  }
  friend Interval operator+(Interval a, const Interval &b) { return a += b; }
  /// Of what is not negative.
  friend Interval operator*(const Interval &a, const Interval &b) {
    return {a.value * b.value, a.low * b.low, a.high * b.high};
  }
  /// Of what is positive.
  friend Interval operator/(const Interval &a, const Interval &b) {
    return {a.value / b.value, a.low / b.high, a.high / b.low};
  }
  friend bool operator==(const Interval &a, const Interval &b) {
    return a.value == b.value && a.low == b.low && a.high == b.high;
  }
};

inline Interval max(const Interval &a, const Interval &b) {
  return {std::max(a.value, b.value), std::max(a.low, b.low),
          std::max(a.high, b.high)};
}

inline llvm::hash_code hash_value(const Interval &interval) {
  return llvm::hash_combine(llvm::bit_cast<uint64_t>(interval.value),
                            llvm::bit_cast<uint64_t>(interval.low),
                            llvm::bit_cast<uint64_t>(interval.high));
}

/// Bytes that cross one memory level.
struct LevelBytes {
  mlir::StringAttr level; ///< its name in the device's description
  double bytes = 0;       ///< B

  bool operator==(const LevelBytes &other) const {
    return level == other.level && bytes == other.bytes;
  }
};

inline llvm::hash_code hash_value(const LevelBytes &traffic) {
  return llvm::hash_combine(traffic.level,
                            llvm::bit_cast<uint64_t>(traffic.bytes));
}

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_INTERVAL_H
