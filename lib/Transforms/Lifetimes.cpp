//===- Lifetimes.cpp - When tensors are in memory -------------------------===//

#include "Lifetimes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rac/Cost/DeviceSpec.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace rac;

/// Whether the tensor, or a view of it, is part of another one's memory.
static bool isPart(Value value, int64_t alignment) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    return isView(user) ? isPart(user->getResult(0), alignment)
                        : joinsInPlace(use, alignment);
  });
}

int32_t Lifetimes::firstUse(Operation *op) const {
  int32_t first = step(op);
  for (OpOperand &part : op->getOpOperands())
    if (Operation *producer = viewed(part.get()).getDefiningOp())
      if (joinsInPlace(part, alignment))
        first = std::min(first, firstUse(producer));
  return first;
}

Lifetimes::Lifetimes(ModuleOp module, const Assumptions &assumptions)
    : sizes(assumptions.dim) {
  llvm::Expected<Device> device = attachedDevice(module);
  if (device)
    alignment = partAlignment(*device);
  else
    llvm::consumeError(device.takeError());
  int32_t next = 0;
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Operation *parent = op; parent; parent = parent->getParentOp())
      ends[parent] = next;
    steps[op] = next++;
    return isa<GroupOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
}

int32_t Lifetimes::lastUse(Value value,
                           function_ref<int32_t(Operation *)> latest) const {
  Operation *owner = value.getDefiningOp();
  int32_t last = owner ? step(owner) : 0;
  Block *block = value.getParentBlock();
  for (Operation *user : value.getUsers()) {
    Operation *here = block->findAncestorOpInBlock(*user);
    if (here != user) {
      last = std::max(last, ends.lookup(here));
      continue;
    }
    last = std::max(last, latest(user));
    // Views live on, and what leaves a region does so as the parent's result.
    Operation *carrier = isView(user) ? user
                         : user->hasTrait<OpTrait::IsTerminator>()
                             ? user->getParentOp()
                             : nullptr;
    if (carrier)
      for (Value result : carrier->getResults())
        last = std::max(last, lastUse(result, latest));
  }
  return last;
}

int32_t Lifetimes::lastUse(Value value) const {
  return lastUse(value, [&](Operation *user) { return step(user); });
}

double Lifetimes::bytes(Value value) const {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<RankedTensorType>(value.getType()) || isView(op) ||
      op->hasTrait<OpTrait::ConstantLike>() || isa<ConstantOp>(op) ||
      isPart(value, alignment) || isPartOfInput(op, alignment))
    return 0;
  // Results of the entry function are the caller's buffers.
  for (Operation *user : value.getUsers())
    if (isa<FunctionOpInterface>(user->getParentOp()) &&
        user->hasTrait<OpTrait::IsTerminator>())
      return 0;
  return sizes.bytes(value);
}

/// Whether the library adds `addend` to a contraction's sums, after a bias at
/// most, before anything else is applied to them.
static bool isResidual(BlockArgument addend) {
  auto add =
      addend.hasOneUse() ? dyn_cast<AddOp>(*addend.user_begin()) : AddOp();
  if (!add || add.getType() != addend.getType())
    return false;
  Value sums = add.getLhs() == addend ? add.getRhs() : add.getLhs();
  auto isSums = [](Value value) {
    return isa_and_nonnull<MatmulOp, ConvOp, ConvTransposeOp>(
        value.getDefiningOp());
  };
  auto bias = sums.getDefiningOp<AddOp>();
  return isSums(sums) ||
         (bias && (isSums(bias.getLhs()) || isSums(bias.getRhs())));
}

/// Whether the group writes its result over `value`, if nobody reads that any
/// more (rac-copies-in-place).
bool Lifetimes::isOverwritten(Operation *by, Value value) const {
  auto group = dyn_cast<GroupOp>(by);
  if (!group || group.getNumResults() != 1 || !group.getPlanAttr() ||
      group.getPlanAttr().getKind() != KernelKind::library ||
      llvm::count(group.getOperands(), value) != 1)
    return false;
  auto type = cast<RankedTensorType>(value.getType());
  unsigned number = llvm::find(group.getOperands(), value).getIndex();
  return type == group.getResult(0).getType() && type.hasStaticShape() &&
         bytes(group.getResult(0)) > 0 &&
         isResidual(group.getBodyBlock()->getArgument(number));
}

std::vector<Held> rac::heldBetweenGroups(ModuleOp module,
                                         const Assumptions &assumptions) {
  Lifetimes lifetimes(module, assumptions);
  std::vector<Held> held;
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    for (Value result : op->getResults())
      if (double bytes = lifetimes.bytes(result))
        held.push_back({lifetimes.firstUse(op),
                        lifetimes.lastUse(result,
                                          [&](Operation *user) {
                                            return lifetimes.step(user) -
                                                   lifetimes.isOverwritten(
                                                       user, result);
                                          }),
                        bytes});
    return isa<GroupOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  return held;
}

int64_t rac::constantBytes(ModuleOp module) {
  llvm::SmallSetVector<Attribute, 16> values;
  module.walk([&](ConstantOp op) { values.insert(op.getValue()); });
  int64_t bytes = 0;
  for (Attribute value : values) {
    auto type = cast<ShapedType>(cast<ElementsAttr>(value).getType());
    bytes +=
        type.getNumElements() * std::max(1u, type.getElementTypeBitWidth() / 8);
  }
  return bytes;
}
