//===- ComparePlans.h - Do two plans compute the same? ----------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_COMPAREPLANS_H
#define RAC_LIB_EMIT_COMPAREPLANS_H

#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>

namespace rac {

/// Where the functions `main` of two plans, of the same arguments and results,
/// compute something else: in words, or nothing. How ops are grouped, and in
/// what order they come, makes no difference. The two may be in different
/// contexts. Constants that are resources are compared by name.
std::optional<std::string> differenceOf(mlir::ModuleOp plan,
                                        mlir::ModuleOp model);

} // namespace rac

#endif // RAC_LIB_EMIT_COMPAREPLANS_H
