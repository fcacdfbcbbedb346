//===- ProductChains.cpp - Chains from one matrix product to another ------===//
//
// softmax(q k^T) v and f(x w) v and their kin: what lies between two products
// is as large as the product of their outer sizes, and need not go to memory.
// Tiled by rows, both products and all between them run while the rows are in
// the cache.
//
//===----------------------------------------------------------------------===//

#include "ChainFinder.h"
#include "Cluster.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Cost/Work.h"

using namespace mlir;
using namespace rac;

/// What kernels of chains compute with.
static bool isChainType(Type type, bool halves) {
  return type.isF32() || (halves && (type.isF16() || type.isBF16()));
}

/// Whether all that moves are weights: what is between products of one row is
/// near anyway.
static bool isOneRow(MatmulOp matmul) {
  return isConstant(matmul.getRhs()) &&
         llvm::all_of(matmul.getResult().getType().getShape().drop_back(),
                      [](int64_t size) { return size == 1; });
}

/// A transpose that nothing but the product reads.
static TransposeOp ownTranspose(Value operand, Block *block) {
  auto transpose = operand.getDefiningOp<TransposeOp>();
  return transpose && transpose->hasOneUse() && transpose->getBlock() == block
             ? transpose
             : TransposeOp();
}

void ClusterFinder::findProductChain(MatmulOp last) {
  if (!isChainType(getElementTypeOrSelf(last.getResult()), forms.halfChains) ||
      last.getResult().getType().getRank() < 2 || isOneRow(last))
    return;
  SmallVector<Operation *> members =
      ChainFinder(last, last.getLhs(), shapes, [&](Operation *op) {
        auto matmul = dyn_cast<MatmulOp>(op);
        return matmul && isChainType(getElementTypeOrSelf(matmul.getLhs()),
                                     forms.halfChains);
      }).find();
  if (members.empty())
    return;
  Cluster cluster = Cluster::of(last, members);
  // The order of the first product's dimensions can be read as it is; so can
  // that of the result be written.
  SmallVector<Operation *> transposes;
  auto first =
      cast<MatmulOp>(*llvm::find_if(cluster.ops, llvm::IsaPred<MatmulOp>));
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
  if (forms.chainEnds)
    addWithEnds(std::move(cluster));
}

/// With each beginning of the elementwise chain after it.
void ClusterFinder::addWithEnds(Cluster cluster) {
  for (Operation *op : elementwiseAfter(cluster.root(), shapes)) {
    cluster.add(op);
    add(cluster);
  }
}
