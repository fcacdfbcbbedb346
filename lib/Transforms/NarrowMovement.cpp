//===- NarrowMovement.cpp - Narrow elements move as they are --------------===//
//
// concat(widen(x), widen(y)) is widen(concat(x, y)), and narrow(concat(x, y))
// is concat(narrow(x), narrow(y)): the same elements, half or a quarter of the
// bytes, and no tensor of wide ones that has to be kept.
//
//===----------------------------------------------------------------------===//

#include "NarrowMovement.h"
#include "Storage.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace rac;

/// Whether each element of the result is one of the operands'. That of a
/// maximum is, for widening keeps the order.
static bool movesElements(Operation *op) {
  if (auto pool = dyn_cast<PoolOp>(op))
    return pool.getKind() == PoolKind::max;
  if (auto resize = dyn_cast<ResizeOp>(op))
    return resize.getMode() == ResizeMode::nearest;
  return isa<ConcatOp, TransposeOp, SliceOp, ExpandOp, GatherOp>(op);
}

/// What all operands of floats are widened from; none where they aren't, or
/// differ.
static Storage commonStorage(Operation *op) {
  std::optional<Storage> common;
  for (Value operand : op->getOperands()) {
    if (!isF32Tensor(operand))
      continue;
    Operation *widening = operand.getDefiningOp();
    Storage storage = widening ? widensFrom(widening) : Storage();
    if (!storage || (common && !(*common == storage)))
      return {};
    common = storage;
  }
  return common.value_or(Storage());
}

/// `op` on other operands of floats, in their type.
static Value cloneIn(OpBuilder &builder, Operation *op, const Storage &storage,
                     llvm::function_ref<Value(Value)> operandOf) {
  IRMapping mapping;
  for (Value operand : op->getOperands())
    if (isF32Tensor(operand) && !mapping.contains(operand))
      mapping.map(operand, operandOf(operand));
  Value result = builder.clone(*op, mapping)->getResult(0);
  result.setType(withElement(result.getType(), storage.element));
  return result;
}

/// move(widen(x)) to widen(move(x)).
static bool widenAfter(Operation *op) {
  Storage storage = commonStorage(op);
  if (!storage)
    return false;
  OpBuilder builder(op);
  Value result = cloneIn(builder, op, storage, [](Value operand) {
    return operand.getDefiningOp()->getOperand(0);
  });
  op->getResult(0).replaceAllUsesWith(
      widen(builder, op->getLoc(), result, storage));
  op->erase();
  return true;
}

/// narrow(move(x)) to move(narrow(x)), where x is computed in the group, which
/// then keeps it narrow; and where parts are joined, each of which is written
/// to its place at once.
static bool narrowBefore(Operation *op) {
  if (!op->getResult(0).hasOneUse())
    return false;
  Operation *narrowing = *op->user_begin();
  Storage storage = narrowsTo(narrowing);
  auto isComputed = [](Value operand) {
    return !isF32Tensor(operand) || operand.getDefiningOp();
  };
  if (!storage || isa<SliceOp, GatherOp>(op) ||
      !(isa<ConcatOp>(op) || llvm::all_of(op->getOperands(), isComputed)))
    return false;
  OpBuilder builder(op);
  Value result = cloneIn(builder, op, storage, [&](Value operand) {
    return narrow(builder, op->getLoc(), operand, storage);
  });
  narrowing->getResult(0).replaceAllUsesWith(result);
  narrowing->erase();
  op->erase();
  return true;
}

/// Rounding what was just widened from the same.
static bool dropRounding(Operation *op) {
  Storage storage = narrowsTo(op);
  Operation *widening = storage ? op->getOperand(0).getDefiningOp() : nullptr;
  if (!widening || !(widensFrom(widening) == storage))
    return false;
  op->getResult(0).replaceAllUsesWith(widening->getOperand(0));
  op->erase();
  return true;
}

unsigned rac::moveNarrow(GroupOp group) {
  Block &body = *group.getBodyBlock();
  auto moves = [](Operation &op) {
    return op.getNumResults() == 1 && isF32Tensor(op.getResult(0)) &&
           movesElements(&op);
  };
  unsigned moved = 0;
  for (Operation &op : llvm::make_early_inc_range(body))
    moved += moves(op) && widenAfter(&op);
  for (Operation &op : llvm::make_early_inc_range(body))
    dropRounding(&op);
  // Users first: what they want narrow may itself be moved.
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op : llvm::reverse(body))
      if (moves(op) && narrowBefore(&op)) {
        ++moved;
        changed = true;
        break;
      }
  }
  for (Operation &op : llvm::make_early_inc_range(body))
    dropRounding(&op);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return moved;
}
