//===- QuantizeOperands.cpp - Contractions of bytes for those of f32 ------===//

#include "QuantizeOperands.h"
#include "Constants.h"
#include "NarrowConstants.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

Value rac::narrowOperand(GroupOp group, Value operand, const Storage &storage) {
  OpBuilder builder(group.getContext());
  auto transpose = operand.getDefiningOp<TransposeOp>();
  if (transpose && transpose->hasOneUse()) {
    Value input = narrowOperand(group, transpose.getInput(), storage);
    builder.setInsertionPoint(transpose);
    return TransposeOp::create(
        builder, transpose.getLoc(),
        withElement(transpose.getType(), storage.element), input,
        transpose.getPermutation());
  }
  builder.setInsertionPointAfterValue(operand);
  if (Operation *widening = operand.getDefiningOp())
    if (widensFrom(widening) == storage)
      return widening->getOperand(0);
  for (Operation *user : operand.getUsers())
    if (narrowsTo(user) == storage)
      return user->getResult(0);
  return narrow(builder, operand.getLoc(), operand, storage);
}

/// What steps by channel are once the tensor was divided by them.
static quant::UniformQuantizedType
stepsOfOne(quant::UniformQuantizedPerAxisType steps) {
  return quant::UniformQuantizedType::get(
      steps.getFlags(), steps.getStorageType(), steps.getExpressedType(),
      /*scale=*/1, steps.getZeroPoints().front(), steps.getStorageTypeMin(),
      steps.getStorageTypeMax());
}

LogicalResult rac::quantizeOperands(GroupOp group, Operation *op) {
  Type planned = group.getPlanAttr().getActivation();
  ArrayRef<double> termSteps;
  if (auto byChannel = dyn_cast<quant::UniformQuantizedPerAxisType>(planned)) {
    termSteps = byChannel.getScales();
    planned = stepsOfOne(byChannel);
  }
  auto steps = cast<quant::UniformQuantizedType>(planned);
  Type precision = group.getPlanAttr().getPrecision();
  bool inFloats = isFloat8(precision);
  if (isa<ConvTransposeOp>(op))
    return op->emitOpError("can't be computed in ")
           << precision << ", as its plan says";
  // The weights: a constant argument, transposed or not.
  Value weights = op->getOperand(1);
  auto weightsType = cast<RankedTensorType>(weights.getType());
  unsigned rank = weightsType.getRank();
  auto conv = dyn_cast<ConvOp>(op);
  WeightTerms where = conv ? WeightTerms{0, 1, int64_t(conv.getGroups())}
                           : WeightTerms{rank - 1, rank - 2};
  if (isa<MatmulOp>(op) && weightsType.getRank() != 2)
    return op->emitOpError("has a batch of weights, which can't be in ")
           << precision << ", as its plan says";
  SmallVector<TransposeOp> transposes;
  while (auto transpose = weights.getDefiningOp<TransposeOp>()) {
    where.channels = transpose.getPermutation()[where.channels];
    where.terms = transpose.getPermutation()[where.terms];
    transposes.push_back(transpose);
    weights = transpose.getInput();
  }
  auto argument = dyn_cast<BlockArgument>(weights);
  ConstantOp constant =
      argument ? constantBehind(group.getInputs()[argument.getArgNumber()])
               : weights.getDefiningOp<ConstantOp>();
  if (!constant)
    return op->emitOpError("has no constant weights, and can't be computed in ")
           << precision << ", as its plan says";
  OpBuilder outer(group);
  std::string why;
  auto constantType = cast<RankedTensorType>(weights.getType());
  FailureOr<QuantizedWeights> quantized =
      inFloats ? weightsInFloat8(outer, constant, constantType, where, why)
               : quantizeWeights(outer, constant, constantType, where,
                                 termSteps, why);
  if (failed(quantized))
    return op->emitOpError("can't be computed in ")
           << precision << ", as its plan says: " << why;

  auto addInput = [&](Value value) -> Value {
    group.getInputsMutable().append(value);
    return group.getBodyBlock()->addArgument(value.getType(), value.getLoc());
  };
  Location loc = op->getLoc();
  OpBuilder b(op);
  Value narrowWeights = addInput(quantized->steps);
  Type narrow = getElementTypeOrSelf(narrowWeights);
  for (TransposeOp transpose : llvm::reverse(transposes))
    narrowWeights =
        TransposeOp::create(b, loc, withElement(transpose.getType(), narrow),
                            narrowWeights, transpose.getPermutation());
  Storage storage{inFloats || steps.isSigned()
                      ? narrow
                      : b.getIntegerType(8, /*isSigned=*/false),
                  steps};
  Value source = narrowOperand(group, op->getOperand(0), storage);
  b.setInsertionPoint(op);
  IRMapping mapping;
  mapping.map(op->getOperand(0), source);
  mapping.map(op->getOperand(1), narrowWeights);
  Operation *product = b.clone(*op, mapping);
  Value result = product->getResult(0);
  Type wide = op->getResult(0).getType();
  SmallVector<float> scales, offsets;
  for (float scale : quantized->scales)
    scales.push_back(float(steps.getScale()) * scale);
  for (auto [scale, sum] : llvm::zip(scales, quantized->sums))
    offsets.push_back(double(-steps.getZeroPoint() * sum) * scale);
  if (!inFloats) {
    result.setType(withElement(result.getType(), b.getI32Type()));
    if (conv)
      cast<ConvOp>(product).setInputZero(steps.getZeroPoint());
    result = rac::CastOp::create(b, loc, wide, result);
  }
  auto vector = RankedTensorType::get(scales.size(), b.getF32Type());
  result = MulOp::create(b, loc, wide, result,
                         addInput(makeFloats(outer, loc, vector, scales)));
  if (isa<MatmulOp>(op) && steps.getZeroPoint() != 0)
    result = AddOp::create(b, loc, wide, result,
                           addInput(makeFloats(outer, loc, vector, offsets)));
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
  return success();
}
