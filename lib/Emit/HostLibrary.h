//===- HostLibrary.h - A planned model, to run right away -------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_HOSTLIBRARY_H
#define RAC_LIB_EMIT_HOSTLIBRARY_H

#include "mlir/IR/OwningOpRef.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Precision/LoadedModel.h"
#include "rac/Target/TargetSpec.h"

namespace rac {

/// When passes' work is verified: after each of them, or once, where kernels
/// are so large that it takes a third of the time.
enum class Verified { eachPass, atEnd };

/// Fails with the stage's name only: what went wrong is for the context's
/// handler of diagnostics.
llvm::Error runPasses(mlir::ModuleOp module, llvm::StringRef stage,
                      llvm::function_ref<void(mlir::OpPassManager &)> populate,
                      Verified verified = Verified::eachPass);

/// Compiles a planned module, which is used up, for `target`, which this
/// machine must be, into a temporary library, and loads it.
llvm::Expected<std::unique_ptr<LoadedModel>>
loadOnHost(mlir::ModuleOp module, const TargetSpec &target, int32_t threads);

} // namespace rac

#endif // RAC_LIB_EMIT_HOSTLIBRARY_H
