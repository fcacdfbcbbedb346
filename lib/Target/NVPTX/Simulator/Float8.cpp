//===- Float8.cpp - Conversions of floats of 8 bits -----------------------===//

#include "Calls.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace rac::simulator;

namespace {

struct NarrowLowering : ConvertOpToLLVMPattern<NVVM::ConvertF32x2ToF8x2Op> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::ConvertF32x2ToF8x2Op op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<Float8E4M3FNType>(op.getDstTy()) || op.getRelu())
      return rewriter.notifyMatchFailure(op, "to a type that isn't simulated");
    // The second operand is the lower byte.
    FailureOr<Value> pair =
        call(rewriter, op, "rac_sim_to_float8", rewriter.getI32Type(),
             {adaptor.getB(), adaptor.getA()});
    if (failed(pair))
      return failure();
    Value bits = LLVM::TruncOp::create(rewriter, op.getLoc(),
                                       rewriter.getI16Type(), *pair);
    rewriter.replaceOpWithNewOp<LLVM::BitcastOp>(op, op.getType(), bits);
    return success();
  }
};

struct WidenLowering : ConvertOpToLLVMPattern<NVVM::ConvertF8x2ToF16x2Op> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult
  matchAndRewrite(NVVM::ConvertF8x2ToF16x2Op op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<Float8E4M3FNType>(op.getSrcType()) || op.getRelu())
      return rewriter.notifyMatchFailure(op,
                                         "from a type that isn't simulated");
    Location loc = op.getLoc();
    Type i32 = rewriter.getI32Type();
    Value bits = LLVM::BitcastOp::create(rewriter, loc, rewriter.getI16Type(),
                                         adaptor.getSrc());
    bits = LLVM::ZExtOp::create(rewriter, loc, i32, bits);
    FailureOr<Value> halves =
        call(rewriter, op, "rac_sim_from_float8", i32, {bits});
    if (failed(halves))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::BitcastOp>(op, op.getType(), *halves);
    return success();
  }
};

} // namespace

void rac::simulator::populateFloat8ToSimulator(LLVMTypeConverter &converter,
                                               RewritePatternSet &patterns) {
  patterns.add<NarrowLowering, WidenLowering>(converter);
}
