//===- DeviceCode.h - Kernels of an accelerator to images -------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_DEVICECODE_H
#define RAC_LIB_EMIT_DEVICECODE_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Emit/DeviceImages.h"
#include "rac/Target/TargetSpec.h"
#include "llvm/Support/Error.h"

namespace rac {

/// Takes the kernels, a `gpu.module`, out of the module: as PTX, and as machine
/// code for each chip where that is wanted (`assembled`) and there is a ptxas
/// (RAC_PTXAS, the build's, or on the PATH). For the simulator, as what that
/// runs. `lower` turns them into the LLVM dialect, and NVVM's for a GPU.
llvm::Expected<DeviceImages>
compileKernels(mlir::ModuleOp module, const AcceleratorSpec &chip,
               bool assembled, llvm::function_ref<llvm::Error()> lower);

} // namespace rac

#endif // RAC_LIB_EMIT_DEVICECODE_H
