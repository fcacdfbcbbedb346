//===- SmoothOperands.cpp - Operands with steps by channel ----------------===//

#include "SmoothOperands.h"
#include "Constants.h"
#include "NarrowConstants.h"
#include "Storage.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace rac;

using ChannelSteps = quant::UniformQuantizedPerAxisType;

namespace {

/// The operand of a group that has steps by channel.
struct Smoothed {
  Operation *contraction; ///< none: there is nothing to do
  BlockArgument argument;
};

class Smoother {
public:
  LogicalResult smooth(GroupOp group);

private:
  FailureOr<Smoothed> find(GroupOp group, ChannelSteps steps) const;
  Value smoothed(Value x, ChannelSteps steps);
  bool onlyWantedSo(Value x, ChannelSteps steps) const;
  bool divideInside(GroupOp producer, OpOperand &yielded,
                    ArrayRef<float> reciprocals);

  /// What was divided, in its producer if by itself.
  llvm::DenseMap<std::pair<Value, Type>, Value> known;
  int64_t next = 0;
};

} // namespace

static ChannelSteps stepsOf(GroupOp group) {
  PlanAttr plan = group.getPlanAttr();
  return plan ? dyn_cast_or_null<ChannelSteps>(plan.getActivation())
              : ChannelSteps();
}

/// The contraction in f32 of a group that has one.
static Operation *contractionOf(GroupOp group) {
  Operation *found = nullptr;
  for (Operation &op : *group.getBodyBlock())
    if (isa<MatmulOp, ConvOp, ConvTransposeOp>(op) &&
        isF32Tensor(op.getOperand(0))) {
      if (found)
        return nullptr;
      found = &op;
    }
  return found;
}

FailureOr<Smoothed> Smoother::find(GroupOp group, ChannelSteps steps) const {
  Operation *op = contractionOf(group);
  if (!op)
    return Smoothed{nullptr, {}};
  auto argument = dyn_cast<BlockArgument>(op->getOperand(0));
  if (!argument)
    return op->emitOpError("has its first operand made in the group, which "
                           "can't have steps by channel, as its plan says");
  auto type = cast<RankedTensorType>(argument.getType());
  int64_t last = type.getRank() - 1, count = steps.getScales().size();
  if (steps.getQuantizedDimension() != last || type.getDimSize(last) != count)
    return op->emitOpError("has a plan with steps of ")
           << count << " channels, dimension " << steps.getQuantizedDimension()
           << ", and a first operand " << type;
  return Smoothed{op, argument};
}

/// Whether all that reads `x` multiplies it in these steps, and nothing else.
bool Smoother::onlyWantedSo(Value x, ChannelSteps steps) const {
  return llvm::all_of(x.getUses(), [&](OpOperand &use) {
    if (isa<tensor::DimOp>(use.getOwner()))
      return true;
    auto group = dyn_cast<GroupOp>(use.getOwner());
    if (!group || stepsOf(group) != steps)
      return false;
    BlockArgument argument =
        group.getBodyBlock()->getArgument(use.getOperandNumber());
    Operation *op = contractionOf(group);
    return op && argument.hasOneUse() && op->getOperand(0) == argument;
  });
}

/// The constant behind a value of a group, or null.
static ConstantOp constantOf(GroupOp group, Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return constantBehind(argument ? group.getInputs()[argument.getArgNumber()]
                                 : value);
}

/// Whether the operand is a constant that can have a number for each channel.
static bool isConstantVector(GroupOp group, Value value, int64_t channels) {
  auto type = cast<RankedTensorType>(value.getType());
  bool fits = type.hasStaticShape() && type.getNumElements() > 0 &&
              (type.getNumElements() == 1 ? type.getRank() <= 1
                                          : type.getShape().back() == channels);
  return fits && constantOf(group, value) &&
         getFloats(constantOf(group, value));
}

/// Finds the constants that `value` is proportional to, all of them together:
/// scale and bias of a normalisation, vectors multiplied with and added after
/// it. Fails where something else has a part in it.
static LogicalResult findFactors(GroupOp group, Value value, int64_t channels,
                                 SmallVectorImpl<OpOperand *> &factors) {
  Operation *op = value.getDefiningOp();
  auto type = cast<RankedTensorType>(value.getType());
  if (!op || !value.hasOneUse() || type.getRank() == 0 ||
      type.getShape().back() != channels)
    return failure();
  auto addAll = [&](MutableArrayRef<OpOperand> operands) {
    for (OpOperand &operand : operands)
      if (isConstantVector(group, operand.get(), channels))
        factors.push_back(&operand);
      else if (failed(findFactors(group, operand.get(), channels, factors)))
        return failure();
    return success();
  };
  if (isa<NormalizeOp>(op)) {
    MutableArrayRef<OpOperand> vectors = op->getOpOperands().drop_front();
    factors.append(llvm::to_vector(llvm::make_pointer_range(vectors)));
    return success(llvm::all_of(vectors, [&](OpOperand &vector) {
      return isConstantVector(group, vector.get(), channels);
    }));
  }
  if (isa<AddOp, SubOp>(op))
    return addAll(op->getOpOperands());
  if (isa<ReluOp>(op)) // steps are positive
    return addAll(op->getOpOperands());
  if (!isa<MulOp>(op))
    return failure();
  for (unsigned number : {1, 0})
    if (isConstantVector(group, op->getOperand(number), channels)) {
      factors.push_back(&op->getOpOperand(number));
      return success();
    }
  return failure();
}

