//===- WrapSizes.cpp - Sizes that a run gives may overflow ----------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rac {
#define GEN_PASS_DEF_WRAPSIZES
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct WrapSizesPass : rac::impl::WrapSizesBase<WrapSizesPass> {
  using WrapSizesBase::WrapSizesBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    // The entry's loops are the model's, whose sizes are the run's, too.
    bool isEntry = function.getName() == kEntryName;
    function.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isEntry && isa<LoopLikeOpInterface, ParallelForOp>(op))
        return WalkResult::skip();
      llvm::TypeSwitch<Operation *>(op)
          .Case<arith::AddIOp, arith::SubIOp, arith::MulIOp>([](auto op) {
            op.setOverflowFlags(arith::IntegerOverflowFlags::none);
          });
      return WalkResult::advance();
    });
  }
};

} // namespace
