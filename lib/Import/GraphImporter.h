//===- GraphImporter.h - Walks a graph, node by node ------------*- C++ -*-===//

#ifndef RAC_LIB_IMPORT_GRAPHIMPORTER_H
#define RAC_LIB_IMPORT_GRAPHIMPORTER_H

#include "OnnxModel.h"
#include "TensorBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace rac::onnximport {

using llvm::LogicalResult;
using OnnxAttribute = onnxmodel::Attribute;
using onnxmodel::ElementType;
using onnxmodel::Tensor;

/// What a name in the model stands for. A value that is known otherwise, as a
/// constant of the model or as index expressions, becomes an op when needed.
struct Entry {
  Value value;
  const Tensor *constant = nullptr;
  /// The elements of a small tensor of whole numbers, and their shape.
  std::optional<Exprs> elements;
  llvm::SmallVector<int64_t> shape;
  Type elementType;
  /// Stands for the result of something unsupported.
  bool poison = false;
  /// A function's input that the caller left out.
  bool absent = false;
  unsigned id = 0;
};

/// The names that a graph sees: its own, and those of the graphs around it. A
/// function's body sees only its own.
struct Scope {
  Scope *parent = nullptr;
  llvm::StringMap<Entry> entries;
  /// What attribute references in a function's body refer to.
  const onnxmodel::Attributes *attributes = nullptr;
  const onnxmodel::Attributes *defaults = nullptr;
  const onnxmodel::Opsets *opsets = nullptr;
  const onnxmodel::Graph *graph = nullptr;
  std::string prefix; // of locations
  unsigned depth = 0;
};

class NodeImporter;
using ImportFunction = LogicalResult (*)(NodeImporter &);

/// Which function imports an operator.
class ImporterTable {
public:
  ImporterTable();
  void add(llvm::StringRef name, ImportFunction function,
           llvm::StringRef domain = "") {
    functions[(domain + "::" + name).str()] = function;
  }
  /// An operator that rac will not take, and why.
  void refuse(llvm::StringRef name, llvm::StringRef reason,
              llvm::StringRef domain = "") {
    reasons[(domain + "::" + name).str()] = reason;
  }
  ImportFunction find(const onnxmodel::Node &node) const {
    return functions.lookup(node.domain + "::" + node.opType);
  }
  llvm::StringRef reason(const onnxmodel::Node &node) const {
    return reasons.lookup(node.domain + "::" + node.opType);
  }

private:
  llvm::StringMap<ImportFunction> functions;
  llvm::StringMap<llvm::StringRef> reasons;
};

// One per family, each in the file of that name.
void addActivationImporters(ImporterTable &);
void addAttentionImporters(ImporterTable &);
void addControlFlowImporters(ImporterTable &);
void addConvImporters(ImporterTable &);
void addEinsumImporters(ImporterTable &);
void addElementwiseImporters(ImporterTable &);
void addGridSampleImporters(ImporterTable &);
void addIndexingImporters(ImporterTable &);
void addMatmulImporters(ImporterTable &);
void addMatmulNBitsImporters(ImporterTable &);
void addMovementImporters(ImporterTable &);
void addNormalizationImporters(ImporterTable &);
void addPoolImporters(ImporterTable &);
void addQuantImporters(ImporterTable &);
void addRecurrentImporters(ImporterTable &);
void addReductionImporters(ImporterTable &);
void addResizeImporters(ImporterTable &);
void addShapeImporters(ImporterTable &);
void addSignalImporters(ImporterTable &);
void addSliceImporters(ImporterTable &);
void addSuppressionImporters(ImporterTable &);
void addUniqueImporters(ImporterTable &);

class GraphImporter {
public:
  GraphImporter(onnxmodel::Model &model, mlir::MLIRContext *context);

  /// Builds @main. What went wrong is in `errors` and `unsupported`.
  LogicalResult importMain(mlir::ModuleOp module);

  /// Imports `nodes` into the current scope.
  LogicalResult importNodes(llvm::ArrayRef<onnxmodel::Node> nodes);
  LogicalResult importNode(const onnxmodel::Node &node);
  /// Imports the body of a node that is defined by one. `found` says whether.
  LogicalResult importBody(NodeImporter &caller, bool &found);
  /// Imports a subgraph with the given inputs into the current block.
  LogicalResult importSubgraph(const onnxmodel::Graph &graph,
                               llvm::ArrayRef<Entry> inputs,
                               llvm::SmallVectorImpl<Entry> &outputs);
  void defineInitializers(const onnxmodel::Graph &graph);

  Entry *lookup(llvm::StringRef name);
  void define(llvm::StringRef name, Entry entry);
  /// The op result that an entry stands for; null, after a failure.
  Value materialize(const Entry &entry);
  Value constant(const Tensor &tensor);
  /// The type as MLIR has it; null, with a reason, for what rac doesn't know.
  Type elementType(ElementType type, std::string &problem);
  onnxmodel::Type onnxType(const Entry &entry);
  mlir::Location location(llvm::StringRef name);

  void addUnsupported(const onnxmodel::Node &node, const llvm::Twine &reason);
  LogicalResult error(const llvm::Twine &message);
  Entry fromValue(Value value) {
    Entry entry;
    entry.value = value;
    return entry;
  }