/// Divides what the producer yields by dividing constants that it is made of.
/// False: there are no such.
bool Smoother::divideInside(GroupOp producer, OpOperand &yielded,
                            ArrayRef<float> reciprocals) {
  SmallVector<OpOperand *> factors;
  if (failed(findFactors(producer, yielded.get(), reciprocals.size(), factors)))
    return false;
  OpBuilder outer(producer);
  for (OpOperand *factor : factors) {
    auto type = cast<RankedTensorType>(factor->get().getType());
    SmallVector<float> values = *getFloats(constantOf(producer, factor->get()));
    if (type.getNumElements() == 1) {
      values.assign(reciprocals.size(), values.front());
      type = RankedTensorType::get(reciprocals.size(), type.getElementType());
    }
    for (auto [i, value] : llvm::enumerate(values))
      value *= reciprocals[i % reciprocals.size()];
    Location loc = factor->getOwner()->getLoc();
    Value divided = makeFloats(outer, loc, type, values);
    producer.getInputsMutable().append(divided);
    factor->set(producer.getBodyBlock()->addArgument(type, loc));
  }
  return true;
}

/// x over the steps of its channels.
static Value divide(OpBuilder &body, Location loc, Value x, Value reciprocals) {
  return MulOp::create(body, loc, x.getType(), x, reciprocals);
}

/// Whether the group can round what it gives to bytes, as the library can only
/// if it multiplied bytes.
static bool endsInBytes(GroupOp group) {
  PlanAttr plan = group.getPlanAttr();
  return plan && (plan.getKind() == KernelKind::generated ||
                  (plan.getPrecision().isInteger(8) && plan.getActivation()));
}

Value Smoother::smoothed(Value x, ChannelSteps steps) {
  Value &result = known[{x, steps}];
  if (result)
    return result;
  OpBuilder builder(x.getContext());
  builder.setInsertionPointAfterValue(x);
  auto producer = x.getDefiningOp<GroupOp>();
  bool isInside = producer && endsInBytes(producer) && onlyWantedSo(x, steps);
  if (isInside)
    builder.setInsertionPoint(producer);
  SmallVector<float> values;
  for (double step : steps.getScales())
    values.push_back(1 / float(step));
  Location loc = x.getLoc();
  auto reciprocals = [&] {
    return makeFloats(
        builder, loc,
        RankedTensorType::get(values.size(), builder.getF32Type()), values);
  };
  if (isInside) {
    Block *body = producer.getBodyBlock();
    OpOperand &yielded = body->getTerminator()->getOpOperand(
        cast<OpResult>(x).getResultNumber());
    if (!divideInside(producer, yielded, values)) {
      producer.getInputsMutable().append(reciprocals());
      Value inside =
          body->addArgument(producer.getInputs().back().getType(), loc);
      OpBuilder inner(body->getTerminator());
      yielded.set(divide(inner, loc, yielded.get(), inside));
    }
    producer.setPlanAttr(producer.getPlanAttr().withCost({}));
    return result = x;
  }
  auto group = GroupOp::create(
      builder, loc, x.getType(), "smooth_" + std::to_string(next++),
      ValueRange{x, reciprocals()},
      PlanAttr::get(KernelKind::generated, builder.getF32Type()), ArrayAttr());
  Block *body = builder.createBlock(&group.getBody());
  body->addArguments(group.getInputs().getTypes(), {loc, loc});
  YieldOp::create(
      builder, loc,
      divide(builder, loc, body->getArgument(0), body->getArgument(1)));
  return result = group.getResult(0);
}

LogicalResult Smoother::smooth(GroupOp group) {
  ChannelSteps steps = stepsOf(group);
  if (!steps)
    return success();
  FailureOr<Smoothed> found = find(group, steps);
  if (failed(found))
    return failure();
  if (!found->contraction)
    return success();
  unsigned number = found->argument.getArgNumber();
  Value y = smoothed(group.getInputs()[number], steps);
  if (found->argument.hasOneUse()) {
    group.getInputsMutable().slice(number, 1).assign(y);
    return success();
  }
  group.getInputsMutable().append(y);
  found->contraction->setOperand(
      0, group.getBodyBlock()->addArgument(y.getType(), y.getLoc()));
  return success();
}

LogicalResult rac::smoothOperands(ArrayRef<GroupOp> groups) {
  Smoother smoother;
  for (GroupOp group : groups)
    if (failed(smoother.smooth(group)))
      return failure();
  return success();
}
