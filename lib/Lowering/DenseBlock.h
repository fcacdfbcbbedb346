//===- DenseBlock.h - Parts of a buffer without gaps ------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_DENSEBLOCK_H
#define RAC_LIB_LOWERING_DENSEBLOCK_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace rac {

using Sizes = llvm::SmallVector<mlir::OpFoldResult>;

/// The sizes of a dense buffer as they are known where it is made; none where
/// they aren't.
std::optional<Sizes> sizesOf(mlir::Value buffer);

/// The allocation of the block of which `view` is all, in another shape
/// perhaps; null if it is none of the block's own.
mlir::memref::AllocOp wholeAllocation(mlir::Value view, mlir::Block *block);

/// Whether sizes are the same, those of 1 apart.
bool haveSameSizes(llvm::ArrayRef<mlir::OpFoldResult> one,
                   llvm::ArrayRef<mlir::OpFoldResult> other);

/// Whether the elements of `view`, a part of a dense buffer, lie there without
/// gaps and in order: sizes of 1, then one of any size, then whole dimensions.
/// `sizes` are the buffer's; where they are values, equal ones must be the same
/// value.
bool isDense(mlir::memref::SubViewOp view,
             llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Whether `view` can be shown to lie inside its buffer, of the given sizes.
bool isInside(mlir::memref::SubViewOp view,
              llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// The number of the dense view's first element in its buffer, computed at
/// `builder`.
mlir::Value firstElement(mlir::OpBuilder &builder, mlir::memref::SubViewOp view,
                         llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Whether it is known to begin a multiple of `bytes` after its buffer does.
bool startsAtMultiple(mlir::memref::SubViewOp view,
                      llvm::ArrayRef<mlir::OpFoldResult> sizes, int64_t bytes);

} // namespace rac

#endif // RAC_LIB_LOWERING_DENSEBLOCK_H
