//===- Replay.h - A plan from a file ----------------------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_REPLAY_H
#define RAC_LIB_EMIT_REPLAY_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace rac {

/// Reads a plan that `--emit=plan` printed, into `context`. `planned` is the
/// same model as this compiler plans it.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
readPlan(llvm::StringRef path, mlir::MLIRContext &context,
         mlir::ModuleOp planned);

/// Gives the plan its constants, which are printed by name only, from
/// `planned`, whose context must live as long as the plan.
llvm::Error takeConstants(mlir::ModuleOp plan, mlir::ModuleOp planned);

/// Fails if a constant of the module is there by name only.
llvm::Error checkConstants(mlir::ModuleOp module);

} // namespace rac

#endif // RAC_LIB_EMIT_REPLAY_H
