//===- Warpgroups.cpp - Products of four warps together -------------------===//

#include "../Gemm/Atom.h"
#include "../Gemm/Wgmma.h"
#include "Calls.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "rac-c/Simulator.h"

using namespace mlir;
using namespace rac::simulator;

namespace {

/// As the simulator names it.
int32_t typeOf(Type element, bool isUnsigned) {
  if (element.isInteger())
    return isUnsigned ? RAC_SIM_U8 : RAC_SIM_S8;
  if (element.isF16())
    return RAC_SIM_F16;
  if (element.isF32())
    return RAC_SIM_TF32;
  return element.isBF16() ? RAC_SIM_BF16 : RAC_SIM_E4M3;
}

/// The type of a product's factors that are simulated, or null.
Type elementOf(MLIRContext *context, NVVM::WGMMATypes type) {
  switch (type) {
  case NVVM::WGMMATypes::f16:
    return Float16Type::get(context);
  case NVVM::WGMMATypes::bf16:
    return BFloat16Type::get(context);
  case NVVM::WGMMATypes::tf32:
    return Float32Type::get(context);
  case NVVM::WGMMATypes::e4m3:
    return Float8E4M3FNType::get(context);
  case NVVM::WGMMATypes::s8:
  case NVVM::WGMMATypes::u8:
    return IntegerType::get(context, 8);
  default:
    return {};
  }
}

/// Calls the simulator for the warp's part; null where it fails. `registers`:
/// the left factor, if it isn't in memory.
Value multiply(ConversionPatternRewriter &rewriter, Operation *op,
               const rac::gemm::GroupProduct &product, bool add,
               ValueRange registers, Value a, Value b, Value sums) {
  Location loc = op->getLoc();
  int32_t flags = (add ? RAC_SIM_ADD : 0) |
                  (product.rowsInLines ? RAC_SIM_LINES_OF_A : 0) |
                  (product.columnsInLines ? RAC_SIM_LINES_OF_B : 0);
  StackScope stack(rewriter, op);
  Value left = LLVM::ZeroOp::create(
      rewriter, loc, LLVM::LLVMPointerType::get(op->getContext()));
  if (!registers.empty()) {
    rac::gemm::Emit e{rewriter, loc};
    left = stack.spill(rac::gemm::structureOf(e, registers));
  }
  Value memory = stack.spill(sums);
  if (failed(call(rewriter, op, "rac_sim_group_mma", Type(),
                  {siteOf(rewriter, op),
                   constantI32(rewriter, loc,
                               typeOf(product.element, product.leftUnsigned)),
                   constantI32(rewriter, loc,
                               typeOf(product.element, product.rightUnsigned)),
                   constantI32(rewriter, loc, product.columns),
                   constantI32(rewriter, loc, flags), left, a, b, memory})))
    return {};
  return LLVM::LoadOp::create(rewriter, loc, sums.getType(), memory);
}

struct ProductLowering : ConvertOpToLLVMPattern<NVVM::WgmmaMmaAsyncOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::WgmmaMmaAsyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Type type = elementOf(op.getContext(), op.getTypeA());
    auto sums = type && type.isInteger() ? NVVM::WGMMATypes::s32
                                         : NVVM::WGMMATypes::f32;
    if (!type || type != elementOf(op.getContext(), op.getTypeB()) ||
        op.getTypeD() != sums)
      return rewriter.notifyMatchFailure(op, "of types that are not simulated");
    if (op.getSatfinite() == NVVM::MMAIntOverflow::satfinite)
      return rewriter.notifyMatchFailure(op, "whose sums don't wrap");
    if (op.getScaleA() != NVVM::WGMMAScaleIn::one ||
        op.getScaleB() != NVVM::WGMMAScaleIn::one)
      return rewriter.notifyMatchFailure(op, "of factors that are negated");
    rac::gemm::GroupProduct product{type,
                                    static_cast<int64_t>(op.getShape().getN()),
                                    op.getLayoutA() == NVVM::MMALayout::col,
                                    op.getLayoutB() == NVVM::MMALayout::row,
                                    op.getTypeA() == NVVM::WGMMATypes::u8,
                                    op.getTypeB() == NVVM::WGMMATypes::u8};
    Value result = multiply(rewriter, op, product,
                            op.getScaleD() == NVVM::WGMMAScaleOut::one,
                            ValueRange(), adaptor.getDescriptorA(),
                            adaptor.getDescriptorB(), adaptor.getInouts());
    if (!result)
      return failure();
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// Of PTX: products of a left factor in registers, and what only keeps order.
struct AssemblyLowering : ConvertOpToLLVMPattern<LLVM::InlineAsmOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(LLVM::InlineAsmOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rac::gemm::Emit e{rewriter, op.getLoc()};
    ValueRange operands = adaptor.getOperands();
    if (op.getAsmString() == rac::gemm::kFloat8Ptx)
      return multiplyFloat8(op, operands, rewriter);
    if (rac::gemm::isHold(op)) {
      rewriter.replaceOp(op, rac::gemm::structureOf(e, operands));
      return success();
    }
    for (bool add : {true, false})
      if (std::optional<rac::gemm::GroupProduct> product = productOf(op, add))
        return multiplyGroupRegisters(op, *product, add, operands, rewriter);
    return rewriter.notifyMatchFailure(op, "PTX that is not simulated");
  }

private:
  /// wgmma of a left factor in registers.
  static LogicalResult multiplyGroupRegisters(
      LLVM::InlineAsmOp op, const rac::gemm::GroupProduct &product, bool add,
      ValueRange operands, ConversionPatternRewriter &rewriter) {
    rac::gemm::Emit e{rewriter, op.getLoc()};
    constexpr size_t registers = rac::gemm::kLeftRegisters;
    Value none =
        LLVM::ZeroOp::create(rewriter, op.getLoc(), rewriter.getI64Type());
    Value result =
        multiply(rewriter, op, product, add, operands.take_front(registers),
                 none, operands[registers],
                 rac::gemm::structureOf(e, operands.drop_front(registers + 1)));
    if (!result)
      return failure();
    rewriter.replaceOp(op, result);
    return success();
  }

