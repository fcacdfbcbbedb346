//===- NodeImporter.cpp - One node, as its importer sees it ---------------===//

#include "GraphImporter.h"
#include "llvm/ADT/APFloat.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;
using onnxmodel::Attributes;

//===----------------------------------------------------------------------===//
// Constants as numbers
//===----------------------------------------------------------------------===//

template <typename T> static T read(const Tensor &tensor, int64_t i) {
  T value;
  std::memcpy(&value, tensor.data + i * sizeof(T), sizeof(T));
  return value;
}

static double readFloat(const Tensor &tensor, int64_t i) {
  auto half = [&](const llvm::fltSemantics &semantics) {
    return llvm::APFloat(semantics, APInt(16, read<uint16_t>(tensor, i)))
        .convertToDouble();
  };
  switch (tensor.element) {
  case ElementType::Float:
    return read<float>(tensor, i);
  case ElementType::Double:
    return read<double>(tensor, i);
  case ElementType::Float16:
    return half(llvm::APFloat::IEEEhalf());
  default:
    return half(llvm::APFloat::BFloat());
  }
}

static std::optional<int64_t> readInt(const Tensor &tensor, int64_t i) {
  switch (tensor.element) {
  case ElementType::Int64:
    return read<int64_t>(tensor, i);
  case ElementType::Int32:
    return read<int32_t>(tensor, i);
  case ElementType::Int16:
    return read<int16_t>(tensor, i);
  case ElementType::Int8:
    return read<int8_t>(tensor, i);
  case ElementType::UInt8:
    return read<uint8_t>(tensor, i);
  case ElementType::UInt16:
    return read<uint16_t>(tensor, i);
  case ElementType::UInt32:
    return read<uint32_t>(tensor, i);
  case ElementType::UInt64:
    return static_cast<int64_t>(read<uint64_t>(tensor, i));
  case ElementType::Bool:
    return read<uint8_t>(tensor, i) != 0;
  default:
    return std::nullopt;
  }
}

