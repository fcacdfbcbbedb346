//===- Groups.h - Questions about groups ------------------------*- C++ -*-===//

#ifndef RAC_TRANSFORMS_GROUPS_H
#define RAC_TRANSFORMS_GROUPS_H

#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// Whether one call of the library computes all of the group.
bool libraryCanCompute(GroupOp group);

} // namespace rac

#endif // RAC_TRANSFORMS_GROUPS_H
