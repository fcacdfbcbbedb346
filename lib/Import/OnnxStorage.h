//===- OnnxStorage.h - What keeps a model's memory alive --------*- C++ -*-===//
//
// For the files that include ONNX's headers only.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_IMPORT_ONNXSTORAGE_H
#define RAC_LIB_IMPORT_ONNXSTORAGE_H

#include "OnnxModel.h"
#include "onnx/onnx_pb.h"
#include <deque>

namespace rac::onnxmodel {

/// A file in memory, read-only.
class MappedFile {
public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;

  /// False, with a message, where the file can't be read.
  bool open(const std::string &path, std::string &error);
  const char *data() const { return begin; }
  size_t size() const { return bytes; }

private:
  const char *begin = nullptr;
  size_t bytes = 0;
};

struct Model::Storage {
  std::string directory; // where external data lies
  onnx::ModelProto proto;
  std::map<std::string, std::unique_ptr<MappedFile>> external;
  /// Tensors that the file stores in another form than ours.
  std::deque<std::string> converted;
  /// Function bodies, by operator; those that depend on the node have no key.
  std::map<std::string, const Function *> functions;
  std::deque<Function> functionBodies;
  std::deque<onnx::FunctionProto> functionProtos;
  /// What is wrong with the first tensor whose data is wrong or missing.
  std::string damage;
};

/// Turns protobuf messages into plain structs. Tensors keep pointing into the
/// messages, which must stay where they are.
class Converter {
public:
  explicit Converter(Model::Storage &storage) : storage(storage) {}

  Tensor tensor(const onnx::TensorProto &proto);
  /// As a dense tensor.
  Tensor tensor(const onnx::SparseTensorProto &proto);
  Type type(const onnx::TypeProto &proto);
  Attribute attribute(const onnx::AttributeProto &proto);
  Node node(const onnx::NodeProto &proto);
  Graph graph(const onnx::GraphProto &proto);
  Function function(const onnx::FunctionProto &proto);

private:
  void readData(const onnx::TensorProto &proto, Tensor &tensor);
  void externalData(const onnx::TensorProto &proto, Tensor &tensor);
  void inlineData(const onnx::TensorProto &proto, Tensor &tensor);

  Model::Storage &storage;
};

} // namespace rac::onnxmodel

#endif // RAC_LIB_IMPORT_ONNXSTORAGE_H
