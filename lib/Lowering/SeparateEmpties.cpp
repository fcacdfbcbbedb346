//===- SeparateEmpties.cpp - An empty tensor for each result --------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_SEPARATEEMPTIES
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

struct SeparateEmptiesPass
    : rac::impl::SeparateEmptiesBase<SeparateEmptiesPass> {
  void runOnOperation() override {
    SmallVector<tensor::EmptyOp> empties;
    getOperation().walk([&](tensor::EmptyOp op) { empties.push_back(op); });
    for (tensor::EmptyOp empty : empties) {
      if (empty->use_empty())
        continue;
      OpBuilder builder(empty);
      for (OpOperand &use :
           llvm::make_early_inc_range(llvm::drop_begin(empty->getUses()))) {
        use.set(builder.clone(*empty)->getResult(0));
        ++numSeparated;
      }
    }
  }
};

} // namespace
