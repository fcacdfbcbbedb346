//===- Reductions.cpp - What is before and after a reduction --------------===//

#include "rac/Lowering/Reductions.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace rac;

Value rac::baseOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

Operation *rac::findCombiner(linalg::LinalgOp op, unsigned result) {
  SmallVector<Operation *> combiners;
  if (!matchReduction(op.getRegionOutputArgs(), result, combiners) ||
      combiners.size() != 1)
    return nullptr;
  return combiners.front();
}

bool rac::needsOrder(Operation *combiner) {
  auto floats = dyn_cast<arith::ArithFastMathInterface>(combiner);
  return floats && isa<arith::AddFOp, arith::MulFOp>(combiner) &&
         !bitEnumContainsAll(floats.getFastMathFlagsAttr().getValue(),
                             arith::FastMathFlags::reassoc);
}

linalg::FillOp rac::findFill(linalg::LinalgOp op) {
  Value out = op.getDpsInitOperand(0)->get();
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    if (auto fill = dyn_cast<linalg::FillOp>(before))
      if (fill.getOutputs()[0] == out)
        return fill;
    if (!isMemoryEffectFree(before) && !isa<memref::AllocOp>(before))
      return {};
  }
  return {};
}

OpOperand *rac::findReader(linalg::LinalgOp op, linalg::FillOp fill,
                           llvm::function_ref<bool(Operation *)> counts) {
  auto alloc = op.getDpsInitOperand(0)->get().getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return nullptr;
  OpOperand *reader = nullptr;
  for (OpOperand &use : alloc->getUses()) {
    if (use.getOwner() == op || use.getOwner() == fill ||
        !counts(use.getOwner()))
      continue;
    if (reader)
      return nullptr;
    reader = &use;
  }
  return reader;
}

/// Whether nothing between two ops of a block touches memory.
static bool isQuietBetween(Operation *from, Operation *to) {
  for (Operation *op = from->getNextNode(); op != to; op = op->getNextNode())
    if (!op || (!isMemoryEffectFree(op) && !isa<memref::AllocOp>(op)))
      return false;
  return true;
}

OpOperand *rac::findElementwiseUse(linalg::LinalgOp op, linalg::FillOp fill) {
  OpOperand *use = findReader(op, fill);
  auto reader =
      use ? dyn_cast<linalg::LinalgOp>(use->getOwner()) : linalg::LinalgOp();
  if (!reader || reader->getBlock() != op->getBlock() ||
      reader.isDpsInit(use) || reader.getNumDpsInits() != 1 ||
      reader.getNumReductionLoops() != 0 || !isQuietBetween(op, reader))
    return nullptr;
  return use;
}
