//===- DeviceSpec.h - Devices in the IR -------------------------*- C++ -*-===//
//
// A device in the IR is DLTI: a `#dlti.target_system_spec` on the module with
// one `#dlti.target_device_spec` under "CPU" or "GPU". Its entries are the keys
// of the device file, objects are `#dlti.map`, null is `unit`, a count is an
// i64, any other number an f64. Objects in a list that have names are a map by
// name, in the list's order, so that a query can name them:
//
//   transform.dlti.query ["CPU", "memory", "L2", "size_bytes", "v"] at %module
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_DEVICESPEC_H
#define RAC_COST_DEVICESPEC_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "rac/Cost/Device.h"
#include "llvm/Support/Error.h"

namespace rac {

/// Loads the DLTI dialect, which a pass must name among those it depends on.
mlir::TargetSystemSpecInterface toDlti(const Device &device,
                                       mlir::MLIRContext *ctx);

/// The device that a specification describes; an error names the key that is
/// not as the schema wants it. What other systems put there is no error: it
/// holds no device then, which is said so too.
llvm::Expected<Device> fromDlti(mlir::TargetSystemSpecInterface spec);

/// Puts the device on the module, instead of what was there; as toDlti.
void attachDevice(mlir::ModuleOp module, const Device &device);
/// The device on the module.
llvm::Expected<Device> attachedDevice(mlir::ModuleOp module);

/// Puts what was unknown on the module as `rac.unknowns`, for the report;
/// nothing if all was known.
void noteUnknowns(mlir::ModuleOp module, const Unknowns &unknowns);
/// What is noted on the module. Entries that are not like that are left out.
Unknowns notedUnknowns(mlir::ModuleOp module);

} // namespace rac

#endif // RAC_COST_DEVICESPEC_H
