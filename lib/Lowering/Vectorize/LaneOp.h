//===- LaneOp.h - A linalg op's operands and body on registers --*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_LANEOP_H
#define RAC_LIB_LOWERING_VECTORIZE_LANEOP_H

#include "Padding.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

namespace rac::vectorize {

using Values = llvm::SmallVector<mlir::Value>;

/// What a tile fetches at each step of a reduction for a later one, whose
/// vectors, the same for all rows, would else come from far while it waits.
struct Later {
  /// How far along the vector loop the first of `vectors` is.
  mlir::Value columns;
  int64_t vectors = 1;
  /// The reduction, by whose steps of so many terms this goes. Several tiles
  /// share them: each fetches a part, slower, from a step on.
  unsigned loop = 0;
  int64_t terms = 1, parts = 1;
  mlir::Value firstStep;
};

/// Registers that are computed together: `rows` x `vectors`, row by row.
struct Tile {
  int64_t rows = 1, vectors = 1;
  /// Which lanes of each vector there are; null, or none at all: all of them.
  Values masks;
  /// Whether all of the windows are inside of a padded input: along its
  /// dimensions that don't go with rows, and along the one that does.
  bool inside = false, rowsInside = true;
  /// Where they are not, as is known when compiling: the index of the first
  /// row's window in that dimension.
  std::optional<int64_t> border = std::nullopt;
  std::optional<Later> later = std::nullopt;

  mlir::Value mask(int64_t vector) const {
    return masks.empty() ? mlir::Value() : masks[vector];
  }
};

/// Loads, computes and stores what one linalg op has for a tile. Positions are
/// those of the tile's first element, one index a loop of the op.
class LaneOp {
public:
  LaneOp(mlir::linalg::LinalgOp op, const LoopRoles &roles, bool scalable,
         const Padding *padding = nullptr)
      : op(op), roles(roles), scalable(scalable), padding(padding) {}

