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

bool rac::vectorize::isAlong(linalg::LinalgOp op, memref::LoadOp load,
                             unsigned loop) {
  OperandRange at = load.getIndices();
  if (at.empty())
    return true;
  if (llvm::any_of(at.drop_back(),
                   [&](Value v) { return variesAlong(op, v, loop); }))
    return false;
  if (!variesAlong(op, at.back(), loop))
    return true;
  return at.back().getDefiningOp<linalg::IndexOp>() && isDense(load);
}

bool rac::vectorize::isDense(memref::LoadOp load) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(load.getMemRefType().getStridesAndOffset(strides, offset)) &&
         !strides.empty() && strides.back() == 1;
}

bool rac::vectorize::loadsAlong(linalg::LinalgOp op, unsigned loop) {
  return llvm::all_of(
      op.getBlock()->getOps<memref::LoadOp>(),
      [&](memref::LoadOp load) { return isAlong(op, load, loop); });
}

bool rac::vectorize::servesGather(linalg::LinalgOp op, Value value,
                                  unsigned loop) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    if (auto load = dyn_cast<memref::LoadOp>(user))
      return !isAlong(op, load, loop);
    return llvm::any_of(user->getResults(), [&](Value result) {
      return servesGather(op, result, loop);
    });
  });
}

Value rac::vectorize::computeScalar(
    OpBuilder &builder, linalg::LinalgOp op, IRMapping scalars,
    function_ref<SmallVector<Value>(OpOperand &)> addressOf) {
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (scalars.contains(argument))
      continue;
    if (!isa<MemRefType>(operand.get().getType()))
      scalars.map(argument, operand.get());
    else if (!argument.use_empty())
      scalars.map(argument,
                  memref::LoadOp::create(builder, op.getLoc(), operand.get(),
                                         addressOf(operand)));
  }
  for (Operation &scalar : op.getBlock()->without_terminator())
    if (scalar.getNumResults() == 0 || !scalars.contains(scalar.getResult(0)))
      builder.clone(scalar, scalars);
  return scalars.lookupOrDefault(op.getBlock()->getTerminator()->getOperand(0));
}
