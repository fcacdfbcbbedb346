//===- Reassociation.h - Which dimensions a reshape joins -------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_REASSOCIATION_H
#define RAC_LIB_TRANSFORMS_REASSOCIATION_H

#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include <optional>

namespace rac {

/// Neighbouring dimensions before and after a reshape that hold the same
/// elements. Either side may be empty: dimensions of size one come and go.
struct ReshapeBlock {
  llvm::SmallVector<int64_t> from, to;
};

/// The finest blocks, in order; nothing where sizes can't be compared.
std::optional<llvm::SmallVector<ReshapeBlock>>
reassociate(llvm::ArrayRef<mlir::AffineExpr> from,
            llvm::ArrayRef<mlir::AffineExpr> to);

bool isOne(mlir::AffineExpr size);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_REASSOCIATION_H
