//===- InPlace.h - Copies that cost nothing ---------------------*- C++ -*-===//
//
// Lowering (rac-copies-in-place) has some tensors written where they would be
// copied to, and some read where they would be copied from. Which, depends on
// buffers; this says it of ops.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_INPLACE_H
#define RAC_COST_INPLACE_H

#include "rac/Cost/Work.h"
#include "llvm/ADT/SmallBitVector.h"

namespace rac {

/// B that a thread of a GPU reads or writes at once: kernels take it for
/// granted that buffers begin at multiples of it.
constexpr int64_t kGpuAccessBytes = 16;

/// B after the beginning of a buffer, at a multiple of which code for the
/// device has its parts begin; others are copied.
int64_t partAlignment(const Device &device);

/// Views of an operand's memory.
bool isView(mlir::Operation *op);

/// The value of which `value` is a view.
mlir::Value viewed(mlir::Value value);

/// Whether `op`, or all that a group does, gives neighbouring elements of one
/// of the model's inputs, from a multiple of `alignment` B on.
bool isPartOfInput(mlir::Operation *op, int64_t alignment);

/// Whether what `op`, or all that a group does, puts together lies one after
/// the other in its result. An op that isn't in a group yet is, unless others
/// can take it in.
bool joinsInPlace(mlir::Operation *op);
/// Whether an operand of such an op begins there at a multiple of `alignment`
/// B.
bool joinsInPlace(mlir::OpOperand &part, int64_t alignment);

/// Whether nothing is left to do: it is a part of an input, or each of its
/// parts is written where it belongs.
bool isInPlace(mlir::Operation *op, int64_t alignment);
/// Which of a candidate's loop nests copy what is in place: of a join each part
/// has its own.
llvm::SmallBitVector nestsInPlace(const Candidate &candidate, size_t nests,
                                  int64_t alignment);

} // namespace rac

#endif // RAC_COST_INPLACE_H
