//===- RacToLLVM.cpp - Everything to the LLVM dialect ---------------------===//

#include "LaunchToLLVM.h"
#include "LibraryCallToLLVM.h"
#include "RuntimeCall.h"
#include "mlir/Analysis/DataLayoutAnalysis.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_RACTOLLVM
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Buffers of the runtime: a pointer from it, and the type's sizes.
template <typename OpT> struct BufferLowering : ConvertOpToLLVMPattern<OpT> {
  using ConvertOpToLLVMPattern<OpT>::ConvertOpToLLVMPattern;
  using Adaptor = typename OpT::Adaptor;

  LogicalResult
  matchAndRewrite(OpT op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getType());
    SmallVector<Value> sizes, strides;
    Value bytes;
    this->getMemRefDescriptorSizes(loc, type, dynamicSizes(adaptor), rewriter,
                                   sizes, strides, bytes);
    auto pointerType = LLVM::LLVMPointerType::get(op.getContext());
    FailureOr<Value> pointer =
        getPointer(op, adaptor, sizes, bytes, pointerType, rewriter);
    if (failed(pointer))
      return failure();
    rewriter.replaceOp(
        op, {this->createMemRefDescriptor(loc, type, *pointer, *pointer, sizes,
                                          strides, rewriter)});
    return success();
  }

private:
  Value constant(ConversionPatternRewriter &rewriter, Location loc,
                 int64_t value) const {
    return LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(),
                                    rewriter.getI64IntegerAttr(value));
  }

  /// `bytes`, or -1, which the runtime refuses, where sizes that data decides
  /// come to more than any address space has: integers would wrap round to what
  /// can be had. Negative sizes are large, too.
  Value countable(ConversionPatternRewriter &rewriter, OpT op,
                  ArrayRef<Value> sizes, Value bytes) const {
    Location loc = op.getLoc();
    Type real = rewriter.getF64Type();
    auto number = [&](double value) -> Value {
      return LLVM::ConstantOp::create(rewriter, loc, real,
                                      rewriter.getFloatAttr(real, value));
    };
    constexpr double most = 1ll << 60;
    Value total = number(elementBytes(cast<MemRefType>(op.getType())));
    for (Value size : sizes)
      total = LLVM::FMulOp::create(
          rewriter, loc, total,
          LLVM::UIToFPOp::create(rewriter, loc, real, size));
    Value fits = LLVM::FCmpOp::create(rewriter, loc, LLVM::FCmpPredicate::olt,
                                      total, number(most));
    return LLVM::SelectOp::create(rewriter, loc, fits, bytes,
                                  constant(rewriter, loc, -1));
  }

  ValueRange dynamicSizes(Adaptor adaptor) const {
    if constexpr (std::is_same_v<OpT, ArenaOp> ||
                  std::is_same_v<OpT, CountersOp>)
      return adaptor.getOperands();
    else if constexpr (std::is_same_v<OpT, WeightsOp>)
      return {};
    else
      return adaptor.getSizes();
  }

  FailureOr<Value> getPointer(OpT op, Adaptor adaptor, ArrayRef<Value> sizes,
                              Value bytes, Type pointer,
                              ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    Value context = contextOf(op);
    if constexpr (std::is_same_v<OpT, HeapOp>)
      bytes = countable(rewriter, op, sizes, bytes);
    if constexpr (std::is_same_v<OpT, ScratchOp> ||
                  std::is_same_v<OpT, HeapOp>) {
      return callRuntime(rewriter, op,
                         std::is_same_v<OpT, ScratchOp> ? "rac_scratch"
                                                        : "rac_heap",
                         pointer, {context, bytes});
    } else if constexpr (std::is_same_v<OpT, ArenaOp>) {
      return callRuntime(rewriter, op, "rac_arena", pointer,
                         {context, adaptor.getBytes()});
    } else if constexpr (std::is_same_v<OpT, CountersOp>) {
      return callRuntime(rewriter, op, "rac_counters", pointer,
                         {context, adaptor.getCount()});
    } else if constexpr (std::is_same_v<OpT, InputBufferOp>) {
      return callRuntime(rewriter, op, "rac_input", pointer,
                         {context, constant(rewriter, loc, op.getIndex())});
    } else if constexpr (std::is_same_v<OpT, WeightsOp>) {
      FailureOr<Value> base =
          callRuntime(rewriter, op, "rac_weights", pointer, {context});
      if (failed(base))
        return failure();
      return Value(LLVM::GEPOp::create(
          rewriter, loc, pointer, rewriter.getI8Type(), *base,
          ArrayRef<LLVM::GEPArg>{constant(rewriter, loc, op.getOffset())}));
    } else {
      static_assert(std::is_same_v<OpT, OutputBufferOp>);
      Value rank = constant(rewriter, loc, sizes.size());
      Value shape = storeArray(rewriter, op, sizes);
      return callRuntime(
          rewriter, op, "rac_output", pointer,
          {context, constant(rewriter, loc, op.getIndex()), rank, shape});
    }
  }
};

