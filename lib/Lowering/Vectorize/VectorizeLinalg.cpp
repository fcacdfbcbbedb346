//===- VectorizeLinalg.cpp - Linalg on buffers to loops over vectors ------===//

#include "ChunkEmitter.h"
#include "FuseCopies.h"
#include "InterleaveEmitter.h"
#include "Nest.h"
#include "TransposeEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_VECTORIZELINALG
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

namespace {

/// The tile that the function's plan asks for.
ArrayRef<int64_t> plannedTile(func::FuncOp function) {
  auto plan = function->getAttrOfType<PlanAttr>("rac.plan");
  return plan ? plan.getRegisters() : ArrayRef<int64_t>();
}

struct VectorizeLinalgPass
    : rac::impl::VectorizeLinalgBase<VectorizeLinalgPass> {
  using VectorizeLinalgBase::VectorizeLinalgBase;

  void runOnOperation() override {
    SmallVector<std::string> instructions(dots.begin(), dots.end());
    VectorTarget target{vectorBits, scalable, registers, multiplyAdds,
                        instructions};
    paddings = readInPlace(getOperation(), target, plannedTile(getOperation()));
    // Fills last: what they fill may take their value instead.
    for (bool fills : {false, true}) {
      SmallVector<linalg::LinalgOp> ops;
      getOperation().walk([&](linalg::LinalgOp op) {
        if (isa<linalg::FillOp>(op) == fills)
          ops.push_back(op);
      });
      for (linalg::LinalgOp op : ops)
        // What another op did in passing is gone.
        if (!absorbed.contains(op))
          vectorize(op, target);
      absorbed.clear();
    }
    if (!scalable)
      fuseCopies(getOperation());
  }

private:
  void leaveScalar(linalg::LinalgOp op, StringRef why) {
    ++numScalar;
    if (remarks)
      op.emitRemark("stays scalar: ") << why;
  }

  void vectorize(linalg::LinalgOp op, const VectorTarget &target) {
    if (!op.hasPureBufferSemantics())
      return leaveScalar(op, "is not on buffers");
    // Copies in another order have emitters of their own.
    auto copies = [&](auto roles, auto emit) {
      if (!roles)
        return false;
      OpBuilder builder(op);
      emit(builder, op, *roles);
      ++numVectorized;
      op.erase();
      return true;
    };
    if (copies(matchTranspose(op, target), emitTranspose) ||
        copies(matchInterleave(op, target), emitInterleave) ||
        copies(matchChunks(op, target), emitChunks))
      return;
    std::string why;
    FailureOr<LoopRoles> roles =
        chooseRoles(op, target, plannedTile(getOperation()), why);
    if (failed(roles))
      return leaveScalar(op, why);
    ++numVectorized;
    Value init;
    std::optional<Epilogue> epilogue;
    if (op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      if (linalg::FillOp fill = findFill(op)) {
        init = fill.value();
        epilogue = findEpilogue(op, fill, *roles, target.scalable);
        fill.erase();
      }
    OpBuilder builder(epilogue ? epilogue->op : op);
    auto padding = paddings.find(op);
    bool padded = padding != paddings.end();
    Nest(op, *roles, target.scalable, builder, init, epilogue,
         padded ? &padding->second : nullptr)
        .emit();
    numInPlace += padded;
    if (epilogue) {
      ++numEpilogues;
      absorbed.insert(epilogue->op);
      epilogue->op.erase();
    }
    Value result = op.getDpsInitOperand(0)->get();
    op.erase();
    if (auto alloc = result.getDefiningOp<memref::AllocOp>();
        alloc && alloc->use_empty())
      alloc.erase();
  }

  llvm::DenseSet<Operation *> absorbed;
  Paddings paddings;
};

} // namespace
