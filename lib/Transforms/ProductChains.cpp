//===- ProductChains.cpp - Chains from one matrix product to another ------===//
//
// softmax(q k^T) v and its kin: what lies between two products is as large as
// the product of their outer sizes, and need not go to memory. Tiled by rows,
// both products and all between them run while the rows are in the cache.
//
//===----------------------------------------------------------------------===//

#include "Cluster.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

namespace {

/// What kernels of chains compute with.
bool isChainType(Type type, bool halves) {
  return type.isF32() || (halves && (type.isF16() || type.isBF16()));
}

/// Finds the ops between the left factor of a product and an earlier product.
class ChainFinder {
public:
  ChainFinder(MatmulOp last, SymbolicShapes &shapes, bool halves)
      : last(last), shapes(shapes), halves(halves) {}

  /// The members, without `last`, in no order; empty if there is no such chain.
  SmallVector<Operation *> find() {
    Operation *next = last.getLhs().getDefiningOp();
    if (!next || !grow(next) || !first)
      return {};
    // What is between is needed nowhere else.
    for (Operation *member : members)
      for (Operation *user : member->getUsers())
        if (user != last && !members.contains(user))
          return {};
    return members.takeVector();
  }

private:
  /// Takes `op` and what it needs of the same shape, back to the product.
  bool grow(Operation *op) {
    if (members.contains(op))
      return true;
    if (op->getBlock() != last->getBlock() || op->getNumResults() != 1 ||
        !shapes.sameShape(op->getResult(0), last.getLhs()))
      return false;
    if (auto matmul = dyn_cast<MatmulOp>(op)) {
      if (first || !isChainType(getElementTypeOrSelf(matmul.getLhs()), halves))
        return false;
      first = matmul;
      members.insert(op);
      return true;
    }
    auto softmax = dyn_cast<SoftmaxOp>(op);
    bool whole = softmax && softmax.getAxis() ==
                                softmax.getInput().getType().getRank() - 1;
    if (!whole && !isa<ElementwiseOpInterface>(op))
      return false;
    members.insert(op);
    for (Value operand : op->getOperands())
      if (leadsToProduct(operand) && !grow(operand.getDefiningOp()))
        return false;
    return true;
  }

  /// Whether a product is behind `value`, through ops of its shape.
  bool leadsToProduct(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || !shapes.sameShape(value, last.getLhs()))
      return false;
    if (isa<MatmulOp>(op) || members.contains(op))
      return true;
    return isa<SoftmaxOp, ElementwiseOpInterface>(op) &&
           llvm::any_of(op->getOperands(),
                        [&](Value operand) { return leadsToProduct(operand); });
  }

  MatmulOp last;
  MatmulOp first;
  SymbolicShapes &shapes;
  bool halves;
  llvm::SmallSetVector<Operation *, 8> members;
};

} // namespace

/// Constant weights, which the library reads in a layout made when the model is
/// compiled.
static bool hasConstantWeights(MatmulOp matmul) {
  Operation *op = matmul.getRhs().getDefiningOp();
  while (op && isa<TransposeOp, ReshapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>();
}

/// A transpose that nothing but the product reads.
static TransposeOp ownTranspose(Value operand, Block *block) {
  auto transpose = operand.getDefiningOp<TransposeOp>();
  return transpose && transpose->hasOneUse() && transpose->getBlock() == block
             ? transpose
             : TransposeOp();
}

void ClusterFinder::findProductChain(MatmulOp last) {
  if (forms.library && hasConstantWeights(last))
    return;
  if (!isChainType(getElementTypeOrSelf(last.getResult()), forms.halfChains) ||
      last.getResult().getType().getRank() < 2)
    return;
  SmallVector<Operation *> members =
      ChainFinder(last, shapes, forms.halfChains).find();
  if (members.empty())
    return;
  for (Operation *op : members)
    if (auto first = dyn_cast<MatmulOp>(op);
        first && forms.library && hasConstantWeights(first))
      return;
  Cluster cluster;
  cluster.main = last;
  cluster.add(last);
  for (Operation *op : members)
    cluster.add(op);
  // The order of the first product's dimensions can be read as it is; so can
  // that of the result be written.
  SmallVector<Operation *> transposes;
  auto first = cast<MatmulOp>(cluster.ops.front());
  if (TransposeOp transpose = ownTranspose(first.getLhs(), &block))
    transposes.push_back(transpose);
  if (TransposeOp transpose = ownTranspose(first.getRhs(), &block))
    if (forms.transposes)
      transposes.push_back(transpose);
  if (TransposeOp transpose = ownTranspose(last.getRhs(), &block))
    if (forms.transposes ||
        transpose.getPermutation().back() == transpose.getType().getRank() - 1)
      transposes.push_back(transpose);
  if (last->hasOneUse())
    if (auto transpose = dyn_cast<TransposeOp>(*last->user_begin()))
      if (transpose->getBlock() == &block)
        transposes.push_back(transpose);
  for (unsigned taken = 0; taken < 1u << transposes.size(); ++taken) {
    Cluster some = cluster;
    for (auto [i, transpose] : llvm::enumerate(transposes))
      if (taken & 1u << i)
        some.add(transpose);
    add(std::move(some));
  }
}
