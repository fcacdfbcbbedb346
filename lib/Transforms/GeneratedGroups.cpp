//===- GeneratedGroups.cpp - What shares a generated kernel ---------------===//
//
// A cluster grows from its root, the last op, to producers that nothing else
// needs or that are cheap. It has at most one op that is not elementwise, whose
// loops the elementwise ones before and after share.
//
//===----------------------------------------------------------------------===//

#include "Cluster.h"

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

bool ClusterFinder::joinsAsProducer(const Cluster &cluster, Operation *op) {
  if (!belongsInGroup(op) || op->getBlock() != &block || !takesConsumers(op))
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
    if (!cluster.contains(user)) {
      usedOutside = true;
      continue;
    }
    // The user must visit the elements that `op` gives, once each.
    bool fits = isElementwise(user)
                    ? shapes.sameShape(op->getResult(0), user->getResult(0))
                    : absorbsProducers(user) && use.getOperandNumber() == 0;
    if (!fits)
      return false;
  }
  return !usedOutside || isCheap(op);
}

/// Takes all it can but those refused; `joined` gets what it took, in order.
Cluster ClusterFinder::grow(Operation *root, ArrayRef<Operation *> refused,
                            SmallVectorImpl<Operation *> &joined) {
  Cluster cluster;
  cluster.main = root;
  cluster.add(root);
  // No kernel gains by more, and growing takes the square of it.
  constexpr size_t mostOps = 48;
  // An op may join only after another user of it has.
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation *member : SmallVector<Operation *>(cluster.ops))
      for (Value operand : member->getOperands()) {
        Operation *op = operand.getDefiningOp();
        if (!op || cluster.ops.size() == mostOps || cluster.contains(op) ||
            llvm::is_contained(refused, op) || !joinsAsProducer(cluster, op))
          continue;
        cluster.add(op);
        joined.push_back(op);
        if (!isElementwise(op))
          cluster.main = op;
        changed = true;
      }
  }
  return cluster;
}

/// Limited discrepancy search: all that can join joins, then all but one, all
/// but two and so on, up to a number of clusters that bounds the planner's
/// time.
void ClusterFinder::findGenerated(Operation *root) {
  constexpr size_t mostClusters = 24;
  SmallVector<SmallVector<Operation *>> refusals = {{}};
  for (size_t next = 0; next < refusals.size() && next < mostClusters; ++next) {
    SmallVector<Operation *> refused = refusals[next], joined;
    add(grow(root, refused, joined));
    for (Operation *op : joined) {
      refusals.push_back(refused);
      refusals.back().push_back(op);
    }
  }
  SmallVector<Operation *> none;
  Cluster alone;
  alone.main = root;
  alone.add(root);
  add(std::move(alone));
}
