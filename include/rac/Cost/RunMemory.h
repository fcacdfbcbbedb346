//===- RunMemory.h - What a run has touched before a candidate --*- C++ -*-===//
//
// Whether a tensor is still in a cache depends on what else was touched since
// it was. A block's ops, or its groups, run one after the other: that says for
// each tensor how many bytes of others lie between its last touch and an op,
// and for each result how long ago its place in the arena was last used.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_RUNMEMORY_H
#define RAC_COST_RUNMEMORY_H

#include "rac/Cost/Traffic.h"
#include "rac/Lowering/ArenaPacking.h"
#include "llvm/ADT/DenseMap.h"

namespace rac {

class RunMemory {
public:
  /// The block must not change, and `sizes` must live, while this is in use.
  /// `vectors`: what generated code is made for; on `threads`.
  RunMemory(mlir::Block &block, const AssumedSizes &sizes,
            const VectorShape &vectors, int64_t threads);

  /// Says of the tensors of a candidate of the block's ops, or of one of its
  /// groups, what was touched since they were (WorkTensor::since), and by whom
  /// last (WorkTensor::meanwhile).
  void describe(const Candidate &candidate, Work &work) const;
  /// B of all that a run touches, each tensor once.
  double runBytes() const { return total; }

private:
  /// From the first op of a candidate to its last one.
  struct Span {
    int64_t first, last;
  };
  double bytesOf(mlir::Value value) const;
  double bytesRead(mlir::OpOperand &operand) const;
  void packResults(mlir::Block &block);
  void describePlace(mlir::Value value, const ArenaBuffer &own,
                     llvm::ArrayRef<mlir::Value> values,
                     llvm::ArrayRef<ArenaBuffer> buffers);
  int64_t lastTouch(mlir::Value tensor, const Span &span,
                    llvm::ArrayRef<int64_t> own) const;
  LastTouch sinceTouched(mlir::Value value, const Span &span,
                         const Candidate &candidate) const;
  LastTouch sinceFreed(mlir::Value value) const;
  std::optional<double> partsOfThreads(mlir::OpResult result) const;

  const AssumedSizes &sizes;
  double total = 0;
  VectorShape vectors;
  int64_t threads;
  llvm::DenseMap<mlir::Operation *, int64_t> positions;
  /// B that the ops before each position touch, of which nobody else knows.
  llvm::SmallVector<double> before;
  /// All B that the op at each position touches.
  llvm::SmallVector<double> touched;
  /// Of each tensor, without views and what is put together in place: who
  /// touches it, in order.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<int64_t, 4>> touches;
  /// Of each result, who had its place before: the mean over its bytes.
  llvm::DenseMap<mlir::Value, LastTouch> freed;
  /// Of each result in the arena, WorkTensor::ownPlace.
  llvm::DenseMap<mlir::Value, double> ownPlaces;
  /// What partsOfThreads has found.
  mutable llvm::DenseMap<mlir::Value, std::optional<double>> madeInParts;
};

} // namespace rac

#endif // RAC_COST_RUNMEMORY_H
