//===- ApplyPrecision.cpp - Groups in the types that plans say ------------===//
//
// First what has steps by channel is divided by these. Then each group by
// itself: its main ops get operands of the plan's type, by casts next to the
// group's arguments. Then what lies between groups: a tensor that all its users
// cast alike is stored so. Then what a library call can't cast itself is cast
// before: constants now, other tensors by a group of their own. Last, what only
// moves elements moves narrow ones, and products that tiles don't fit become
// convolutions. docs/Precision.md says what a plan's precision means.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "NarrowConstants.h"
#include "NarrowMovement.h"
#include "PointwiseProducts.h"
#include "QuantizeOperands.h"
#include "SmoothOperands.h"
#include "Storage.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace rac {
#define GEN_PASS_DEF_APPLYPRECISION
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

bool isContraction(Operation *op) {
  return isa<MatmulOp, ConvOp, ConvTransposeOp>(op);
}

struct ApplyPrecisionPass : rac::impl::ApplyPrecisionBase<ApplyPrecisionPass> {
  using ApplyPrecisionBase::ApplyPrecisionBase;

  void runOnOperation() override;

private:
  LogicalResult checkDevice(ArrayRef<GroupOp> groups);
  LogicalResult narrowGroup(GroupOp group);
  LogicalResult narrowWeights(GroupOp group, Operation *op);
  void findComputed(ModuleOp module);
  Storage wants(GroupOp group, unsigned operand);
  std::optional<Storage> wantsOf(Value value);
  void store(OpResult value, const Storage &storage);
  void retype(Value value, const Storage &storage);
  void castOutside(GroupOp group);
  Value storedOutside(Value value, const Storage &storage);
  void changed(GroupOp group);

  /// What some contraction had a part in.
  llvm::DenseSet<Value> computed;
  int64_t nextCast = 0;
  /// What was cast outside of groups, by value, type and steps.
  llvm::DenseMap<std::tuple<Value, Type, Type>, Value> outside;
};

} // namespace

/// Its cost was that of other types.
void ApplyPrecisionPass::changed(GroupOp group) {
  group.setPlanAttr(group.getPlanAttr().withCost({}));
}

/// Whether the plan's type isn't the model's own.
static bool narrows(Operation &contraction) {
  return getElementTypeOrSelf(contraction.getOperand(0)).isF32();
}

/// Refuses what f32 isn't narrowed to.
static LogicalResult checkPrecision(GroupOp group) {
  PlanAttr plan = group.getPlanAttr();
  if (!plan || plan.getActivation() || plan.getPrecision().isF32() ||
      plan.getPrecision().isTF32() || isHalf(plan.getPrecision()))
    return success();
  auto contractions = llvm::make_filter_range(
      *group.getBodyBlock(), [](Operation &op) { return isContraction(&op); });
  if (contractions.empty() || !llvm::all_of(contractions, narrows))
    return success();
  return group.emitOpError("is planned in ")
         << plan.getPrecision()
         << ", but multiplies f32: in f32, tf32, f16, bf16, or with steps of "
            "its activations (activation) in i8 or f8E4M3FN";
}

