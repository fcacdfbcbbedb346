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

namespace rac {

/// Views of an operand's memory.
bool isView(mlir::Operation *op);

/// The value of which `value` is a view.
mlir::Value viewed(mlir::Value value);

/// Whether `op`, or all that a group does, gives neighbouring elements of one
/// of the model's inputs.
bool isPartOfInput(mlir::Operation *op);

/// Whether what `op`, or all that a group does, puts together lies one after
/// the other in its result. An op that isn't in a group yet is, unless others
/// can take it in.
bool joinsInPlace(mlir::Operation *op);

/// Whether nothing is left to do: it is a part of an input, or each of its
/// parts is written where it belongs.
bool isInPlace(mlir::Operation *op);
bool isInPlace(const Candidate &candidate);

} // namespace rac

#endif // RAC_COST_INPLACE_H
