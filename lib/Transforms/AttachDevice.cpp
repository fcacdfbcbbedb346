//===- AttachDevice.cpp - A device's description into the IR --------------===//

#include "AttachDevice.h"
#include "rac/Cost/DeviceLookup.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_ATTACHDEVICE
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

LogicalResult rac::attachNamedDevice(ModuleOp module, StringRef nameOrFile) {
  std::vector<std::string> notes;
  llvm::Expected<Device> found = findDevice(nameOrFile, notes);
  // At the location, since at the op the whole model would be printed.
  for (const std::string &note : notes)
    emitRemark(module.getLoc(), note);
  if (!found)
    return emitError(module.getLoc(), llvm::toString(found.takeError()));
  attachDevice(module, *found);
  return success();
}

namespace {

struct AttachDevice : rac::impl::AttachDeviceBase<AttachDevice> {
  using AttachDeviceBase::AttachDeviceBase;

  void runOnOperation() override {
    if (failed(attachNamedDevice(getOperation(), device)))
      signalPassFailure();
  }
};

} // namespace