/// Refuses what the module's device, if it has one, doesn't compute in.
LogicalResult ApplyPrecisionPass::checkDevice(ArrayRef<GroupOp> groups) {
  llvm::Expected<Device> device = attachedDevice(getOperation());
  if (!device) {
    llvm::consumeError(device.takeError());
    return success();
  }
  for (GroupOp group : groups) {
    Type precision = group.getPlan() ? group.getPlan()->getPrecision() : Type();
    if (!precision ||
        !(isHalf(precision) || precision.isTF32() ||
          group.getPlan()->getActivation()) ||
        llvm::none_of(*group.getBodyBlock(), [](Operation &op) {
          return isContraction(&op) && narrows(op);
        }))
      continue;
    std::optional<DataType> type = dataTypeOf(precision);
    if (!type || !device->computesIn(*type))
      return group.emitOpError("is planned in ")
             << precision << ", which device " << device->id
             << " doesn't compute in";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// A group by itself
//===----------------------------------------------------------------------===//

/// Gives a product weights of few bits. What it computes stays f32.
LogicalResult ApplyPrecisionPass::narrowWeights(GroupOp group, Operation *op) {
  PlanAttr plan = group.getPlanAttr();
  auto refuse = [&](const Twine &why) -> LogicalResult {
    return op->emitOpError("can't have weights of ")
           << plan.getWeights() << ", as its plan says: " << why;
  };
  auto matmul = dyn_cast<MatmulOp>(op);
  if (!matmul || matmul.getRhs().getType().getRank() != 2)
    return refuse("it is no product with one matrix");
  Value weights = matmul.getRhs();
  bool transposed = false;
  while (auto transpose = weights.getDefiningOp<TransposeOp>()) {
    transposed ^= transpose.getPermutation().front() == 1;
    weights = transpose.getInput();
  }
  auto argument = dyn_cast<BlockArgument>(weights);
  ConstantOp constant = constantBehind(
      argument ? group.getInputs()[argument.getArgNumber()] : weights);
  if (!constant)
    return refuse("they are not constant");
  ArrayRef<int64_t> shape = matmul.getRhs().getType().getShape();
  bool nibbles = plan.getWeights().isInteger(4);
  if (nibbles && plan.getWeightGroup() % 2 != 0)
    return refuse("two of a group lie in a byte, and it has an odd number");
  OpBuilder outer(group), inner(op);
  std::string why;
  FailureOr<BlockWeights> blocks =
      quantizeBlocks(outer, constant, shape[0], shape[1], transposed,
                     plan.getWeightGroup(), nibbles, why);
  if (failed(blocks))
    return refuse(why);
  SmallVector<Value> arguments;
  for (Value value : {blocks->steps, blocks->scales}) {
    group.getInputsMutable().append(value);
    arguments.push_back(
        group.getBodyBlock()->addArgument(value.getType(), value.getLoc()));
  }
  auto wide = DequantizeWeightsOp::create(
      inner, op->getLoc(), matmul.getRhs().getType(), arguments[0],
      arguments[1], Value(), inner.getDenseI64ArrayAttr({blocks->block, 1}),
      nibbles ? inner.getUnitAttr() : UnitAttr(), IntegerAttr());
  if (wide.getFilledRows() != shape[0])
    wide.setRows(shape[0]);
  matmul.getRhsMutable().assign(wide);
  return success();
}

LogicalResult ApplyPrecisionPass::narrowGroup(GroupOp group) {
  PlanAttr plan = group.getPlanAttr();
  if (!plan)
    return success();
  Type precision = plan.getPrecision();
  bool isByte =
      (precision.isInteger(8) || isFloat8(precision)) && plan.getActivation();
  if (!isByte && !isHalf(precision) && !plan.getWeights())
    return success();
  SmallVector<Operation *> contractions;
  for (Operation &op : *group.getBodyBlock())
    // What the model itself has in few bits is multiplied with floats.
    if (isContraction(&op) && isF32Tensor(op.getOperand(0)) &&
        isF32Tensor(op.getResult(0)) &&
        !op.getOperand(1).getDefiningOp<DequantizeWeightsOp>())
      contractions.push_back(&op);
  if (isByte && contractions.size() > 1)
    return group.emitOpError("multiplies more than once, which can't be in ")
           << precision << ": its plan's activation stands for one tensor";
  for (Operation *op : contractions) {
    if (plan.getWeights()) {
      if (failed(narrowWeights(group, op)))
        return failure();
      continue;
    }
    if (isByte) {
      if (failed(quantizeOperands(group, op)))
        return failure();
      continue;
    }
    for (OpOperand &operand : op->getOpOperands())
      operand.set(narrowOperand(group, operand.get(), {precision, {}}));
  }
  if (!contractions.empty()) {
    ++numNarrow;
    changed(group);
  }
  // What led to operands before and now leads nowhere, last first.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(*group.getBodyBlock())))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Tensors between groups
//===----------------------------------------------------------------------===//

void ApplyPrecisionPass::findComputed(ModuleOp module) {
  module->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op->getNumResults() == 0)
      return WalkResult::advance();
    auto group = dyn_cast<GroupOp>(op);
    bool has = group && llvm::any_of(*group.getBodyBlock(), [](Operation &op) {
                 return isContraction(&op);
               });
    // What a loop gives may be anything.
    has |= !group && op->getNumRegions() > 0 && !isa<FunctionOpInterface>(op);
    has |= llvm::any_of(op->getOperands(), [&](Value operand) {
      return computed.contains(operand);
    });
    if (has)
      computed.insert(op->result_begin(), op->result_end());
    return group ? WalkResult::skip() : WalkResult::advance();
  });
}

/// How the group would have its operand stored.
Storage ApplyPrecisionPass::wants(GroupOp group, unsigned operand) {
  BlockArgument argument = group.getBodyBlock()->getArgument(operand);
  if (argument.use_empty())
    return {};
  Storage common = narrowsTo(*argument.user_begin());
  for (Operation *user : argument.getUsers())
    if (!(narrowsTo(user) == common))
      common = {};
  if (common)
    return common;
  PlanAttr plan = group.getPlanAttr();
  if (plan && isHalf(plan.getPrecision()) &&
      computed.contains(group.getInputs()[operand]))
    return {plan.getPrecision(), {}};
  return {};
}