  onnxmodel::Model &model;
  TensorBuilder tb;
  ImporterTable table;
  Scope *scope = nullptr;
  std::string errors;
  llvm::SmallVector<std::string> unsupported;

private:
  using Inputs = llvm::SmallVector<const onnxmodel::ValueInfo *>;
  /// The inputs that callers give, of those that rac takes, and their types.
  LogicalResult findInputs(const onnxmodel::Graph &graph, Inputs &inputs,
                           llvm::SmallVectorImpl<Type> &types);
  /// Defines them as the arguments of `main`, with their dimensions' names.
  void defineInputs(mlir::func::FuncOp main, const Inputs &inputs);
  /// An output's value, which is what the model declares.
  llvm::FailureOr<Value> importOutput(const onnxmodel::ValueInfo &info,
                                      const Entry &entry);

  llvm::StringSet<> unsupportedSeen;
  /// Inputs are the caller's, whether or not anything uses them.
  bool hasPoisonedInput = false;
  llvm::DenseMap<const Tensor *, Value> constants;
  unsigned nextId = 1;
};

/// One node, as its importer sees it.
class NodeImporter {
public:
  NodeImporter(GraphImporter &graph, const onnxmodel::Node &node,
               int64_t version)
      : g(graph), tb(graph.tb), node(node), version(version) {}

  GraphImporter &g;
  TensorBuilder &tb;
  const onnxmodel::Node &node;
  /// Of the opset that the operator's domain is imported at.
  const int64_t version;

  //===--------------------------------------------------------------------===//
  // Attributes
  //===--------------------------------------------------------------------===//

  const OnnxAttribute *attr(llvm::StringRef name);
  bool has(llvm::StringRef name) { return attr(name) != nullptr; }
  int64_t intAttr(llvm::StringRef name, int64_t otherwise);
  bool boolAttr(llvm::StringRef name, bool otherwise = false) {
    return intAttr(name, otherwise) != 0;
  }
  double floatAttr(llvm::StringRef name, double otherwise);
  llvm::StringRef stringAttr(llvm::StringRef name, llvm::StringRef otherwise);
  llvm::SmallVector<int64_t> intsAttr(llvm::StringRef name,
                                      llvm::ArrayRef<int64_t> otherwise = {});
  std::vector<double> floatsAttr(llvm::StringRef name);
  /// The attributes with references resolved.
  onnxmodel::Attributes resolvedAttributes();

  //===--------------------------------------------------------------------===//
  // Inputs
  //===--------------------------------------------------------------------===//

  size_t numInputs() const { return node.inputs.size(); }
  size_t numOutputs() const { return node.outputs.size(); }
  bool hasInput(size_t i) const {
    return i < node.inputs.size() && entry(i) != nullptr;
  }
  bool hasOutput(size_t i) const {
    return i < node.outputs.size() && !node.outputs[i].empty();
  }
  const Entry *entry(size_t i) const;
  /// The tensor; null where it is absent.
  Value input(size_t i);
  /// Its dimensions, which need not become an op for that.
  std::optional<Exprs> dims(size_t i);
  /// Its shape and elements where it is a small tensor of whole numbers that
  /// are known, of any rank.
  std::optional<Entry> known(size_t i);
  /// Its elements where it is a small integer tensor of rank 0 or 1 and they
  /// are known.
  std::optional<Exprs> elements(size_t i);
  /// As `elements`, also of floats that are whole numbers.
  std::optional<Exprs> numbers(size_t i);
  /// The elements of a small integer tensor of rank 0 or 1, read at run time
  /// where need be.
  std::optional<Exprs> indices(size_t i);
  std::optional<llvm::SmallVector<int64_t>> constInts(size_t i);
  /// The elements of a constant float (or integer) tensor.
  std::optional<std::vector<double>> constFloats(size_t i);
  const Tensor *constTensor(size_t i);
  int64_t rank(size_t i);
  Type elementType(size_t i);

  /// `axis` counted from the front; nothing, with a failure, where out of
  /// range.
  std::optional<int64_t> axis(int64_t axis, int64_t rank);
  /// As `axis`, and sorted; fails on repetition.
  std::optional<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes,
                                                 int64_t rank);
  std::optional<Type> typeAttr(llvm::StringRef name, ElementType otherwise);

  //===--------------------------------------------------------------------===//
  // Results
  //===--------------------------------------------------------------------===//

  /// The node is wrong: the import fails.
  LogicalResult fail(const llvm::Twine &message);
  /// The node is right, but rac can't compile it.
  LogicalResult unsupported(const llvm::Twine &reason);
  /// Imports the node by the body that ONNX defines it by.
  LogicalResult importBody();
  /// Says of all outputs that they come of something unsupported.
  LogicalResult poison();
  /// Defines output `i`. Fails where `value` is null.
  LogicalResult result(size_t i, Value value);
  LogicalResult result(Value value) { return result(0, value); }
  LogicalResult resultExprs(Exprs exprs, bool isScalar, Type elementType);
  LogicalResult resultKnown(Exprs exprs, llvm::ArrayRef<int64_t> shape,
                            Type elementType);
  LogicalResult resultEntry(size_t i, const Entry &entry);
};

/// The elements of a constant tensor as numbers; nothing for large ones.
std::optional<std::vector<double>> floatsOf(const Tensor &tensor,
                                            int64_t limit = 1 << 20);
std::optional<llvm::SmallVector<int64_t>> intsOf(const Tensor &tensor,
                                                 int64_t limit = 256);

/// A node that is an op of one operand.
template <typename OpT> LogicalResult importUnary(NodeImporter &n) {
  return n.result(n.tb.unary<OpT>(n.input(0)));
}

} // namespace rac::onnximport

#endif // RAC_LIB_IMPORT_GRAPHIMPORTER_H
