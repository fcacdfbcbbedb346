//===- TileEmitter.h - A linalg op's computation on registers ---*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_TILEEMITTER_H
#define RAC_LIB_LOWERING_VECTORIZE_TILEEMITTER_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// Writes the code of one tile of registers at a time.
class TileEmitter {
public:
  /// `init` is the scalar that the result starts from; null if it starts from
  /// what is in memory.
  TileEmitter(mlir::linalg::LinalgOp op, const LoopRoles &roles, bool scalable,
              llvm::ArrayRef<mlir::Range> ranges, mlir::Value init)
      : op(op), roles(roles), scalable(scalable), ranges(ranges), init(init) {}

  /// The tile whose first element is at `position`, one index a loop (those of
  /// reductions don't count). `mask` tells which lanes there are, of a single
  /// vector; null: all.
  void emit(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
            int64_t rows, int64_t vectors, mlir::Value mask);

  /// Elements of a vector, at run time.
  mlir::Value lanes(mlir::OpBuilder &builder, int64_t vectors);
  mlir::VectorType vectorOf(mlir::Type element) const;

private:
  using Values = llvm::SmallVector<mlir::Value>;

  mlir::Value indexOf(mlir::OpBuilder &builder, mlir::AffineExpr expr,
                      llvm::ArrayRef<mlir::Value> position);
  Values addressOf(mlir::OpBuilder &builder, mlir::AffineMap map,
                   llvm::ArrayRef<mlir::Value> position);
  /// `position` moved by some rows and vectors.
  Values moved(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
               int64_t row, int64_t vector);
  mlir::Value load(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                   llvm::ArrayRef<mlir::Value> position);
  /// What the tile starts from, row by row.
  Values start(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position);
  void finish(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
              mlir::ValueRange tile);
  void store(mlir::OpBuilder &builder, mlir::Value value,
             llvm::ArrayRef<mlir::Value> position);
  /// The body on each register of the tile.
  Values compute(mlir::OpBuilder &builder, llvm::ArrayRef<mlir::Value> position,
                 mlir::ValueRange tile);
  mlir::Value applyBody(mlir::OpBuilder &builder,
                        llvm::ArrayRef<mlir::Value> position,
                        mlir::ValueRange arguments);
  /// The loops over reductions from number `next` on, around `compute`.
  Values reduce(mlir::OpBuilder &builder, Values position, unsigned next,
                mlir::ValueRange tile);

  mlir::linalg::LinalgOp op;
  LoopRoles roles;
  bool scalable;
  llvm::ArrayRef<mlir::Range> ranges;
  mlir::Value init;
  // Of the tile at hand.
  int64_t rows = 1, vectors = 1;
  mlir::Value mask;
};

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_TILEEMITTER_H
