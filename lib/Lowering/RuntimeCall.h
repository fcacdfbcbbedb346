//===- RuntimeCall.h - Calls of the runtime ---------------------*- C++ -*-===//

#ifndef RAC_LOWERING_RUNTIMECALL_H
#define RAC_LOWERING_RUNTIMECALL_H

#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace rac {

/// The context: the first argument of every function.
inline mlir::Value contextOf(mlir::Operation *op) {
  return op->getParentOfType<mlir::LLVM::LLVMFuncOp>().getArgument(0);
}

/// Calls the runtime's `name`, declaring it where needed.
inline mlir::FailureOr<mlir::Value>
callRuntime(mlir::OpBuilder &builder, mlir::Operation *op, llvm::StringRef name,
            mlir::Type result, llvm::ArrayRef<mlir::Value> arguments) {
  auto types = llvm::map_to_vector(
      arguments, [](mlir::Value value) { return value.getType(); });
  auto function = mlir::LLVM::lookupOrCreateFn(
      builder, op->getParentOfType<mlir::ModuleOp>(), name, types, result);
  if (failed(function))
    return mlir::failure();
  auto call =
      mlir::LLVM::CallOp::create(builder, op->getLoc(), *function, arguments);
  return call.getNumResults() ? call.getResult() : mlir::Value();
}

} // namespace rac

#endif // RAC_LOWERING_RUNTIMECALL_H
