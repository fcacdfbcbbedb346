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

struct ArriveLowering : ConvertOpToLLVMPattern<NVVM::MBarrierArriveOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MBarrierArriveOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getCount() || op.getRes())
      return rewriter.notifyMatchFailure(op, "of several threads, or with a "
                                             "result");
    return replaceByCall(
        rewriter, op, "rac_sim_arrive",
        {plainPointer(rewriter, op.getLoc(), adaptor.getAddr())});
  }
};

/// Whoever tries again until it is over waits here until then.
struct TryWaitLowering : ConvertOpToLLVMPattern<NVVM::MBarrierTryWaitOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MBarrierTryWaitOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!op.getStateOrPhase().getType().isInteger(32))
      return rewriter.notifyMatchFailure(op, "of a state, not of a parity");
    if (failed(call(rewriter, op, "rac_sim_wait_bytes", Type(),
                    {plainPointer(rewriter, op.getLoc(), adaptor.getAddr()),
                     adaptor.getStateOrPhase()})))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::ConstantOp>(op, rewriter.getI1Type(),
                                                  rewriter.getBoolAttr(true));
    return success();
  }
};

struct MapLowering : ConvertOpToLLVMPattern<NVVM::MapaOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MapaOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FailureOr<Value> there = call(
        rewriter, op, "rac_sim_map_shared",
        LLVM::LLVMPointerType::get(op.getContext()),
        {plainPointer(rewriter, op.getLoc(), adaptor.getA()), adaptor.getB()});
    if (failed(there))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::AddrSpaceCastOp>(op, op.getType(),
                                                       *there);
    return success();
  }
};

struct ClusterArriveLowering : ConvertOpToLLVMPattern<NVVM::ClusterArriveOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::ClusterArriveOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    return replaceByCall(rewriter, op, "rac_sim_cluster_arrive",
                         {siteOf(rewriter, op)});
  }
};

struct ClusterWaitLowering : ConvertOpToLLVMPattern<NVVM::ClusterWaitOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::ClusterWaitOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    return replaceByCall(rewriter, op, "rac_sim_cluster_wait", {});
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
    if (op.getMode() != NVVM::TMALoadMode::TILE || op.getPredicate())
      return rewriter.notifyMatchFailure(op, "of windows, or under a "
                                             "predicate");
    Location loc = op.getLoc();
    Value mask = adaptor.getMulticastMask();
    mask =
        mask ? LLVM::ZExtOp::create(rewriter, loc, rewriter.getI32Type(), mask)
                   .getResult()
             : constantI32(rewriter, loc, 0);
    ValueRange from = adaptor.getCoordinates();
    rac::gemm::Emit e{rewriter, loc};
    {
      StackScope stack(rewriter, op);
      Value first = stack.spill(rac::gemm::structureOf(e, from));
      auto rank = constantI32(rewriter, loc, static_cast<int32_t>(from.size()));
      if (failed(call(rewriter, op, "rac_sim_bulk_copy", Type(),
                      {adaptor.getTmaDescriptor(), rank, first,
                       plainPointer(rewriter, loc, adaptor.getDstMem()),
                       plainPointer(rewriter, loc, adaptor.getMbar()), mask})))
        return failure();
    }
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void rac::simulator::populateBulkToSimulator(LLVMTypeConverter &converter,
                                             RewritePatternSet &patterns) {
  patterns.add<InitLowering, InitFenceLowering, ExpectLowering, ArriveLowering,
               WaitLowering, TryWaitLowering, CopyLowering, MapLowering,
               ClusterArriveLowering, ClusterWaitLowering>(converter);
}
