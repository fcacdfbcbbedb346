//===- InlineCall.h - A call becomes what it calls --------------*- C++ -*-===//

#ifndef RAC_LOWERING_INLINECALL_H
#define RAC_LOWERING_INLINECALL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rac {

/// Puts the one block of `callee` in the place of `call`. Returns the copies of
/// its operations.
llvm::SmallVector<mlir::Operation *> inlineCall(mlir::func::CallOp call,
                                                mlir::func::FuncOp callee);

} // namespace rac

#endif // RAC_LOWERING_INLINECALL_H
