//===- OnnxConvert.cpp - Protobuf messages to plain structs ---------------===//

#include "OnnxStorage.h"
#include "onnx/common/common.h"
#include <cstring>
#include <filesystem>

using namespace rac::onnxmodel;

size_t rac::onnxmodel::elementSize(ElementType type) {
  switch (type) {
  case ElementType::UInt8:
  case ElementType::Int8:
  case ElementType::Bool:
    return 1;
  case ElementType::UInt16:
  case ElementType::Int16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    return 2;
  case ElementType::Float:
  case ElementType::Int32:
  case ElementType::UInt32:
    return 4;
  case ElementType::Int64:
  case ElementType::Double:
  case ElementType::UInt64:
    return 8;
  default:
    return 0;
  }
}

std::string rac::onnxmodel::elementTypeName(ElementType type) {
  int value = static_cast<int>(type);
  if (!onnx::TensorProto_DataType_IsValid(value))
    return "element type " + std::to_string(value);
  std::string name =
      onnx::TensorProto_DataType_Name(onnx::TensorProto_DataType(value));
  for (char &c : name)
    c = std::tolower(static_cast<unsigned char>(c));
  return name;
}

static std::string external(const onnx::TensorProto &proto, const char *key) {
  for (const auto &entry : proto.external_data())
    if (entry.key() == key)
      return entry.value();
  return {};
}

/// An offset or length; false for anything but a plain number.
static bool parseSize(const std::string &text, size_t &value) {
  if (text.empty())
    return true;
  value = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || value > (SIZE_MAX - 9) / 10)
      return false;
    value = value * 10 + (c - '0');
  }
  return true;
}

void Converter::externalData(const onnx::TensorProto &proto, Tensor &tensor) {
  namespace fs = std::filesystem;
  std::string location = external(proto, "location");
  fs::path relative = fs::path(location).lexically_normal();
  if (location.empty() || relative.is_absolute() || *relative.begin() == "..") {
    tensor.problem = "external data at '" + location +
                     "', which is not inside the model's folder";
    return;
  }
  // A symbolic link could lead outside as well.
  std::error_code ec;
  fs::path base = fs::canonical(
      storage.directory.empty() ? fs::path(".") : fs::path(storage.directory),
      ec);
  fs::path path = ec ? fs::path() : fs::canonical(base / relative, ec);
  if (ec) {
    tensor.problem =
        "external data '" + location + "' can't be read: " + ec.message();
    return;
  }
  fs::path inside = path.lexically_relative(base);
  if (inside.empty() || *inside.begin() == "..") {
    tensor.problem = "external data at '" + location +
                     "', which is not inside the model's folder";
    return;
  }

  std::unique_ptr<MappedFile> &file = storage.external[path.string()];
  if (!file) {
    file = std::make_unique<MappedFile>();
    std::string error;
    if (!file->open(path.string(), error)) {
      file.reset();
      tensor.problem =
          "external data '" + location + "' can't be read: " + error;
      return;
    }
  }
  size_t offset = 0;
  size_t length = tensor.bytes;
  if (!parseSize(external(proto, "offset"), offset) ||
      !parseSize(external(proto, "length"), length)) {
    tensor.problem = "external data with a bad offset or length";
    return;
  }
  if (length != tensor.bytes) {
    tensor.problem = "external data of " + std::to_string(length) +
                     " bytes where the shape needs " +
                     std::to_string(tensor.bytes);
    return;
  }
  if (offset > file->size() || file->size() - offset < tensor.bytes) {
    tensor.problem = "external data past the end of '" + location + "'";
    return;
  }
  tensor.data = file->data() + offset;
}

template <typename To, typename From>
static std::string narrowed(const From &values) {
  std::string bytes(values.size() * sizeof(To), '\0');
  for (int i = 0; i < values.size(); ++i) {
    To value = static_cast<To>(values.Get(i));
    std::memcpy(bytes.data() + i * sizeof(To), &value, sizeof(To));
  }
  return bytes;
}