  mlir::VectorType vectorOf(mlir::Type element);
  /// Elements of so many vectors, at run time.
  mlir::Value lanes(mlir::OpBuilder &builder, int64_t vectors);
  /// Where row `row` of the tile has its element of `operand`, at lane 0 of
  /// vector `vector`.
  Values address(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                 llvm::ArrayRef<mlir::Value> position, int64_t row,
                 int64_t vector);
  mlir::Value load(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                   llvm::ArrayRef<mlir::Value> position, int64_t row,
                   int64_t vector, mlir::Value mask);
  void store(mlir::OpBuilder &builder, mlir::Value value,
             llvm::ArrayRef<mlir::Value> position, int64_t row, int64_t vector,
             mlir::Value mask);
  /// Has the vectors come that steps of `loop` farther on read, each once.
  void prefetch(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
                const Tile &tile, unsigned loop);
  /// Has the step's part of `tile.later` come.
  void prefetchLater(mlir::OpBuilder &builder,
                     llvm::ArrayRef<mlir::Value> position, const Tile &tile);
  /// Sums the terms of `roles.dot` from `position` on, a group or the `left`
  /// that there are of it, into each register of the tile.
  Values computeDot(mlir::OpBuilder &builder,
                    llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                    mlir::ValueRange registers, mlir::Value left);
  /// A tile's registers as blocks of `roles.dot`, which have their rows by
  /// twos, and back: of `tile.rows` rows, the last block's second may be none.
  Values toBlocks(mlir::OpBuilder &builder, const Tile &tile,
                  mlir::ValueRange registers);
  Values fromBlocks(mlir::OpBuilder &builder, const Tile &tile,
                    mlir::ValueRange blocks);
  /// The same as computeDot, of blocks.
  Values computeBlocks(mlir::OpBuilder &builder,
                       llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                       mlir::ValueRange blocks, mlir::Value left);
  /// The sums of `roles.integers` for each of its powers of two and each
  /// register of a tile: zeros, with a group of terms from `position` on added,
  /// and as the floats that they are together.
  Values startIntegers(mlir::OpBuilder &builder, const Tile &tile);
  Values computeIntegers(mlir::OpBuilder &builder,
                         llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                         mlir::ValueRange registers);
  Values finishIntegers(mlir::OpBuilder &builder,
                        llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                        mlir::ValueRange registers);
  /// The terms of `roles.byLane` from `position` on.
  Values computeByLane(mlir::OpBuilder &builder,
                       llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                       mlir::ValueRange registers);
  /// The body on each register of the tile. Operand number `given` has the
  /// values `registers` instead of those in memory.
  Values compute(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
                 const Tile &tile, unsigned given, mlir::ValueRange registers);
  /// The same, each stored as soon as it is there: then its register is free.
  void computeInPlace(mlir::OpBuilder &builder,
                      llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                      unsigned given, mlir::ValueRange registers);
  /// A value of the body, which doesn't look at what the result was, for each
  /// register of the tile.
  Values evaluate(mlir::OpBuilder &builder,
                  llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                  mlir::Value wanted) {
    return evaluate(builder, position, tile, wanted, /*given=*/~0u, {},
                    /*stores=*/false);
  }

private:
  /// Where the body is computed: the element of lane 0, and which lanes there
  /// are.
  struct Place {
    llvm::ArrayRef<mlir::Value> position;
    int64_t row, vector;
    mlir::Value mask;
  };
  Values evaluate(mlir::OpBuilder &builder,
                  llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                  mlir::Value wanted, unsigned given,
                  mlir::ValueRange registers, bool stores);
  /// The value `wanted` of the body, of which `needed` computes it.
  mlir::Value applyBody(mlir::OpBuilder &builder, const Place &place,
                        mlir::ValueRange arguments, mlir::Value wanted,
                        const llvm::DenseSet<mlir::Value> &needed);
  /// The index of a loop, at lane 0.
  mlir::Value indexAt(mlir::OpBuilder &builder, const Place &place,
                      unsigned loop);
  /// A value of the body that is the same for all lanes.
  mlir::Value scalarOf(mlir::OpBuilder &builder, const Place &place,
                       mlir::Value value, const mlir::IRMapping &vectors,
                       mlir::IRMapping &scalars);
  /// What the body loads by itself.
  mlir::Value loadInBody(mlir::OpBuilder &builder, const Place &place,
                         mlir::memref::LoadOp load,
                         const mlir::IRMapping &vectors,
                         mlir::IRMapping &scalars);
  mlir::Value gatherInBody(mlir::OpBuilder &builder, const Place &place,
                           mlir::memref::LoadOp load,
                           const mlir::IRMapping &vectors,
                           mlir::IRMapping &scalars);
  /// A group of terms for each lane.
  mlir::Value loadGroups(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                         const Values &address, mlir::Value mask);
  /// One group of terms, as one number that is so wide.
  mlir::Value loadTerms(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                        const Values &address, mlir::Value left);
  mlir::VectorType groupsOf(mlir::Type element);
  /// Of a lane, side by side.
  int64_t termsTogether() {
    return roles.dot ? roles.dot->terms : roles.integers->terms;
  }
  /// A lane's terms, as one number.
  mlir::Type groupType();
  /// So many vectors' lanes by twos.
  mlir::VectorType pairsOf(int64_t vectors);
  mlir::Value bitcast(mlir::OpBuilder &builder, mlir::Value vector,
                      mlir::VectorType type);
  /// Half number `number` of a vector.
  mlir::Value halfOf(mlir::OpBuilder &builder, mlir::Value vector,
                     int64_t number);
  mlir::Value interleave(mlir::OpBuilder &builder, mlir::Value first,
                         mlir::Value second);
  /// What lies at `address`, and so many elements further for each lane.
  mlir::Value gatherAt(mlir::OpBuilder &builder, mlir::Value from,
                       const Values &address, mlir::Value places,
                       mlir::Value mask);
  /// The lanes of `operand`, which lie apart, from `address` on.
  mlir::Value gather(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                     const Values &address, mlir::Value mask);
  /// Panels are filled up, so that all of a vector of them can be read.
  bool isWholeAnyway(mlir::AffineMap map);

  mlir::linalg::LinalgOp op;
  LoopRoles roles;
  bool scalable;
  const Padding *padding; ///< of an input; null: none
};

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_LANEOP_H
