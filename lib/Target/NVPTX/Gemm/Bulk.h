//===- Bulk.h - Tiles copied by one thread ----------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_BULK_H
#define RAC_LIB_TARGET_NVPTX_GEMM_BULK_H

#include "Loader.h"

namespace rac::gemm {

/// What a block brings of an operand's tiles: one of `blocks` equal parts,
/// `number` of them, to all that `mask` (i16) has a bit for.
struct Part {
  int64_t blocks = 1;
  Index number;
  mlir::Value mask; ///< null: to itself
};

/// Copies an operand's swizzled tiles by the unit that sm_90 has for that (the
/// tensor memory accelerator): one thread asks for a whole tile, and a barrier
/// in shared memory tells when its bytes are there. Past the operand's end it
/// writes zeros.
class BulkLoader {
public:
  /// Whether it can: the operand is an array of at most three dimensions whose
  /// rows begin at multiples of 16 B.
  static bool fits(const Operand &operand);

  /// `batches`: the size of the batch, to which `batch` belongs; `outerStart`:
  /// the block's first row or column; `part`: of a tile.
  BulkLoader(Emit &e, const Operand &operand, Index batches, Index batch,
             Index outerStart, const Part &part);

  /// Of a tile.
  int64_t bytes() const;
  /// Asks for the part of the tile from `depthStart` on. `target`: where in
  /// shared memory; `barrier`: what counts its bytes.
  void load(Emit &e, mlir::Value target, mlir::Value barrier, Index depthStart);

private:
  int64_t outerParts() const;
  int64_t depthParts() const { return part.blocks / outerParts(); }
  int64_t boxOuter() const;
  int64_t boxDepth() const { return operand.depthTile / depthParts(); }

  const Operand &operand;
  Index batch, outerStart;
  Part part;
  bool batched;
  mlir::Value map;
};

/// A pointer to shared memory, `bytes` after `address` (i64).
mlir::Value sharedPointer(Emit &e, mlir::Value address, int64_t bytes);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_BULK_H
