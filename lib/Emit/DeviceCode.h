//===- DeviceCode.h - Kernels of an accelerator to images -------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_DEVICECODE_H
#define RAC_LIB_EMIT_DEVICECODE_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Emit/DeviceImages.h"
#include "rac/Target/TargetSpec.h"
#include "llvm/Support/Error.h"

namespace rac {

/// Takes the kernels, lowered to the LLVM and NVVM dialects, out of the module.
/// As PTX, and as machine code where there is a ptxas (RAC_PTXAS, the build's,
/// or on the PATH).
llvm::Expected<DeviceImages> compileKernels(mlir::ModuleOp module,
                                            const AcceleratorSpec &chip);

} // namespace rac

#endif // RAC_LIB_EMIT_DEVICECODE_H