void Converter::inlineData(const onnx::TensorProto &proto, Tensor &tensor) {
  auto point = [&](const void *data, size_t bytes) {
    if (bytes != tensor.bytes) {
      tensor.problem = "data of " + std::to_string(bytes) +
                       " bytes where the shape needs " +
                       std::to_string(tensor.bytes);
      return;
    }
    tensor.data = static_cast<const char *>(data);
  };
  auto keep = [&](std::string bytes) {
    storage.converted.push_back(std::move(bytes));
    point(storage.converted.back().data(), storage.converted.back().size());
  };
  if (proto.has_raw_data())
    return point(proto.raw_data().data(), proto.raw_data().size());
  switch (tensor.element) {
  case ElementType::Float:
    return point(proto.float_data().data(), proto.float_data_size() * 4);
  case ElementType::Double:
    return point(proto.double_data().data(), proto.double_data_size() * 8);
  case ElementType::Int32:
    return point(proto.int32_data().data(), proto.int32_data_size() * 4);
  case ElementType::Int64:
    return point(proto.int64_data().data(), proto.int64_data_size() * 8);
  case ElementType::UInt64:
    return point(proto.uint64_data().data(), proto.uint64_data_size() * 8);
  case ElementType::UInt32:
    return keep(narrowed<uint32_t>(proto.uint64_data()));
  case ElementType::UInt16:
  case ElementType::Int16:
  case ElementType::Float16:
  case ElementType::BFloat16:
    return keep(narrowed<uint16_t>(proto.int32_data()));
  default:
    return keep(narrowed<uint8_t>(proto.int32_data()));
  }
}

Tensor Converter::tensor(const onnx::TensorProto &proto) {
  Tensor tensor;
  tensor.name = proto.name();
  tensor.element = static_cast<ElementType>(proto.data_type());
  tensor.dims.assign(proto.dims().begin(), proto.dims().end());
  if (elementSize(tensor.element) == 0) {
    tensor.problem =
        elementTypeName(tensor.element) + " tensors are not supported";
    return tensor;
  }
  readData(proto, tensor);
  // Other than a type that isn't supported, this is wrong whoever uses it.
  if (!tensor.problem.empty() && storage.damage.empty())
    storage.damage = "tensor '" + tensor.name + "': " + tensor.problem;
  return tensor;
}

/// How many elements and bytes a tensor has, by its type and dimensions. False
/// where that cannot be.
static bool measure(Tensor &tensor) {
  int64_t size = elementSize(tensor.element);
  int64_t elements = 1, bytes = 0;
  bool tooLarge = false, empty = false;
  for (int64_t dim : tensor.dims) {
    if (dim < 0) {
      tensor.problem = "negative dimension";
      return false;
    }
    empty |= dim == 0;
    tooLarge |=
        __builtin_mul_overflow(elements, std::max<int64_t>(dim, 1), &elements);
  }
  tooLarge |= __builtin_mul_overflow(elements, size, &bytes);
  if (tooLarge) {
    tensor.problem = "more elements than memory can hold";
    return false;
  }
  tensor.elements = empty ? 0 : elements;
  tensor.bytes = empty ? 0 : bytes;
  return true;
}

void Converter::readData(const onnx::TensorProto &proto, Tensor &tensor) {
  if (!measure(tensor))
    return;
  if (proto.has_segment())
    tensor.problem = "data in segments is not supported";
  else if (proto.data_location() == onnx::TensorProto::EXTERNAL)
    externalData(proto, tensor);
  else
    inlineData(proto, tensor);
  // An empty tensor points nowhere, but must not look as if it had no data.
  if (tensor.problem.empty() && !tensor.data)
    tensor.data = "";
}

/// The place of the i-th value in a dense tensor, -1 where it has none: indices
/// are places, or rows of one index for each dimension.
static int64_t placeOf(const int64_t *indices, bool arePlaces, int64_t i,
                       const Tensor &dense) {
  if (arePlaces)
    return indices[i] < dense.elements ? indices[i] : -1;
  int64_t place = 0, rank = dense.dims.size();
  for (int64_t d = 0; d < rank; ++d) {
    int64_t index = indices[i * rank + d];
    if (index < 0 || index >= dense.dims[d])
      return -1;
    place = place * dense.dims[d] + index;
  }
  return place;
}

/// Larger ones are sparse for a reason (B).
constexpr size_t kLargestDense = size_t(1) << 31;

Tensor Converter::tensor(const onnx::SparseTensorProto &proto) {
  Tensor values = tensor(proto.values()), indices = tensor(proto.indices());
  Tensor dense;
  dense.name = values.name;
  dense.element = values.element;
  dense.dims.assign(proto.dims().begin(), proto.dims().end());
  dense.problem = values.problem.empty() ? indices.problem : values.problem;
  if (!dense.problem.empty() || !measure(dense))
    return dense;
  bool arePlaces = indices.dims.size() == 1;
  int64_t each = arePlaces ? 1 : dense.dims.size();
  if (indices.element != ElementType::Int64 ||
      indices.elements != values.elements * each) {
    dense.problem = "a sparse tensor's indices don't fit its values";
    return dense;
  }
  if (dense.bytes > kLargestDense) {
    dense.problem = "sparse tensors of more than 2 GiB are not supported";
    return dense;
  }
  std::vector<int64_t> given(indices.elements);
  std::memcpy(given.data(), indices.data, indices.bytes);
  std::string bytes(dense.bytes, '\0');
  size_t size = elementSize(dense.element);
  for (int64_t i = 0; i < values.elements; ++i) {
    int64_t place = placeOf(given.data(), arePlaces, i, dense);
    if (place < 0) {
      dense.problem = "an index of a sparse tensor is out of range";
      return dense;
    }
    std::memcpy(bytes.data() + place * size, values.data + i * size, size);
  }
  storage.converted.push_back(std::move(bytes));
  dense.data = storage.converted.back().data();
  return dense;
}

