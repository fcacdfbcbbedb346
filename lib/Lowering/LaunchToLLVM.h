//===- LaunchToLLVM.h - Kernels of an accelerator ---------------*- C++ -*-===//

#ifndef RAC_LOWERING_LAUNCHTOLLVM_H
#define RAC_LOWERING_LAUNCHTOLLVM_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Transforms/DialectConversion.h"

namespace rac {

/// `rac.launch`, `rac.read` and `rac.kernel_status` to calls of the runtime
/// (rac-c/Device.h). The module's `rac.kernels` numbers the kernels.
void populateLaunchToLLVM(const mlir::LLVMTypeConverter &converter,
                          mlir::RewritePatternSet &patterns);

} // namespace rac

#endif // RAC_LOWERING_LAUNCHTOLLVM_H
