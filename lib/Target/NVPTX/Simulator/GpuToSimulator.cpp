//===- GpuToSimulator.cpp - Kernels as functions of the host --------------===//

#include "Calls.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/GPUCommon/GPUCommonPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Target/NVPTX/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace rac {
#define GEN_PASS_DEF_GPUTOSIMULATOR
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac::simulator;

FailureOr<Value> rac::simulator::call(ConversionPatternRewriter &rewriter,
                                      Operation *op, StringRef name,
                                      Type result, ArrayRef<Value> arguments) {
  SmallVector<Value> all = {kernelArgument(op, kThread)};
  llvm::append_range(all, arguments);
  SmallVector<Type> types =
      llvm::map_to_vector(all, [](Value value) { return value.getType(); });
  if (!result)
    result = LLVM::LLVMVoidType::get(op->getContext());
  FailureOr<LLVM::LLVMFuncOp> function = LLVM::lookupOrCreateFn(
      rewriter, op->getParentOfType<gpu::GPUModuleOp>(), name, types, result);
  if (failed(function))
    return failure();
  auto called = LLVM::CallOp::create(rewriter, op->getLoc(), *function, all);
  return called.getNumResults() ? called.getResult() : Value();
}

Value rac::simulator::constantI32(OpBuilder &builder, Location loc,
                                  int32_t value) {
  return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(),
                                  builder.getI32IntegerAttr(value));
}

Value rac::simulator::siteOf(OpBuilder &builder, Operation *op) {
  auto site = op->getAttrOfType<IntegerAttr>(kSite);
  return constantI32(builder, op->getLoc(), site.getInt());
}

Value StackScope::allocate(Type type) {
  Location loc = op->getLoc();
  Value result;
  {
    OpBuilder::InsertionGuard guard(builder);
    auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
    builder.setInsertionPointToStart(&function.getBody().front());
    constexpr unsigned kRegister = 16;
    result = LLVM::AllocaOp::create(
        builder, loc, LLVM::LLVMPointerType::get(op->getContext()), type,
        constantI32(builder, loc, 1), kRegister);
  }
  LLVM::LifetimeStartOp::create(builder, loc, result);
  memory.push_back(result);
  return result;
}

Value StackScope::spill(Value value) {
  Value result = allocate(value.getType());
  LLVM::StoreOp::create(builder, op->getLoc(), value, result);
  return result;
}

StackScope::~StackScope() {
  for (Value value : memory)
    LLVM::LifetimeEndOp::create(builder, op->getLoc(), value);
}

namespace {

/// How PTX ends a thread.
bool isExit(LLVM::InlineAsmOp op) {
  return op.getAsmString().trim() == "exit;";
}

/// Where threads meet, or that is done at another time than it is issued.
bool isOfManyThreads(Operation *op) {
  if (auto assembly = dyn_cast<LLVM::InlineAsmOp>(op))
    return !isExit(assembly);
  return isa<gpu::BarrierOp, gpu::ShuffleOp, NVVM::SyncWarpOp,
             nvgpu::LdMatrixOp, nvgpu::MmaSyncOp, NVVM::MmaOp,
             nvgpu::DeviceAsyncCopyOp, nvgpu::DeviceAsyncCreateGroupOp,
             nvgpu::DeviceAsyncWaitOp, NVVM::CpAsyncCommitGroupOp,
             NVVM::CpAsyncWaitGroupOp, NVVM::WgmmaMmaAsyncOp,
             NVVM::WgmmaWaitGroupSyncOp, NVVM::MBarrierTryWaitParityOp,
             NVVM::MBarrierTryWaitOp, NVVM::ClusterArriveOp,
             NVVM::ClusterWaitOp,
             NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(op);
}

/// The kernel's own shared memory becomes the start of all that there is; what
/// it asks for at launch comes after. Returns the size of its own.
class SharedMemory {
public:
  explicit SharedMemory(gpu::GPUFuncOp kernel) : kernel(kernel) {}

  int64_t lower() {
    SmallVector<gpu::DynamicSharedMemoryOp> dynamic;
    kernel.walk([&](gpu::DynamicSharedMemoryOp op) { dynamic.push_back(op); });
    if (kernel.getNumWorkgroupAttributions() == 0 && dynamic.empty())
      return 0;
    OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
    all =
        gpu::DynamicSharedMemoryOp::create(builder, kernel.getLoc(), allType());
    for (auto [i, argument] :
         llvm::enumerate(kernel.getWorkgroupAttributions())) {
      BlockArgument own = argument;
      own.replaceAllUsesWith(
          place(builder, cast<MemRefType>(own.getType()),
                kernel.getWorkgroupAttributionAttr(
                    i, LLVM::LLVMDialect::getAlignAttrName())));
    }
    // As NVVM has it.
    constexpr int64_t kDynamicAlignment = 16;
    used = llvm::alignTo(used, kDynamicAlignment);
    for (gpu::DynamicSharedMemoryOp op : dynamic) {
      OpBuilder before(op);
      op.replaceAllUsesWith(rest(before, op));
      op.erase();
    }
    return used;
  }

private:
  MemRefType allType() {
    MLIRContext *context = kernel.getContext();
    return MemRefType::get(
        {ShapedType::kDynamic}, IntegerType::get(context, 8),
        MemRefLayoutAttrInterface(),
        gpu::AddressSpaceAttr::get(context, gpu::AddressSpace::Workgroup));
  }

