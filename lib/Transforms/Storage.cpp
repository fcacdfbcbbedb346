//===- Storage.cpp - Types that tensors are stored in ---------------------===//

#include "Storage.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

bool rac::isHalf(Type type) { return type.isBF16() || type.isF16(); }

bool rac::isFloat8(Type type) { return isa<Float8E4M3FNType>(type); }

bool rac::isF32Tensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

Type rac::withElement(Type type, Type element) {
  return cast<RankedTensorType>(type).clone(element);
}

Value rac::narrow(OpBuilder &b, Location loc, Value value,
                  const Storage &storage) {
  Type type = withElement(value.getType(), storage.element);
  if (storage.steps)
    return QuantizeOp::create(b, loc, type, value, storage.steps);
  return rac::CastOp::create(b, loc, type, value);
}

Value rac::widen(OpBuilder &b, Location loc, Value value,
                 const Storage &storage) {
  Type type = withElement(value.getType(), b.getF32Type());
  if (storage.steps)
    return DequantizeOp::create(b, loc, type, value, storage.steps);
  return rac::CastOp::create(b, loc, type, value);
}

Storage rac::narrowsTo(Operation *op) {
  if (auto quantize = dyn_cast<QuantizeOp>(op))
    return {quantize.getType().getElementType(), quantize.getStepsType()};
  auto cast = dyn_cast<rac::CastOp>(op);
  if (cast && isF32Tensor(cast.getInput()) &&
      isHalf(cast.getType().getElementType()))
    return {cast.getType().getElementType(), {}};
  return {};
}

Storage rac::widensFrom(Operation *op) {
  if (auto dequantize = dyn_cast<DequantizeOp>(op))
    return {getElementTypeOrSelf(dequantize.getInput()),
            dequantize.getStepsType()};
  auto cast = dyn_cast<rac::CastOp>(op);
  if (cast && isF32Tensor(cast.getResult()) &&
      isHalf(getElementTypeOrSelf(cast.getInput())))
    return {getElementTypeOrSelf(cast.getInput()), {}};
  return {};
}
