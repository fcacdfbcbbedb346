//===- Loader.h - Tiles of an operand into shared memory --------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_LOADER_H
#define RAC_LIB_TARGET_NVPTX_GEMM_LOADER_H

#include "Access.h"
#include "Tile.h"
#include "Wgmma.h"

namespace rac::gemm {

/// Where an element of `bytes` is in a tile of `lines` lines that tensor cores
/// read from shared memory by themselves: Wgmma.h.
Index swizzledPlace(Emit &e, Index line, Index inner, int64_t lines,
                    int64_t bytes);

/// One operand: its rows, or columns, are `outer`.
struct Operand {
  Operand(Emit &e, mlir::OpOperand *operand, const Contraction &contraction,
          llvm::ArrayRef<unsigned> outerLoops, llvm::ArrayRef<Index> extents,
          const Atom &atom, int64_t outerTile, int64_t depthTile,
          bool swizzled);

  Access access;
  Terms batch, outer, depth;
  Index outerSize, depthSize;
  int64_t outerTile, depthTile;
  bool alongDepth; ///< neighbours in memory are so along the depth
  bool depthInner; ///< and in shared memory
  int64_t vector;  ///< elements that are loaded together
  int64_t bytes;   ///< of an element
  int64_t pitch;   ///< elements between lines of shared memory
  bool swizzled;   ///< in lines as Wgmma.h has them

  int64_t stageElements() const {
    return swizzled ? outerTile * kSwizzledLine / bytes
                    : (depthInner ? outerTile : depthTile) * pitch;
  }
  /// So many neighbours from `at` on; zeros where not `inside`, which may be
  /// null.
  mlir::Value load(Emit &e, Index at, mlir::Value inside, int64_t count) const;
  /// Whether an element is no zero around the operand; null: none is.
  mlir::Value isInside(Emit &e, Index batch, Index outer, Index depth) const;
  /// Where an element is in a stage.
  Index place(Emit &e, Index outer, Index depth) const;
  /// Whether the copy unit can do it: it copies 4, 8 or 16 bytes.
  bool isAsync() const {
    return alongDepth == depthInner && vector * bytes >= 4;
  }
};

/// Copies an operand's tiles, each thread its part; past the operand's end it
/// writes zeros.
class Loader {
public:
  /// `outerStart`: the block's first row or column.
  Loader(Emit &e, const Operand &operand, mlir::Value shared, Index thread,
         int64_t threads, Index batch, Index outerStart);

  /// Starts to copy the tile from `depthStart` on to where `stage` begins in
  /// shared memory.
  void load(Emit &e, Index stage, Index depthStart);

private:
  struct Chunk {
    Index outerDistance; ///< with the batch's and the operand's start
    Index depth;         ///< in the tile
    Index target;        ///< in the stage
    llvm::SmallVector<Index, 2> along; ///< each bound
    mlir::Value inside;                ///< whether such a row is; null: always
  };
  void copy(Emit &e, Index source, Index target, mlir::Value inside);

  const Operand &operand;
  mlir::Value shared;
  llvm::SmallVector<Chunk> chunks;
  mlir::Value active; ///< whether the thread has a part; null: all have
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_LOADER_H
