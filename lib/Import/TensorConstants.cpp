//===- TensorConstants.cpp - Constants as rac ops -------------------------===//

#include "TensorBuilder.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

Value TensorBuilder::constant(ElementsAttr value) {
  Value &known = constantValues[value];
  if (known)
    return known;
  // At the start of the function, so that every region may use them.
  OpBuilder::InsertionGuard guard(b);
  if (lastConstant)
    b.setInsertionPointAfter(lastConstant);
  else
    b.setInsertionPointToStart(constantBlock);
  auto op = rac::ConstantOp::create(
      b, loc, llvm::cast<RankedTensorType>(value.getType()), value);
  lastConstant = op;
  return known = op;
}

static Attribute elementAttr(OpBuilder &b, double value, Type type) {
  if (auto floating = dyn_cast<FloatType>(type))
    return b.getFloatAttr(floating, value);
  auto integer = llvm::cast<IntegerType>(type);
  return IntegerAttr::get(type,
                          APInt(integer.getWidth(), static_cast<int64_t>(value),
                                /*isSigned=*/true, /*implicitTrunc=*/true));
}

Value TensorBuilder::scalar(double value, Type elementType) {
  if (!elementType)
    return {};
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, elementType),
                                         elementAttr(b, value, elementType)));
}

static APInt extreme(IntegerType type, bool isMin) {
  unsigned width = type.getWidth();
  if (type.isUnsigned() || width == 1)
    return isMin ? APInt::getMinValue(width) : APInt::getMaxValue(width);
  return isMin ? APInt::getSignedMinValue(width)
               : APInt::getSignedMaxValue(width);
}

Value TensorBuilder::lowest(Type elementType) {
  if (isa<FloatType>(elementType))
    return scalar(-std::numeric_limits<double>::infinity(), elementType);
  return constant(DenseElementsAttr::get(
      RankedTensorType::get({}, elementType),
      extreme(llvm::cast<IntegerType>(elementType), true)));
}

Value TensorBuilder::highest(Type elementType) {
  if (isa<FloatType>(elementType))
    return scalar(std::numeric_limits<double>::infinity(), elementType);
  return constant(DenseElementsAttr::get(
      RankedTensorType::get({}, elementType),
      extreme(llvm::cast<IntegerType>(elementType), false)));
}

Value TensorBuilder::scalarInt(int64_t value, Type elementType) {
  return ints(value, {}, elementType);
}

Value TensorBuilder::floats(ArrayRef<double> values, ArrayRef<int64_t> shape,
                            Type elementType) {
  if (!elementType)
    return {};
  SmallVector<Attribute> attrs;
  for (double v : values)
    attrs.push_back(elementAttr(b, v, elementType));
  return constant(
      DenseElementsAttr::get(RankedTensorType::get(shape, elementType), attrs));
}

Value TensorBuilder::ints(ArrayRef<int64_t> values, ArrayRef<int64_t> shape,
                          Type elementType) {
  if (!elementType)
    return {};
  SmallVector<APInt> numbers;
  for (int64_t v : values)
    numbers.emplace_back(elementType.getIntOrFloatBitWidth(), v,
                         /*isSigned=*/true, /*implicitTrunc=*/true);
  return constant(DenseElementsAttr::get(
      RankedTensorType::get(shape, elementType), numbers));
}

Value TensorBuilder::fromExprs(ArrayRef<AffineExpr> exprs,
                               ArrayRef<int64_t> shape, Type elementType) {
  auto known = constantsOf(exprs);
  if (known && isa<FloatType>(elementType))
    return floats(SmallVector<double>(known->begin(), known->end()), shape,
                  elementType);
  if (known)
    return ints(*known, shape, elementType);
  auto type = RankedTensorType::get(shape, elementType);
  SmallVector<Value> elements;
  for (AffineExpr expr : exprs) {
    Value element = index(expr);
    if (elementType.isInteger(1))
      element = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, element,
                                      index(constant(0)));
    else if (isa<FloatType>(elementType))
      element = arith::SIToFPOp::create(
          b, loc, elementType,
          arith::IndexCastOp::create(b, loc, b.getI64Type(), element));
    else
      element = arith::IndexCastOp::create(b, loc, elementType, element);
    elements.push_back(element);
  }
  return tensor::FromElementsOp::create(b, loc, type, elements);
}

Value TensorBuilder::full(Value value, ArrayRef<AffineExpr> shape) {
  if (!value)
    return {};
  auto known = constantsOf(shape);
  auto op = value.getDefiningOp<rac::ConstantOp>();
  auto splat = op ? dyn_cast<SplatElementsAttr>(op.getValue()) : nullptr;
  if (known && splat && llvm::all_of(*known, [](int64_t d) { return d >= 0; }))
    return constant(
        splat.resizeSplat(RankedTensorType::get(*known, element(value))));
  return expand(value, shape);
}
