//===- BlockFactor.cpp - Factors of whole sums ----------------------------===//

#include "BlockFactor.h"
#include "LoopRoles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

bool rac::vectorize::isSameAlong(linalg::LinalgOp op, Value value,
                                 unsigned loop) {
  if (value.getParentBlock() != op.getBlock())
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    return op.isDpsInput(operand) &&
           isIndependent(op.getMatchingIndexingMap(operand), loop);
  }
  if (auto index = value.getDefiningOp<linalg::IndexOp>())
    return index.getDim() != loop;
  Operation *computed = value.getDefiningOp();
  return isPure(computed) &&
         llvm::all_of(computed->getOperands(), [&](Value operand) {
           return isSameAlong(op, operand, loop);
         });
}

/// What a sum is of, where it may be summed in any order.
static void addTerms(Value sum, SmallVectorImpl<Value> &terms) {
  auto add = sum.getDefiningOp<arith::AddFOp>();
  if (!add || needsOrder(add)) {
    terms.push_back(sum);
    return;
  }
  addTerms(add.getLhs(), terms);
  addTerms(add.getRhs(), terms);
}

std::optional<BlockFactor>
rac::vectorize::findBlockFactor(linalg::LinalgOp op) {
  Operation *sum = op.getNumReductionLoops() ? findCombiner(op) : nullptr;
  if (!isa_and_present<arith::AddFOp>(sum) || needsOrder(sum) ||
      !sum->getResult(0).getType().isF32() ||
      op.getBlock()->getTerminator()->getOperand(0) != sum->getResult(0))
    return std::nullopt;
  Value accumulator = op.getRegionOutputArgs()[0];
  auto product = sum->getOperand(sum->getOperand(0) == accumulator ? 1 : 0)
                     .getDefiningOp<arith::MulFOp>();
  if (!product || needsOrder(product))
    return std::nullopt;
  auto loop = innermostReduction(op);
  if (!loop)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    Value factor = product->getOperand(i), sum = product->getOperand(1 - i);
    if (!isSameAlong(op, factor, *loop) || isSameAlong(op, sum, *loop))
      continue;
    BlockFactor found{*loop, {}, factor};
    addTerms(sum, found.terms);
    return found;
  }
  return std::nullopt;
}
