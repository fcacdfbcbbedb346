//===- SmoothOperands.h - Operands with steps by channel --------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_SMOOTHOPERANDS_H
#define RAC_LIB_TRANSFORMS_SMOOTHOPERANDS_H

#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// Where groups are planned in i8 with steps by channel, divides what they
/// multiply by these, so that it has steps of 1: where it is computed, if
/// nobody else looks at it, and in a group of its own else. The weights are for
/// whoever rounds them. Fails, with a diagnostic, where a plan's steps don't
/// fit.
llvm::LogicalResult smoothOperands(llvm::ArrayRef<GroupOp> groups);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SMOOTHOPERANDS_H
