//===- Nvgpu.cpp - Tensor cores and asynchronous copies -------------------===//

#include "../Gemm/Wgmma.h"
#include "Calls.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "rac-c/Simulator.h"

using namespace mlir;
using namespace rac::simulator;

namespace {

/// Products as the simulator names their types; none: it has no such.
std::optional<int32_t> elementType(Type type, bool tf32) {
  if (type.isF32())
    return tf32 ? RAC_SIM_TF32 : RAC_SIM_F32;
  if (type.isF16())
    return RAC_SIM_F16;
  if (type.isBF16())
    return RAC_SIM_BF16;
  if (type.isF64())
    return RAC_SIM_F64;
  return std::nullopt;
}

struct MmaLowering : ConvertOpToLLVMPattern<nvgpu::MmaSyncOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(nvgpu::MmaSyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    std::array<int64_t, 3> shape = op.getMmaShapeAsArray();
    auto type = elementType(getElementTypeOrSelf(op.getMatrixA()),
                            op.getTf32Enabled().value_or(false));
    auto sumType =
        elementType(getElementTypeOrSelf(op.getMatrixC()), /*tf32=*/false);
    if (!type || !sumType || *type == RAC_SIM_F32)
      return rewriter.notifyMatchFailure(op, "of types that are not simulated");
    bool isDouble = *type == RAC_SIM_F64;
    constexpr int64_t kMaxDepth = 32;
    if (shape[0] != (isDouble ? 8 : 16) || shape[1] != 8 ||
        shape[2] > kMaxDepth)
      return rewriter.notifyMatchFailure(op,
                                         "of a shape that is not simulated");
    Type resultType = adaptor.getMatrixC().getType();
    Value result;
    {
      StackScope stack(rewriter, op);
      Value memory = stack.allocate(resultType);
      if (failed(call(rewriter, op, "rac_sim_mma", Type(),
                      {siteOf(rewriter, op), constantI32(rewriter, loc, *type),
                       constantI32(rewriter, loc, *type),
                       constantI32(rewriter, loc, *sumType),
                       constantI32(rewriter, loc, shape[2]),
                       stack.spill(adaptor.getMatrixA()),
                       stack.spill(adaptor.getMatrixB()),
                       stack.spill(adaptor.getMatrixC()), memory})))
        return failure();
      result = LLVM::LoadOp::create(rewriter, loc, resultType, memory);
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// Of bytes, whose sums wrap.
struct ByteMmaLowering : ConvertOpToLLVMPattern<NVVM::MmaOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::MmaOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto left = byteType(op.getMultiplicandAPtxType()),
         right = byteType(op.getMultiplicandBPtxType());
    NVVM::MMAShapeAttr shape = op.getShape();
    if (!left || !right || shape.getM() != 16 || shape.getN() != 8 ||
        shape.getK() != 32 ||
        op.getIntOverflowBehavior() != NVVM::MMAIntOverflow::wrapped)
      return rewriter.notifyMatchFailure(op, "a product that isn't simulated");
    FailureOr<Value> result = multiplyRegisters(
        rewriter, op, {*left, *right, RAC_SIM_S32}, adaptor.getOperandA(),
        adaptor.getOperandB(), adaptor.getOperandC());
    if (failed(result))
      return failure();
    rewriter.replaceOp(op, *result);
    return success();
  }

private:
  static std::optional<int32_t> byteType(std::optional<NVVM::MMATypes> type) {
    if (type == NVVM::MMATypes::s8)
      return RAC_SIM_S8;
    if (type == NVVM::MMATypes::u8)
      return RAC_SIM_U8;
    return std::nullopt;
  }
};

struct LoadMatrixLowering : ConvertOpToLLVMPattern<nvgpu::LdMatrixOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(nvgpu::LdMatrixOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto source = cast<MemRefType>(op.getSrcMemref().getType());
    Value row = getStridedElementPtr(
        rewriter, loc, source, adaptor.getSrcMemref(), adaptor.getIndices());
    Type type = typeConverter->convertType(op.getType());
    Value result;
    {
      StackScope stack(rewriter, op);
      Value memory = stack.allocate(type);
      if (failed(call(rewriter, op, "rac_sim_load_matrices", Type(),
                      {siteOf(rewriter, op),
                       constantI32(rewriter, loc, op.getNumTiles()),
                       constantI32(rewriter, loc, op.getTranspose()), row,
                       memory})))
        return failure();
      result = LLVM::LoadOp::create(rewriter, loc, type, memory);
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct CopyLowering : ConvertOpToLLVMPattern<nvgpu::DeviceAsyncCopyOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(nvgpu::DeviceAsyncCopyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto target = cast<MemRefType>(op.getDst().getType());
    auto source = cast<MemRefType>(op.getSrc().getType());
    Value to = getStridedElementPtr(rewriter, loc, target, adaptor.getDst(),
                                    adaptor.getDstIndices());
    Value from = getStridedElementPtr(rewriter, loc, source, adaptor.getSrc(),
                                      adaptor.getSrcIndices());
    int64_t bits = target.getElementTypeBitWidth();
    int64_t bytes = op.getDstElements().getZExtValue() * bits / 8;
    Type i64 = rewriter.getI64Type();
    Value filled = createIndexAttrConstant(rewriter, loc, i64, bytes);
    if (Value elements = adaptor.getSrcElements()) {
      Value size = createIndexAttrConstant(rewriter, loc, i64, bits / 8);
      filled = LLVM::MulOp::create(rewriter, loc, elements, size);
    }
    if (failed(call(rewriter, op, "rac_sim_copy", Type(),
                    {to, from, constantI32(rewriter, loc, bytes), filled})))
      return failure();
    rewriter.replaceOp(op, constantI32(rewriter, loc, 0));
    return success();
  }
};

/// nvgpu's, which has a token, and NVVM's.
template <typename OpT> struct CommitLowering : ConvertOpToLLVMPattern<OpT> {
  using ConvertOpToLLVMPattern<OpT>::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (failed(call(rewriter, op, "rac_sim_commit_copies", Type(), {})))
      return failure();
    if (op->getNumResults())
      rewriter.replaceOp(op, constantI32(rewriter, op.getLoc(), 0));
    else
      rewriter.eraseOp(op);
    return success();
  }
};

int32_t groupsLeft(nvgpu::DeviceAsyncWaitOp op) {
  return op.getNumGroups().value_or(0);
}
int32_t groupsLeft(NVVM::CpAsyncWaitGroupOp op) { return op.getN(); }

template <typename OpT> struct WaitLowering : ConvertOpToLLVMPattern<OpT> {
  using ConvertOpToLLVMPattern<OpT>::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(OpT op, typename OpT::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Value groups = constantI32(rewriter, op.getLoc(), groupsLeft(op));
    if (failed(call(rewriter, op, "rac_sim_wait_copies", Type(), groups)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

FailureOr<Value>
rac::simulator::multiplyRegisters(ConversionPatternRewriter &rewriter,
                                  Operation *op, std::array<int32_t, 3> types,
                                  ValueRange lhs, ValueRange rhs,
                                  ValueRange sums) {
  Location loc = op->getLoc();
  rac::gemm::Emit e{rewriter, loc};
  constexpr int32_t depth = 32;
  Type type = op->getResult(0).getType();
  StackScope stack(rewriter, op);
  auto spill = [&](ValueRange values) {
    return stack.spill(rac::gemm::structureOf(e, values));
  };
  Value memory = stack.allocate(type);
  if (failed(call(rewriter, op, "rac_sim_mma", Type(),
                  {siteOf(rewriter, op), constantI32(rewriter, loc, types[0]),
                   constantI32(rewriter, loc, types[1]),
                   constantI32(rewriter, loc, types[2]),
                   constantI32(rewriter, loc, depth), spill(lhs), spill(rhs),
                   spill(sums), memory})))
    return failure();
  return LLVM::LoadOp::create(rewriter, loc, type, memory).getResult();
}

void rac::simulator::populateNvgpuToSimulator(LLVMTypeConverter &converter,
                                              RewritePatternSet &patterns) {
  converter.addConversion([](nvgpu::DeviceAsyncTokenType type) -> Type {
    return IntegerType::get(type.getContext(), 32);
  });
  patterns.add<MmaLowering, ByteMmaLowering, LoadMatrixLowering, CopyLowering,
               CommitLowering<nvgpu::DeviceAsyncCreateGroupOp>,
               CommitLowering<NVVM::CpAsyncCommitGroupOp>,
               WaitLowering<nvgpu::DeviceAsyncWaitOp>,
               WaitLowering<NVVM::CpAsyncWaitGroupOp>>(converter);
}
