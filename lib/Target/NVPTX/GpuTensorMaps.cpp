//===- GpuTensorMaps.cpp - Tensor maps as kernels' parameters -------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "rac-c/Device.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUTENSORMAPS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Of a kernel's pointers only those to tensor maps say how they are aligned.
bool isTensorMap(LLVM::LLVMFuncOp kernel, unsigned argument) {
  auto align = kernel.getArgAttrOfType<IntegerAttr>(
      argument, LLVM::LLVMDialect::getAlignAttrName());
  return align && align.getInt() == RAC_TENSOR_MAP_ALIGN &&
         isa<LLVM::LLVMPointerType>(kernel.getArgument(argument).getType());
}

struct GpuTensorMapsPass : rac::impl::GpuTensorMapsBase<GpuTensorMapsPass> {
  void runOnOperation() override {
    Builder builder(&getContext());
    auto bytes =
        LLVM::LLVMArrayType::get(builder.getI8Type(), RAC_TENSOR_MAP_BYTES);
    for (auto kernel : getOperation().getOps<LLVM::LLVMFuncOp>())
      for (unsigned i = 0; i < kernel.getNumArguments(); ++i)
        if (isTensorMap(kernel, i)) {
          kernel.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(),
                            TypeAttr::get(bytes));
          kernel.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(),
                            builder.getUnitAttr());
        }
  }
};

} // namespace
