//===- GraphTypes.cpp - ONNX's types and constants, and ours --------------===//

#include "GraphImporter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

Type GraphImporter::elementType(ElementType type, std::string &problem) {
  OpBuilder &b = tb.b;
  switch (type) {
  case ElementType::Float:
    return b.getF32Type();
  case ElementType::Double:
    return b.getF64Type();
  case ElementType::Float16:
    return b.getF16Type();
  case ElementType::BFloat16:
    return b.getBF16Type();
  case ElementType::Bool:
    return b.getI1Type();
  case ElementType::Int8:
    return b.getI8Type();
  case ElementType::Int16:
    return b.getI16Type();
  case ElementType::Int32:
    return b.getI32Type();
  case ElementType::Int64:
    return b.getI64Type();
  case ElementType::UInt8:
    return b.getIntegerType(8, /*isSigned=*/false);
  case ElementType::UInt16:
    return b.getIntegerType(16, /*isSigned=*/false);
  case ElementType::UInt32:
    return b.getIntegerType(32, /*isSigned=*/false);
  case ElementType::UInt64:
    return b.getIntegerType(64, /*isSigned=*/false);
  default:
    problem = onnxmodel::elementTypeName(type) + " tensors are not supported";
    return {};
  }
}

static ElementType onnxElement(Type type) {
  if (type.isF32())
    return ElementType::Float;
  if (type.isF64())
    return ElementType::Double;
  if (type.isF16())
    return ElementType::Float16;
  if (type.isBF16())
    return ElementType::BFloat16;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return ElementType::Undefined;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return ElementType::Bool;
  case 8:
    return isUnsigned ? ElementType::UInt8 : ElementType::Int8;
  case 16:
    return isUnsigned ? ElementType::UInt16 : ElementType::Int16;
  case 32:
    return isUnsigned ? ElementType::UInt32 : ElementType::Int32;
  default:
    return isUnsigned ? ElementType::UInt64 : ElementType::Int64;
  }
}

onnxmodel::Type GraphImporter::onnxType(const Entry &entry) {
  onnxmodel::Type type;
  auto add = [&](int64_t size) {
    type.shape->push_back({ShapedType::isDynamic(size) ? -1 : size, ""});
  };
  type.shape.emplace();
  if (entry.value) {
    type.element = onnxElement(TensorBuilder::element(entry.value));
    for (int64_t size : TensorBuilder::type(entry.value).getShape())
      add(size);
  } else if (entry.constant) {
    type.element = entry.constant->element;
    for (int64_t size : entry.constant->dims)
      add(size);
  } else if (entry.elements) {
    type.element = onnxElement(entry.elementType);
    for (int64_t size : entry.shape)
      add(size);
  }
  return type;
}

Value GraphImporter::constant(const Tensor &tensor) {
  Value &known = constants[&tensor];
  if (known)
    return known;
  if (!tensor.problem.empty() || !tensor.data)
    return tb.fail("tensor '" + tensor.name + "': " + tensor.problem);
  std::string problem;
  Type element = elementType(tensor.element, problem);
  if (!element)
    return tb.fail(problem);
  auto type = RankedTensorType::get(tensor.dims, element);

  // Folders read what is small; what is large stays where it lies. MLIR keeps
  // i1 in its own form.
  ElementsAttr value;
  bool isShape = tensor.dims.size() <= 1 && isa<IntegerType>(element) &&
                 tensor.elements <= 1024;
  size_t size = onnxmodel::elementSize(tensor.element);
  ArrayRef<char> bytes(tensor.data, tensor.bytes);
  if (tensor.element == ElementType::Bool) {
    SmallVector<bool> bits;
    for (char byte : bytes)
      bits.push_back(byte != 0);
    value = DenseElementsAttr::get(type, bits);
  } else if (tensor.bytes <= 64 || isShape) {
    value = DenseElementsAttr::getFromRawBuffer(type, bytes);
  } else {
    // Compiled code loads whole elements: data that the file holds at an odd
    // place is copied.
    AsmResourceBlob blob =
        reinterpret_cast<uintptr_t>(tensor.data) % size == 0
            ? UnmanagedAsmResourceBlob::allocateWithAlign(bytes, size)
            : HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, size);
    value = DenseResourceElementsAttr::get(
        type, tensor.name.empty() ? "constant" : tensor.name, std::move(blob));
  }
  Location before = tb.loc;
  if (!tensor.name.empty())
    tb.loc = location(tensor.name);
  known = tb.constant(value);
  tb.loc = before;
  return known;
}

Value GraphImporter::materialize(const Entry &entry) {
  if (entry.value)
    return entry.value;
  if (entry.constant)
    return constant(*entry.constant);
  if (!entry.elements)
    return tb.fail("an input has no value");
  if (Value known = tb.recall(entry.id))
    return known;
  return tb.remember(
      entry.id, tb.fromExprs(*entry.elements, entry.shape, entry.elementType));
}
