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

/// Integers of the storage type on one side.
static LogicalResult verifySteps(Operation *op, Type stepsType, Type integer) {
  auto steps = dyn_cast<quant::UniformQuantizedType>(stepsType);
  if (!steps || !steps.getExpressedType().isF32())
    return op->emitOpError("steps are !quant.uniform<...:f32, scale>, not ")
           << stepsType;
  bool fits = steps.isSigned() ? integer.isSignlessInteger()
                               : integer.isUnsignedInteger();
  if (!fits ||
      integer.getIntOrFloatBitWidth() != steps.getStorageTypeIntegralWidth())
    return op->emitOpError("steps ")
           << stepsType << " are not stored as " << integer;
  return success();
}

LogicalResult QuantizeOp::verify() {
  return verifySteps(*this, getStepsType(), getType().getElementType());
}

LogicalResult DequantizeOp::verify() {
  return verifySteps(*this, getStepsType(), getElementTypeOrSelf(getInput()));
}
