//===- Reuse.h - What loops bring in again ----------------------*- C++ -*-===//

#ifndef RAC_LIB_COST_REUSE_H
#define RAC_LIB_COST_REUSE_H

#include "rac/Cost/Footprint.h"
#include "rac/Cost/Schedule.h"

namespace rac {

/// By tensor: bytes brought in, bytes touched, and bytes brought in to be
/// written; and where in the cache those touched lie.
struct Flow {
  llvm::SmallVector<double, 4> in, touched, written;
  llvm::SmallVector<Spread, 4> spread;

  explicit Flow(size_t tensors)
      : in(tensors, 0), touched(tensors, 0), written(tensors, 0),
        spread(tensors) {}
  double size() const {
    double sum = 0;
    for (double bytes : touched)
      sum += bytes;
    return sum;
  }
};

/// What all of a generated candidate moves, starting with an empty cache.
Flow flowOf(const Work &work, const Schedule &schedule,
            const CacheShape &cache);

} // namespace rac

#endif // RAC_LIB_COST_REUSE_H
