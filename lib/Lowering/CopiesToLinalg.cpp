//===- CopiesToLinalg.cpp - Copies take part in loop optimisation ---------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_COPIESTOLINALG
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

struct CopiesToLinalgPass : rac::impl::CopiesToLinalgBase<CopiesToLinalgPass> {
  void runOnOperation() override {
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies) {
      OpBuilder builder(copy);
      // What was computed in place is there.
      if (copy.getSource() != copy.getTarget())
        linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                                 copy.getTarget());
      copy.erase();
    }
  }
};

} // namespace
