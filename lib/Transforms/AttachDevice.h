//===- AttachDevice.h - A device's description into the IR ------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_ATTACHDEVICE_H
#define RAC_LIB_TRANSFORMS_ATTACHDEVICE_H

#include "mlir/IR/BuiltinOps.h"

namespace rac {

/// Attaches the device of a name or file; remarks on the choice.
llvm::LogicalResult attachNamedDevice(mlir::ModuleOp module,
                                      llvm::StringRef nameOrFile);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_ATTACHDEVICE_H
