//===- Nest.h - The loops around the tiles of an op -------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_NEST_H
#define RAC_LIB_LOWERING_VECTORIZE_NEST_H

#include "TileEmitter.h"

namespace rac::vectorize {

/// Covers an op's result with tiles of registers: whole ones, and at the ends
/// of its rows and columns smaller ones.
class Nest {
public:
  Nest(mlir::linalg::LinalgOp op, const LoopRoles &roles, bool scalable,
       mlir::OpBuilder &builder, mlir::Value init,
       const std::optional<Epilogue> &epilogue, const Padding *padding)
      : op(op), roles(roles), scalable(scalable), builder(builder),
        loc(op.getLoc()), ranges(op.createLoopRanges(builder, loc)),
        tiles(op, roles, scalable, ranges, init, epilogue, padding) {}

  void emit();

private:
  mlir::Value constant(int64_t value);
  mlir::Value asValue(mlir::OpFoldResult size);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value lanes(int64_t vectors) {
    return tiles.main().lanes(builder, vectors);
  }
  /// Which lanes there are where `left` elements are.
  mlir::Value maskOf(mlir::Value left);
  bool rowsFirst();
  llvm::SmallVector<unsigned> order();
  std::optional<unsigned> loopOfNeighbours();
  int64_t sharedFrom(llvm::ArrayRef<unsigned> loops);
  mlir::Value columnStep();
  void emitColumns();
  void emitPanel();
  void emitColumnsUpTo(mlir::Value end);
  void emitLastColumns(int64_t count);
  std::optional<int64_t> countReuse();
  std::optional<Later> laterFor(int64_t rows, int64_t vectors);
  void emitTile(int64_t rows, int64_t vectors, const Values &masks);
  void emitRows(int64_t vectors, const Values &masks = {});
  void emitLastRows(int64_t rows, int64_t vectors, const Values &masks);
  /// `whole` where a step from `position[loop]` on stays before `end`, else
  /// `rest`.
  void split(unsigned loop, mlir::Value step, mlir::Value end,
             llvm::function_ref<void()> whole, llvm::function_ref<void()> rest);
  /// `body` for each step of `loop` from where it is up to `end`.
  void repeat(unsigned loop, mlir::Value step, mlir::Value end,
              llvm::function_ref<void()> body);

  mlir::linalg::LinalgOp op;
  LoopRoles roles;
  bool scalable;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::SmallVector<mlir::Range> ranges;
  TileEmitter tiles;
  Values position;
  /// The loops between that of the vectors and the tiles: while they run, the
  /// reused vectors stay.
  llvm::SmallVector<unsigned> within;
  /// From one tile of the parallel nest to the next, along the vector loop.
  mlir::Value columns;
};

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_NEST_H