/// What serves both: what they are alike in, or 16 bits, of which bytes are
/// made as well as of f32.
static Storage forBoth(const Storage &a, const Storage &b) {
  if (!a || !b || a == b)
    return a && b ? a : Storage();
  return isHalf(a.element) ? a : isHalf(b.element) ? b : Storage();
}

/// What all uses of `value` and its reshapes want; none where nobody looks at
/// it, no storage where somebody wants nothing, or nothing serves all.
std::optional<Storage> ApplyPrecisionPass::wantsOf(Value value) {
  std::optional<Storage> common;
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    Storage wanted;
    if (isa<tensor::DimOp>(user))
      continue;
    if (isa<ReshapeOp>(user)) {
      std::optional<Storage> behind = wantsOf(user->getResult(0));
      if (!behind)
        continue;
      wanted = *behind;
    } else if (auto group = dyn_cast<GroupOp>(user)) {
      wanted = wants(group, use.getOperandNumber());
    }
    common = common ? forBoth(*common, wanted) : wanted;
    if (!*common)
      return common;
  }
  return common;
}

/// Gives what uses `value`, which has its new type already, that type too.
void ApplyPrecisionPass::retype(Value value, const Storage &storage) {
  for (OpOperand &use : value.getUses()) {
    if (auto reshape = dyn_cast<ReshapeOp>(use.getOwner())) {
      Value result = reshape.getResult();
      result.setType(withElement(result.getType(), storage.element));
      retype(result, storage);
      continue;
    }
    auto group = dyn_cast<GroupOp>(use.getOwner());
    if (!group)
      continue;
    Block *body = group.getBodyBlock();
    BlockArgument argument = body->getArgument(use.getOperandNumber());
    SmallVector<Operation *> narrowing =
        llvm::filter_to_vector(argument.getUsers(), [&](Operation *user) {
          return narrowsTo(user) == storage;
        });
    argument.setType(withElement(argument.getType(), storage.element));
    changed(group);
    Value wide;
    OpBuilder builder = OpBuilder::atBlockBegin(body);
    for (OpOperand &inner : llvm::make_early_inc_range(argument.getUses())) {
      Operation *user = inner.getOwner();
      if (llvm::is_contained(narrowing, user)) {
        user->getResult(0).replaceAllUsesWith(argument);
        user->erase();
        continue;
      }
      if (!wide)
        wide = widen(builder, argument.getLoc(), argument, storage);
      if (user != wide.getDefiningOp())
        inner.set(wide);
    }
  }
}

/// Whether the group can write its result so: the library writes products of
/// floats in their own type or f32, and those of bytes as bytes or bf16.
static bool canStore(GroupOp group, const Storage &storage) {
  PlanAttr plan = group.getPlanAttr();
  if (!plan || plan.getKind() != KernelKind::library)
    return true;
  return llvm::all_of(*group.getBodyBlock(), [&](Operation &op) {
    if (!isContraction(&op))
      return true;
    Type factor = getElementTypeOrSelf(op.getOperand(0));
    if (factor.isInteger(8))
      return storage.element.isInteger(8) || storage.element.isBF16();
    return factor == storage.element;
  });
}

/// What the group writes where `wanted` is what others want: if it can't make
/// bytes, 16 bits that it multiplies itself are still less than f32.
static Storage storedFor(GroupOp group, const Storage &wanted) {
  if (!wanted || canStore(group, wanted))
    return wanted;
  Type own = group.getPlanAttr().getPrecision();
  Storage half{own, {}};
  return wanted.steps && isHalf(own) && canStore(group, half) ? half
                                                              : Storage();
}

void ApplyPrecisionPass::store(OpResult value, const Storage &storage) {
  auto group = cast<GroupOp>(value.getOwner());
  auto yield = cast<YieldOp>(group.getBodyBlock()->getTerminator());
  OpBuilder builder(yield);
  OpOperand &yielded = yield->getOpOperand(value.getResultNumber());
  yielded.set(narrow(builder, yield.getLoc(), yielded.get(), storage));
  value.setType(withElement(value.getType(), storage.element));
  changed(group);
  retype(value, storage);
  ++numTensors;
}

//===----------------------------------------------------------------------===//
// What is cast before a group
//===----------------------------------------------------------------------===//

