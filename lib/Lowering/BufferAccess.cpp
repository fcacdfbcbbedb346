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

using Functions = llvm::SmallPtrSet<Operation *, 4>;

static bool collect(Value buffer, Functions &within,
                    SmallVectorImpl<BufferAccess> &accesses);

/// Whether the called function may write to its operand. Calls of a function
/// within itself, `within`, may do anything.
static bool calleeWrites(func::CallOp call, unsigned operand,
                         Functions &within) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      call, call.getCalleeAttr());
  if (!callee || callee.isExternal() || !within.insert(callee).second)
    return true;
  SmallVector<BufferAccess> accesses;
  bool known = collect(callee.getArgument(operand), within, accesses);
  within.erase(callee);
  return !known || llvm::any_of(accesses, [](const BufferAccess &access) {
    return access.writes;
  });
}

/// Whether an op that declares its effects may write to `operand`; none if
/// that can't be told.
static std::optional<bool> opWrites(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto styled = dyn_cast<DestinationStyleOpInterface>(op))
    return styled.isDpsInit(&operand);
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface || (op->getNumRegions() != 0 &&
                     op->hasTrait<OpTrait::HasRecursiveMemoryEffects>()))
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

static bool collect(OpOperand &use, Functions &within,
                    SmallVectorImpl<BufferAccess> &accesses) {
  Operation *op = use.getOwner();
  if (auto view = dyn_cast<ViewLikeOpInterface>(op))
    return view.getViewSource() == use.get() &&
           collect(view.getViewDest(), within, accesses);
  if (givesBuffers(op))
    return false;
  if (auto call = dyn_cast<func::CallOp>(op)) {
    accesses.push_back(
        {&use, calleeWrites(call, use.getOperandNumber(), within)});
    return true;
  }
  if (isMemoryEffectFree(op) && !op->hasTrait<OpTrait::IsTerminator>())
    return true;
  std::optional<bool> writes = opWrites(use);
  if (!writes || op->hasTrait<OpTrait::IsTerminator>())
    return false;
  accesses.push_back({&use, *writes});
  return true;
}

static bool collect(Value buffer, Functions &within,
                    SmallVectorImpl<BufferAccess> &accesses) {
  return llvm::all_of(buffer.getUses(), [&](OpOperand &use) {
    return collect(use, within, accesses);
  });
}

bool rac::collectAccesses(Value buffer,
                          SmallVectorImpl<BufferAccess> &accesses) {
  Functions within;
  return collect(buffer, within, accesses);
}

bool rac::collectAccesses(OpOperand &use,
                          SmallVectorImpl<BufferAccess> &accesses) {
  Functions within;
  return collect(use, within, accesses);
}
