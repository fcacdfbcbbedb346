//===- SeparateFills.cpp - A fill for each sum ----------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_SEPARATEFILLS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

/// Whether an op starts with what `use` has, and goes on from there.
bool isStart(OpOperand &use) {
  auto reader = dyn_cast<linalg::LinalgOp>(use.getOwner());
  return reader && reader.isDpsInit(&use) &&
         reader.payloadUsesValueFromOperand(&use);
}

struct SeparateFillsPass : rac::impl::SeparateFillsBase<SeparateFillsPass> {
  void runOnOperation() override {
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp fill) {
      if (fill.hasPureTensorSemantics())
        fills.push_back(fill);
    });
    for (linalg::FillOp fill : fills)
      separate(fill);
  }

private:
  void separate(linalg::FillOp fill) {
    for (OpOperand &use : llvm::make_early_inc_range(fill->getUses())) {
      if (fill->hasOneUse())
        return;
      if (!isStart(use))
        continue;
      OpBuilder builder(use.getOwner());
      use.set(builder.clone(*fill)->getResult(0));
      ++numSeparated;
    }
  }
};

} // namespace
