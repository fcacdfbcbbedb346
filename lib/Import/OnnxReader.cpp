//===- OnnxReader.cpp - Files to checked models ---------------------------===//

#include "OnnxStorage.h"
#include "onnx/checker.h"
#include "onnx/defs/parser.h"
#include "onnx/defs/schema.h"
#include "onnx/version_converter/convert.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rac::onnxmodel;

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

bool MappedFile::open(const std::string &path, std::string &error) {
  // A pipe that nobody writes to would be waited for.
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  if (file < 0 || fstat(file, &info) != 0) {
    error = std::strerror(errno);
    if (file >= 0)
      ::close(file);
    return false;
  }
  if (!S_ISREG(info.st_mode)) {
    error = "not a regular file";
    ::close(file);
    return false;
  }
  bytes = info.st_size;
  if (bytes != 0) {
    void *memory = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (memory == MAP_FAILED) {
      error = std::strerror(errno);
      bytes = 0;
    } else {
      begin = static_cast<const char *>(memory);
    }
  }
  ::close(file);
  return error.empty();
}

MappedFile::~MappedFile() {
  if (begin)
    munmap(const_cast<char *>(begin), bytes);
}

static bool endsWith(const std::string &text, const char *end) {
  size_t n = std::strlen(end);
  return text.size() >= n && text.compare(text.size() - n, n, end) == 0;
}

