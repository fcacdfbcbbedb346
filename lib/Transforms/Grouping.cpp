//===- Grouping.cpp - Which ops run together ------------------------------===//

#include "Grouping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

bool rac::belongsInGroup(Operation *op) {
  return isa<ShapeOpInterface>(op) && !isa<ReshapeOp>(op);
}

void Cluster::add(Operation *op) {
  auto *place = llvm::find_if(
      ops, [&](Operation *other) { return op->isBeforeInBlock(other); });
  ops.insert(place, op);
}

void Grouping::claim(Cluster cluster) {
  for (Operation *op : cluster.ops)
    if (!cluster.copies.contains(op))
      owner.insert(op);
  clusters.push_back(std::move(cluster));
}

/// What the main op computes in: floats where it has any.
static Type precisionOf(Operation *main) {
  Type type = getElementTypeOrSelf(main->getResult(0));
  for (Type operand : main->getOperandTypes())
    if (!isa<FloatType>(type) && isa<RankedTensorType>(operand) &&
        isa<FloatType>(getElementTypeOrSelf(operand)))
      type = getElementTypeOrSelf(operand);
  return type;
}

double Grouping::seconds(ArrayRef<Operation *> ops, KernelKind kind) const {
  auto plan = PlanAttr::get(kind, precisionOf(ops.front()));
  return costs.estimate(Candidate::of(ops), plan).seconds.value;
}

bool Grouping::pays(const Cluster &cluster, Operation *op) {
  Cluster joined = cluster;
  joined.add(op);
  if (seconds(joined.ops, cluster.kind) <=
      seconds(cluster.ops, cluster.kind) + seconds({op}, KernelKind::generated))
    return true;
  ++numRefused;
  return false;
}

PlanAttr Grouping::plan(const Cluster &cluster) const {
  MLIRContext *ctx = cluster.main->getContext();
  Type precision = precisionOf(cluster.main);
  auto bare = PlanAttr::get(cluster.kind, precision);
  Estimate cost = costs.estimate(Candidate::of(cluster.ops), bare);
  return bare.withCost(cost.toAttr(ctx));
}

SmallVector<Cluster> Grouping::form(Block &block) {
  clusters.clear();
  // In order, so that no question about shapes recurses far.
  for (Operation &op : block)
    for (Value result : op.getResults())
      if (isa<RankedTensorType>(result.getType()))
        shapes.shape(result);
  for (auto matmul : block.getOps<MatmulOp>())
    if (isFree(matmul))
      formAttention(matmul);
  if (useLibrary)
    for (Operation &op : block)
      if (isFree(&op) && isa<ConvOp, ConvTransposeOp, MatmulOp>(op))
        formLibrary(&op);
  // Consumers first: a producer joins those that alone need it.
  for (Operation &op : llvm::reverse(block))
    if (isFree(&op) && belongsInGroup(&op) && !op.use_empty())
      formGenerated(&op);
  llvm::sort(clusters, [](const Cluster &a, const Cluster &b) {
    return a.root()->isBeforeInBlock(b.root());
  });
  return std::move(clusters);
}
