//===- Blockings.h - How a contraction's loops may be cut -------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_BLOCKINGS_H
#define RAC_LIB_TRANSFORMS_BLOCKINGS_H

#include "rac/Cost/Schedule.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// Fields of a plan: docs/Dialect.md.
struct Blocking {
  llvm::SmallVector<int64_t> tiles, reduction, order, registers;
};

/// Blocks of rows, columns and terms of the one contraction of a group of
/// generated code, the orders of the loops over them, and tiles of registers;
/// none where the group has no such contraction. Nothing is listed that
/// lowering doesn't carry out, and not that all is left to its defaults.
llvm::SmallVector<Blocking> blockings(llvm::ArrayRef<mlir::Operation *> ops,
                                      const VectorShape &vectors);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_BLOCKINGS_H
