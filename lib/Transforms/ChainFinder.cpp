//===- ChainFinder.cpp - From one contraction to another ------------------===//

#include "ChainFinder.h"

using namespace mlir;
using namespace rac;

SmallVector<Operation *> ChainFinder::find() {
  Operation *next = passed.getDefiningOp();
  if (!next || !grow(next) || !first)
    return {};
  for (Operation *member : members)
    for (Operation *user : member->getUsers())
      if (user != last && !members.contains(user))
        return {};
  return members.takeVector();
}

bool ChainFinder::grow(Operation *op) {
  if (members.contains(op))
    return true;
  if (op->getBlock() != last->getBlock() || op->getNumResults() != 1 ||
      !shapes.sameShape(op->getResult(0), passed))
    return false;
  if (begins(op)) {
    if (first)
      return false;
    first = op;
    members.insert(op);
    return true;
  }
  auto softmax = dyn_cast<SoftmaxOp>(op);
  bool whole = softmax && int64_t(softmax.getAxis()) ==
                              softmax.getInput().getType().getRank() - 1;
  if (!whole && !isa<ElementwiseOpInterface>(op))
    return false;
  members.insert(op);
  for (Value operand : op->getOperands())
    if (leadsToFirst(operand) && !grow(operand.getDefiningOp()))
      return false;
  return true;
}

bool ChainFinder::leadsToFirst(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !shapes.sameShape(value, passed))
    return false;
  if (isa<MatmulOp, ConvOp>(op) || members.contains(op))
    return true;
  return isa<SoftmaxOp, ElementwiseOpInterface>(op) &&
         llvm::any_of(op->getOperands(),
                      [&](Value operand) { return leadsToFirst(operand); });
}

SmallVector<Operation *> rac::elementwiseAfter(Operation *last,
                                               SymbolicShapes &shapes) {
  // As many as the library takes after a product.
  constexpr size_t most = 32;
  SmallVector<Operation *> ops;
  for (Operation *op = last; op->hasOneUse() && ops.size() < most;) {
    Operation *next = *op->user_begin();
    if (next->getBlock() != last->getBlock() || next->getNumResults() != 1 ||
        !isa<ElementwiseOpInterface>(next) ||
        !shapes.sameShape(op->getResult(0), next->getResult(0)))
      break;
    ops.push_back(next);
    op = next;
  }
  return ops;
}
