//===- Utils.cpp - What the lowerings of all op families share ------------===//

#include "Utils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Type lowering::storageType(Type element) {
  return element.isInteger(1) ? IntegerType::get(element.getContext(), 8)
                              : signless(element);
}

Type lowering::computeType(Type element) {
  auto type = dyn_cast<FloatType>(element);
  return type && type.getWidth() < 32 ? Float32Type::get(element.getContext())
                                      : signless(element);
}

Value lowering::loadElement(OpBuilder &b, Location loc, Value stored,
                            Type element) {
  if (!element.isInteger(1))
    return stored;
  Value zero = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, stored, zero);
}

Value lowering::storeElement(OpBuilder &b, Location loc, Value scalar,
                             Type element) {
  if (!element.isInteger(1))
    return scalar;
  return arith::ExtUIOp::create(b, loc, b.getI8Type(), scalar);
}

Value lowering::loadCompute(OpBuilder &b, Location loc, Value stored,
                            Type element) {
  Value scalar = loadElement(b, loc, stored, element);
  Type type = computeType(element);
  return scalar.getType() == type
             ? scalar
             : Value(arith::ExtFOp::create(b, loc, type, scalar));
}

Value lowering::storeCompute(OpBuilder &b, Location loc, Value scalar,
                             Type element) {
  if (isa<FloatType>(element) && scalar.getType() != element)
    return arith::TruncFOp::create(b, loc, element, scalar);
  return storeElement(b, loc, scalar, element);
}

TypedAttr lowering::storageAttr(TypedAttr value) {
  auto integer = dyn_cast<IntegerAttr>(value);
  if (!integer)
    return value;
  Type type = storageType(integer.getType());
  return IntegerAttr::get(
      type, integer.getValue().zextOrTrunc(type.getIntOrFloatBitWidth()));
}

ElementsAttr lowering::storageElements(ElementsAttr value) {
  Type element = value.getElementType();
  Type stored = storageType(element);
  if (element == stored)
    return value;
  auto type = cast<ShapedType>(value.getType()).clone(stored);
  // The bytes of a resource are one per element for i1 too.
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto dense = dyn_cast<DenseIntElementsAttr>(value);
  if (!dense)
    return {};
  if (!element.isInteger(1))
    return dense.bitcast(stored);
  return dense.mapValues(stored,
                         [](const APInt &bit) { return bit.zextOrTrunc(8); });
}

std::optional<TypedAttr> lowering::splatValue(Value value) {
  ElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)))
    return std::nullopt;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    Type element = resource.getElementType();
    bool isSplat = false;
    if (resource.getNumElements() != 1 || !blob || element.isInteger(1) ||
        !DenseElementsAttr::isValidRawBuffer(resource.getType(),
                                             blob->getData(), isSplat))
      return std::nullopt;
    elements = DenseElementsAttr::getFromRawBuffer(resource.getType(),
                                                   blob->getData());
  }
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  return dense.getSplatValue<TypedAttr>();
}

Value lowering::scalarConstant(OpBuilder &b, Location loc, TypedAttr value,
                               Type type) {
  if (auto number = dyn_cast<FloatAttr>(value)) {
    APFloat converted = number.getValue();
    bool losesInfo;
    converted.convert(cast<FloatType>(type).getFloatSemantics(),
                      APFloat::rmNearestTiesToEven, &losesInfo);
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, converted));
  }
  return arith::ConstantOp::create(
      b, loc, IntegerAttr::get(type, cast<IntegerAttr>(value).getValue()));
}

