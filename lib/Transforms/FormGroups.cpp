//===- FormGroups.cpp - Level-1 ops to planned groups ---------------------===//

#include "AttachDevice.h"
#include "Grouping.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_FORMGROUPS
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct FormGroups : rac::impl::FormGroupsBase<FormGroups> {
  using FormGroupsBase::FormGroupsBase;

  void runOnOperation() override;

private:
  void formIn(Block &block, Grouping &grouping);
  void emit(const Cluster &cluster, StringRef name, PlanAttr plan);
  std::string nameOf(const Cluster &cluster);

  int64_t nextNumber = 0;
};

} // namespace

/// A constant so small that groups hold it themselves: those that differ in
/// nothing else are then one kernel.
static bool isInlineConstant(Operation *op) {
  if (!op)
    return false;
  if (isa<arith::ConstantOp>(op))
    return true;
  auto constant = dyn_cast<ConstantOp>(op);
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                        : DenseElementsAttr();
  constexpr int64_t most = 16;
  return dense && dense.isSplat() && dense.getNumElements() <= most;
}

/// The main op and what follows it, for example conv_add_relu_3.
std::string FormGroups::nameOf(const Cluster &cluster) {
  constexpr unsigned mostParts = 3;
  std::string name;
  unsigned parts = 0;
  bool started = false;
  for (Operation *op : cluster.ops) {
    started |= op == cluster.main || cluster.kind == KernelKind::generated;
    if (!started || parts == mostParts)
      continue;
    if (parts++)
      name += "_";
    name += op->getName().stripDialect();
  }
  return name + "_" + std::to_string(nextNumber++);
}

/// What a cluster has copied belongs to another one, which comes later.
static void eraseUnused(const Cluster &cluster) {
  for (Operation *op : llvm::reverse(cluster.ops))
    if (op->use_empty() && !cluster.copies.contains(op))
      op->erase();
}

void FormGroups::emit(const Cluster &cluster, StringRef name, PlanAttr plan) {
  Operation *root = cluster.root();
  OpBuilder builder(root);
  llvm::SmallSetVector<Value, 8> inputs;
  llvm::SmallSetVector<Operation *, 4> constants;
  for (Operation *op : cluster.ops)
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && cluster.contains(producer))
        continue;
      if (isInlineConstant(producer))
        constants.insert(producer);
      else
        inputs.insert(operand);
    }
  auto group = GroupOp::create(builder, root->getLoc(), root->getResultTypes(),
                               name, inputs.getArrayRef(), plan);
  Block *body = builder.createBlock(&group.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (Operation *constant : constants)
    builder.clone(*constant, mapping);
  for (Operation *op : cluster.ops)
    builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value result : root->getResults())
    results.push_back(mapping.lookup(result));
  YieldOp::create(builder, root->getLoc(), results);
  root->replaceAllUsesWith(group);
  eraseUnused(cluster);
}

/// Ops that nothing needs would become groups that nothing needs.
static void eraseDeadOps(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void FormGroups::formIn(Block &block, Grouping &grouping) {
  eraseDeadOps(block);
  SmallVector<Cluster> clusters = grouping.form(block);
  SmallVector<std::pair<std::string, PlanAttr>> plans;
  for (const Cluster &cluster : clusters)
    plans.push_back({nameOf(cluster), grouping.plan(cluster)});
  // Consumers first: what they copied may then have no other use.
  for (size_t i = clusters.size(); i-- > 0;) {
    const Cluster &cluster = clusters[i];
    if (isOpTriviallyDead(cluster.root())) {
      eraseUnused(cluster);
      continue;
    }
    if (cluster.kind == KernelKind::library)
      ++numLibrary;
    else
      ++numGenerated;
    numFused += cluster.ops.size() - 1;
    emit(cluster, plans[i].first, plans[i].second);
  }
}

void FormGroups::runOnOperation() {
  if (!device.empty() && failed(attachNamedDevice(getOperation(), device)))
    return signalPassFailure();
  llvm::Expected<Device> described = attachedDevice(getOperation());
  if (!described) {
    emitError(getOperation().getLoc(), llvm::toString(described.takeError()));
    return signalPassFailure();
  }
  Unknowns unknowns;
  RooflineModel costs(*described, Assumptions{}, threads, unknowns);
  Grouping grouping(&getContext(), costs, library);
  SmallVector<Block *> blocks;
  getOperation()->walk([&](Block *block) {
    if (!isa<GroupOp, ModuleOp>(block->getParentOp()))
      blocks.push_back(block);
  });
  for (Block *block : blocks)
    formIn(*block, grouping);
  numNotFused += grouping.numRefused;
  noteUnknowns(getOperation(), unknowns);
}
