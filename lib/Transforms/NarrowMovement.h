//===- NarrowMovement.h - Narrow elements move as they are ------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_NARROWMOVEMENT_H
#define RAC_LIB_TRANSFORMS_NARROWMOVEMENT_H

#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// Ops of the group that only move or choose elements do so before these are
/// widened, and what rounds to what it was is dropped. Returns how many ops
/// moved.
unsigned moveNarrow(GroupOp group);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_NARROWMOVEMENT_H
