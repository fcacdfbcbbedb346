//===- RowProgram.h - Ops that work row by row ------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_ROWPROGRAM_H
#define RAC_LIB_TARGET_NVPTX_ROWS_ROWPROGRAM_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac::nvptx {

/// Ops one after the other that all have the same rows: what one of them knows
/// of a row needs nothing of other rows. A softmax is such ops, or a layer
/// norm. Some reduce the rows' elements, some compute new ones, some do
/// something for the row alone.
struct RowProgram {
  /// What a loop of an op runs over: the rows' dimension `index`, the elements'
  /// dimension `index`, or the one thing there is.
  struct Role {
    enum Kind { row, element, unit } kind = unit;
    unsigned index = 0;
  };

  llvm::SmallVector<mlir::linalg::LinalgOp> ops;
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<Role>> roles;
  /// Where the size of each dimension can be seen: a buffer's dimension.
  llvm::SmallVector<std::pair<mlir::Value, int64_t>> rows, elements;
  llvm::SmallVector<int64_t> staticRows, staticElements;
  /// Buffers that nothing else uses: they need no memory.
  llvm::SetVector<mlir::Value> temporaries;

  /// The program that `ops` are; none if they aren't.
  static std::optional<RowProgram>
  find(llvm::ArrayRef<mlir::linalg::LinalgOp> ops);

  /// Whether an op has a loop over elements.
  bool hasElements(mlir::linalg::LinalgOp op) const;
  bool reduces(mlir::linalg::LinalgOp op) const;
  /// Where `operand` is, from rows' and elements' indices.
  mlir::AffineMap accessOf(mlir::OpOperand &operand) const;
  /// The loop of `op` along the last of the elements' dimensions.
  std::optional<unsigned> laneOf(mlir::linalg::LinalgOp op) const;
  /// Whether neighbours in a row are neighbours in memory.
  bool isContiguous() const;
};

/// The operands of `op`, from those that are read.
llvm::SmallVector<mlir::OpOperand *> operandsOf(mlir::linalg::LinalgOp op);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_ROWPROGRAM_H
