//===- GpuMath.cpp - Functions that a GPU has instructions for ------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "rac/Target/NVPTX/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rac {
#define GEN_PASS_DEF_GPUMATH
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

/// LLVM's name of what `op` computes; empty where it becomes a call.
StringRef intrinsicOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      // Of f64 there is none that keeps what is no number.
      .Case([](arith::MaximumFOp op) {
        return op.getType().isF32() ? "llvm.maximum" : "";
      })
      .Case([](arith::MinimumFOp op) {
        return op.getType().isF32() ? "llvm.minimum" : "";
      })
      .Case([](math::AbsFOp) { return "llvm.fabs"; })
      .Case([](math::CeilOp) { return "llvm.ceil"; })
      .Case([](math::CopySignOp) { return "llvm.copysign"; })
      // Its instruction is off by two units in the last place; as it is, what
      // it gives or takes below 2^-126 is 0, else it takes three more.
      .Case([](math::Exp2Op op) {
        return op.getType().isF32() &&
                       arith::bitEnumContainsAll(op.getFastmath(),
                                                 arith::FastMathFlags::afn)
                   ? "llvm.nvvm.ex2.approx.ftz"
                   : "";
      })
      .Case([](math::FloorOp) { return "llvm.floor"; })
      .Case([](math::FmaOp) { return "llvm.fma"; })
      .Case([](math::RoundEvenOp) { return "llvm.roundeven"; })
      .Case([](math::RoundOp) { return "llvm.round"; })
      .Case([](math::SqrtOp) { return "llvm.sqrt"; })
      .Case([](math::TruncOp) { return "llvm.trunc"; })
      .Default([](Operation *) { return ""; });
}

/// The instruction is an approximation: by division and square root.
void expandRsqrt(math::RsqrtOp op) {
  OpBuilder builder(op);
  Type type = op.getType();
  Value one =
      arith::ConstantOp::create(builder, op.getLoc(), builder.getOneAttr(type));
  Value root = math::SqrtOp::create(builder, op.getLoc(), op.getOperand());
  op.replaceAllUsesWith(
      arith::DivFOp::create(builder, op.getLoc(), one, root).getResult());
  op.erase();
}

/// Whether all that is made of `op` is rounded to 16 bits or less.
bool isRounded(arith::DivFOp op) {
  return op.getType().isF32() && !op->use_empty() &&
         llvm::all_of(op->getUsers(), [](Operation *user) {
           auto narrow = dyn_cast<arith::TruncFOp>(user);
           return narrow && narrow.getType().getIntOrFloatBitWidth() <= 16;
         });
}

/// The instruction for the whole range, off by two units in the last place of
/// f32 (PTX ISA, div.full).
void divideFast(arith::DivFOp op) {
  OpBuilder builder(op);
  auto call = LLVM::CallIntrinsicOp::create(
      builder, op.getLoc(), op.getType(),
      builder.getStringAttr("llvm.nvvm.div.full"), op->getOperands());
  op.replaceAllUsesWith(call.getResult(0));
  op.erase();
}

struct GpuMathPass : rac::impl::GpuMathBase<GpuMathPass> {
  void runOnOperation() override {
    SmallVector<math::RsqrtOp> roots;
    getOperation().walk([&](math::RsqrtOp op) { roots.push_back(op); });
    for (math::RsqrtOp op : roots)
      expandRsqrt(op);
    SmallVector<arith::DivFOp> quotients;
    getOperation().walk([&](arith::DivFOp op) {
      if (isRounded(op))
        quotients.push_back(op);
    });
    for (arith::DivFOp op : quotients)
      divideFast(op);
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (!intrinsicOf(op).empty())
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder builder(op);
      auto call = LLVM::CallIntrinsicOp::create(
          builder, op->getLoc(), op->getResult(0).getType(),
          builder.getStringAttr(intrinsicOf(op)), op->getOperands());
      op->getResult(0).replaceAllUsesWith(call.getResult(0));
      op->erase();
    }
  }
};

} // namespace