  /// mma.sync of f8: registers of the left factor, of the right one, sums.
  static LogicalResult multiplyFloat8(LLVM::InlineAsmOp op, ValueRange operands,
                                      ConversionPatternRewriter &rewriter) {
    constexpr size_t left = 4, right = 2;
    FailureOr<Value> result = multiplyRegisters(
        rewriter, op, {RAC_SIM_E4M3, RAC_SIM_E4M3, RAC_SIM_F32},
        operands.take_front(left), operands.slice(left, right),
        operands.drop_front(left + right));
    if (failed(result))
      return failure();
    rewriter.replaceOp(op, *result);
    return success();
  }

  /// The product whose PTX it is.
  static std::optional<rac::gemm::GroupProduct> productOf(LLVM::InlineAsmOp op,
                                                          bool add) {
    auto type = dyn_cast_or_null<LLVM::LLVMStructType>(
        op.getRes() ? op.getRes().getType() : Type());
    if (!type)
      return std::nullopt;
    auto columns = static_cast<int64_t>(2 * type.getBody().size());
    Builder builder(op.getContext());
    SmallVector<rac::gemm::GroupProduct> known = {
        {builder.getF32Type(), columns}};
    for (bool first : {false, true}) {
      for (Type element :
           {Type(builder.getF16Type()), Type(builder.getBF16Type())})
        known.push_back({element, columns, /*rowsInLines=*/false,
                         /*columnsInLines=*/first});
      for (bool second : {false, true})
        known.push_back({builder.getI8Type(), columns, /*rowsInLines=*/false,
                         /*columnsInLines=*/false, first, second});
    }
    const auto *found =
        llvm::find_if(known, [&](const rac::gemm::GroupProduct &product) {
          return op.getAsmString() == rac::gemm::groupProductPtx(product, add);
        });
    return found == known.end() ? std::nullopt : std::optional(*found);
  }
};

struct CommitLowering : ConvertOpToLLVMPattern<NVVM::WgmmaGroupSyncAlignedOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::WgmmaGroupSyncAlignedOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (failed(call(rewriter, op, "rac_sim_commit_group_mma", Type(), {})))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

struct WaitLowering : ConvertOpToLLVMPattern<NVVM::WgmmaWaitGroupSyncOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::WgmmaWaitGroupSyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (failed(call(rewriter, op, "rac_sim_wait_group_mma", Type(),
                    {siteOf(rewriter, op),
                     constantI32(rewriter, op.getLoc(), op.getGroup())})))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

struct ProxyFenceLowering : ConvertOpToLLVMPattern<NVVM::FenceProxyOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::FenceProxyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (op.getKind() != NVVM::ProxyKind::async_shared)
      return rewriter.notifyMatchFailure(op, "of memory that isn't shared");
    if (failed(call(rewriter, op, "rac_sim_fence_proxy", Type(), {})))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void rac::simulator::populateWarpgroupsToSimulator(
    LLVMTypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ProductLowering, AssemblyLowering, CommitLowering, WaitLowering,
               ProxyFenceLowering>(converter);
  // Registers are the thread's own here.
  patterns.add<EraseLowering<NVVM::WgmmaFenceAlignedOp>>(converter);
}
