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

/// The parts that blocks were made for, as they were before.
using BlockParts = llvm::DenseMap<mlir::Operation *, mlir::memref::SubViewOp>;

/// Makes the allocation, at `builder`, a block of `base` that begins where
/// `part` does; at its begin if that is null.
void becomeBlock(mlir::OpBuilder &builder, mlir::memref::AllocOp alloc,
                 mlir::Value base, mlir::memref::SubViewOp part,
                 llvm::ArrayRef<mlir::OpFoldResult> sizes, BlockParts &parts);

/// Moves a part, or what else `op` makes of a buffer, before `place`, with what
/// it is computed from in the same block; only `maker`, which may be null, may
/// have effects. False: that isn't possible.
bool moveBefore(mlir::Operation *op, mlir::Operation *maker,
                mlir::Operation *place);

} // namespace rac

#endif // RAC_LIB_LOWERING_DENSEBLOCK_H
