//===- BufferAccess.cpp - Who reads and writes a buffer -------------------===//

#include "BufferAccess.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace rac;

static bool givesBuffers(Operation *op) {
  return llvm::any_of(op->getResultTypes(), llvm::IsaPred<BaseMemRefType>);
}

/// Whether the called function may write to its operand.
static bool calleeWrites(func::CallOp call, unsigned operand) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (!callee || callee.isExternal())
    return true;
  SmallVector<BufferAccess> accesses;
  return !collectAccesses(callee.getArgument(operand), accesses) ||
         llvm::any_of(accesses, [](const BufferAccess &a) { return a.writes; });
}

/// Whether an op that declares its effects may write to `operand`; none if
/// that can't be told.
static std::optional<bool> opWrites(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto styled = dyn_cast<DestinationStyleOpInterface>(op))
    return styled.isDpsInit(&operand);
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface || op->getNumRegions() != 0 &&
                        op->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
    return std::nullopt;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::any_of(effects, [&](const MemoryEffects::EffectInstance &it) {
    return isa<MemoryEffects::Write, MemoryEffects::Free>(it.getEffect()) &&
           (!it.getValue() || it.getValue() == operand.get());
  });
}

Value rac::bufferOf(Value view) {
  while (auto op = view.getDefiningOp<ViewLikeOpInterface>())
    view = op.getViewSource();
  return view;
}

bool rac::collectAccesses(Value buffer,
                          SmallVectorImpl<BufferAccess> &accesses) {
  for (OpOperand &use : buffer.getUses()) {
    Operation *op = use.getOwner();
    if (auto view = dyn_cast<ViewLikeOpInterface>(op)) {
      if (view.getViewSource() != buffer ||
          !collectAccesses(view.getViewDest(), accesses))
        return false;
      continue;
    }
    if (givesBuffers(op))
      return false;
    if (auto call = dyn_cast<func::CallOp>(op)) {
      accesses.push_back({&use, calleeWrites(call, use.getOperandNumber())});
      continue;
    }
    if (isMemoryEffectFree(op) && !op->hasTrait<OpTrait::IsTerminator>())
      continue;
    std::optional<bool> writes = opWrites(use);
    if (!writes || op->hasTrait<OpTrait::IsTerminator>())
      return false;
    accesses.push_back({&use, *writes});
  }
  return true;
}
