//===- OnnxModel.h - An ONNX model without protobuf -------------*- C++ -*-===//
//
// What the importer needs of a model, as plain structs. The files that fill
// them in (Onnx*.cpp) are the only ones that include ONNX's headers; those
// throw exceptions and use RTTI, MLIR does neither, so the two never meet in
// one file.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_IMPORT_ONNXMODEL_H
#define RAC_LIB_IMPORT_ONNXMODEL_H

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace onnx {
class GraphProto;
class TensorProto;
} // namespace onnx

namespace rac::onnxmodel {

/// The values of ONNX's TensorProto::DataType.
enum class ElementType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16,
};

/// Bytes of one element; 0 for a type that rac doesn't know.
size_t elementSize(ElementType type);
/// ONNX's name for any type, known to rac or not.
std::string elementTypeName(ElementType type);

struct Dim {
  int64_t value = -1; // -1: unknown
  std::string name;
};

struct Type {
  /// What it is if not a tensor ("sequence", ...), for messages.
  std::string notTensor;
  ElementType element = ElementType::Undefined;
  std::optional<std::vector<Dim>> shape;
};

/// A tensor's data: little-endian, row-major, bool as bytes. Where `problem` is
/// set there is none, and it says why.
struct Tensor {
  std::string name;
  ElementType element = ElementType::Undefined;
  std::vector<int64_t> dims;
  const char *data = nullptr;
  size_t bytes = 0;
  std::string problem;
  int64_t count() const { return elements; }
  int64_t elements = 0;
};

struct Graph;

struct Attribute {
  enum Kind {
    Float,
    Int,
    String,
    Tensor_,
    Graph_,
    Floats,
    Ints,
    Strings,
    Other
  };
  Kind kind = Other;
  /// Set inside function bodies: the caller's attribute of this name counts.
  std::string reference;
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::shared_ptr<Tensor> tensor;
  std::shared_ptr<Graph> graph;
  /// What the last two were read from, for ONNX's builders of function bodies.
  const onnx::TensorProto *tensorProto = nullptr;
  const onnx::GraphProto *graphProto = nullptr;
};

using Attributes = std::map<std::string, Attribute>;
using Opsets = std::map<std::string, int64_t>;

struct Node {
  std::string name, opType, domain, overload;
  std::vector<std::string> inputs, outputs; // "" where absent
  Attributes attributes;
};

struct ValueInfo {
  std::string name;
  Type type;
};

struct Graph {
  std::string name;
  std::vector<ValueInfo> inputs, outputs;
  std::vector<Tensor> initializers;
  std::vector<Node> nodes;
  std::map<std::string, Type> values;
};

/// An operator that ONNX or the model defines by other operators.
struct Function {
  std::vector<std::string> inputs, outputs;
  Attributes defaults;
  std::vector<Node> nodes;
  Opsets opsets;
};

struct ReadOptions {
  std::map<std::string, std::vector<int64_t>> shapes;
};

/// A model in memory, with all that its tensors point to.
class Model {
public:
  Model();
  ~Model();
  Model(const Model &) = delete;

  /// Reads and checks a model; null, with a message, where that fails.
  static std::unique_ptr<Model>
  read(const std::string &path, const ReadOptions &options, std::string &error);

  const Graph &graph() const { return main; }
  const Opsets &opsets() const { return imports; }

  /// The body of `node`, whose attributes are resolved, with inputs of the
  /// given types; null where it isn't defined by one.
  const Function *function(const Node &node, const Opsets &opsets,
                           const std::vector<Type> &inputs, std::string &error);

  /// Whether `function` may find a body for the node.
  bool mayHaveBody(const Node &node, int64_t version) const;

  /// Whether ONNX has an operator of that name at that version.
  static bool knows(const Node &node, int64_t version);
  /// What is wrong with a node's inputs, of which `present` says which it has;
  /// empty for nothing.
  static std::string checkInputs(const Node &node, int64_t version,
                                 const std::vector<bool> &present);

  struct Storage;

private:
  std::unique_ptr<Storage> storage;
  Graph main;
  Opsets imports;
};

} // namespace rac::onnxmodel

#endif // RAC_LIB_IMPORT_ONNXMODEL_H
