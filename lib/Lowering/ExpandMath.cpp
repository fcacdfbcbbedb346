//===- ExpandMath.cpp - Math functions as arithmetic ----------------------===//

#include "Math/Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_EXPANDMATH
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

struct ExpandMathPass : rac::impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    bool kernel = isa<gpu::GPUFuncOp>(getOperation());
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (rac::functions::isExpanded(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      op->getResult(0).replaceAllUsesWith(rac::functions::expand(op, kernel));
      op->erase();
    }
  }
};

} // namespace
