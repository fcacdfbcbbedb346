//===- RecurrentOps.cpp - Recurrent nets ----------------------------------===//

#include "Verification.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;
using rac::detail::contradict;

LogicalResult LstmOp::inferDims(ShapeContext &shapes,
                                SmallVectorImpl<Dims> &results) {
  Dims input = shapes.dims(getInput()), hidden = shapes.dims(getHidden());
  if (input.size() != 3 || hidden.size() != 2 ||
      shapes.dims(getCell()).size() != 2 ||
      shapes.dims(getWeight()).size() != 2 ||
      shapes.dims(getRecurrence()).size() != 2 ||
      shapes.dims(getBias()).size() != 1)
    return emitOpError("an operand has the wrong rank");
  int64_t gates = staticDim(shapes.dim(getRecurrence(), 0));
  int64_t width = staticDim(shapes.dim(getRecurrence(), 1));
  if (ShapedType::isDynamic(gates) || ShapedType::isDynamic(width) ||
      gates != 4 * width)
    return emitOpError("recurrence must be a static 4H x H");
  auto differs = [](AffineExpr dim, int64_t size) {
    int64_t known = staticDim(dim);
    return !ShapedType::isDynamic(known) && known != size;
  };
  if (differs(shapes.dim(getWeight(), 0), gates) ||
      differs(shapes.dim(getBias(), 0), gates) || differs(hidden[1], width) ||
      differs(shapes.dim(getCell(), 1), width))
    return emitOpError("an operand doesn't fit the recurrence");
  if (contradict(input[2], shapes.dim(getWeight(), 1)))
    return emitOpError("input and weight differ in width");
  if (contradict(input[1], hidden[0]) ||
      contradict(input[1], shapes.dim(getCell(), 0)))
    return emitOpError("input, hidden and cell differ in their batch");
  AffineExpr h = shapes.constant(width);
  results.push_back({input[0], input[1], h});
  results.push_back({input[1], h});
  results.push_back({input[1], h});
  return success();
}
