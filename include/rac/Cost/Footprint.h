//===- Footprint.h - What some iterations touch of a tensor -----*- C++ -*-===//

#ifndef RAC_COST_FOOTPRINT_H
#define RAC_COST_FOOTPRINT_H

#include "rac/Cost/Work.h"
#include <cmath>

namespace rac {

/// A cache that a candidate's accesses go through.
struct CacheShape {
  double bytes = 0; ///< infinite: holds everything
  double line = 64; ///< B
  /// Whether a line that is only written comes in first.
  bool fetchesWritten = true;
  /// Lines of a set, in one of which a line's address places it; 0: a line may
  /// be anywhere.
  double ways = 0;
  /// Whether it is that of all cores, whose parts are picked by hashed
  /// addresses so that any line may go first; else what was least recently used
  /// does.
  bool isShared = false;
  /// Cores that share out the work, each with such a cache.
  double cores = 1;

  /// Whole ones; sizes may be rounded.
  double sets() const {
    return ways > 0 ? std::max(1.0, std::round(bytes / line / ways)) : 1;
  }
};

/// B of the lines that `use` touches while each loop runs `extents` of its
/// iterations.
double footprint(const WorkTensor &tensor, const WorkUse &use,
                 llvm::ArrayRef<double> extents, double line);

/// Where in a cache the lines of such a footprint lie.
struct Spread {
  double sets = 1; ///< over how many they are spread
  /// Of each `period` sets they lie in `width` neighbouring ones: rows that are
  /// a large power of two apart meet in few. 0: anywhere.
  double period = 0, width = 0;
};

Spread spreadOf(const WorkTensor &tensor, const WorkUse &use,
                llvm::ArrayRef<double> extents, const CacheShape &cache);

} // namespace rac

#endif // RAC_COST_FOOTPRINT_H
