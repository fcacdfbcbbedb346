//===- Neighbours.cpp - What a kernel does besides its op -----------------===//

#include "Neighbours.h"
#include "LaneBody.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;

bool nvptx::isQuiet(Operation *op) {
  return isMemoryEffectFree(op) || isa<memref::AllocOp, cf::AssertOp>(op);
}

linalg::FillOp nvptx::findFill(linalg::LinalgOp op, unsigned init) {
  Value out = op.getDpsInitOperand(init)->get();
  Value base = baseOf(out);
  // What reads it as an input sees what was there before, too.
  for (OpOperand *input : op.getDpsInputOperands())
    if (isa<MemRefType>(input->get().getType()) && baseOf(input->get()) == base)
      return {};
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    auto fill = dyn_cast<linalg::FillOp>(before);
    if (fill && fill.getOutputs()[0] == out)
      return fill;
    // Those of other results of the op may be in between.
    if (fill && baseOf(fill.getOutputs()[0]) != base &&
        llvm::is_contained(op.getDpsInits(), fill.getOutputs()[0]))
      continue;
    if (!isQuiet(before))
      return {};
  }
  return {};
}

OpOperand *nvptx::findEpilogue(linalg::LinalgOp op, linalg::FillOp fill) {
  if (!fill || op.getNumDpsInits() != 1)
    return nullptr;
  OpOperand *use = findReader(
      op, fill, [](Operation *user) { return !isa<memref::DimOp>(user); });
  auto reader =
      use ? dyn_cast<linalg::LinalgOp>(use->getOwner()) : linalg::LinalgOp();
  if (!reader || reader->getBlock() != op->getBlock() ||
      reader.isDpsInit(use) || reader.getNumDpsInits() != 1 ||
      reader.getNumReductionLoops() != 0 || !reader.hasPureBufferSemantics() ||
      !op->isBeforeInBlock(reader))
    return nullptr;
  AffineMap map = reader.getMatchingIndexingMap(use);
  AffineMap out = reader.getMatchingIndexingMap(reader.getDpsInitOperand(0));
  if (!map.isPermutation() || !out.isPermutation())
    return nullptr;
  for (Operation *between = op->getNextNode(); between != reader;
       between = between->getNextNode())
    if (!isQuiet(between))
      return nullptr;
  Value written = baseOf(reader.getDpsInitOperand(0)->get());
  for (OpOperand *input : op.getDpsInputOperands())
    if (isa<MemRefType>(input->get().getType()) &&
        baseOf(input->get()) == written)
      return nullptr;
  return use;
}
