//===- RacDialect.cpp - The rac dialect -----------------------------------===//

#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectImplementation.h"
#include "rac/Dialect/Rac/IR/ScalarBuilder.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rac;

#include "rac/Dialect/Rac/IR/RacDialect.cpp.inc"
#include "rac/Dialect/Rac/IR/RacEnums.cpp.inc"
#include "rac/Dialect/Rac/IR/RacInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "rac/Dialect/Rac/IR/RacAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "rac/Dialect/Rac/IR/RacOps.cpp.inc"

void RacDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "rac/Dialect/Rac/IR/RacOps.cpp.inc"
      >();
}

void RacDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "rac/Dialect/Rac/IR/RacAttributes.cpp.inc"
      >();
}

Operation *RacDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location loc) {
  if (auto elements = dyn_cast<ElementsAttr>(value))
    if (elements.getType() == type)
      return ConstantOp::create(builder, loc, elements);
  return arith::ConstantOp::materialize(builder, value, type, loc);
}
