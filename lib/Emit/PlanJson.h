//===- PlanJson.h - Plans as JSON -------------------------------*- C++ -*-===//
//
// Schema rac-plan/1: the plans of a module's groups, to read, edit and replay
// on the same model; docs/Planner.md says what the keys mean.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_EMIT_PLANJSON_H
#define RAC_LIB_EMIT_PLANJSON_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace rac {

/// `device` is the id of the one planned for.
llvm::json::Value planToJson(mlir::ModuleOp module, llvm::StringRef device);

/// Gives the module's groups the plans of a file. One that doesn't fit is an
/// error that names the group and the reason. Plans that differ from those that
/// the groups had lose their cost and alternatives.
llvm::Error applyPlanJson(mlir::ModuleOp module, llvm::StringRef path);

/// The points of the module's front, `rac.front`, schema rac-pareto/1.
llvm::json::Value frontToJson(mlir::ModuleOp module, llvm::StringRef model,
                              llvm::StringRef device);
/// The same as a table for people.
void printFront(mlir::ModuleOp module, llvm::raw_ostream &os);

} // namespace rac

#endif // RAC_LIB_EMIT_PLANJSON_H
