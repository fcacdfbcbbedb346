//===- LaunchToLLVM.cpp - Kernels of an accelerator -----------------------===//

#include "LaunchToLLVM.h"
#include "LibraryCallToLLVM.h"
#include "RuntimeCall.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "rac-c/DLPack.h"
#include "rac-c/Device.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

namespace {

Value constant(OpBuilder &builder, Location loc, Type type, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, type,
                                  builder.getIntegerAttr(type, value));
}

/// A slot on the stack, made once however often the code runs. `alignment`: of
/// bytes; 0: the type's.
Value stackSlot(OpBuilder &builder, Operation *op, Type type,
                unsigned alignment = 0) {
  OpBuilder::InsertionGuard guard(builder);
  auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
  builder.setInsertionPointToStart(&function.getBody().front());
  Value one = constant(builder, op->getLoc(), builder.getI64Type(), 1);
  return LLVM::AllocaOp::create(builder, op->getLoc(),
                                LLVM::LLVMPointerType::get(op->getContext()),
                                type, one, alignment);
}

/// A kernel takes a buffer as the members of its descriptor.
SmallVector<Value> kernelParameters(OpBuilder &builder, LaunchOp op,
                                    ValueRange lowered) {
  SmallVector<Value> parameters;
  for (auto [original, value] : llvm::zip_equal(op.getInputs(), lowered)) {
    if (auto type = dyn_cast<MemRefType>(original.getType()))
      MemRefDescriptor::unpack(builder, op.getLoc(), value, type, parameters);
    else
      parameters.push_back(value);
  }
  return parameters;
}

struct LaunchLowering : ConvertOpToLLVMPattern<LaunchOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(LaunchOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto kernels = op->getParentOfType<ModuleOp>()->getAttrOfType<ArrayAttr>(
        "rac.kernels");
    StringAttr name = op.getKernel().getLeafReference();
    auto place = kernels ? llvm::find(kernels, name) : ArrayAttr::iterator();
    if (!kernels || place == kernels.end())
      return op.emitOpError("launches a kernel that the module's rac.kernels "
                            "doesn't list");
    SmallVector<Value> sizes(adaptor.getGrid());
    llvm::append_range(sizes, adaptor.getBlock());
    sizes.push_back(
        constant(rewriter, loc, rewriter.getI64Type(), op.getShared()));

    SmallVector<Value> slots;
    for (Value parameter :
         kernelParameters(rewriter, op, adaptor.getInputs())) {
      // A tensor map is passed itself: the pointer is its address.
      if (isa<LLVM::LLVMPointerType>(parameter.getType()) &&
          parameter.getDefiningOp<LLVM::AllocaOp>()) {
        slots.push_back(parameter);
        continue;
      }
      Value slot = stackSlot(rewriter, op, parameter.getType());
      LLVM::StoreOp::create(rewriter, loc, parameter, slot);
      slots.push_back(slot);
    }
    Value number =
        constant(rewriter, loc, rewriter.getI32Type(), place - kernels.begin());
    if (failed(
            callRuntime(rewriter, op, "rac_launch",
                        LLVM::LLVMVoidType::get(op.getContext()),
                        {contextOf(op), number, storeArray(rewriter, op, sizes),
                         storeArray(rewriter, op, slots)})))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

int64_t dlpackCode(Type type) {
  if (type.isBF16())
    return kDLBfloat;
  if (isa<FloatType>(type))
    return kDLFloat;
  return type.isUnsignedInteger() ? kDLUInt : kDLInt;
}

struct TensorMapLowering : ConvertOpToLLVMPattern<TensorMapOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(TensorMapOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type i32 = rewriter.getI32Type(), i64 = rewriter.getI64Type();
    auto type = cast<MemRefType>(op.getMemory().getType());
    Type element = type.getElementType();
    Value base = getStridedElementPtr(rewriter, loc, type, adaptor.getMemory(),
                                      adaptor.getOffset());
    Value map = stackSlot(
        rewriter, op,
        LLVM::LLVMArrayType::get(rewriter.getI8Type(), RAC_TENSOR_MAP_BYTES),
        RAC_TENSOR_MAP_ALIGN);
    auto box = llvm::map_to_vector(op.getBox(), [&](int64_t size) {
      return constant(rewriter, loc, i64, size);
    });
    if (failed(callRuntime(
            rewriter, op, "rac_tensor_map",
            LLVM::LLVMVoidType::get(op.getContext()),
            {contextOf(op), map, base,
             constant(rewriter, loc, i32, dlpackCode(element)),
             constant(rewriter, loc, i32, element.getIntOrFloatBitWidth()),
             constant(rewriter, loc, i32, op.getSizes().size()),
             storeArray(rewriter, op, llvm::to_vector(adaptor.getSizes())),
             storeArray(rewriter, op, llvm::to_vector(adaptor.getStrides())),
             storeArray(rewriter, op, box)})))
      return failure();
    rewriter.replaceOp(op, map);
    return success();
  }
};

struct ReadLowering : ConvertOpToLLVMPattern<ReadOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(ReadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getSource().getType());
    Type element = getTypeConverter()->convertType(type.getElementType());
    Value address = getStridedElementPtr(
        rewriter, loc, type, adaptor.getSource(), adaptor.getIndices());
    Value slot = stackSlot(rewriter, op, element);
    int64_t bytes = type.getElementType().isIndex()
                        ? 8
                        : llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    if (failed(callRuntime(
            rewriter, op, "rac_read", LLVM::LLVMVoidType::get(op.getContext()),
            {contextOf(op), slot, address,
             constant(rewriter, loc, rewriter.getI64Type(), bytes)})))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, element, slot);
    return success();
  }
};

struct KernelStatusLowering : ConvertOpToLLVMPattern<KernelStatusOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(KernelStatusOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FailureOr<Value> pointer = callRuntime(
        rewriter, op, "rac_kernel_status",
        LLVM::LLVMPointerType::get(op.getContext()), {contextOf(op)});
    if (failed(pointer))
      return failure();
    rewriter.replaceOp(
        op, {createMemRefDescriptor(op.getLoc(), cast<MemRefType>(op.getType()),
                                    *pointer, *pointer, {}, {}, rewriter)});
    return success();
  }
};

} // namespace

void rac::populateLaunchToLLVM(const LLVMTypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LaunchLowering, TensorMapLowering, ReadLowering,
               KernelStatusLowering>(converter);
}
