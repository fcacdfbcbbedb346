//===- InPlace.cpp - Copies that cost nothing -----------------------------===//

#include "rac/Cost/InPlace.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace rac;

bool rac::isView(Operation *op) { return isa<ReshapeOp, tensor::CastOp>(op); }

Value rac::viewed(Value value) {
  while (value.getDefiningOp() && isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// The op of a group of one, or the op itself.
static Operation *onlyOp(Operation *op) {
  auto group = dyn_cast<GroupOp>(op);
  if (!group)
    return op;
  Block *body = group.getBodyBlock();
  return body->getOperations().size() == 2 ? &body->front() : nullptr;
}

/// The concatenation that is all that `op` does.
static ConcatOp onlyConcat(Operation *op) {
  auto concat = dyn_cast_or_null<ConcatOp>(onlyOp(op));
  // One that isn't in a group yet is, unless others can take it in.
  bool alone = isa<GroupOp>(op) || llvm::all_of(op->getUsers(), [](auto *user) {
                 return user->template hasTrait<OpTrait::IsTerminator>();
               });
  return alone ? concat : ConcatOp();
}

bool rac::isPartOfInput(Operation *op) {
  auto slice = dyn_cast_or_null<SliceOp>(onlyOp(op));
  if (!slice ||
      llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
    return false;
  auto argument = dyn_cast<BlockArgument>(viewed(op->getOperand(0)));
  if (!argument ||
      !isa<FunctionOpInterface>(argument.getOwner()->getParentOp()))
    return false;
  auto of = cast<RankedTensorType>(op->getOperand(0).getType()).getShape(),
       part = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  // Before the last dimension that is cut, there is one of each.
  size_t cut = of.size();
  while (cut > 0 && of[cut - 1] == part[cut - 1] &&
         !ShapedType::isDynamic(of[cut - 1]))
    --cut;
  return llvm::all_of(part.take_front(cut > 0 ? cut - 1 : 0),
                      [](int64_t size) { return size == 1; });
}

bool rac::joinsInPlace(Operation *op) {
  ConcatOp concat = onlyConcat(op);
  if (!concat)
    return false;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return llvm::all_of(type.getShape().take_front(concat.getAxis()),
                      [](int64_t size) { return size == 1; });
}

bool rac::isInPlace(Operation *op) {
  if (isPartOfInput(op))
    return true;
  // What nobody computes is copied.
  return joinsInPlace(op) && llvm::all_of(op->getOperands(), [](Value part) {
           return viewed(part).getDefiningOp() && !isConstant(part);
         });
}

bool rac::isInPlace(const Candidate &candidate) {
  if (candidate.ops.size() != 1)
    return false;
  Operation *op = candidate.ops.front();
  auto group = dyn_cast_or_null<GroupOp>(op->getParentOp());
  return isInPlace(group ? group : op);
}
