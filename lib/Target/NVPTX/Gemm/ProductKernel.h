//===- ProductKernel.h - How the kernel of a product is written -*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_PRODUCTKERNEL_H
#define RAC_LIB_TARGET_NVPTX_GEMM_PRODUCTKERNEL_H

#include "Feed.h"
#include "Result.h"
#include "Stage.h"

namespace rac::gemm {

/// Blocks of threads that compute tiles of the result.
class ProductKernel {
public:
  ProductKernel(Emit &e, const Contraction &contraction, const Atom &atom,
                const Tile &tile, mlir::ArrayRef<Index> extents);
  void emit();

private:
  /// A tile's steps that a block of threads computes.
  struct Block {
    Index batch, split, row, column;
    Place place;
    Index tile;         ///< its number
    Index first, steps; ///< along the depth, in tiles of the operands
    Index begun;        ///< steps that it has had of other tiles
    /// Of workers: whether those are all steps, and which of the parts of sums
    /// they make if they aren't.
    mlir::Value whole;
    Index part;
  };
  struct Warp {
    Index lane, slice, row, column;
  };
  using Sums = mlir::SmallVector<mlir::Value>;

  Block findBlock(Index number);
  Warp findWarp(Index thread);
  void findDepth(Block &block);
  void computeBlock(const Block &block, Index thread);
  void computeShare(Index worker, Index thread);
  Sums accumulate(const Block &block, const Warp &warp, Index thread);
  Sums computeTile(const SharedTile &a, const SharedTile &b, Index depth,
                   Sums sums);
  void put(const Stage &stage, const Warp &warp,
           mlir::ArrayRef<mlir::Value> sums);
  void writeTile(const Stage &stage, const Block &block, Index thread);
  void sumSplits();
  void sumShares();
  /// The workers that have steps of a tile are those from the first on.
  struct Sharers {
    Index first, last;
  };
  Sharers sharersOf(Index tileNumber);
  /// Sums are vectors of neighbours here, which begin at `places` and are
  /// written together.
  Sums loadSplits(Index batch, mlir::ArrayRef<Place> places);
  Sums loadShares(const Sharers &sharers, mlir::ArrayRef<Place> places);
  void writeSums(Index batch, Place place, mlir::Value sums);
  void sumTile(const Block &block, Index thread, int64_t threads,
               llvm::function_ref<Sums(mlir::ArrayRef<Place>)> load);
  mlir::Value isLast(Index counter, Index parts, Index thread);
  void sumIfLast(const Block &block, Index thread);
  Index stepsOfTile();
  Index allSteps();
  Index beginOf(Index worker);
  Index workerOf(Index step);
  Index placeInPart(Index part, Index row, Index column);
  void storePart(Index at, mlir::ArrayRef<mlir::Value> sums);
  mlir::Value loadPart(Index at);
  Sums exact(Index batch, Index row, Index column,
             mlir::ArrayRef<mlir::Value> sums);
  Index partialAt(Index split, Index batch, Index row, Index column);

  Emit &e;
  const Contraction &contraction;
  Atom atom;
  Tile tile;
  Operand a, b;
  Result result;
  Index rows, columns, depth, batches;
  Index rowTiles, columnTiles, depthSteps;
  mlir::Value partial;  ///< what blocks that share the depth have
  mlir::Value counters; ///< of each tile's blocks, those that have their part
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_PRODUCTKERNEL_H
