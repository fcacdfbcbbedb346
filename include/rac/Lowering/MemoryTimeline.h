//===- MemoryTimeline.h - What memory a run holds, and when -----*- C++ -*-===//
//
// What rac-plan-memory decided, told step by step, for reports. It stays on the
// entry function as the attribute `rac.timeline`.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LOWERING_MEMORYTIMELINE_H
#define RAC_LOWERING_MEMORYTIMELINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>
#include <string>
#include <vector>

namespace rac {

struct MemoryTimeline {
  /// A kernel, a loop or a copy of the entry function, in the order of a run.
  struct Step {
    std::string name;         ///< the group's, else the op's
    int64_t weightsBytes = 0; ///< B of weights that it is given
  };
  /// Part of the arena, in use from step `first` to step `last`, both included.
  struct Buffer {
    int64_t first = 0, last = 0, offset = 0, bytes = 0; // B
  };
  std::vector<Step> steps;
  std::vector<Buffer> buffers;
  int64_t arenaBytes = 0; ///< B
  /// Whether sizes that only the run knows were assumed.
  bool assumesSizes = false;
  /// Buffers left out: their sizes depend on the inputs' data, say.
  int64_t numUnknown = 0;

  /// B of the arena in use at each step.
  std::vector<int64_t> liveBytes() const;
};

void setTimeline(mlir::func::FuncOp entry, const MemoryTimeline &timeline);
/// None if rac-plan-memory hasn't run.
std::optional<MemoryTimeline> getTimeline(mlir::func::FuncOp entry);

} // namespace rac

#endif // RAC_LOWERING_MEMORYTIMELINE_H