Type Converter::type(const onnx::TypeProto &proto) {
  Type type;
  switch (proto.value_case()) {
  case onnx::TypeProto::kTensorType: {
    const auto &tensor = proto.tensor_type();
    type.element = static_cast<ElementType>(tensor.elem_type());
    if (tensor.has_shape()) {
      type.shape.emplace();
      for (const auto &dim : tensor.shape().dim()) {
        Dim &d = type.shape->emplace_back();
        if (dim.has_dim_value())
          d.value = std::max<int64_t>(dim.dim_value(), -1);
        // Some exporters call every dimension "?", which names none.
        d.name = dim.dim_param() == "?" ? std::string() : dim.dim_param();
      }
    }
    break;
  }
  case onnx::TypeProto::kSequenceType:
    type.notTensor = "sequence";
    break;
  case onnx::TypeProto::kMapType:
    type.notTensor = "map";
    break;
  case onnx::TypeProto::kOptionalType:
    type.notTensor = "optional";
    break;
  case onnx::TypeProto::kSparseTensorType:
    type.notTensor = "sparse tensor";
    break;
  case onnx::TypeProto::kOpaqueType:
    type.notTensor = "opaque";
    break;
  default:
    break;
  }
  return type;
}

Attribute Converter::attribute(const onnx::AttributeProto &proto) {
  using P = onnx::AttributeProto;
  Attribute a;
  a.reference = proto.ref_attr_name();
  switch (proto.type()) {
  case P::FLOAT:
    a.kind = Attribute::Float;
    a.f = proto.f();
    break;
  case P::INT:
    a.kind = Attribute::Int;
    a.i = proto.i();
    break;
  case P::STRING:
    a.kind = Attribute::String;
    a.s = proto.s();
    break;
  case P::TENSOR:
    a.kind = Attribute::Tensor_;
    a.tensor = std::make_shared<Tensor>(tensor(proto.t()));
    a.tensorProto = &proto.t();
    break;
  case P::SPARSE_TENSOR:
    a.tensor = std::make_shared<Tensor>(tensor(proto.sparse_tensor()));
    break;
  case P::GRAPH:
    a.kind = Attribute::Graph_;
    a.graph = std::make_shared<Graph>(graph(proto.g()));
    a.graphProto = &proto.g();
    break;
  case P::FLOATS:
    a.kind = Attribute::Floats;
    a.floats.assign(proto.floats().begin(), proto.floats().end());
    break;
  case P::INTS:
    a.kind = Attribute::Ints;
    a.ints.assign(proto.ints().begin(), proto.ints().end());
    break;
  case P::STRINGS:
    a.kind = Attribute::Strings;
    a.strings.assign(proto.strings().begin(), proto.strings().end());
    break;
  default:
    break;
  }
  return a;
}

static std::string domain(const std::string &name) {
  return name == "ai.onnx" ? "" : name;
}

Node Converter::node(const onnx::NodeProto &proto) {
  Node node;
  node.name = proto.name();
  node.opType = proto.op_type();
  node.domain = domain(proto.domain());
  node.overload = proto.overload();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  for (const auto &a : proto.attribute())
    node.attributes.emplace(a.name(), attribute(a));
  return node;
}

Graph Converter::graph(const onnx::GraphProto &proto) {
  Graph graph;
  graph.name = proto.name();
  for (const auto &info : proto.input())
    graph.inputs.push_back({info.name(), type(info.type())});
  for (const auto &info : proto.output())
    graph.outputs.push_back({info.name(), type(info.type())});
  for (const auto &info : proto.value_info())
    graph.values.emplace(info.name(), type(info.type()));
  for (const auto &init : proto.initializer())
    graph.initializers.push_back(tensor(init));
  for (const auto &init : proto.sparse_initializer())
    graph.initializers.push_back(tensor(init));
  for (const auto &n : proto.node())
    graph.nodes.push_back(node(n));
  return graph;
}

Function Converter::function(const onnx::FunctionProto &proto) {
  Function function;
  function.inputs.assign(proto.input().begin(), proto.input().end());
  function.outputs.assign(proto.output().begin(), proto.output().end());
  for (const auto &a : proto.attribute_proto())
    function.defaults.emplace(a.name(), attribute(a));
  for (const auto &n : proto.node())
    function.nodes.push_back(node(n));
  for (const auto &opset : proto.opset_import())
    function.opsets[domain(opset.domain())] = opset.version();
  return function;
}
