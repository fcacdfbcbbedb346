//===- Epilogue.cpp - What is done with a result in registers -------------===//

#include "Epilogue.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

SmallVector<Value> Epilogue::positionOf(ArrayRef<Value> position) const {
  return llvm::map_to_vector(loops,
                             [&](unsigned loop) { return position[loop]; });
}

/// The next op of the block that isn't a view or memory.
static linalg::LinalgOp nextOp(Operation *op) {
  do
    op = op->getNextNode();
  while (op && (isMemoryEffectFree(op) || isa<memref::AllocOp>(op)));
  return dyn_cast_or_null<linalg::LinalgOp>(op);
}

/// Where an elementwise op directly after `op` reads `op`'s result, of which it
/// writes each element anew in its place; null if there is none.
static OpOperand *findUpdate(linalg::LinalgOp op) {
  Value result = op.getDpsInitOperand(0)->get(), base = baseOf(result);
  linalg::LinalgOp reader = nextOp(op);
  if (!reader || reader.getNumDpsInits() != 1 ||
      reader.getNumReductionLoops() != 0)
    return nullptr;
  OpOperand *written = reader.getDpsInitOperand(0), *read = nullptr;
  if (written->get() != result || reader.payloadUsesValueFromOperand(written))
    return nullptr;
  for (memref::LoadOp load : reader.getBlock()->getOps<memref::LoadOp>())
    if (baseOf(load.getMemRef()) == base)
      return nullptr;
  for (OpOperand *input : reader.getDpsInputOperands()) {
    if (baseOf(input->get()) != base)
      continue;
    if (read || input->get() != result ||
        reader.getMatchingIndexingMap(input) !=
            reader.getMatchingIndexingMap(written))
      return nullptr;
    read = input;
  }
  return read;
}

/// Whether the body computes with what it is given, and nothing else.
static bool worksOnScalars(linalg::LinalgOp op) {
  return op.getMatchingIndexingMap(op.getDpsInitOperand(0))
             .isProjectedPermutation() &&
         llvm::all_of(op.getBlock()->without_terminator(),
                      [](Operation &inner) {
                        return isPure(&inner) && inner.getNumRegions() == 0 &&
                               !isa<linalg::IndexOp>(inner);
                      });
}

std::optional<Epilogue> rac::vectorize::findEpilogue(linalg::LinalgOp op,
                                                     linalg::FillOp fill,
                                                     const LoopRoles &roles,
                                                     bool scalable) {
  if (!fill || op.getNumReductionLoops() == 0)
    return std::nullopt;
  OpOperand *use = findElementwiseUse(op, fill);
  if (!use)
    use = findUpdate(op);
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
  if (roles.horizontal ? !worksOnScalars(reader)
                       : !lane || (roles.rowLoop && !row) ||
                             !worksOnLanes(reader, *lane, scalable))
    return std::nullopt;
  epilogue.roles.vectorLoop = lane.value_or(0);
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
