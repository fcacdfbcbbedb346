//===- Threads.cpp - A thread's numbers, and what it does with others -----===//

#include "Calls.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "rac-c/Simulator.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace rac::simulator;

namespace {

constexpr int32_t kWarpSize = 32;

/// The members of RacSimThread, in order.
enum Member : int32_t {
  kThreadId,
  kBlockId,
  kBlockSize,
  kGridSize,
  kShared,
  kSharedBytes
};

LLVM::LLVMStructType threadType(MLIRContext *context) {
  auto triple =
      LLVM::LLVMArrayType::get(IntegerType::get(context, 32), /*count=*/3);
  return LLVM::LLVMStructType::getLiteral(context,
                                          {triple, triple, triple, triple,
                                           LLVM::LLVMPointerType::get(context),
                                           IntegerType::get(context, 64)});
}

Value loadMember(OpBuilder &builder, Operation *op, ArrayRef<LLVM::GEPArg> path,
                 Type type) {
  MLIRContext *context = op->getContext();
  SmallVector<LLVM::GEPArg> indices = {0};
  llvm::append_range(indices, path);
  Value address = LLVM::GEPOp::create(
      builder, op->getLoc(), LLVM::LLVMPointerType::get(context),
      threadType(context), kernelArgument(op, kThread), indices,
      LLVM::GEPNoWrapFlags::inbounds);
  return LLVM::LoadOp::create(builder, op->getLoc(), type, address);
}

/// One of the triples along one dimension.
Value loadNumber(OpBuilder &builder, Operation *op, Member member,
                 gpu::Dimension dimension) {
  if (member == kThreadId && dimension == gpu::Dimension::x)
    return kernelArgument(op, kThreadX);
  return loadMember(builder, op, {member, static_cast<int32_t>(dimension)},
                    builder.getI32Type());
}

/// The thread's number in its block.
Value linearId(OpBuilder &builder, Operation *op) {
  Location loc = op->getLoc();
  Value id = loadNumber(builder, op, kThreadId, gpu::Dimension::z);
  for (gpu::Dimension dimension : {gpu::Dimension::y, gpu::Dimension::x}) {
    Value size = loadNumber(builder, op, kBlockSize, dimension);
    Value own = loadNumber(builder, op, kThreadId, dimension);
    id = LLVM::AddOp::create(builder, loc,
                             LLVM::MulOp::create(builder, loc, id, size), own);
  }
  return id;
}

template <typename OpT, Member member>
struct NumberLowering : ConvertOpToLLVMPattern<OpT> {
  using ConvertOpToLLVMPattern<OpT>::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value number = loadNumber(rewriter, op, member, op.getDimension());
    rewriter.replaceOpWithNewOp<LLVM::SExtOp>(op, this->getIndexType(), number);
    return success();
  }
};

struct LaneLowering : ConvertOpToLLVMPattern<gpu::LaneIdOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::LaneIdOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value lane =
        LLVM::AndOp::create(rewriter, op.getLoc(), linearId(rewriter, op),
                            constantI32(rewriter, op.getLoc(), kWarpSize - 1));
    rewriter.replaceOpWithNewOp<LLVM::SExtOp>(op, getIndexType(), lane);
    return success();
  }
};

struct WarpLowering : ConvertOpToLLVMPattern<gpu::SubgroupIdOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::SubgroupIdOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value warp =
        LLVM::UDivOp::create(rewriter, op.getLoc(), linearId(rewriter, op),
                             constantI32(rewriter, op.getLoc(), kWarpSize));
    rewriter.replaceOpWithNewOp<LLVM::SExtOp>(op, getIndexType(), warp);
    return success();
  }
};

struct WarpSizeLowering : ConvertOpToLLVMPattern<gpu::SubgroupSizeOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::SubgroupSizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, createIndexAttrConstant(rewriter, op.getLoc(),
                                                   getIndexType(), kWarpSize));
    return success();
  }
};

struct NumWarpsLowering : ConvertOpToLLVMPattern<gpu::NumSubgroupsOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::NumSubgroupsOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value size = constantI32(rewriter, loc, 1);
    for (auto dimension :
         {gpu::Dimension::x, gpu::Dimension::y, gpu::Dimension::z})
      size = LLVM::MulOp::create(
          rewriter, loc, size, loadNumber(rewriter, op, kBlockSize, dimension));
    Value rounded = LLVM::AddOp::create(
        rewriter, loc, size, constantI32(rewriter, loc, kWarpSize - 1));
    Value warps = LLVM::UDivOp::create(rewriter, loc, rounded,
                                       constantI32(rewriter, loc, kWarpSize));
    rewriter.replaceOpWithNewOp<LLVM::SExtOp>(op, getIndexType(), warps);
    return success();
  }
};

/// All memory that the block shares: the pass made the kernel's own a part of
/// it.
struct SharedMemoryLowering
    : ConvertOpToLLVMPattern<gpu::DynamicSharedMemoryOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::DynamicSharedMemoryOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto pointer = LLVM::LLVMPointerType::get(op.getContext());
    Value memory = loadMember(rewriter, op, {kShared}, pointer);
    Value bytes =
        loadMember(rewriter, op, {kSharedBytes}, rewriter.getI64Type());
    Value one = createIndexAttrConstant(rewriter, loc, getIndexType(), 1);
    rewriter.replaceOp(op,
                       {createMemRefDescriptor(loc, op.getType(), memory,
                                               memory, bytes, one, rewriter)});
    return success();
  }
};