Value lowering::indexConstant(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value lowering::indexValue(OpBuilder &b, Location loc, OpFoldResult value) {
  return getValueOrCreateConstantIndexOp(b, loc, value);
}

Value lowering::extremeConstant(OpBuilder &b, Location loc, Type type,
                                bool isUnsigned, bool lowest) {
  if (auto number = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(
        b, loc,
        b.getFloatAttr(type, APFloat::getInf(number.getFloatSemantics(),
                                             /*Negative=*/lowest)));
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value =
      isUnsigned || width == 1
          ? (lowest ? APInt::getZero(width) : APInt::getMaxValue(width))
          : (lowest ? APInt::getSignedMinValue(width)
                    : APInt::getSignedMaxValue(width));
  return arith::ConstantOp::create(b, loc, IntegerAttr::get(type, value));
}

Type lowering::elementOf(Value value) {
  return tensorOf(value).getElementType();
}

RankedTensorType lowering::tensorOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

//===----------------------------------------------------------------------===//
// Sizes and checks
//===----------------------------------------------------------------------===//

Sizes lowering::resultSizes(OpBuilder &b, Operation *op, ValueRange operands,
                            unsigned number) {
  ShapeContext context(op->getContext());
  SmallVector<Dims> dims;
  LogicalResult inferred = cast<ShapeOpInterface>(op).inferDims(context, dims);
  assert(succeeded(inferred) && "the op was verified");
  (void)inferred;
  auto converted = [&](Value value) {
    for (auto [before, after] : llvm::zip_equal(op->getOperands(), operands))
      if (before == value)
        return after;
    return value;
  };
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(number).getType());
  // A symbol is made a value only where a dynamic dimension needs it.
  SmallVector<bool> needed(context.getSymbols().size());
  for (auto [i, expr] : llvm::enumerate(dims[number]))
    if (type.isDynamicDim(i))
      expr.walk([&](AffineExpr part) {
        if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
          needed[symbol.getPosition()] = true;
      });
  Sizes symbols;
  for (auto [symbol, isNeeded] :
       llvm::zip_equal(context.getSymbols(), needed)) {
    Value value = converted(symbol.value);
    if (!isNeeded)
      symbols.push_back(b.getIndexAttr(0));
    else
      symbols.push_back(symbol.dim < 0
                            ? OpFoldResult(value)
                            : tensor::getMixedSize(b, loc, value, symbol.dim));
  }
  Sizes sizes;
  for (auto [i, expr] : llvm::enumerate(dims[number])) {
    if (!type.isDynamicDim(i)) {
      sizes.push_back(b.getIndexAttr(type.getDimSize(i)));
      continue;
    }
    OpFoldResult size = affine::makeComposedFoldedAffineApply(
        b, loc, AffineMap::get(0, symbols.size(), expr), symbols);
    sizes.push_back(indexValue(b, loc, size));
  }
  return sizes;
}

OpFoldResult lowering::addSizes(OpBuilder &b, Location loc, OpFoldResult x,
                                OpFoldResult y) {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  return affine::makeComposedFoldedAffineApply(
      b, loc, AffineMap::get(0, 2, s0 + s1), {x, y});
}

OpFoldResult lowering::mulSizes(OpBuilder &b, Location loc, OpFoldResult x,
                                OpFoldResult y) {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  return affine::makeComposedFoldedAffineApply(
      b, loc, AffineMap::get(0, 2, s0 * s1), {x, y});
}

OpFoldResult lowering::productOf(OpBuilder &b, Location loc,
                                 ArrayRef<OpFoldResult> sizes) {
  OpFoldResult product = b.getIndexAttr(1);
  for (OpFoldResult size : sizes)
    product = mulSizes(b, loc, product, size);
  return product;
}

void lowering::check(OpBuilder &b, Location loc, Value condition,
                     StringRef message) {
  if (!matchPattern(condition, m_One()))
    cf::AssertOp::create(b, loc, condition, message);
}

static void checkCompare(OpBuilder &b, Location loc,
                         arith::CmpIPredicate predicate, OpFoldResult x,
                         OpFoldResult y, StringRef message) {
  Value condition = arith::CmpIOp::create(
      b, loc, predicate, indexValue(b, loc, x), indexValue(b, loc, y));
  check(b, loc, condition, message);
}

void lowering::checkEqual(OpBuilder &b, Location loc, OpFoldResult x,
                          OpFoldResult y, StringRef message) {
  if (!isEqualConstantIntOrValue(x, y))
    checkCompare(b, loc, arith::CmpIPredicate::eq, x, y, message);
}

void lowering::checkAtMost(OpBuilder &b, Location loc, OpFoldResult x,
                           OpFoldResult y, StringRef message) {
  std::optional<int64_t> low = getConstantIntValue(x);
  std::optional<int64_t> high = getConstantIntValue(y);
  if (isEqualConstantIntOrValue(x, y) || (low && high && *low <= *high))
    return;
  checkCompare(b, loc, arith::CmpIPredicate::sle, x, y, message);
}

void lowering::checkBroadcast(OpBuilder &b, Location loc, Value operand,
                              ArrayRef<OpFoldResult> sizes, StringRef message) {
  auto type = tensorOf(operand);
  ArrayRef<OpFoldResult> last = sizes.take_back(type.getRank());
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (type.getDimSize(i) != 1)
      checkEqual(b, loc, tensor::getMixedSize(b, loc, operand, i), last[i],
                 message);
}
