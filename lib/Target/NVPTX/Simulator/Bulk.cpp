//===- Bulk.cpp - The copy unit, and barriers that count bytes ------------===//

#include "../Gemm/Wgmma.h"
#include "Calls.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace rac::simulator;

namespace {

/// The host has one space of memory.
Value plainPointer(OpBuilder &builder, Location loc, Value pointer) {
  auto plain = LLVM::LLVMPointerType::get(builder.getContext());
  if (pointer.getType() == plain)
    return pointer;
  return LLVM::AddrSpaceCastOp::create(builder, loc, plain, pointer);
}

/// A call of `name` with these arguments in the place of the op.
LogicalResult replaceByCall(ConversionPatternRewriter &rewriter, Operation *op,
                            StringRef name, ArrayRef<Value> arguments) {
  if (failed(call(rewriter, op, name, Type(), arguments)))
    return failure();
  rewriter.eraseOp(op);
  return success();
}

struct InitLowering : ConvertOpToLLVMPattern<NVVM::MBarrierInitOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MBarrierInitOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getPredicate())
      return rewriter.notifyMatchFailure(op, "under a predicate");
    return replaceByCall(
        rewriter, op, "rac_sim_init_barrier",
        {plainPointer(rewriter, op.getLoc(), adaptor.getAddr()),
         adaptor.getCount()});
  }
};

struct InitFenceLowering : ConvertOpToLLVMPattern<NVVM::FenceMbarrierInitOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::FenceMbarrierInitOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    return replaceByCall(rewriter, op, "rac_sim_fence_barrier", {});
  }
};

struct ExpectLowering : ConvertOpToLLVMPattern<NVVM::MBarrierArriveExpectTxOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MBarrierArriveExpectTxOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getPredicate() || op.getRes())
      return rewriter.notifyMatchFailure(op, "under a predicate, or with a "
                                             "result");
    return replaceByCall(
        rewriter, op, "rac_sim_expect_bytes",
        {plainPointer(rewriter, op.getLoc(), adaptor.getAddr()),
         adaptor.getTxcount()});
  }
};

struct WaitLowering : ConvertOpToLLVMPattern<NVVM::MBarrierTryWaitParityOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MBarrierTryWaitParityOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    return replaceByCall(
        rewriter, op, "rac_sim_wait_bytes",
        {plainPointer(rewriter, op.getLoc(), adaptor.getAddr()),
         adaptor.getPhase()});
  }
};

struct CopyLowering
    : ConvertOpToLLVMPattern<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op,
                  OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getMode() != NVVM::TMALoadMode::TILE || op.getMulticastMask() ||
        op.getPredicate())
      return rewriter.notifyMatchFailure(
          op, "of windows, for several blocks, or under a predicate");
    Location loc = op.getLoc();
    ValueRange from = adaptor.getCoordinates();
    rac::gemm::Emit e{rewriter, loc};
    {
      StackScope stack(rewriter, op);
      Value first = stack.spill(rac::gemm::structureOf(e, from));
      auto rank = constantI32(rewriter, loc, static_cast<int32_t>(from.size()));
      if (failed(call(rewriter, op, "rac_sim_bulk_copy", Type(),
                      {adaptor.getTmaDescriptor(), rank, first,
                       plainPointer(rewriter, loc, adaptor.getDstMem()),
                       plainPointer(rewriter, loc, adaptor.getMbar())})))
        return failure();
    }
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void rac::simulator::populateBulkToSimulator(LLVMTypeConverter &converter,
                                             RewritePatternSet &patterns) {
  patterns.add<InitLowering, InitFenceLowering, ExpectLowering, WaitLowering,
               CopyLowering>(converter);
}