/// The source's pointer, moved by the offset.
struct BlockLowering : ConvertOpToLLVMPattern<BlockOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(BlockOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getType());
    SmallVector<Value> sizes, strides;
    Value bytes;
    getMemRefDescriptorSizes(loc, type, adaptor.getSizes(), rewriter, sizes,
                             strides, bytes);
    MemRefDescriptor source(adaptor.getSource());
    Value start = source.bufferPtr(rewriter, loc, *getTypeConverter(),
                                   cast<MemRefType>(op.getSource().getType()));
    Value pointer = LLVM::GEPOp::create(
        rewriter, loc, start.getType(),
        getTypeConverter()->convertType(type.getElementType()), start,
        adaptor.getOffset());
    rewriter.replaceOp(op, {createMemRefDescriptor(loc, type, pointer, pointer,
                                                   sizes, strides, rewriter)});
    return success();
  }
};

struct InputDimLowering : ConvertOpToLLVMPattern<InputDimOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(InputDimOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto constant = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(rewriter, op.getLoc(),
                                      rewriter.getI64Type(),
                                      rewriter.getI64IntegerAttr(value));
    };
    FailureOr<Value> size = callRuntime(
        rewriter, op, "rac_input_dim", rewriter.getI64Type(),
        {contextOf(op), constant(op.getIndex()), constant(op.getDim())});
    if (failed(size))
      return failure();
    rewriter.replaceOp(op, *size);
    return success();
  }
};

struct ProfileLowering : ConvertOpToLLVMPattern<ProfileOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(ProfileOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    constexpr int32_t kNoGroup = -1;
    Value group = LLVM::ConstantOp::create(
        rewriter, op.getLoc(), rewriter.getI32Type(),
        rewriter.getI32IntegerAttr(op.getGroup().value_or(kNoGroup)));
    if (failed(callRuntime(rewriter, op, "rac_profile",
                           LLVM::LLVMVoidType::get(op.getContext()),
                           {contextOf(op), group})))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

/// A failed assertion fails the run: rac_fail does not return.
struct AssertLowering : ConvertOpToLLVMPattern<cf::AssertOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(cf::AssertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value context = contextOf(op);
    Block *before = rewriter.getInsertionBlock();
    Block *after = rewriter.splitBlock(before, std::next(op->getIterator()));
    Block *failed =
        rewriter.createBlock(after->getParent(), Region::iterator(after));
    rewriter.setInsertionPointToStart(failed);
    Value message = addressOfString(rewriter, op, op.getMsg());
    FailureOr<Value> call = callRuntime(
        rewriter, op, "rac_fail", LLVM::LLVMVoidType::get(op.getContext()),
        {context, message});
    if (mlir::failed(call))
      return failure();
    LLVM::UnreachableOp::create(rewriter, loc);
    rewriter.setInsertionPointToEnd(before);
    LLVM::CondBrOp::create(rewriter, loc, adaptor.getArg(), after, failed);
    rewriter.eraseOp(op);
    return success();
  }
};

