//===- TileEmitter.h - A linalg op's computation on registers ---*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_TILEEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_TILEEMITTER_H

#include "Epilogue.h"
#include "LaneOp.h"

namespace rac::vectorize {

/// Writes the code of one tile of registers at a time.
class TileEmitter {
public:
  /// `init` is the scalar that the result starts from; null if it starts from
  /// what is in memory. With an epilogue, which needs `init`, that gets the
  /// result and memory does not.
  TileEmitter(mlir::linalg::LinalgOp op, const LoopRoles &roles, bool scalable,
              llvm::ArrayRef<mlir::Range> ranges, mlir::Value init,
              const std::optional<Epilogue> &epilogue, const Padding *padding);

  /// The tile whose first element is at `position`, one index a loop (those of
  /// reductions don't count).
  void emit(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
            const Tile &tile);

  LaneOp &main() { return lanes; }

private:
  void emitTile(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
                const Tile &tile);
  /// Tiles that reach over the border of an input apart from the others.
  void emitInside(mlir::OpBuilder &builder,
                  llvm::ArrayRef<mlir::Value> position, Tile tile);
  void emitRowsInside(mlir::OpBuilder &builder,
                      llvm::ArrayRef<mlir::Value> position, const Tile &tile);
  void emitEachRow(mlir::OpBuilder &builder, Values position, Tile tile);
  /// What is done with registers at one step of a loop, which gives new ones.
  using LoopBody = llvm::function_ref<Values(mlir::OpBuilder &, mlir::Value,
                                             mlir::ValueRange)>;

  /// What the tile starts from, row by row.
  Values start(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
               const Tile &tile);
  void finish(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
              const Tile &tile, mlir::ValueRange registers);
  /// Two values of what is reduced along the lanes; several.
  mlir::Value combine(mlir::OpBuilder &builder, mlir::Value x, mlir::Value y);
  mlir::Value combineAll(mlir::OpBuilder &builder, mlir::ValueRange registers);
  void combineLanes(mlir::OpBuilder &builder,
                    llvm::ArrayRef<mlir::Value> position, const Tile &tile,
                    mlir::ValueRange registers);
  void finishRow(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
                 int64_t row, mlir::Value sum);
  /// The body on each register of the tile.
  Values compute(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
                 const Tile &tile, mlir::ValueRange registers);
  /// The loops over reductions from number `next` on, around `compute`.
  Values reduce(mlir::OpBuilder &builder, Values position, unsigned next,
                const Tile &tile, mlir::ValueRange registers);
  /// The loop over a window, as far as it is inside the input.
  Values reduceInside(mlir::OpBuilder &builder, const Values &position,
                      const PaddedDim &dim, const Tile &tile,
                      mlir::ValueRange registers);
  /// The steps over a window, each for the rows that are inside the input.
  Values reduceAtBorder(mlir::OpBuilder &builder, Values position,
                        const Tile &tile, mlir::ValueRange registers);
  /// Whether a loop over a window leaves out what is outside.
  bool isClipped(const PaddedDim &dim, const Tile &tile);
  /// The first rows' indices that are known to be at a border; none: too many.
  std::optional<llvm::SmallVector<int64_t>>
  findBorders(mlir::OpBuilder &builder, const Tile &tile, bool &others);
  /// From the first element of the first row's window to behind the last's.
  int64_t span(const PaddedDim &dim, int64_t rows);
  mlir::Value isInside(mlir::OpBuilder &builder, const PaddedDim &dim,
                       llvm::ArrayRef<mlir::Value> position, int64_t rows);
  /// The index that the window's first element has in an input's dimension.
  mlir::Value indexIn(mlir::OpBuilder &builder, const PaddedDim &dim,
                      llvm::ArrayRef<mlir::Value> position);
  mlir::Value sizeOf(mlir::OpBuilder &builder, const PaddedDim &dim);
  Values loopOver(mlir::OpBuilder &builder, mlir::Value from, mlir::Value to,
                  int64_t step, mlir::ValueRange start, LoopBody body);
  /// The loop that `roles.factor` is the same for.
  Values reduceBlock(mlir::OpBuilder &builder, const Values &position,
                     const Tile &tile, mlir::ValueRange registers);
  /// That loop's sums where they are `roles.integers`.
  Values sumIntegers(mlir::OpBuilder &builder, const Values &position,
                     const Tile &tile);
  /// The loop over `roles.byLane`'s terms, several at a time.
  Values reduceByLane(mlir::OpBuilder &builder, const Values &position,
                      const Tile &tile, mlir::ValueRange registers);
  /// The loop over `roles.dot`'s terms, a group at a time.
  Values reduceTerms(mlir::OpBuilder &builder, const Values &position,
                     const Tile &tile, mlir::ValueRange registers);
  Values reduceLanes(mlir::OpBuilder &builder, const Values &position,
                     const Tile &tile, mlir::ValueRange registers);
  mlir::Value asValue(mlir::OpBuilder &builder, mlir::OpFoldResult size);

  mlir::linalg::LinalgOp op;
  LoopRoles roles;
  bool scalable;
  LaneOp lanes;
  llvm::ArrayRef<mlir::Range> ranges;
  mlir::Value init;
  std::optional<Epilogue> epilogue;
  std::optional<LaneOp> after;
  const Padding *padding; ///< of an input; null: none
};

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_TILEEMITTER_H
