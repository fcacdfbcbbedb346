//===- OpUtils.h - What op definitions and rewrites share -------*- C++ -*-===//

#ifndef RAC_DIALECT_RAC_IR_OPUTILS_H
#define RAC_DIALECT_RAC_IR_OPUTILS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"

namespace rac {

/// Adds to `state` the operands, the static_sizes attribute and the result type
/// of an op that gives `input` the shape `sizes`.
inline void addMixedSizes(mlir::OperationState &state, mlir::Value input,
                          llvm::ArrayRef<mlir::OpFoldResult> sizes) {
  llvm::SmallVector<int64_t> staticSizes;
  llvm::SmallVector<mlir::Value> dynamicSizes;
  mlir::dispatchIndexOpFoldResults(sizes, dynamicSizes, staticSizes);
  state.addOperands(input);
  state.addOperands(dynamicSizes);
  mlir::Builder builder(state.getContext());
  state.addAttribute("static_sizes", builder.getDenseI64ArrayAttr(staticSizes));
  state.addTypes(
      mlir::cast<mlir::RankedTensorType>(input.getType()).clone(staticSizes));
}

/// `value`, whose type may be more or less static, as the type that `op` gives.
inline mlir::Value castToResult(mlir::OpBuilder &builder, mlir::Operation *op,
                                mlir::Value value) {
  mlir::Type type = op->getResult(0).getType();
  return value.getType() == type
             ? value
             : mlir::tensor::CastOp::create(builder, op->getLoc(), type, value);
}

/// Replaces `op` by `value`, with a cast where the types differ.
inline void replaceWithRefined(mlir::RewriterBase &rewriter,
                               mlir::Operation *op, mlir::Value value) {
  rewriter.replaceOp(op, castToResult(rewriter, op, value));
}

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_OPUTILS_H
