//===- Reuse.h - What loops bring in again ----------------------*- C++ -*-===//

#ifndef RAC_LIB_COST_REUSE_H
#define RAC_LIB_COST_REUSE_H

#include "rac/Cost/Footprint.h"
#include "rac/Cost/Schedule.h"
#include "rac/Cost/Traffic.h"
#include <map>

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

/// That, with what is in the cache when the candidate starts.
Traffic trafficOf(const Work &work, const Flow &flow, const CacheShape &cache,
                  const Assumptions &assumptions);

/// Of one candidate, by plan and level of memory: how many threads share the
/// loops doesn't change what these move, so that it is computed once.
class FlowCache {
public:
  const Flow &get(PlanAttr plan, size_t level,
                  llvm::function_ref<Flow()> compute) {
    auto [place, isNew] =
        flows.try_emplace({plan.withThreads(0).getAsOpaquePointer(), level}, 0);
    if (isNew)
      place->second = compute();
    return place->second;
  }

private:
  std::map<std::pair<const void *, size_t>, Flow> flows;
};

} // namespace rac

#endif // RAC_LIB_COST_REUSE_H
