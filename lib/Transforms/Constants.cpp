//===- Constants.cpp - Reading and making tensor constants ----------------===//

#include "Constants.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;
using namespace rac;

std::optional<ConstantBytes> rac::getConstantBytes(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant || !constant.getType().getElementType().isIntOrFloat() ||
      constant.getType().getElementTypeBitWidth() % 8 != 0)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return ConstantBytes{dense.getRawData(), dense.isSplat()};
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  if (!resource)
    return std::nullopt;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  size_t size = constant.getType().getNumElements() *
                (constant.getType().getElementTypeBitWidth() / 8);
  if (!blob || blob->getData().size() < size)
    return std::nullopt;
  return ConstantBytes{blob->getData().take_front(size), false};
}

DenseElementsAttr rac::getDense(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return dense;
  std::optional<ConstantBytes> data = getConstantBytes(value);
  if (!data)
    return {};
  return DenseElementsAttr::getFromRawBuffer(cast<ShapedType>(value.getType()),
                                             data->bytes);
}

std::optional<SmallVector<float>> rac::getFloats(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32())
    return std::nullopt;
  std::optional<ConstantBytes> data = getConstantBytes(value);
  if (!data)
    return std::nullopt;
  SmallVector<float> values(type.getNumElements());
  if (values.empty())
    return values;
  if (data->isSplat) {
    float element;
    memcpy(&element, data->bytes.data(), sizeof element);
    llvm::fill(values, element);
  } else {
    memcpy(values.data(), data->bytes.data(), values.size() * sizeof(float));
  }
  return values;
}

std::optional<double> rac::getSplat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0)
    return std::nullopt;
  std::optional<ConstantBytes> data = getConstantBytes(value);
  if (!data || (!data->isSplat && type.getNumElements() != 1))
    return std::nullopt;
  auto element =
      DenseElementsAttr::getFromRawBuffer(type.clone({1}), data->bytes);
  if (auto f = dyn_cast<FloatAttr>(element.getSplatValue<Attribute>()))
    return f.getValueAsDouble();
  if (type.getElementType().isSignlessInteger())
    return element.getSplatValue<APInt>().getSExtValue();
  return std::nullopt;
}

bool rac::isSplat(Value value, double expected) {
  std::optional<double> actual = getSplat(value);
  // Models print such constants with about seven digits.
  return actual && std::abs(*actual - expected) <=
                       1e-6 * std::max(1.0, std::abs(expected));
}

Value rac::makeConstant(OpBuilder &builder, Location loc, RankedTensorType type,
                        function_ref<void(MutableArrayRef<char>)> fill) {
  size_t size = type.getNumElements() * (type.getElementTypeBitWidth() / 8);
  constexpr size_t inlineBytes = 1024;
  if (size <= inlineBytes) {
    SmallVector<char> bytes(size);
    fill(bytes);
    return ConstantOp::create(builder, loc,
                              DenseElementsAttr::getFromRawBuffer(type, bytes));
  }
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size, /*align=*/64,
                                                       /*dataIsMutable=*/true);
  fill(blob.getMutableData());
  return ConstantOp::create(
      builder, loc,
      DenseResourceElementsAttr::get(type, "rac_folded", std::move(blob)));
}

Value rac::makeFloats(OpBuilder &builder, Location loc, RankedTensorType type,
                      ArrayRef<float> values) {
  return makeConstant(builder, loc, type, [&](MutableArrayRef<char> bytes) {
    memcpy(bytes.data(), values.data(), bytes.size());
  });
}

Value rac::makeScalar(OpBuilder &builder, Location loc, Type elementType,
                      double value) {
  auto type = RankedTensorType::get({}, elementType);
  Attribute element =
      isa<FloatType>(elementType)
          ? Attribute(builder.getFloatAttr(elementType, value))
          : Attribute(builder.getIntegerAttr(elementType, value));
  return ConstantOp::create(builder, loc,
                            DenseElementsAttr::get(type, element));
}

std::optional<SmallVector<int64_t>> rac::sumsOf(Value steps, int64_t channel) {
  std::optional<ConstantBytes> data = getConstantBytes(steps);
  auto type = cast<RankedTensorType>(steps.getType());
  if (!data || !type.getElementType().isSignlessInteger(8))
    return std::nullopt;
  int64_t channels = type.getDimSize(channel),
          inner = llvm::product_of(type.getShape().drop_front(channel + 1));
  SmallVector<int64_t> sums(channels, 0);
  for (int64_t i : llvm::seq(type.getNumElements()))
    sums[i / inner % channels] +=
        static_cast<int8_t>(data->bytes[data->isSplat ? 0 : i]);
  return sums;
}
