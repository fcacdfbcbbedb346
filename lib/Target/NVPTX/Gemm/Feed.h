//===- Feed.h - How tiles come to warp groups -------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_FEED_H
#define RAC_LIB_TARGET_NVPTX_GEMM_FEED_H

#include "Bulk.h"
#include <memory>

namespace rac::gemm {

/// A block's place in its cluster, or an element's in a tile or a result.
struct Place {
  Index row, column;
};

/// A block's way along the depth, in steps of a tile of each operand.
struct Way {
  Index batch, row, column; ///< where the block's tiles begin
  Index depthStart, steps;
  Index begun; ///< steps of tiles that it has come by before
  Place place;
};

/// Brings both operands' tiles of each step to shared memory, to the stage
/// whose turn it is.
class Feed {
public:
  virtual ~Feed() = default;
  /// Asks for the tiles of a step, if there is such a step.
  virtual void request(Index step) = 0;
  /// Waits until they are there for the tensor cores, and until all warps do.
  virtual void await(Index step) = 0;
  /// After the last step: the block asks for nothing any more, and all that was
  /// for it is there.
  virtual void finish() {}
};

/// What the block's threads have in common.
struct FeedPlan {
  const Tile &tile;
  const Operand &a, &b;
  Index thread;
  Way way;
  Index batches;
  /// Shared memory where stages begin, first the first operand's, at a multiple
  /// of 1024 B: as bytes and where in these; its address (i64).
  mlir::Value memory;
  Index start;
  mlir::Value address;
  int64_t barriers; ///< where in shared memory they are, B

  /// Where in shared memory a step's tiles are: stages take turns from the
  /// block's first step on.
  Index stageOf(Emit &e, Index step) const;
  /// Elements of that memory, `from` bytes after where stages begin.
  mlir::Value view(Emit &e, mlir::Type element, int64_t elements,
                   int64_t from) const;
  /// All stages of an operand.
  mlir::Value tilesOfA(Emit &e) const;
  mlir::Value tilesOfB(Emit &e) const;
  int64_t bytesOfA() const { return tile.stages * a.stageElements() * a.bytes; }
};

/// What the thread has done with shared memory comes before what tensor cores
/// and the copy unit do there after the next barrier.
void fenceCopies(Emit &e);

/// Whether one thread can bring both operands' tiles.
bool isBulk(const Operand &a, const Operand &b);

/// By one thread where that can be, otherwise by all of them.
std::unique_ptr<Feed> makeFeed(Emit &e, const FeedPlan &plan);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_FEED_H