struct BarrierLowering : ConvertOpToLLVMPattern<gpu::BarrierOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::BarrierOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (failed(call(rewriter, op, "rac_sim_barrier", Type(),
                    siteOf(rewriter, op))))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

struct WarpBarrierLowering : ConvertOpToLLVMPattern<NVVM::SyncWarpOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::SyncWarpOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    APInt mask;
    if (!matchPattern(op.getMask(), m_ConstantInt(&mask)) || !mask.isAllOnes())
      return rewriter.notifyMatchFailure(op, "not of a whole warp");
    if (failed(call(rewriter, op, "rac_sim_warp_barrier", Type(),
                    siteOf(rewriter, op))))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

int32_t modeOf(gpu::ShuffleMode mode) {
  switch (mode) {
  case gpu::ShuffleMode::XOR:
    return RAC_SIM_XOR;
  case gpu::ShuffleMode::DOWN:
    return RAC_SIM_DOWN;
  case gpu::ShuffleMode::UP:
    return RAC_SIM_UP;
  case gpu::ShuffleMode::IDX:
    return RAC_SIM_IDX;
  }
  llvm_unreachable("all modes are above");
}

/// A value of up to 64 bits.
struct ShuffleLowering : ConvertOpToLLVMPattern<gpu::ShuffleOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(gpu::ShuffleOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type type = adaptor.getValue().getType(), i64 = rewriter.getI64Type();
    int64_t bits = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    if (auto vector = dyn_cast<VectorType>(type))
      bits *= vector.getNumElements();
    if (bits > 64)
      return rewriter.notifyMatchFailure(op, "more than 64 bits");
    Type number = rewriter.getIntegerType(bits);
    Value value = adaptor.getValue();
    if (type != number)
      value = LLVM::BitcastOp::create(rewriter, loc, number, value);
    if (bits < 64)
      value = LLVM::ZExtOp::create(rewriter, loc, i64, value);
    Value moved, flag;
    {
      StackScope stack(rewriter, op);
      Value valid = stack.allocate(rewriter.getI8Type());
      FailureOr<Value> result =
          call(rewriter, op, "rac_sim_shuffle", i64,
               {siteOf(rewriter, op),
                constantI32(rewriter, loc, modeOf(op.getMode())), value,
                adaptor.getOffset(), adaptor.getWidth(), valid});
      if (failed(result))
        return failure();
      moved = *result;
      flag = LLVM::LoadOp::create(rewriter, loc, rewriter.getI8Type(), valid);
    }
    if (bits < 64)
      moved = LLVM::TruncOp::create(rewriter, loc, number, moved);
    if (type != number)
      moved = LLVM::BitcastOp::create(rewriter, loc, type, moved);
    flag = LLVM::TruncOp::create(rewriter, loc, rewriter.getI1Type(), flag);
    rewriter.replaceOp(op, {moved, flag});
    return success();
  }
};

/// What a kernel asserts ends the launch.
struct AssertLowering : ConvertOpToLLVMPattern<cf::AssertOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(cf::AssertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Block *before = op->getBlock();
    Block *after = rewriter.splitBlock(before, ++op->getIterator());
    Block *failed = rewriter.createBlock(after);
    Value message =
        LLVM::AddressOfOp::create(rewriter, loc, createText(rewriter, op));
    if (mlir::failed(call(rewriter, op, "rac_sim_fail", Type(), message)))
      return failure();
    LLVM::UnreachableOp::create(rewriter, loc);
    rewriter.setInsertionPointToEnd(before);
    LLVM::CondBrOp::create(rewriter, loc, adaptor.getArg(), after, failed);
    rewriter.eraseOp(op);
    return success();
  }

private:
  static LLVM::GlobalOp createText(ConversionPatternRewriter &rewriter,
                                   cf::AssertOp op) {
    OpBuilder::InsertionGuard guard(rewriter);
    auto module = op->getParentOfType<gpu::GPUModuleOp>();
    rewriter.setInsertionPointToStart(module.getBody());
    std::string text = op.getMsg().str() + '\0';
    std::string name =
        "rac.message." + llvm::utohexstr(llvm::xxh3_64bits(text));
    if (auto known = module.lookupSymbol<LLVM::GlobalOp>(name))
      return known;
    auto type = LLVM::LLVMArrayType::get(rewriter.getI8Type(), text.size());
    return LLVM::GlobalOp::create(rewriter, op.getLoc(), type,
                                  /*isConstant=*/true, LLVM::Linkage::Internal,
                                  name, rewriter.getStringAttr(text));
  }
};

} // namespace

void rac::simulator::populateThreadsToSimulator(LLVMTypeConverter &converter,
                                                RewritePatternSet &patterns) {
  patterns.add<NumberLowering<gpu::ThreadIdOp, kThreadId>,
               NumberLowering<gpu::BlockIdOp, kBlockId>,
               NumberLowering<gpu::BlockDimOp, kBlockSize>,
               NumberLowering<gpu::GridDimOp, kGridSize>, LaneLowering,
               WarpLowering, WarpSizeLowering, NumWarpsLowering,
               SharedMemoryLowering, BarrierLowering, WarpBarrierLowering,
               ShuffleLowering>(converter);
  // Kernels don't overlap; rac.overlaps tells of each whether it would wait.
  patterns.add<EraseLowering<NVVM::GriddepcontrolOp>>(converter);
  patterns.add<AssertLowering>(converter, /*benefit=*/10);
}
