//===- LoopRoles.h - What each loop of a linalg op becomes ------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_LOOPROLES_H
#define RAC_LIB_LOWERING_VECTORIZE_LOOPROLES_H

#include "BlockFactor.h"
#include "DotProduct.h"
#include "IntegerSum.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rac/Lowering/Reductions.h"

namespace rac::vectorize {

/// The longest scalable vectors: SVE's, the only ones that there are.
constexpr int64_t kMostVectorBits = 2048;

/// What a target's vector registers are like.
struct VectorTarget {
  /// Of one register; of scalable ones, the least that there may be.
  int64_t bits = 512;
  bool scalable = false;
  int64_t registers = 32;
  /// Of whole registers, that a core starts in a clock.
  int64_t multiplyAdds = 2;
  /// What findDotProducts chooses from.
  llvm::ArrayRef<std::string> dots;
};

/// One loop's iterations become lanes; those of another, and several vectors of
/// lanes, are computed together in a tile of registers, so that what is loaded
/// serves more than once.
struct LoopRoles {
  unsigned vectorLoop = 0;
  std::optional<unsigned> rowLoop;
  /// The tile: rows x vectors registers.
  int64_t rows = 1, vectors = 1;
  /// Elements of a vector (times vscale).
  int64_t lanes = 1;
  /// Elements, from a multiple of which on lanes of all operands are contiguous
  /// for so long; 0: without an end.
  int64_t panel = 0;
  /// How lanes combine, where the vector loop is a reduction.
  std::optional<mlir::vector::CombiningKind> horizontal;
  /// Whether such a row is long for the registers: where LLVM unrolls it, it
  /// keeps all it has loaded for the next pass over the row, on the stack.
  bool isLongRow = false;
  /// Instructions that sum several terms, of operands that have them side by
  /// side.
  std::optional<DotProduct> dot;
  std::optional<LaneProduct> byLane;
  /// What the sums of the innermost reduction are multiplied with.
  std::optional<BlockFactor> factor;
  /// How `factor`'s sum is one of integers, of operands that have several terms
  /// side by side.
  std::optional<IntegerSum> integers;
  /// Intrinsic that makes floats of four bits; empty: arithmetic does.
  std::string nibbles;
};

/// Whether the operand's address does not depend on a loop.
bool isIndependent(mlir::AffineMap map, unsigned loop);

/// Whether neighbouring iterations of `loop` touch neighbouring elements, or
/// groups of terms, within panels if the operand has such.
bool isContiguous(mlir::OpOperand &operand, mlir::AffineMap map, unsigned loop);

/// Whether the operand has vectors, side by side, for each step of a reduction,
/// which are the same for all rows.
bool isReused(mlir::linalg::LinalgOp op, mlir::OpOperand &operand,
              const LoopRoles &roles);

/// Whether `loop` can be lanes of an operand: neighbours, or one element for
/// all of them.
bool isLane(mlir::linalg::LinalgOp op, mlir::OpOperand &operand, unsigned loop);

/// Why the body of `op` can't work on vectors; null if it can.
const char *checkBody(mlir::linalg::LinalgOp op, bool scalable);

/// By how much an operand's index in each of its dimensions grows with `loop`;
/// none if one isn't linear in it.
std::optional<llvm::SmallVector<int64_t>> stepsAlong(mlir::AffineMap map,
                                                     unsigned loop);

/// The width of an operand's panels along `loop`: it is read at (...,
/// loop floordiv width, ..., loop mod width).
std::optional<int64_t> panelOf(mlir::AffineMap map, unsigned loop);

/// Elements of a vector (times vscale): as many as of the widest type that `op`
/// computes with.
int64_t lanesOf(mlir::linalg::LinalgOp op, const VectorTarget &target);

/// How wide panels of an operand along `loop` should be, so that they are what
/// a tile of `op` reads.
int64_t panelWidth(mlir::linalg::LinalgOp op, const VectorTarget &target,
                   llvm::ArrayRef<int64_t> wanted, unsigned loop,
                   const std::optional<DotProduct> &dot);

/// The one of `products` whose tile, with lanes along `loop`, takes the fewest
/// clocks for a term; among equals the first.
std::optional<DotProduct> cheapest(mlir::linalg::LinalgOp op,
                                   const VectorTarget &target,
                                   llvm::ArrayRef<int64_t> wanted,
                                   unsigned loop,
                                   llvm::ArrayRef<DotProduct> products);

/// Whether `op`, elementwise, can have `loop` as lanes.
bool worksOnLanes(mlir::linalg::LinalgOp op, unsigned loop, bool scalable);

/// The roles of the loops of `op`, which works on buffers, or on tensors that
/// will be dense ones; or, in `why`, the reason that it stays scalar. The tile
/// is `wanted`, rows and vectors, as far as the op has so many; the default if
/// that is empty.
llvm::FailureOr<LoopRoles> chooseRoles(mlir::linalg::LinalgOp op,
                                       const VectorTarget &target,
                                       llvm::ArrayRef<int64_t> wanted,
                                       std::string &why);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_LOOPROLES_H