/// The lanes below a number, of scalable vectors: one instruction where there
/// is such, instead of comparing a vector of indices.
struct ScalableMaskLowering : ConvertOpToLLVMPattern<vector::CreateMaskOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(vector::CreateMaskOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    VectorType type = op.getType();
    if (type.getRank() != 1 || !type.isScalable())
      return rewriter.notifyMatchFailure(op, "not a row of scalable lanes");
    Value zero =
        LLVM::ConstantOp::create(rewriter, op.getLoc(), rewriter.getI64Type(),
                                 rewriter.getI64IntegerAttr(0));
    // The intrinsic compares without sign.
    Value count = LLVM::SMaxOp::create(rewriter, op.getLoc(), zero,
                                       adaptor.getOperands().front());
    rewriter.replaceOpWithNewOp<LLVM::GetActiveLaneMaskOp>(op, type, zero,
                                                           count);
    return success();
  }
};

/// What calls the runtime finds the context where rac-outline-parallel put it.
LogicalResult checkContext(ModuleOp module) {
  auto check = [](Operation *op) {
    if (!isa<cf::AssertOp>(op) &&
        !isa_and_nonnull<RacDialect>(op->getDialect()))
      return WalkResult::advance();
    auto function = op->getParentOfType<FunctionOpInterface>();
    if (function && function.getNumArguments() > 0 &&
        isa<LLVM::LLVMPointerType>(function.getArgumentTypes().front()))
      return WalkResult::advance();
    op->emitOpError("is in no function whose first argument is the context");
    return WalkResult::interrupt();
  };
  return failure(module.walk(check).wasInterrupted());
}

/// What is said of a loop has come along to its branch, but translation to LLVM
/// looks for it in the branch's own attribute.
void takeAnnotation(LLVM::BrOp branch) {
  constexpr StringLiteral name = "llvm.loop_annotation";
  auto loop = branch->getAttrOfType<LLVM::LoopAnnotationAttr>(name);
  if (!loop)
    return;
  branch.setLoopAnnotationAttr(loop);
  branch->removeDiscardableAttr(name);
}

struct RacToLLVMPass : rac::impl::RacToLLVMBase<RacToLLVMPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(checkContext(module)))
      return signalPassFailure();
    LowerToLLVMOptions options(&getContext());
    LLVMTypeConverter converter(&getContext(), options);
    LLVMConversionTarget target(getContext());
    target.addLegalOp<ModuleOp>();

    RewritePatternSet patterns(&getContext());
    patterns.add<BufferLowering<ScratchOp>, BufferLowering<HeapOp>,
                 BufferLowering<ArenaOp>, BufferLowering<CountersOp>,
                 BufferLowering<InputBufferOp>, BufferLowering<WeightsOp>,
                 BufferLowering<OutputBufferOp>, BlockLowering,
                 InputDimLowering, ProfileLowering>(converter);
    patterns.add<AssertLowering, ScalableMaskLowering>(converter,
                                                       /*benefit=*/10);
    int32_t sites = 0;
    populateLibraryCallToLLVM(converter, patterns, sites);
    populateLaunchToLLVM(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    // An instruction where there is one: a call of libm keeps a loop scalar.
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1P=*/true,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns, /*benefit=*/1);
    vector::populateVectorMaskMaterializationPatterns(
        patterns, /*force32BitVectorIndices=*/false);
    vector::populateVectorMaskOpLoweringPatterns(patterns);
    vector::populateVectorStepLoweringPatterns(patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    if (failed(applyFullConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    module.walk(takeAnnotation);
    module->setAttr("rac.num_sites",
                    Builder(&getContext()).getI32IntegerAttr(sites));
  }
};

} // namespace
