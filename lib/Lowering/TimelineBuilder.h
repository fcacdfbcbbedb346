//===- TimelineBuilder.h - The steps of an entry function -------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_TIMELINEBUILDER_H
#define RAC_LIB_LOWERING_TIMELINEBUILDER_H

#include "rac/Lowering/MemoryTimeline.h"

namespace rac {

/// Numbers the entry's top-level ops that work on memory. Made while buffers
/// are still allocations.
class TimelineBuilder {
public:
  TimelineBuilder(mlir::func::FuncOp entry, int64_t assumedDim);

  /// Of a buffer in use from the entry's top-level op number `first` to number
  /// `last`.
  void addBuffer(int64_t first, int64_t last, int64_t offset, int64_t bytes);
  /// The same where offset and bytes are values of the entry.
  void addBuffer(int64_t first, int64_t last, mlir::Value offset,
                 mlir::Value bytes);
  /// `arenaBytes`: of the whole arena; `numHeap`: buffers that aren't in it.
  MemoryTimeline finish(mlir::Value arenaBytes, int64_t numHeap);

private:
  /// What an index is if every size that only the run knows is the assumed one;
  /// none where it depends on more. Its op must be at the entry's top level.
  std::optional<int64_t> evaluate(mlir::Value index);
  mlir::Attribute constant(mlir::Value value);

  MemoryTimeline timeline;
  int64_t assumedDim;
  /// How many steps are before each top-level op, and in all.
  std::vector<int64_t> before;
  llvm::DenseMap<mlir::Value, mlir::Attribute> constants;
};

} // namespace rac

#endif // RAC_LIB_LOWERING_TIMELINEBUILDER_H