static bool parse(const std::string &path, onnx::ModelProto &proto,
                  std::string &error) {
  MappedFile file;
  if (!file.open(path, error))
    return false;
  if (file.size() == 0) {
    error = "the file is empty";
    return false;
  }
  if (endsWith(path, ".onnxtxt")) {
    onnx::OnnxParser parser(std::string_view(file.data(), file.size()));
    auto status = parser.Parse(proto);
    if (!status.IsOK())
      error = status.ErrorMessage();
    return status.IsOK();
  }
  if (file.size() >= (size_t(1) << 31)) {
    error = "the file has 2 GiB or more, which protobuf can't read; store the "
            "weights as external data";
    return false;
  }
  // Read in small pieces, not from the mapping: that would count twice.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    error = std::strerror(errno);
    return false;
  }
  google::protobuf::io::FileInputStream input(descriptor);
  input.SetCloseOnDelete(true);
  google::protobuf::io::CodedInputStream stream(&input);
  stream.SetTotalBytesLimit(INT32_MAX);
  if (!proto.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    error =
        "this is not an ONNX model, or it is damaged: protobuf can't parse it";
    return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// ONNX's check_model, but for external data, whose folder that function
/// doesn't know when it is given a parsed model, and which Converter checks.
static void check(const onnx::ModelProto &proto) {
  onnx::checker::CheckerContext context;
  context.set_ir_version(static_cast<int>(proto.ir_version()));
  std::unordered_map<std::string, int> opsets;
  for (const auto &opset : proto.opset_import())
    opsets[opset.domain()] = static_cast<int>(opset.version());
  context.set_opset_imports(opsets);
  context.set_skip_opset_compatibility_check(true);
  onnx::checker::LexicalScopeContext scope;
  onnx::checker::check_graph(proto.graph(), context, scope);
  onnx::checker::check_model_local_functions(proto, context, scope);
}

/// External data is hidden from the checker for as long as this lives: it looks
/// for the files in the current folder.
class HideExternalData {
public:
  explicit HideExternalData(onnx::ModelProto &proto) {
    graph(*proto.mutable_graph());
  }
  ~HideExternalData() {
    for (auto &[tensor, saved] : hidden)
      tensor->Swap(&saved);
    for (auto &[tensor, saved] : hiddenSparse)
      tensor->Swap(&saved);
  }

private:
  void graph(onnx::GraphProto &g) {
    for (auto &tensor : *g.mutable_initializer())
      hide(tensor);
    for (auto &tensor : *g.mutable_sparse_initializer())
      hide(tensor);
    for (auto &node : *g.mutable_node())
      for (auto &attribute : *node.mutable_attribute()) {
        if (attribute.has_t())
          hide(*attribute.mutable_t());
        if (attribute.has_sparse_tensor())
          hide(*attribute.mutable_sparse_tensor());
        if (attribute.has_g())
          graph(*attribute.mutable_g());
      }
  }
  static bool isExternal(const onnx::TensorProto &tensor) {
    return tensor.data_location() == onnx::TensorProto::EXTERNAL;
  }
  static onnx::TensorProto makeEmpty(const std::string &name) {
    onnx::TensorProto stub;
    stub.set_name(name);
    stub.set_data_type(onnx::TensorProto::FLOAT);
    stub.add_dims(0);
    return stub;
  }
  void hide(onnx::TensorProto &tensor) {
    if (!isExternal(tensor))
      return;
    onnx::TensorProto stub = makeEmpty(tensor.name());
    tensor.Swap(&stub);
    hidden.emplace_back(&tensor, std::move(stub));
  }
  /// As a whole: its values and its indices must fit each other.
  void hide(onnx::SparseTensorProto &tensor) {
    if (!isExternal(tensor.values()) && !isExternal(tensor.indices()))
      return;
    onnx::SparseTensorProto stub;
    *stub.mutable_values() = makeEmpty(tensor.values().name());
    stub.add_dims(1);
    tensor.Swap(&stub);
    hiddenSparse.emplace_back(&tensor, std::move(stub));
  }
  std::vector<std::pair<onnx::TensorProto *, onnx::TensorProto>> hidden;
  std::vector<std::pair<onnx::SparseTensorProto *, onnx::SparseTensorProto>>
      hiddenSparse;
};

/// The checker asks for the types and shapes of inputs and outputs, which
/// exporters leave out where they don't know them, and for the graph's name:
/// they are there for as long as this lives.
class FillMissing {
public:
  explicit FillMissing(onnx::GraphProto &graph) : graph(graph) {
    fill(*graph.mutable_input());
    fill(*graph.mutable_output());
    isNameless = graph.name().empty();
    if (isNameless)
      graph.set_name("model");
  }
  ~FillMissing() {
    for (auto *type : shapeless)
      type->clear_shape();
    for (auto *info : typeless)
      info->clear_type();
    if (isNameless)
      graph.clear_name();
  }

private:
  void fill(google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> &infos) {
    for (auto &info : infos) {
      if (!info.has_type()) {
        typeless.push_back(&info);
        info.mutable_type()->mutable_tensor_type()->set_elem_type(
            onnx::TensorProto::FLOAT);
      }
      if (info.type().has_tensor_type() &&
          !info.type().tensor_type().has_shape()) {
        shapeless.push_back(info.mutable_type()->mutable_tensor_type());
        shapeless.back()->mutable_shape();
      }
    }
  }
  onnx::GraphProto &graph;
  std::vector<onnx::TypeProto_Tensor *> shapeless;
  std::vector<onnx::ValueInfoProto *> typeless;
  bool isNameless;
};

static int newestOpset() {
  return onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
      .Map()
      .at(onnx::ONNX_DOMAIN)
      .second;
}

static bool checkVersions(onnx::ModelProto &proto, std::string &error) {
  if (proto.ir_version() < 1 || proto.ir_version() > onnx::IR_VERSION) {
    error = "IR version " + std::to_string(proto.ir_version()) +
            " is not supported (1 to " + std::to_string(onnx::IR_VERSION) + ")";
    return false;
  }
  if (proto.ir_version() >= 3 && proto.opset_import_size() == 0) {
    error = "the model does not say which opset it uses";
    return false;
  }
  int64_t opset = proto.opset_import_size() == 0 ? 1 : 0;
  for (const auto &import : proto.opset_import())
    if (import.domain().empty() || import.domain() == "ai.onnx")
      opset = import.version();
  int newest = newestOpset();
  // A model that uses other domains only needs none.
  if (opset != 0 && (opset < 1 || opset > newest)) {
    error = "opset " + std::to_string(opset) + " is not supported (7 to " +
            std::to_string(newest) + ")";
    return false;
  }
  if (opset != 0 && opset < 7) {
    if (proto.opset_import_size() == 0)
      proto.add_opset_import()->set_version(1);
    {
      FillMissing filled(*proto.mutable_graph());
      check(proto);
    }
    try {
      proto = onnx::version_conversion::ConvertVersion(proto, 7);
    } catch (const std::exception &reason) {
      error = "opset " + std::to_string(opset) +
              " cannot be converted to 7: " + reason.what();
      return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static bool overrideShapes(onnx::ModelProto &proto, const ReadOptions &options,
                           std::string &error) {
  if (options.shapes.empty())
    return true;
  auto &graph = *proto.mutable_graph();
  for (const auto &[name, dims] : options.shapes) {
    onnx::ValueInfoProto *input = nullptr;
    for (auto &info : *graph.mutable_input())
      if (info.name() == name)
        input = &info;
    if (!input || !input->type().has_tensor_type()) {
      error = "the model has no input named '" + name + "' that takes a tensor";
      return false;
    }
    auto &type = *input->mutable_type()->mutable_tensor_type();
    bool fits = !type.has_shape() ||
                type.shape().dim_size() == static_cast<int>(dims.size());
    for (size_t i = 0; fits && i < dims.size(); ++i)
      fits = dims[i] >= 0;
    if (!fits) {
      error = "the shape for input '" + name + "' doesn't fit its rank, " +
              std::to_string(type.shape().dim_size());
      return false;
    }
    auto &shape = *type.mutable_shape();
    shape.Clear();
    for (int64_t dim : dims)
      shape.add_dim()->set_dim_value(dim);
  }
  // What the model says of other values held for the old shapes.
  graph.clear_value_info();
  for (auto &output : *graph.mutable_output())
    // One that says nothing of its shape goes on saying nothing.
    if (output.type().has_tensor_type() &&
        output.type().tensor_type().has_shape())
      for (auto &dim : *output.mutable_type()
                            ->mutable_tensor_type()
                            ->mutable_shape()
                            ->mutable_dim())
        dim.Clear();
  return true;
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

Model::Model() : storage(std::make_unique<Storage>()) {}
Model::~Model() = default;

std::unique_ptr<Model> Model::read(const std::string &path,
                                   const ReadOptions &options,
                                   std::string &error) {
  // Protobuf logs what it can't parse on stderr; the message we give is enough.
  google::protobuf::LogSilencer silence;
  try {
    auto model = std::make_unique<Model>();
    Storage &storage = *model->storage;
    size_t slash = path.find_last_of('/');
    storage.directory =
        slash == std::string::npos ? "" : path.substr(0, slash + 1);
    onnx::ModelProto &proto = storage.proto;
    if (!parse(path, proto, error))
      return nullptr;
    if (!proto.has_graph()) {
      error = "the model has no graph";
      return nullptr;
    }
    if (!checkVersions(proto, error))
      return nullptr;
    {
      HideExternalData hidden(proto);
      FillMissing filled(*proto.mutable_graph());
      check(proto);
    }
    if (!overrideShapes(proto, options, error))
      return nullptr;
    for (const auto &opset : proto.opset_import())
      model->imports[opset.domain() == "ai.onnx" ? "" : opset.domain()] =
          opset.version();
    // ONNX's own shape inference is not asked: it can crash on a wrong model,
    // and the importer knows the type of every value that it makes.
    model->main = Converter(storage).graph(proto.graph());
    error = storage.damage;
    return error.empty() ? std::move(model) : nullptr;
  } catch (const std::exception &e) {
    error = e.what();
  } catch (...) {
    error = "unknown failure";
  }
  return nullptr;
}
