//===- Epilogue.cpp - What is done with a result in registers -------------===//

#include "Epilogue.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

SmallVector<Value> Epilogue::positionOf(ArrayRef<Value> position) const {
  return llvm::map_to_vector(loops,
                             [&](unsigned loop) { return position[loop]; });
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