/// `value` in the storage, as a constant or given by a group that casts.
Value ApplyPrecisionPass::storedOutside(Value value, const Storage &storage) {
  Value &known = outside[{value, storage.element, storage.steps}];
  if (known)
    return known;
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  Type type = withElement(value.getType(), storage.element);
  ConstantOp constant = constantBehind(value);
  if (constant && !storage.steps) {
    known = narrowFloats(builder, constant, cast<RankedTensorType>(type));
    if (known) {
      ++numConstants;
      return known;
    }
  }
  auto plan = PlanAttr::get(
      KernelKind::generated,
      isHalf(storage.element) ? storage.element : Type(builder.getF32Type()));
  std::string name =
      ((storage.steps ? "quantize_" : "cast_") + Twine(nextCast++)).str();
  auto group = GroupOp::create(builder, value.getLoc(), type, name, value, plan,
                               ArrayAttr());
  Block *body = builder.createBlock(&group.getBody());
  Value x = body->addArgument(value.getType(), value.getLoc());
  if (!isF32Tensor(x))
    x = widen(builder, value.getLoc(), x, {getElementTypeOrSelf(x), {}});
  Value result = narrow(builder, value.getLoc(), x, storage);
  YieldOp::create(builder, value.getLoc(), result);
  ++numCasts;
  known = group.getResult(0);
  return known;
}

/// An argument of f32, or what 16 bits are widened to and nothing else; null:
/// no such.
static Value inF32(BlockArgument argument) {
  if (isF32Tensor(argument))
    return argument;
  Operation *widening = argument.hasOneUse() ? *argument.user_begin() : nullptr;
  bool isWide = widening && isHalf(getElementTypeOrSelf(argument)) &&
                widensFrom(widening);
  return isWide ? widening->getResult(0) : Value();
}

/// Constants that the group only casts are narrow from now on; and, of library
/// calls, which cast nothing, all other such operands.
void ApplyPrecisionPass::castOutside(GroupOp group) {
  if (!group.getPlan())
    return;
  bool isLibrary = group.getPlan()->getKind() == KernelKind::library;
  for (BlockArgument argument : group.getBodyBlock()->getArguments()) {
    Value wide = inF32(argument);
    if (!wide || wide.use_empty())
      continue;
    Storage common = narrowsTo(*wide.user_begin());
    if (!common || !llvm::all_of(wide.getUsers(), [&](Operation *user) {
          return narrowsTo(user) == common;
        }))
      continue;
    unsigned number = argument.getArgNumber();
    Value value = group.getInputs()[number];
    if (!isLibrary && (common.steps || !constantBehind(value)))
      continue;
    group.getInputsMutable().slice(number, 1).assign(
        storedOutside(value, common));
    for (Operation *user : llvm::make_early_inc_range(wide.getUsers())) {
      user->getResult(0).replaceAllUsesWith(argument);
      user->erase();
    }
    if (wide != argument)
      wide.getDefiningOp()->erase();
    argument.setType(withElement(argument.getType(), common.element));
    changed(group);
  }
}

/// Operands that nothing in the group reads any more.
static void dropUnusedInputs(GroupOp group) {
  Block *body = group.getBodyBlock();
  for (unsigned i = body->getNumArguments(); i-- > 0;)
    if (body->getArgument(i).use_empty()) {
      body->eraseArgument(i);
      group.getInputsMutable().erase(i);
    }
}

/// Whether the module's device, if it has one, multiplies tiles.
static bool hasTiles(ModuleOp module) {
  llvm::Expected<Device> device = attachedDevice(module);
  if (device)
    return device->unit(UnitKind::matrix);
  llvm::consumeError(device.takeError());
  return false;
}

void ApplyPrecisionPass::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<GroupOp> groups;
  module.walk([&](GroupOp group) { groups.push_back(group); });
  for (GroupOp group : groups)
    if (failed(checkPrecision(group)))
      return signalPassFailure();
  if (failed(checkDevice(groups)))
    return signalPassFailure();
  if (failed(smoothOperands(groups)))
    return signalPassFailure();
  // Some that divide by steps may be new.
  groups.clear();
  module.walk([&](GroupOp group) { groups.push_back(group); });
  for (GroupOp group : groups)
    if (failed(narrowGroup(group)))
      return signalPassFailure();
  findComputed(module);
  for (GroupOp group : groups)
    for (OpResult result : group->getResults())
      if (isF32Tensor(result))
        if (std::optional<Storage> wanted = wantsOf(result))
          if (Storage storage = storedFor(group, *wanted))
            store(result, storage);
  for (GroupOp group : groups)
    castOutside(group);
  for (GroupOp group : groups)
    if (group.getPlan() && group.getPlan()->getKind() == KernelKind::generated)
      numMoves += moveNarrow(group);
  if (hasTiles(module))
    for (GroupOp group : groups)
      if (makePointwise(group))
        changed(group);
  for (GroupOp group : groups)
    if (group.getPlan() && !group.getPlan()->getCost())
      dropUnusedInputs(group);
}
