//===- Option.h - One way to do something, in numbers -----------*- C++ -*-===//
//
// What the planner's search knows of a way to run a group: what it costs and
// what it keeps in memory. Nothing here knows of MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_TRANSFORMS_SEARCH_OPTION_H
#define RAC_LIB_TRANSFORMS_SEARCH_OPTION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <limits>
#include <vector>

namespace rac {

/// Bytes that are in use from one step of a run to another, both included.
struct Held {
  int32_t first = 0, last = 0;
  double bytes = 0; ///< B
};

struct Price {
  double seconds = 0; ///< s
  double joules = 0;  ///< J

  Price &operator+=(const Price &other) {
    seconds += other.seconds;
    joules += other.joules;
    return *this;
  }
  friend Price operator+(Price a, const Price &b) { return a += b; }
};

struct Option {
  Price price;
  llvm::SmallVector<Held, 2> memory;
};

/// What to make small, and within what: weights of seconds and joules, or their
/// product.
struct Goal {
  static constexpr double none = std::numeric_limits<double>::infinity();

  double perSecond = 1, perJoule = 0;
  bool product = false;
  double maxSeconds = none; ///< s
  double maxBytes = none;   ///< B, at any step

  double score(const Price &price) const {
    return product ? price.seconds * price.joules
                   : perSecond * price.seconds + perJoule * price.joules;
  }
  /// How fast the score grows with seconds and with joules.
  Price gradient(const Price &price) const {
    return product ? Price{price.joules, price.seconds}
                   : Price{perSecond, perJoule};
  }
};

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SEARCH_OPTION_H
