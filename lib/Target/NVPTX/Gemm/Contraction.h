//===- Contraction.h - What is computed as a matrix product -----*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_CONTRACTION_H
#define RAC_LIB_TARGET_NVPTX_GEMM_CONTRACTION_H

#include "../Padding.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac::gemm {

/// An elementwise op that alone reads the result: it is computed on registers.
struct Epilogue {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand *use; ///< that result
  /// For each loop of `op`, which of the contraction's it is.
  llvm::SmallVector<unsigned> loops;
};

/// What happens to a pair of elements.
enum class Product {
  Plain,   ///< they are multiplied, maybe widened before, and added
  General, ///< something that is added
};

/// How an integer of few bits becomes a factor: with a sign or not, and less
/// its zero point.
struct Widening {
  bool isUnsigned = false;
  int64_t zero = 0;

  /// Signed bytes that add up to the zero point's negative.
  llvm::SmallVector<int64_t, 2> shifts() const;
};

/// result[batch, row, column] += sum over depth of
///     f(a[batch, row, depth], b[batch, column, depth])
/// where rows, columns, depth and batch are several loops each, or none.
struct Contraction {
  mlir::linalg::LinalgOp op;
  mlir::OpOperand *a, *b;
  llvm::SmallVector<unsigned> batch, rows, columns, depth;
  Product product;
  Widening wideningA, wideningB; ///< of plain products
  /// Writes the result's first value; null if something else does.
  mlir::linalg::FillOp fill;
  std::optional<Epilogue> epilogue;
  /// Of operands that needn't be in memory as they are read.
  llvm::SmallVector<nvptx::Padding> paddings;

  /// The operand's; null if it has none.
  const nvptx::Padding *paddingOf(const mlir::OpOperand *operand) const;
  mlir::Value result() const {
    return mlir::linalg::LinalgOp(op).getDpsInits()[0];
  }
  mlir::Type accumulator() const;
};

/// `op` as a contraction; or, in `why`, what it isn't one for.
mlir::FailureOr<Contraction> matchContraction(mlir::linalg::LinalgOp op,
                                              std::string &why);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_CONTRACTION_H
