//===- GeneratedGroups.cpp - What shares a generated kernel ---------------===//
//
// A cluster grows from its root, the last op, to producers that nothing else
// needs. It has at most one op that is not elementwise, whose loops the
// elementwise ones before and after share.
//
//===----------------------------------------------------------------------===//

#include "Grouping.h"

using namespace mlir;
using namespace rac;

static bool isElementwise(Operation *op) {
  return isa<ElementwiseOpInterface>(op);
}

/// Ops whose loops over their first operand can compute that in passing.
static bool absorbsProducers(Operation *op) {
  return isa<ReduceOp, ArgReduceOp, SoftmaxOp, NormalizeOp>(op);
}

/// So cheap that computing it again costs less than storing it.
static bool isCheap(Operation *op) {
  return isa<CastOp, BitcastOp, ExpandOp, NotOp>(op);
}

/// Ops with loops of their own that elementwise consumers join. Those that
/// scatter, sort or search write their result in an order of their own.
static bool takesConsumers(Operation *op) {
  return !isa<ScatterElementsOp, ScatterNdOp, TopKOp, NonZeroOp, LstmOp,
              ScanOp>(op) &&
         op->getNumResults() == 1;
}

bool Grouping::joinsAsProducer(const Cluster &cluster, Operation *op) {
  if (!belongsInGroup(op) || !isFree(op) ||
      op->getBlock() != cluster.root()->getBlock() || !takesConsumers(op))
    return false;
  bool elementwise = isElementwise(op) || isa<ExpandOp>(op);
  bool hasOther = llvm::any_of(cluster.ops, [](Operation *member) {
    return !isElementwise(member) && !isa<ExpandOp>(member);
  });
  if (!elementwise && hasOther)
    return false;
  bool usedOutside = false;
  for (OpOperand &use : op->getUses()) {
    Operation *user = use.getOwner();
    // Where the user is a copy, the original needs `op` too.
    usedOutside |= !cluster.contains(user) || cluster.copies.contains(user);
    if (!cluster.contains(user))
      continue;
    // The user must visit the elements that `op` gives, once each.
    bool fits = isElementwise(user)
                    ? shapes.sameShape(op->getResult(0), user->getResult(0))
                    : absorbsProducers(user) && use.getOperandNumber() == 0;
    if (!fits)
      return false;
  }
  return !usedOutside || isCheap(op);
}

void Grouping::formGenerated(Operation *root) {
  Cluster cluster;
  cluster.main = root;
  cluster.add(root);
  // An op may join only after another user of it has.
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation *member : SmallVector<Operation *>(cluster.ops))
      for (Value operand : member->getOperands()) {
        Operation *op = operand.getDefiningOp();
        if (!op || cluster.contains(op) || !joinsAsProducer(cluster, op) ||
            !pays(cluster, op))
          continue;
        if (llvm::any_of(op->getUsers(), [&](Operation *user) {
              return !cluster.contains(user) || cluster.copies.contains(user);
            }))
          cluster.copies.insert(op);
        cluster.add(op);
        if (!isElementwise(op))
          cluster.main = op;
        changed = true;
      }
  }
  claim(std::move(cluster));
}
