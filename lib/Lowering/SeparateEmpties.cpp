//===- SeparateEmpties.cpp - An empty tensor for each result --------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_SEPARATEEMPTIES
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct SeparateEmptiesPass
    : rac::impl::SeparateEmptiesBase<SeparateEmptiesPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      SmallVector<tensor::EmptyOp> empties;
      function.walk([&](tensor::EmptyOp op) { empties.push_back(op); });
      for (tensor::EmptyOp empty : empties) {
        if (function.getName() == kEntryName)
          separate(empty);
        else
          separateWithin(empty);
      }
    }
  }

private:
  /// All but the first of the uses that one op has.
  void separateWithin(tensor::EmptyOp empty) {
    DenseSet<Operation *> users;
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
      if (users.insert(use.getOwner()).second)
        continue;
      OpBuilder builder(empty);
      use.set(builder.clone(*empty)->getResult(0));
      ++numSeparated;
    }
  }

  void separate(tensor::EmptyOp empty) {
    Block *block = empty->getBlock();
    // What goes round a loop stays outside of it.
    auto placeOf = [&](OpOperand &use) {
      return block->findAncestorOpInBlock(*use.getOwner());
    };
    for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
      if (empty->hasOneUse()) {
        empty->moveBefore(placeOf(use));
        return;
      }
      OpBuilder builder(placeOf(use));
      use.set(builder.clone(*empty)->getResult(0));
      ++numSeparated;
    }
  }
};

} // namespace