  Value offset(OpBuilder &builder, Location loc) {
    return arith::ConstantIndexOp::create(builder, loc, used);
  }

  Value view(OpBuilder &builder, Location loc, MemRefType type,
             ValueRange sizes) {
    auto shared = MemRefType::get(type.getShape(), type.getElementType(),
                                  type.getLayout(), allType().getMemorySpace());
    Value result = memref::ViewOp::create(builder, loc, shared, all,
                                          offset(builder, loc), sizes);
    if (shared == type)
      return result;
    return memref::MemorySpaceCastOp::create(builder, loc, type, result);
  }

  Value place(OpBuilder &builder, MemRefType type, Attribute alignment) {
    int64_t element = rac::elementBytes(type);
    int64_t bytes = type.getNumElements() * element;
    // LLVM aligns variables of more than 16 bytes to that.
    constexpr int64_t kLarge = 16;
    int64_t align = bytes > kLarge ? kLarge : llvm::PowerOf2Ceil(element);
    if (auto given = dyn_cast_or_null<IntegerAttr>(alignment))
      align = given.getInt();
    used = llvm::alignTo(used, align);
    Value result = view(builder, kernel.getLoc(), type, {});
    used += bytes;
    return result;
  }

  Value rest(OpBuilder &builder, gpu::DynamicSharedMemoryOp op) {
    Location loc = op.getLoc();
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value size = memref::DimOp::create(builder, loc, all, zero);
    size = arith::SubIOp::create(builder, loc, size, offset(builder, loc));
    return view(builder, loc, op.getType(), size);
  }

  gpu::GPUFuncOp kernel;
  Value all;
  int64_t used = 0;
};

struct KernelLowering : ConvertOpToLLVMPattern<gpu::GPUFuncOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    MLIRContext *context = op.getContext();
    Location loc = op.getLoc();
    auto cluster = op.getKnownClusterSize();
    if (cluster && ((*cluster)[1] != 1 || (*cluster)[2] != 1))
      return rewriter.notifyMatchFailure(op, "clusters that aren't along x");
    auto pointer = LLVM::LLVMPointerType::get(context);
    TypeConverter::SignatureConversion expanded(op.front().getNumArguments());
    auto type = cast_or_null<LLVM::LLVMFunctionType>(
        getTypeConverter()->convertFunctionSignature(
            op.getFunctionType(), /*isVariadic=*/false,
            /*useBarePtrCallConv=*/false, expanded));
    if (!type)
      return rewriter.notifyMatchFailure(op, "a parameter has no LLVM type");

    // The same with the kernel's arguments before them.
    TypeConverter::SignatureConversion signature(op.front().getNumArguments());
    signature.addInputs({pointer, rewriter.getI32Type()});
    for (unsigned i = 0; i < op.getNumArguments(); ++i) {
      auto mapping = expanded.getInputMapping(i);
      signature.addInputs(i, expanded.getConvertedTypes().slice(
                                 mapping->inputNo, mapping->size));
    }
    auto function = LLVM::LLVMFuncOp::create(
        rewriter, loc, op.getName(),
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context),
                                    signature.getConvertedTypes()));
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      if (attribute.getName().getValue().starts_with("rac."))
        function->setAttr(attribute.getName(), attribute.getValue());
    if (cluster)
      function->setAttr("rac.cluster",
                        rewriter.getI32IntegerAttr(cluster->front()));
    function.setArgAttr(kThread, LLVM::LLVMDialect::getNoAliasAttrName(),
                        rewriter.getUnitAttr());
    // Which of them are tensor maps.
    StringRef align = LLVM::LLVMDialect::getAlignAttrName();
    for (unsigned i = 0; i < op.getNumArguments(); ++i)
      if (Attribute given = op.getArgAttr(i, align))
        function.setArgAttr(kNumKernelArguments +
                                expanded.getInputMapping(i)->inputNo,
                            align, given);
    rewriter.inlineRegionBefore(op.getBody(), function.getBody(),
                                function.end());
    if (failed(rewriter.convertRegionTypes(&function.getBody(), *typeConverter,
                                           &signature)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

struct ReturnLowering : ConvertOpToLLVMPattern<gpu::ReturnOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::ReturnOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::ReturnOp>(op, ValueRange());
    return success();
  }
};

