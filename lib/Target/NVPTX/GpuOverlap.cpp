//===- GpuOverlap.cpp - Kernels that are launched before others end -------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "rac/Target/NVPTX/Passes.h"
#include "rac/Target/TargetSpec.h"

namespace rac {
#define GEN_PASS_DEF_GPUOVERLAP
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

/// Whether kernels of the chip may say when the next is launched (PTX ISA,
/// griddepcontrol).
static bool hasGridControl(StringRef chip) {
  return llvm::is_contained({"sm_90a", "sm_100"}, chip) ||
         chip == kHopperSimulatorChip;
}

namespace {

struct GpuOverlapPass : rac::impl::GpuOverlapBase<GpuOverlapPass> {
  using GpuOverlapBase::GpuOverlapBase;

  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (!hasGridControl(chip) || !kernel.isKernel())
      return;
    auto builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
    // The next comes only then, or else its next would, too, and so on.
    for (auto kind : {NVVM::GridDepActionKind::wait,
                      NVVM::GridDepActionKind::launch_dependents})
      NVVM::GriddepcontrolOp::create(builder, kernel.getLoc(), kind);
    kernel->setAttr("rac.overlaps", builder.getUnitAttr());
    ++numOverlapping;
  }
};

} // namespace
