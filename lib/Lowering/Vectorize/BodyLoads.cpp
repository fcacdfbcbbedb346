//===- BodyLoads.cpp - What a linalg op's body loads by itself ------------===//

#include "BodyLoads.h"

using namespace mlir;
using namespace rac::vectorize;

bool rac::vectorize::variesAlong(linalg::LinalgOp op, Value value,
                                 unsigned loop) {
  if (value.getParentBlock() != op.getBlock())
    return false;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    return op.isDpsInit(operand) ||
           op.getMatchingIndexingMap(operand).isFunctionOfDim(loop);
  }
  if (auto index = value.getDefiningOp<linalg::IndexOp>())
    return index.getDim() == loop;
  return llvm::any_of(value.getDefiningOp()->getOperands(), [&](Value operand) {
    return variesAlong(op, operand, loop);
  });
}

bool rac::vectorize::isAddress(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [](Operation *u) {
    return isa<memref::LoadOp>(u) ||
           (u->getNumResults() > 0 && llvm::all_of(u->getResults(), isAddress));
  });
}

bool rac::vectorize::loadsAlong(linalg::LinalgOp op, unsigned loop) {
  auto isAlong = [&](memref::LoadOp load) {
    OperandRange at = load.getIndices();
    if (at.empty())
      return true;
    if (llvm::any_of(at.drop_back(),
                     [&](Value v) { return variesAlong(op, v, loop); }))
      return false;
    if (!variesAlong(op, at.back(), loop))
      return true;
    SmallVector<int64_t> strides;
    int64_t offset;
    return at.back().getDefiningOp<linalg::IndexOp>() &&
           succeeded(
               load.getMemRefType().getStridesAndOffset(strides, offset)) &&
           strides.back() == 1;
  };
  return llvm::all_of(op.getBlock()->getOps<memref::LoadOp>(), isAlong);
}