struct ExitLowering : ConvertOpToLLVMPattern<LLVM::InlineAsmOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(LLVM::InlineAsmOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isExit(op))
      return rewriter.notifyMatchFailure(op, "PTX that is not simulated");
    if (failed(call(rewriter, op, "rac_sim_exit", Type(), {})))
      return failure();
    Block *block = op->getBlock();
    rewriter.splitBlock(block, ++op->getIterator());
    rewriter.setInsertionPointToEnd(block);
    LLVM::ReturnOp::create(rewriter, op.getLoc(), ValueRange());
    rewriter.eraseOp(op);
    return success();
  }
};

struct GpuToSimulatorPass : rac::impl::GpuToSimulatorBase<GpuToSimulatorPass> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    if (failed(expand(module)))
      return signalPassFailure();
    for (auto kernel : module.getOps<gpu::GPUFuncOp>()) {
      prepare(kernel);
      ++numKernels;
    }
    if (failed(convert(module)))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    (void)eraseUnreachableBlocks(rewriter, module->getRegions());
  }

private:
  /// Ops that stand for several become those.
  LogicalResult expand(gpu::GPUModuleOp module) {
    constexpr unsigned kWarpSize = 32;
    RewritePatternSet patterns(&getContext());
    populateGpuGlobalIdPatterns(patterns);
    populateGpuAllReducePatterns(patterns);
    populateGpuLowerSubgroupReduceToShufflePatterns(patterns, kWarpSize);
    populateGpuLowerClusteredSubgroupReduceToShufflePatterns(patterns,
                                                             kWarpSize);
    expandVectors(patterns);
    return applyPatternsGreedily(module, std::move(patterns));
  }

  /// What has no counterpart in LLVM: vectors of several dimensions, mostly.
  static void expandVectors(RewritePatternSet &patterns) {
    vector::populateVectorBitCastLoweringPatterns(patterns);
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    vector::populateVectorContractLoweringPatterns(
        patterns, vector::VectorContractLowering::OuterProduct);
    vector::populateVectorFromElementsUnrollPatterns(patterns);
    vector::populateVectorGatherLoweringPatterns(patterns);
    vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
    vector::populateVectorInterleaveLoweringPatterns(patterns);
    vector::populateVectorMaskOpLoweringPatterns(patterns);
    vector::populateVectorMultiReductionLoweringPatterns(
        patterns, vector::VectorMultiReductionLowering::InnerReduction);
    vector::populateVectorRankReducingFMAPattern(patterns);
    vector::populateVectorShapeCastLoweringPatterns(patterns);
    vector::populateVectorToElementsUnrollPatterns(patterns);
    vector::populateVectorTransferLoweringPatterns(patterns,
                                                   /*maxTransferRank=*/1);
    vector::populateVectorTransposeLoweringPatterns(
        patterns, vector::VectorTransposeLowering::EltWise);
  }

  void prepare(gpu::GPUFuncOp kernel) {
    Builder builder(&getContext());
    int32_t sites = 0;
    kernel.walk([&](Operation *op) {
      if (isOfManyThreads(op))
        op->setAttr(kSite, builder.getI32IntegerAttr(sites++));
    });
    if (sites)
      kernel->setAttr("rac.waits", builder.getUnitAttr());
    kernel->setAttr("rac.own_bytes",
                    builder.getI32IntegerAttr(SharedMemory(kernel).lower()));
    OpBuilder start = OpBuilder::atBlockBegin(&kernel.getBody().front());
    for (BlockArgument own : kernel.getPrivateAttributions())
      own.replaceAllUsesWith(memref::AllocaOp::create(
          start, kernel.getLoc(), cast<MemRefType>(own.getType())));
    addBoundsChecks(kernel);
  }

  LogicalResult convert(gpu::GPUModuleOp module) {
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter converter(&getContext(), options);
    // The host has one space of memory.
    populateGpuMemorySpaceAttributeConversions(
        converter, [](gpu::AddressSpace) { return 0; });
    converter.addTypeAttributeConversion(
        [](BaseMemRefType, IntegerAttr space) -> Attribute {
          return IntegerAttr::get(space.getType(), 0);
        });
    LLVMConversionTarget target(getContext());
    target.addLegalOp<gpu::GPUModuleOp>();
    target.addIllegalOp<LLVM::InlineAsmOp>();

    RewritePatternSet patterns(&getContext());
    patterns.add<KernelLowering, ReturnLowering, ExitLowering>(converter);
    populateThreadsToSimulator(converter, patterns);
    populateNvgpuToSimulator(converter, patterns);
    populateWarpgroupsToSimulator(converter, patterns);
    populateBulkToSimulator(converter, patterns);
    populateFloat8ToSimulator(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1P=*/false,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns, /*benefit=*/1);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/false);
    vector::populateVectorStepLoweringPatterns(patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    return applyFullConversion(module, target, std::move(patterns));
  }
};

} // namespace
