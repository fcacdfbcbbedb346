//===- CodeGen.h - LLVM IR to objects ---------------------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_CODEGEN_H
#define RAC_LIB_EMIT_CODEGEN_H

#include "mlir/IR/Operation.h"
#include "rac/Target/TargetSpec.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/raw_ostream.h"

namespace rac {

/// A module of the LLVM dialect, or of kernels in that and NVVM's. `what` is
/// its name, and what an error calls it.
llvm::Expected<std::unique_ptr<llvm::Module>>
translate(mlir::Operation *module, llvm::LLVMContext &context,
          llvm::StringRef what);

/// Optimises a module in place.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

llvm::Error writeCode(llvm::Module &module, llvm::TargetMachine &machine,
                      llvm::CodeGenFileType type, llvm::raw_pwrite_stream &os);

/// The module's kernels in assembly, optimised in as many parts on several
/// threads as compileObjects() makes, each with all that isn't a kernel.
llvm::Expected<std::string> compileKernelText(llvm::Module &module,
                                              const TargetSpec &target);

/// Optimises a module and makes objects of it: several, on several threads, if
/// it is large. How many depends on the module only, so that the result does
/// too.
llvm::Expected<std::vector<llvm::SmallVector<char, 0>>>
compileObjects(std::unique_ptr<llvm::Module> module, const TargetSpec &target);

} // namespace rac

#endif // RAC_LIB_EMIT_CODEGEN_H
