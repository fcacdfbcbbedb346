//===- GpuInlineGroups.cpp - Launches move to the entry function ----------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/InlineCall.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUINLINEGROUPS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Kernels tell which group they are of.
void inlineGroup(func::CallOp call, func::FuncOp callee) {
  for (Operation *op : inlineCall(call, callee))
    op->walk([&](gpu::LaunchOp launch) {
      if (!launch->hasAttr("rac.group"))
        launch->setAttr("rac.group", callee.getNameAttr());
    });
}

bool hasCalls(func::FuncOp function) {
  return function.walk([](func::CallOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

struct GpuInlineGroupsPass
    : rac::impl::GpuInlineGroupsBase<GpuInlineGroupsPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::CallOp> calls;
    getOperation().walk([&](func::CallOp call) { calls.push_back(call); });
    SetVector<func::FuncOp> callees;
    for (func::CallOp call : calls) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (!callee || !llvm::hasSingleElement(callee.getBody()) ||
          hasCalls(callee)) {
        call.emitOpError("calls what can't become part of the entry function");
        return signalPassFailure();
      }
      callees.insert(callee);
      inlineGroup(call, callee);
    }
    for (func::FuncOp callee : callees)
      symbols.erase(callee);
  }
};

} // namespace
