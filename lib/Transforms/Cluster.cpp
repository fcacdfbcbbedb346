//===- Cluster.cpp - Ops that could run as one kernel ---------------------===//

#include "Cluster.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

bool rac::belongsInGroup(Operation *op) {
  return isa<ShapeOpInterface>(op) && !isa<ReshapeOp>(op);
}

Type rac::precisionOf(Operation *main) {
  Type type = getElementTypeOrSelf(main->getResult(0));
  // Sums are wider than what is multiplied.
  if (isa<MatmulOp, ConvOp>(main))
    type = getElementTypeOrSelf(main->getOperand(0));
  if (type.isInteger(8))
    return IntegerType::get(type.getContext(), 8);
  for (Type operand : main->getOperandTypes())
    if (!isa<FloatType>(type) && isa<RankedTensorType>(operand) &&
        isa<FloatType>(getElementTypeOrSelf(operand)))
      type = getElementTypeOrSelf(operand);
  // Nothing but products computes in f8: what rounds to that does so in f32.
  if (!isa<MatmulOp, ConvOp>(main) && isa<FloatType>(type) &&
      type.getIntOrFloatBitWidth() == 8)
    return Float32Type::get(type.getContext());
  return type;
}

std::string rac::formOf(const Cluster &cluster) {
  constexpr unsigned mostParts = 3;
  std::string form;
  unsigned parts = 0;
  bool started = false;
  bool sliced = false, joined = false;
  for (Operation *op : cluster.ops) {
    // All that is sliced is one part, and all that is put together.
    bool again = (isa<SliceOp>(op) && std::exchange(sliced, true)) ||
                 (isa<ConcatOp>(op) && std::exchange(joined, true));
    // Transposes before a product are how its operands are read.
    bool leads = cluster.kind == KernelKind::generated &&
                 !(isa<TransposeOp>(op) && isa<MatmulOp>(cluster.main));
    started |= op == cluster.main || leads;
    if (!started || again || parts == mostParts)
      continue;
    if (parts++)
      form += "_";
    form += op->getName().stripDialect();
  }
  return form;
}

void Cluster::add(Operation *op) {
  auto *place = llvm::find_if(
      ops, [&](Operation *other) { return op->isBeforeInBlock(other); });
  ops.insert(place, op);
}

Cluster Cluster::of(Operation *main, ArrayRef<Operation *> others) {
  Cluster cluster;
  cluster.main = main;
  cluster.add(main);
  for (Operation *op : others)
    cluster.add(op);
  return cluster;
}

ClusterFinder::ClusterFinder(Block &block, SymbolicShapes &shapes,
                             GroupForms forms)
    : block(block), shapes(shapes), forms(forms) {
  // In order, so that no question about shapes recurses far.
  for (Operation &op : block)
    for (Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType()))
        shapes.shape(result);
}

void ClusterFinder::add(Cluster cluster) {
  SmallVector<Cluster> &clusters = byRoot[cluster.root()];
  if (llvm::none_of(clusters, [&](const Cluster &other) {
        return other.kind == cluster.kind && other.ops == cluster.ops;
      }))
    clusters.push_back(std::move(cluster));
}

SmallVector<Cluster> ClusterFinder::find() {
  for (Operation &op : block) {
    if (!belongsInGroup(&op) || op.use_empty())
      continue;
    if (auto matmul = dyn_cast<MatmulOp>(op); matmul && forms.productChains)
      findProductChain(matmul);
    if (auto conv = dyn_cast<ConvOp>(op); conv && forms.convChains)
      findConvChain(conv);
    if (forms.library && isa<ConvOp, ConvTransposeOp, MatmulOp>(op))
      findLibrary(&op);
    findGenerated(&op);
  }
  SmallVector<Cluster> found;
  for (Operation &op : block)
    for (Cluster &cluster : byRoot[&op])
      found.push_back(std::move(cluster));
  return found;
}
