//===- GeneratedGroups.cpp - What shares a generated kernel ---------------===//
//
// A cluster grows from its root, the last op, to producers that nothing else
// needs or that are cheap. It has at most one op that is not elementwise, whose
// loops the elementwise ones before and after share; concatenations of
// concatenations are one. Slices have none: they say where their readers find
// their operands.
//
//===----------------------------------------------------------------------===//

#include "Cluster.h"
#include "rac/Cost/Work.h"

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
  return isa<CastOp, BitcastOp, ExpandOp, NotOp, SliceOp>(op);
}

/// Ops with loops of their own that elementwise consumers join. Those that
/// scatter, sort or search write their result in an order of their own.
static bool takesConsumers(Operation *op) {
  return !isa<ScatterElementsOp, ScatterNdOp, TopKOp, NonZeroOp, SuppressOp,
              LstmOp, ScanOp>(op) &&
         op->getNumResults() == 1;
}

static bool isContraction(Operation *op) { return isa<MatmulOp, ConvOp>(op); }

/// Whether `user` can read what `slice` gives where that lies: lowering has a
/// view of it unless elements are in reverse order. What computes takes vectors
/// of neighbours.
static bool readsInPlace(OpOperand &use, SliceOp slice) {
  if (llvm::any_of(slice.getSteps(), [](int64_t step) { return step < 0; }))
    return false;
  Operation *user = use.getOwner();
  if (isa<ConcatOp, SliceOp>(user))
    return true;
  return (isElementwise(user) || isa<TransposeOp>(user) ||
          (absorbsProducers(user) && use.getOperandNumber() == 0)) &&
         (slice.getSteps().empty() || slice.getSteps().back() == 1);
}

/// Whether it is put together for other concatenations only.
static bool isPartOfConcats(Operation *op) {
  return isa<ConcatOp>(op) &&
         llvm::all_of(op->getUsers(), llvm::IsaPred<ConcatOp>);
}

/// Whether it makes columns of the rows of matrices that single rows are
/// multiplied by: a product reads them as they lie then, and sums along them.
static bool isOfSingleRows(TransposeOp transpose) {
  ArrayRef<int64_t> permutation = transpose.getPermutation();
  int64_t rank = permutation.size();
  return rank >= 2 && permutation[rank - 2] == rank - 1 &&
         llvm::all_of(transpose->getUses(), [](OpOperand &use) {
           auto product = dyn_cast<MatmulOp>(use.getOwner());
           if (!product || use.getOperandNumber() != 1)
             return false;
           auto rows = cast<RankedTensorType>(product.getLhs().getType());
           return rows.getRank() >= 2 &&
                  rows.getDimSize(rows.getRank() - 2) == 1;
         });
}

/// Whether a contraction reads or gives the transpose in passing: on CPUs it
/// reads weights, which are laid out when the model is compiled, and what
/// single rows are multiplied by.
bool ClusterFinder::isInPassing(Operation *op) const {
  auto transpose = dyn_cast<TransposeOp>(op);
  return transpose && (forms.transposes || isConstant(op->getOperand(0)) ||
                       isOfSingleRows(transpose));
}

/// Whether at most one op has loops that the others share, or all such ops put
/// together what one of them does; transposes in passing have none.
bool ClusterFinder::mayBeTogether(const Cluster &cluster, Operation *op) const {
  unsigned others = 0, contractions = 0, transposes = 0, concats = 0;
  auto count = [&](Operation *member) {
    if (isElementwise(member) ||
        isa<ExpandOp, DequantizeWeightsOp, SliceOp>(member))
      return;
    ++others;
    contractions += isContraction(member);
    transposes += isInPassing(member);
    concats += isa<ConcatOp>(member);
  };
  for (Operation *member : cluster.ops)
    count(member);
  if (others == 0)
    return true;
  unsigned before = others;
  count(op);
  if (others == before || others <= 1 ||
      (others == concats && isPartOfConcats(op)))
    return true;
  return contractions <= 1 && others == contractions + transposes &&
         (contractions == 1 || transposes == 1);
}

/// Whether a member visits the elements that it uses, once each.
bool ClusterFinder::visitsOnce(const Cluster &cluster, OpOperand &use) {
  Operation *user = use.getOwner(), *op = use.get().getDefiningOp();
  if (auto slice = dyn_cast<SliceOp>(op))
    return readsInPlace(use, slice) &&
           llvm::none_of(cluster.ops, isContraction);
  if (isElementwise(user))
    return shapes.sameShape(op->getResult(0), user->getResult(0));
  if (absorbsProducers(user))
    return use.getOperandNumber() == 0;
  // Weights of few bits are widened as a product reads them.
  if (isa<DequantizeWeightsOp>(op))
    return isa<MatmulOp>(user) && use.getOperandNumber() == 1;
  // What a convolution reads may be padded first, and is read as it is.
  if (isContraction(user))
    return isInPassing(op) && isa<MatmulOp>(user);
  // Its parts are put where the other's parts are.
  if (isa<ConcatOp>(user) && isa<ConcatOp>(op))
    return true;
  if (!forms.transposes)
    return false;
  // What a contraction reads is not computed on the way.
  return isa<TransposeOp>(user) &&
         llvm::none_of(user->getUsers(), [&](Operation *next) {
           return isContraction(next) && cluster.contains(next);
         });
}

bool ClusterFinder::joinsAsProducer(const Cluster &cluster, Operation *op) {
  if (!belongsInGroup(op) || op->getBlock() != &block || !takesConsumers(op) ||
      !mayBeTogether(cluster, op))
    return false;
  bool usedOutside = false, usedAsOperand = false;
  for (OpOperand &use : op->getUses()) {
    if (!cluster.contains(use.getOwner())) {
      usedOutside = true;
      continue;
    }
    if (!visitsOnce(cluster, use))
      return false;
    usedAsOperand |= isContraction(use.getOwner());
  }
  return !usedOutside || isCheap(op) || usedAsOperand;
}

/// Takes all it can but those refused; `joined` gets what it took, in order.
Cluster ClusterFinder::grow(Operation *root, ArrayRef<Operation *> refused,
                            SmallVectorImpl<Operation *> &joined) {
  Cluster cluster = Cluster::of(root);
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
        // A contraction gives the group its name, not its transposes.
        if (!isElementwise(op) && !isa<SliceOp>(op) &&
            !isContraction(cluster.main))
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
      if (isa<SliceOp>(op) || isPartOfConcats(op))
        continue;
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
