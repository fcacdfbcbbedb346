//===- Stage.h - Sums in shared memory on their way -------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_STAGE_H
#define RAC_LIB_TARGET_NVPTX_GEMM_STAGE_H

#include "Emit.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "rac/Lowering/ElementBytes.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace rac::gemm {

/// A launch of `blocks`, whose body `e` builds from now on; `cluster`
/// neighbours run at the same time, and reach each other's shared memory.
mlir::gpu::LaunchOp beginLaunch(Emit &e, Index blocks, int64_t threads,
                                int64_t sharedBytes, int64_t cluster = 1);

/// A view of the block's shared memory, `offset` bytes from its start.
mlir::Value sharedView(Emit &e, mlir::Type element, int64_t elements,
                       int64_t offset);

/// x + y, of numbers or vectors.
mlir::Value sumOf(Emit &e, mlir::Value x, mlir::Value y);

/// A block's sums, in shared memory: whoever has computed them puts them there,
/// and threads take neighbouring ones to write. Several slices of the depth
/// each have their own.
class Stage {
public:
  struct Shape {
    int64_t rows, columns, slices;
    bool alongColumns; ///< what is written together are columns
    int64_t vector;    ///< and so many of them
  };
  Stage(Emit &e, mlir::Type type, const Shape &shape);

  /// Bytes that sums of a type take at most, however they are written.
  static int64_t bytes(int64_t rows, int64_t columns, int64_t slices,
                       int64_t elementBytes);

  Index at(Emit &e, Index slice, Index row, Index column) const;
  /// By how much `at` grows with a row, or a column.
  int64_t rowStride() const { return shape.alongColumns ? pitch : 1; }
  int64_t columnStride() const { return shape.alongColumns ? 1 : pitch; }
  void put(Emit &e, Index at, mlir::Value sum) const;

  using Body = llvm::function_ref<void(Index row, Index column,
                                       llvm::ArrayRef<mlir::Value> sums)>;
  /// Has each group of elements that are written together given to one of the
  /// threads, once all slices are added up. `isInside`, may be null where all
  /// are, says which groups there are.
  void forEachGroup(Emit &e, Index thread, int64_t threads,
                    llvm::function_ref<mlir::Value(Index, Index)> isInside,
                    Body body) const;

private:
  llvm::SmallVector<mlir::Value> take(Emit &e, Index row, Index column) const;

  Shape shape;
  int64_t pitch, sliceElements;
  mlir::Value memory;
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_STAGE_H
