//===- SeparateFills.cpp - A fill for each sum ----------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

/// The op that alone reads what `op` computes, element by element: where it
/// does so in registers, or in its place, that is no memory of its own.
linalg::LinalgOp elementwiseReader(Operation *op) {
  if (op->getNumResults() != 1 || !op->hasOneUse())
    return {};
  OpOperand &use = *op->use_begin();
  auto reader = dyn_cast<linalg::LinalgOp>(use.getOwner());
  bool isElementwise = reader && !reader.isDpsInit(&use) &&
                       reader.getNumReductionLoops() == 0 &&
                       reader.getMatchingIndexingMap(&use).isPermutation();
  return isElementwise ? reader : linalg::LinalgOp();
}

struct SeparateFillsPass : rac::impl::SeparateFillsBase<SeparateFillsPass> {
  void runOnOperation() override {
    for (linalg::FillOp fill : findFills())
      separate(fill);
    for (linalg::FillOp fill : findFills())
      separateEmpty(fill);
  }

private:
  SmallVector<linalg::FillOp> findFills() {
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](linalg::FillOp fill) {
      if (fill.hasPureTensorSemantics())
        fills.push_back(fill);
    });
    return fills;
  }

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

  /// What others than its sum's reader start with as well would be one buffer
  /// for all of them, which the sum has to be left in.
  static void separateEmpty(linalg::FillOp fill) {
    OpOperand &out = fill.getDpsInitsMutable()[0];
    auto empty = out.get().getDefiningOp<tensor::EmptyOp>();
    if (!empty || !fill->hasOneUse() || !isStart(*fill->use_begin()))
      return;
    linalg::LinalgOp reader = elementwiseReader(*fill->user_begin());
    if (!reader || llvm::all_of(empty->getUsers(), [&](Operation *user) {
          return user == fill || user == reader;
        }))
      return;
    OpBuilder builder(fill);
    out.set(builder.clone(*empty)->getResult(0));
  }
};

} // namespace
