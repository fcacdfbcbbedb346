//===- Permute.h - Ops in another order of dimensions -----------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_PERMUTE_H
#define RAC_LIB_TRANSFORMS_PERMUTE_H

#include "mlir/IR/Builders.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include <optional>

namespace rac {

using Permutation = llvm::SmallVector<int64_t>;

/// The order of an op's operands' and result's dimensions: dimension i of the
/// permuted tensor is dimension permutation[i] of the model's.
struct OpOrder {
  Permutation operand, result;
};

/// The order of the op's result where its operands have order `operand`;
/// nothing for an op that can't work so.
std::optional<OpOrder> orderFromOperand(mlir::Operation *op,
                                        const Permutation &operand);
/// The same, given the result's order.
std::optional<OpOrder> orderFromResult(mlir::Operation *op,
                                       const Permutation &result);

/// The operands that the order is about: sizes and scalars aside.
llvm::SmallVector<mlir::OpOperand *> getOrderedOperands(mlir::Operation *op);

/// The op in another order, on `operands`, which stand for the ordered ones.
mlir::Value buildPermuted(mlir::OpBuilder &builder, mlir::Operation *op,
                          const OpOrder &order,
                          llvm::ArrayRef<mlir::Value> operands);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_PERMUTE_H
