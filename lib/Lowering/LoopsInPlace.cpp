//===- LoopsInPlace.cpp - Loops that run on a kernel's destination --------===//

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_LOOPSINPLACE
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

Value withoutCasts(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  return value;
}

/// Whether `value` is the result of a loop that starts with `destination`, or
/// with what such a loop gives.
bool runsOn(Value value, Value destination) {
  auto result = dyn_cast<OpResult>(withoutCasts(value));
  if (!result)
    return false;
  auto loop = dyn_cast<LoopLikeOpInterface>(result.getOwner());
  OpOperand *init = loop ? loop.getTiedLoopInit(result) : nullptr;
  return init && (withoutCasts(init->get()) == destination ||
                  runsOn(init->get(), destination));
}

struct LoopsInPlacePass : rac::impl::LoopsInPlaceBase<LoopsInPlacePass> {
  void runOnOperation() override {
    getOperation().walk([](bufferization::MaterializeInDestinationOp op) {
      if (op->getNumResults() != 1 || !runsOn(op.getSource(), op.getDest()))
        return;
      op.getResult().replaceAllUsesWith(op.getSource());
      op.erase();
    });
  }
};

} // namespace
