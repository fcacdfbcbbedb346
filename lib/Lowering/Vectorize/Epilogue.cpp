//===- Epilogue.cpp - What is done with a result in registers -------------===//

#include "Epilogue.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace rac::vectorize;

SmallVector<Value> Epilogue::positionOf(ArrayRef<Value> position) const {
  return llvm::map_to_vector(loops,
                             [&](unsigned loop) { return position[loop]; });
}

linalg::FillOp rac::vectorize::findFill(linalg::LinalgOp op) {
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

/// The only reader of `op`'s result, where only `fill` and `op` write that.
static OpOperand *findReader(linalg::LinalgOp op, linalg::FillOp fill) {
  auto alloc = op.getDpsInitOperand(0)->get().getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return nullptr;
  OpOperand *reader = nullptr;
  for (OpOperand &use : alloc->getUses()) {
    if (use.getOwner() == op || use.getOwner() == fill)
      continue;
    if (reader)
      return nullptr;
    reader = &use;
  }
  return reader;
}

Value rac::vectorize::baseOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value;
}

/// Whether nothing between two ops of a block touches memory.
static bool isQuietBetween(Operation *from, Operation *to) {
  for (Operation *op = from->getNextNode(); op != to; op = op->getNextNode())
    if (!op || (!isMemoryEffectFree(op) && !isa<memref::AllocOp>(op)))
      return false;
  return true;
}

OpOperand *rac::vectorize::findElementwiseUse(linalg::LinalgOp op,
                                              linalg::FillOp fill) {
  OpOperand *use = findReader(op, fill);
  auto reader =
      use ? dyn_cast<linalg::LinalgOp>(use->getOwner()) : linalg::LinalgOp();
  if (!reader || reader->getBlock() != op->getBlock() ||
      reader.isDpsInit(use) || reader.getNumDpsInits() != 1 ||
      reader.getNumReductionLoops() != 0 || !isQuietBetween(op, reader))
    return nullptr;
  return use;
}

std::optional<Epilogue> rac::vectorize::findEpilogue(linalg::LinalgOp op,
                                                     linalg::FillOp fill,
                                                     const LoopRoles &roles,
                                                     bool scalable) {
  if (!fill || roles.horizontal || op.getNumReductionLoops() == 0)
    return std::nullopt;
  OpOperand *use = findElementwiseUse(op, fill);
  if (!use)
    return std::nullopt;
  auto reader = cast<linalg::LinalgOp>(use->getOwner());
  AffineMap map = reader.getMatchingIndexingMap(use);
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!map.isPermutation() || map.getNumDims() != out.getNumResults())
    return std::nullopt;

  Epilogue epilogue{reader, use->getOperandNumber(), roles, {}};
  epilogue.loops.resize(reader.getNumLoops());
  std::optional<unsigned> lane, row;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    unsigned own = cast<AffineDimExpr>(expr).getPosition();
    unsigned loop = out.getDimPosition(i);
    epilogue.loops[own] = loop;
    if (loop == roles.vectorLoop)
      lane = own;
    if (loop == roles.rowLoop)
      row = own;
  }
  if (!lane || (roles.rowLoop && !row) ||
      !worksOnLanes(reader, *lane, scalable))
    return std::nullopt;
  epilogue.roles.vectorLoop = *lane;
  epilogue.roles.rowLoop = row;
  // It is written while the reduction still reads.
  Value written = baseOf(reader.getDpsInitOperand(0)->get());
  SmallVector<Value> read;
  for (OpOperand *input : op.getDpsInputOperands())
    read.push_back(input->get());
  for (memref::LoadOp load : op.getBlock()->getOps<memref::LoadOp>())
    read.push_back(load.getMemRef());
  for (Value value : read)
    if (isa<MemRefType>(value.getType()) && baseOf(value) == written)
      return std::nullopt;
  return epilogue;
}
