//===- ElementwiseOps.cpp - One element in, one element out ---------------===//

#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

LogicalResult BitcastOp::verify() {
  if (getElementTypeOrSelf(getInput()).getIntOrFloatBitWidth() !=
      getType().getElementTypeBitWidth())
    return emitOpError("element types differ in width");
  return success();
}

/// Numbers of the storage type on one side, or of 8 bits in floats.
static LogicalResult verifySteps(Operation *op, Type stepsType, Type stored) {
  auto steps = dyn_cast<quant::UniformQuantizedType>(stepsType);
  if (!steps || !steps.getExpressedType().isF32())
    return op->emitOpError("steps are !quant.uniform<...:f32, scale>, not ")
           << stepsType;
  bool fits = steps.isSigned() ? stored.isSignlessInteger()
                               : stored.isUnsignedInteger();
  if (isa<FloatType>(stored))
    fits = steps.isSigned() && steps.getZeroPoint() == 0;
  if (!fits ||
      stored.getIntOrFloatBitWidth() != steps.getStorageTypeIntegralWidth())
    return op->emitOpError("steps ")
           << stepsType << " are not stored as " << stored;
  return success();
}

LogicalResult QuantizeOp::verify() {
  return verifySteps(*this, getStepsType(), getType().getElementType());
}

LogicalResult DequantizeOp::verify() {
  return verifySteps(*this, getStepsType(), getElementTypeOrSelf(getInput()));
}
