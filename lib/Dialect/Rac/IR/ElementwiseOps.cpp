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