std::optional<SmallVector<int64_t>>
rac::onnximport::intsOf(const Tensor &tensor, int64_t limit) {
  if (!tensor.data || tensor.elements > limit)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (int64_t i = 0; i < tensor.elements; ++i) {
    std::optional<int64_t> value = readInt(tensor, i);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::optional<std::vector<double>>
rac::onnximport::floatsOf(const Tensor &tensor, int64_t limit) {
  if (!tensor.data || tensor.elements > limit)
    return std::nullopt;
  std::vector<double> values;
  for (int64_t i = 0; i < tensor.elements; ++i) {
    if (std::optional<int64_t> integer = readInt(tensor, i))
      values.push_back(static_cast<double>(*integer));
    else
      values.push_back(readFloat(tensor, i));
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const OnnxAttribute *NodeImporter::attr(StringRef name) {
  auto it = node.attributes.find(name.str());
  if (it == node.attributes.end())
    return nullptr;
  const OnnxAttribute *found = &it->second;
  if (found->reference.empty())
    return found;
  // A graph inside a function's body refers to the function's attributes.
  for (Scope *s = g.scope; s; s = s->parent) {
    if (s->attributes) {
      auto actual = s->attributes->find(found->reference);
      if (actual != s->attributes->end())
        return &actual->second;
    }
    if (s->defaults) {
      auto otherwise = s->defaults->find(found->reference);
      if (otherwise != s->defaults->end())
        return &otherwise->second;
    }
  }
  return nullptr;
}

Attributes NodeImporter::resolvedAttributes() {
  Attributes resolved;
  for (const auto &[name, ignored] : node.attributes)
    if (const OnnxAttribute *actual = attr(name))
      resolved.emplace(name, *actual);
  return resolved;
}

int64_t NodeImporter::intAttr(StringRef name, int64_t otherwise) {
  const OnnxAttribute *a = attr(name);
  return a && a->kind == OnnxAttribute::Int ? a->i : otherwise;
}

double NodeImporter::floatAttr(StringRef name, double otherwise) {
  const OnnxAttribute *a = attr(name);
  return a && a->kind == OnnxAttribute::Float ? a->f : otherwise;
}

StringRef NodeImporter::stringAttr(StringRef name, StringRef otherwise) {
  const OnnxAttribute *a = attr(name);
  return a && a->kind == OnnxAttribute::String ? StringRef(a->s) : otherwise;
}

SmallVector<int64_t> NodeImporter::intsAttr(StringRef name,
                                            ArrayRef<int64_t> otherwise) {
  const OnnxAttribute *a = attr(name);
  if (a && a->kind == OnnxAttribute::Ints)
    return SmallVector<int64_t>(a->ints.begin(), a->ints.end());
  return SmallVector<int64_t>(otherwise);
}

std::vector<double> NodeImporter::floatsAttr(StringRef name) {
  const OnnxAttribute *a = attr(name);
  if (!a || a->kind != OnnxAttribute::Floats)
    return {};
  return std::vector<double>(a->floats.begin(), a->floats.end());
}

std::optional<Type> NodeImporter::typeAttr(StringRef name,
                                           ElementType otherwise) {
  int64_t value = intAttr(name, static_cast<int64_t>(otherwise));
  std::string problem;
  Type type = g.elementType(static_cast<ElementType>(value), problem);
  if (type)
    return type;
  tb.fail(problem);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

const Entry *NodeImporter::entry(size_t i) const {
  if (i >= node.inputs.size() || node.inputs[i].empty())
    return nullptr;
  return g.lookup(node.inputs[i]);
}

std::optional<Exprs> NodeImporter::dims(size_t i) {
  const Entry *e = entry(i);
  if (!e)
    return std::nullopt;
  if (e->constant)
    return tb.constants(e->constant->dims);
  if (e->elements)
    return tb.constants(e->shape);
  return tb.dims(e->value);
}

Value NodeImporter::input(size_t i) {
  const Entry *e = entry(i);
  if (!e) {
    tb.fail("input " + Twine(i) + " is missing");
    return {};
  }
  return g.materialize(*e);
}

/// The elements of a constant where they are whole numbers.
static std::optional<SmallVector<int64_t>> wholeNumbers(const Tensor &tensor) {
  if (auto ints = intsOf(tensor))
    return ints;
  auto floats = floatsOf(tensor, 256);
  if (!floats)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (double v : *floats) {
    if (!(std::abs(v) < 1e9) || v != std::floor(v) ||
        (v == 0 && std::signbit(v)))
      return std::nullopt;
    values.push_back(static_cast<int64_t>(v));
  }
  return values;
}

std::optional<Entry> NodeImporter::known(size_t i) {
  const Entry *e = entry(i);
  if (!e || e->elements)
    return e ? std::optional(*e) : std::nullopt;
  if (!e->constant)
    return std::nullopt;
  auto values = wholeNumbers(*e->constant);
  if (!values)
    return std::nullopt;
  Entry result;
  result.elements = tb.constants(*values);
  result.shape.assign(e->constant->dims.begin(), e->constant->dims.end());
  result.elementType = elementType(i);
  return result;
}

std::optional<Exprs> NodeImporter::numbers(size_t i) {
  if (rank(i) > 1)
    return std::nullopt;
  std::optional<Entry> e = known(i);
  return e ? e->elements : std::nullopt;
}

std::optional<Exprs> NodeImporter::elements(size_t i) {
  if (!isa_and_nonnull<IntegerType>(elementType(i)))
    return std::nullopt;
  return numbers(i);
}

std::optional<Exprs> NodeImporter::indices(size_t i) {
  if (auto known = elements(i))
    return known;
  Value value = input(i);
  if (!value)
    return std::nullopt;
  auto type = TensorBuilder::type(value);
  if (type.getRank() > 1 || !type.hasStaticShape() ||
      type.getNumElements() > 256 ||
      !type.getElementType().isSignlessInteger()) {
    tb.fail("input " + Twine(i) +
            " must be a vector of integers whose length is known");
    return std::nullopt;
  }
  Exprs exprs;
  for (int64_t k = 0; k < type.getNumElements(); ++k) {
    SmallVector<int64_t> position(type.getRank(), k);
    exprs.push_back(tb.extract(value, position));
  }
  return exprs;
}

std::optional<SmallVector<int64_t>> NodeImporter::constInts(size_t i) {
  auto known = elements(i);
  if (!known)
    return std::nullopt;
  return TensorBuilder::constantsOf(*known);
}

const Tensor *NodeImporter::constTensor(size_t i) {
  const Entry *e = entry(i);
  return e ? e->constant : nullptr;
}

std::optional<std::vector<double>> NodeImporter::constFloats(size_t i) {
  if (const Tensor *tensor = constTensor(i))
    return floatsOf(*tensor);
  if (auto known = numbers(i))
    if (auto ints = TensorBuilder::constantsOf(*known))
      return std::vector<double>(ints->begin(), ints->end());
  // Constants that an importer made.
  const Entry *e = entry(i);
  auto op = e && e->value ? e->value.getDefiningOp<rac::ConstantOp>() : nullptr;
  auto dense = op ? dyn_cast<DenseElementsAttr>(op.getValue()) : nullptr;
  if (!dense || dense.getNumElements() > 1 << 20)
    return std::nullopt;
  std::vector<double> values;
  if (isa<FloatType>(dense.getElementType()))
    for (APFloat v : dense.getValues<APFloat>())
      values.push_back(v.convertToDouble());
  else
    for (APInt v : dense.getValues<APInt>())
      values.push_back(dense.getElementType().isUnsignedInteger()
                           ? v.roundToDouble(/*isSigned=*/false)
                           : v.roundToDouble(/*isSigned=*/true));
  return values;
}

int64_t NodeImporter::rank(size_t i) {
  const Entry *e = entry(i);
  if (!e)
    return 0;
  if (e->value)
    return TensorBuilder::rank(e->value);
  if (e->constant)
    return e->constant->dims.size();
  return e->shape.size();
}

Type NodeImporter::elementType(size_t i) {
  const Entry *e = entry(i);
  if (!e)
    return {};
  if (e->value)
    return TensorBuilder::element(e->value);
  std::string problem;
  return e->constant ? g.elementType(e->constant->element, problem)
                     : e->elementType;
}

std::optional<int64_t> NodeImporter::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    tb.fail("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
    return std::nullopt;
  }
  return axis < 0 ? axis + rank : axis;
}

std::optional<SmallVector<int64_t>> NodeImporter::axes(ArrayRef<int64_t> axes,
                                                       int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t a : axes) {
    std::optional<int64_t> known = axis(a, rank);
    if (!known)
      return std::nullopt;
    if (llvm::is_contained(result, *known)) {
      tb.fail("axis " + Twine(a) + " is given twice");
      return std::nullopt;
    }
    result.push_back(*known);
  }
  llvm::sort(result);
  return result;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// The node, by its name or its output's; `prefix` names the functions it is
/// in.
static std::string describe(const onnxmodel::Node &node,
                            const std::string &prefix) {
  std::string text = node.opType;
  if (!node.name.empty())
    text += " '" + prefix + node.name + "'";
  else if (!node.outputs.empty())
    text += " that gives '" + prefix + node.outputs.front() + "'";
  return text;
}

LogicalResult NodeImporter::fail(const Twine &message) {
  return g.error(describe(node, g.scope->prefix) + ": " + message);
}

LogicalResult NodeImporter::unsupported(const Twine &reason) {
  g.addUnsupported(node, reason);
  return poison();
}

LogicalResult NodeImporter::poison() {
  Entry entry;
  entry.poison = true;
  for (const std::string &output : node.outputs)
    if (!output.empty())
      g.define(output, entry);
  return success();
}

LogicalResult NodeImporter::importBody() {
  bool found = false;
  LogicalResult done = g.importBody(*this, found);
  if (failed(done))
    return done;
  return found ? success() : unsupported("this form of it is not supported");
}

LogicalResult NodeImporter::result(size_t i, Value value) {
  if (!value)
    return fail(tb.failure.empty() ? "it is not valid" : tb.failure);
  if (hasOutput(i))
    g.define(node.outputs[i], g.fromValue(value));
  return success();
}

LogicalResult NodeImporter::resultExprs(Exprs exprs, bool isScalar,
                                        Type elementType) {
  if (llvm::is_contained(exprs, AffineExpr()))
    return result(Value());
  SmallVector<int64_t> shape;
  if (!isScalar)
    shape.push_back(exprs.size());
  return resultKnown(std::move(exprs), shape, elementType);
}

LogicalResult NodeImporter::resultKnown(Exprs exprs, ArrayRef<int64_t> shape,
                                        Type elementType) {
  Entry entry;
  entry.elements = std::move(exprs);
  entry.shape = SmallVector<int64_t>(shape);
  entry.elementType = elementType;
  return resultEntry(0, entry);
}

LogicalResult NodeImporter::resultEntry(size_t i, const Entry &entry) {
  if (hasOutput(i))
    g.define(node.outputs[i], entry);
  return success();
}
