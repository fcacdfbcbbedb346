//===- WholeSort.h - When one thread sorts rows whole -----------*- C++ -*-===//

#ifndef RAC_LOWERING_WHOLESORT_H
#define RAC_LOWERING_WHOLESORT_H

#include <cstdint>
#include <optional>

namespace rac {

/// One thread sorts a row of at least so many keys digit by digit if it is
/// asked for more than one in so many, and else keeps a heap of them, which
/// takes as long then (Xeon 8480+, keys of 32 bits).
inline constexpr int64_t kFewestSortedWhole = 32, kShareSortedWhole = 16;

/// Whether it does, if that can be told: of a row of `length` keys `wanted`.
inline std::optional<bool> sortsWhole(std::optional<int64_t> length,
                                      std::optional<int64_t> wanted) {
  if (length && *length < kFewestSortedWhole)
    return false;
  if (!length || !wanted)
    return std::nullopt;
  return *length < *wanted * kShareSortedWhole;
}

} // namespace rac

#endif // RAC_LOWERING_WHOLESORT_H
