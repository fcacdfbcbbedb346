//===- InlineCopies.cpp - Copies of dense parts to the entry function -----===//

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Lowering/InlineCall.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_INLINECOPIES
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Whether a part of a buffer might be dense: nothing is known yet of sizes
/// that are values.
bool mayBeDense(Value buffer) {
  auto view = buffer.getDefiningOp<memref::SubViewOp>();
  if (!view)
    return false;
  bool whole = false;
  for (auto [offset, size, all] :
       llvm::zip_equal(view.getMixedOffsets(), view.getMixedSizes(),
                       view.getSourceType().getShape())) {
    std::optional<int64_t> known = getConstantIntValue(size);
    if (whole && (!isConstantIntValue(offset, 0) ||
                  (known && !ShapedType::isDynamic(all) && *known != all)))
      return false;
    whole |= known != 1;
  }
  return true;
}

/// Whether `function` only copies, at least once a part that may be dense.
bool copiesParts(func::FuncOp function) {
  if (function.isExternal() || function.getNumResults() != 0 ||
      !llvm::hasSingleElement(function.getBody()))
    return false;
  bool parts = false;
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (auto copy = dyn_cast<memref::CopyOp>(op))
      parts |= mayBeDense(copy.getSource()) || mayBeDense(copy.getTarget());
    else if (op.getNumRegions() != 0 ||
             (!isMemoryEffectFree(&op) && !isa<cf::AssertOp>(op)))
      return false;
  }
  return parts;
}

struct InlineCopiesPass : rac::impl::InlineCopiesBase<InlineCopiesPass> {
  void runOnOperation() override {
    auto entry = getOperation().lookupSymbol<func::FuncOp>(kEntryName);
    if (!entry || entry.isExternal())
      return;
    SymbolTableCollection symbols;
    SymbolUserMap users(symbols, getOperation());
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function == entry || !copiesParts(function))
        continue;
      bool unused = function.isPrivate();
      for (Operation *user : users.getUsers(function)) {
        auto call = dyn_cast<func::CallOp>(user);
        if (!call || !entry->isAncestor(call) ||
            !isa<func::FuncOp, scf::ForOp>(call->getParentOp())) {
          unused = false;
          continue;
        }
        inlineCall(call, function);
        ++numInlined;
      }
      if (unused)
        function.erase();
    }
  }
};

} // namespace
