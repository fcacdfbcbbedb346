//===- FormGroups.cpp - Level-1 ops to planned groups ---------------------===//

#include "AttachDevice.h"
#include "PlanSearch.h"
#include "Schedules.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/StringSwitch.h"

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
  FailureOr<PlanGoal> goal(GroupForms forms, int64_t usable);
  FailureOr<Type> narrowType(const Device &device);
  void emitGroups(ArrayRef<PlannedGroup> groups);
  void emit(const PlannedGroup &group, StringRef name);

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

void FormGroups::emit(const PlannedGroup &planned, StringRef name) {
  const Cluster &cluster = planned.cluster;
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
  auto group =
      GroupOp::create(builder, root->getLoc(), root->getResultTypes(), name,
                      inputs.getArrayRef(), planned.plan,
                      planned.alternatives.empty()
                          ? ArrayAttr()
                          : builder.getArrayAttr(planned.alternatives));
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
}

/// Ops that nothing needs would become groups that nothing needs. Groups stay
/// as they are.
static void eraseDeadOps(ModuleOp module) {
  module->walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
    if (!isa_and_nonnull<GroupOp>(op->getParentOp()) && isOpTriviallyDead(op))
      op->erase();
  });
}

void FormGroups::emitGroups(ArrayRef<PlannedGroup> groups) {
  SmallVector<std::string> names;
  for (const PlannedGroup &group : groups)
    names.push_back(formOf(group.cluster) + "_" + std::to_string(nextNumber++));
  // Consumers first: they take what they compute themselves along.
  for (size_t i = groups.size(); i-- > 0;) {
    if (groups[i].cluster.kind == KernelKind::library)
      ++numLibrary;
    else
      ++numGenerated;
    numFused += groups[i].cluster.ops.size() - 1;
    emit(groups[i], names[i]);
  }
}

FailureOr<PlanGoal> FormGroups::goal(GroupForms forms, int64_t usable) {
  std::optional<Objective> known = symbolizeObjective(objective);
  if (!known) {
    emitError(getOperation().getLoc())
        << "there is no objective '" << objective
        << "'; there are latency, energy, edp and carbon";
    return failure();
  }
  PlanGoal goal;
  goal.objective = *known;
  goal.maxSeconds = maxSeconds;
  goal.maxBytes = maxBytes;
  goal.gramsPerJoule = gramsPerJoule;
  goal.gramsPerSecond = gramsPerSecond;
  goal.forms = forms;
  goal.frontPoints = std::max<int64_t>(0, front);
  goal.threads = usable;
  return goal;
}

/// What blocks of contractions' loops are made for. Lowering's own tiles are
/// for scalable vectors of all lengths, and take fewer instructions than those
/// with blocks around them (docs/ArmSVE.md).
static std::optional<VectorShape> fixedVectors(const Device &device) {
  const ComputeUnit *unit = device.unit(UnitKind::simd);
  if (device.kind == DeviceKind::gpu || !unit || unit->scalable ||
      !unit->vectorBits || !unit->registers)
    return std::nullopt;
  return VectorShape{static_cast<int64_t>(unit->vectorBits->v),
                     static_cast<int64_t>(unit->registers->v)};
}

/// The type that groups may be narrowed to, which the device must compute in.
FailureOr<Type> FormGroups::narrowType(const Device &device) {
  if (precision.empty())
    return Type();
  Location loc = getOperation().getLoc();
  Builder builder(&getContext());
  Type type = llvm::StringSwitch<Type>(precision)
                  .Case("bf16", builder.getBF16Type())
                  .Case("f16", builder.getF16Type())
                  .Case("tf32", builder.getTF32Type())
                  .Default({});
  if (!type) {
    emitError(loc) << "groups can be narrowed to bf16, f16 or tf32, not to '"
                   << precision << "'";
    return failure();
  }
  if (!device.computesIn(*dataTypeOf(type))) {
    emitError(loc) << "device " << device.id << " doesn't compute in " << type;
    return failure();
  }
  return type;
}

void FormGroups::runOnOperation() {
  ModuleOp module = getOperation();
  if (!device.empty() && failed(attachNamedDevice(module, device)))
    return signalPassFailure();
  llvm::Expected<Device> described = attachedDevice(module);
  if (!described) {
    emitError(module.getLoc(), llvm::toString(described.takeError()));
    return signalPassFailure();
  }
  int64_t usable = usableThreads(*described, threads);
  GroupForms forms;
  forms.library = library;
  forms.convChains = forms.chainEnds = true;
  if (described->kind == DeviceKind::gpu) {
    // The library is for CPUs.
    forms = {/*library=*/false, /*productChains=*/true, /*transposes=*/true,
             /*halfChains=*/true};
    usable = 0;
  }
  FailureOr<PlanGoal> wanted = goal(forms, usable);
  FailureOr<Type> narrow = narrowType(*described);
  if (failed(wanted) || failed(narrow))
    return signalPassFailure();
  wanted->narrow = *narrow;
  wanted->vectors = fixedVectors(*described);
  eraseDeadOps(module);
  SmallVector<Block *> blocks;
  module->walk([&](Block *block) {
    if (!isa<GroupOp, ModuleOp>(block->getParentOp()))
      blocks.push_back(block);
  });

  Unknowns unknowns;
  Assumptions assumptions;
  assumptions.modelBytes = weightBytes(module);
  DeviceModel costs(*described, assumptions, std::max<int64_t>(1, usable),
                    unknowns);
  PlanSearch search(module, costs, *wanted, assumptions);
  search.run(blocks);
  if (search.empty())
    return;
  if (wanted->needsJoules() && !search.knowsJoules()) {
    emitError(module.getLoc())
        << "device " << described->id
        << " has no numbers to tell energy from, so there is no planning for "
        << objective;
    return signalPassFailure();
  }
  SmallVector<SmallVector<PlannedGroup>> groups;
  for (Block *block : blocks)
    groups.push_back(search.groups(block));
  module->setAttr("rac.search", search.summary());
  if (front > 0)
    module->setAttr("rac.front", ArrayAttr::get(&getContext(), search.front()));
  for (ArrayRef<PlannedGroup> inBlock : groups)
    emitGroups(inBlock);
  eraseDeadOps(module);
  numUndecided += search.numUndecided;
  noteUnknowns(module, unknowns);
}
