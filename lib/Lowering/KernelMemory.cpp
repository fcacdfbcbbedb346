//===- KernelMemory.cpp - Temporary buffers of kernels --------------------===//

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_KERNELMEMORY
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

bool isReturned(Value buffer, const BufferViewFlowAnalysis &views) {
  return llvm::any_of(views.resolve(buffer), [](Value alias) {
    return llvm::any_of(alias.getUsers(), [](Operation *user) {
      return isa<func::ReturnOp>(user);
    });
  });
}

struct KernelMemoryPass : rac::impl::KernelMemoryBase<KernelMemoryPass> {
  using KernelMemoryBase::KernelMemoryBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.getName() == kEntryName || function.isExternal())
      return;
    BufferViewFlowAnalysis views(function);
    SmallVector<memref::AllocOp> allocs;
    function.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
    for (memref::AllocOp alloc : allocs) {
      OpBuilder builder(alloc);
      MemRefType type = alloc.getType();
      bool inLoop = alloc->getParentOp() != function;
      bool small = type.hasStaticShape() &&
                   elementBytes(type) * type.getNumElements() <= maxStack;
      Value memory;
      if (isReturned(alloc, views)) {
        memory = HeapOp::create(builder, alloc.getLoc(), type,
                                alloc.getDynamicSizes());
      } else if (small) {
        // A stack slot in a loop would grow the stack with every iteration.
        if (inLoop) {
          if (auto parallel = alloc->getParentOfType<ParallelForOp>())
            builder.setInsertionPointToStart(&parallel.getBody().front());
          else
            builder.setInsertionPointToStart(&function.getBody().front());
        }
        memory = memref::AllocaOp::create(builder, alloc.getLoc(), type,
                                          ValueRange{},
                                          builder.getI64IntegerAttr(64));
      } else {
        memory = ScratchOp::create(builder, alloc.getLoc(), type,
                                   alloc.getDynamicSizes());
      }
      alloc.replaceAllUsesWith(memory);
      alloc.erase();
    }
  }
};

} // namespace
