//===- GraphImporter.cpp - Walks a graph, node by node --------------------===//

#include "GraphImporter.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;
using onnxmodel::Graph;
using onnxmodel::Node;

/// Subgraphs and function bodies in one another; a model that nests deeper is
/// hostile, and would exhaust the stack.
static constexpr unsigned kMaxDepth = 64;

ImporterTable::ImporterTable() {
  addActivationImporters(*this);
  addAttentionImporters(*this);
  addControlFlowImporters(*this);
  addConvImporters(*this);
  addEinsumImporters(*this);
  addElementwiseImporters(*this);
  addGridSampleImporters(*this);
  addIndexingImporters(*this);
  addMatmulImporters(*this);
  addMatmulNBitsImporters(*this);
  addMovementImporters(*this);
  addNormalizationImporters(*this);
  addPoolImporters(*this);
  addQuantImporters(*this);
  addRecurrentImporters(*this);
  addReductionImporters(*this);
  addResizeImporters(*this);
  addShapeImporters(*this);
  addSignalImporters(*this);
  addSliceImporters(*this);
  addSuppressionImporters(*this);
  addUniqueImporters(*this);
}

GraphImporter::GraphImporter(onnxmodel::Model &model, MLIRContext *context)
    : model(model), tb(context) {}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

Entry *GraphImporter::lookup(StringRef name) {
  for (Scope *s = scope; s; s = s->parent) {
    auto it = s->entries.find(name);
    if (it != s->entries.end())
      return it->second.absent ? nullptr : &it->second;
  }
  return nullptr;
}

static bool isDefined(const Scope *scope, StringRef name) {
  for (; scope; scope = scope->parent)
    if (scope->entries.contains(name))
      return true;
  return false;
}

void GraphImporter::define(StringRef name, Entry entry) {
  if (entry.id == 0)
    entry.id = nextId++;
  scope->entries[name] = std::move(entry);
}

void GraphImporter::defineInitializers(const Graph &graph) {
  for (const Tensor &tensor : graph.initializers) {
    Entry entry;
    entry.constant = &tensor;
    define(tensor.name, entry);
  }
}

Location GraphImporter::location(StringRef name) {
  std::string full = scope->prefix + name.str();
  if (full.empty())
    return UnknownLoc::get(tb.b.getContext());
  return NameLoc::get(tb.b.getStringAttr(full));
}

LogicalResult GraphImporter::error(const Twine &message) {
  if (!errors.empty())
    errors += "\n";
  errors += message.str();
  return failure();
}

void GraphImporter::addUnsupported(const Node &node, const Twine &reason) {
  std::string text = "  " + node.opType;
  if (!node.name.empty())
    text += " '" + scope->prefix + node.name + "'";
  else if (!node.outputs.empty())
    text += " (gives '" + scope->prefix + node.outputs.front() + "')";
  const onnxmodel::Opsets &opsets = *scope->opsets;
  auto opset = opsets.find(node.domain);
  text += ", domain " + (node.domain.empty() ? "ai.onnx" : node.domain);
  if (opset != opsets.end())
    text += " version " + std::to_string(opset->second);
  text += ": " + reason.str();
  if (unsupportedSeen.insert(text).second)
    unsupported.push_back(text);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importNodes(ArrayRef<Node> nodes) {
  for (const Node &node : nodes)
    if (failed(importNode(node)))
      return failure();
  return success();
}

LogicalResult GraphImporter::importNode(const Node &node) {
  tb.failure.clear();
  auto opset = scope->opsets->find(node.domain);
  if (opset == scope->opsets->end())
    return error(node.opType + ": the model imports no version of domain '" +
                 node.domain + "'");
  NodeImporter importer(*this, node, opset->second);
  Location before = tb.loc;
  llvm::scope_exit restore([&] { tb.loc = before; });
  if (!node.name.empty())
    tb.loc = location(node.name);
  else if (!node.outputs.empty())
    tb.loc = location(node.outputs.front());

  bool poisoned = false;
  for (const std::string &input : node.inputs) {
    if (input.empty())
      continue;
    if (!isDefined(scope, input))
      return importer.fail("its input '" + input + "' is not defined");
    Entry *entry = lookup(input);
    poisoned |= entry && entry->poison;
  }
  // The model's own function of a name goes before ONNX's operator of it.
  ImportFunction function = table.find(node);
  bool isOnnx = onnxmodel::Model::knows(node, opset->second);
  // Of onnxruntime's own operators the table has those that rac knows.
  bool isRuntimes = node.domain == "com.microsoft" && opset->second == 1 &&
                    !model.mayHaveBody(node, opset->second);
  if (function && (isOnnx || isRuntimes)) {
    if (poisoned)
      return importer.poison();
    std::vector<bool> present;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const Entry *entry = importer.entry(i);
      present.push_back(entry != nullptr);
      if (entry && entry->constant && !entry->constant->problem.empty())
        return importer.unsupported(entry->constant->problem);
    }
    std::string problem =
        onnxmodel::Model::checkInputs(node, opset->second, present);
    if (!problem.empty())
      return importer.fail(problem);
    return function(importer);
  }
  StringRef reason = table.reason(node);
  if (!reason.empty())
    return importer.unsupported(reason);
  if (model.mayHaveBody(node, opset->second)) {
    if (poisoned)
      return importer.poison();
    bool found = false;
    if (failed(importBody(importer, found)))
      return failure();
    if (found)
      return success();
  }
  return importer.unsupported(isOnnx ? "rac has no importer for it"
                                     : "ONNX has no operator of this name and "
                                       "version");
}

LogicalResult GraphImporter::importBody(NodeImporter &caller, bool &found) {
  Node node = caller.node;
  node.attributes = caller.resolvedAttributes();
  std::vector<onnxmodel::Type> types;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Entry *entry = caller.entry(i);
    types.push_back(entry ? onnxType(*entry) : onnxmodel::Type());
    if (!entry)
      node.inputs[i].clear();
  }
  std::string problem;
  const onnxmodel::Function *body =
      model.function(node, *scope->opsets, types, problem);
  if (!problem.empty())
    return caller.fail(problem);
  found = body != nullptr;
  if (!found)
    return success();
  if (scope->depth >= kMaxDepth)
    return caller.fail("functions and subgraphs are nested too deeply");

  Scope inner;
  inner.attributes = &node.attributes;
  inner.defaults = &body->defaults;
  inner.opsets = &body->opsets;
  inner.depth = scope->depth + 1;
  inner.prefix =
      scope->prefix + (node.name.empty() ? node.opType : node.name) + "/";
  for (auto [i, name] : llvm::enumerate(body->inputs)) {
    const Entry *actual = caller.entry(i);
    Entry entry;
    entry.absent = true;
    if (actual)
      entry = *actual;
    inner.entries[name] = entry;
  }
  Scope *outer = scope;
  scope = &inner;
  LogicalResult done = importNodes(body->nodes);
  scope = outer;
  if (failed(done))
    return done;
  for (auto [i, name] : llvm::enumerate(body->outputs)) {
    if (!caller.hasOutput(i))
      continue;
    auto it = inner.entries.find(name);
    if (it == inner.entries.end() || it->second.absent)
      return caller.fail("its body doesn't define output '" + name + "'");
    define(node.outputs[i], it->second);
  }
  return success();
}

LogicalResult GraphImporter::importSubgraph(const Graph &graph,
                                            ArrayRef<Entry> inputs,
                                            SmallVectorImpl<Entry> &outputs) {
  if (scope->depth >= kMaxDepth)
    return error("functions and subgraphs are nested too deeply");
  if (graph.inputs.size() != inputs.size())
    return error("a subgraph has " + Twine(graph.inputs.size()) +
                 " inputs where its operator gives it " + Twine(inputs.size()));
  Scope inner;
  inner.parent = scope;
  inner.opsets = scope->opsets;
  inner.depth = scope->depth + 1;
  inner.prefix = scope->prefix;
  Scope *outer = scope;
  scope = &inner;
  llvm::scope_exit restore([&] { scope = outer; });
  defineInitializers(graph);
  for (auto [info, entry] : llvm::zip_equal(graph.inputs, inputs))
    define(info.name, entry);
  if (failed(importNodes(graph.nodes)))
    return failure();
  for (const onnxmodel::ValueInfo &info : graph.outputs) {
    Entry *entry = lookup(info.name);
    if (!entry)
      return error("subgraph output '" + info.name + "' is not defined");
    outputs.push_back(*entry);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The main graph
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> sizesOf(ArrayRef<onnxmodel::Dim> dims) {
  return llvm::map_to_vector(dims, [](const onnxmodel::Dim &dim) {
    return dim.value < 0 ? ShapedType::kDynamic : dim.value;
  });
}

/// As "[2, ?]".
static std::string sizesText(ArrayRef<int64_t> sizes) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << '[';
  llvm::interleaveComma(sizes, out, [&](int64_t size) {
    ShapedType::isDynamic(size) ? out << '?' : out << size;
  });
  out << ']';
  return text;
}

static ArrayAttr dimNames(OpBuilder &b, const onnxmodel::Type &type) {
  SmallVector<StringRef> names;
  for (const onnxmodel::Dim &dim : *type.shape)
    names.push_back(dim.value < 0 ? StringRef(dim.name) : StringRef());
  return b.getStrArrayAttr(names);
}

LogicalResult GraphImporter::findInputs(const Graph &graph, Inputs &inputs,
                                        SmallVectorImpl<Type> &types) {
  for (const onnxmodel::ValueInfo &info : graph.inputs) {
    // One that has an initializer is a constant that a caller could replace; we
    // compile it as the constant.
    if (scope->entries.contains(info.name))
      continue;
    std::string problem = info.type.notTensor;
    if (!problem.empty())
      problem += " inputs are not supported";
    Type element;
    if (problem.empty())
      element = elementType(info.type.element, problem);
    if (problem.empty() && !info.type.shape)
      problem =
          "its rank is unknown, which is not supported (--shape gives one)";
    if (!problem.empty()) {
      unsupported.push_back("  input '" + info.name + "': " + problem);
      Entry poison;
      poison.poison = true;
      define(info.name, poison);
      hasPoisonedInput = true;
      continue;
    }
    SmallVector<int64_t> shape = sizesOf(*info.type.shape);
    int64_t bytes = 8;
    for (int64_t size : shape)
      if (size > 0 && __builtin_mul_overflow(bytes, size, &bytes))
        return error("input '" + info.name + "' is larger than any memory");
    inputs.push_back(&info);
    types.push_back(RankedTensorType::get(shape, element));
  }
  return success();
}

void GraphImporter::defineInputs(func::FuncOp main, const Inputs &inputs) {
  OpBuilder &b = tb.b;
  for (auto [i, info] : llvm::enumerate(inputs)) {
    Value argument = main.getArgument(i);
    argument.setLoc(location(info->name));
    main.setArgAttr(i, "rac.name", b.getStringAttr(info->name));
    main.setArgAttr(i, "rac.dim_names", dimNames(b, info->type));
    for (auto [d, dim] : llvm::enumerate(*info->type.shape))
      if (dim.value < 0 && !dim.name.empty())
        tb.nameDim(argument, d, dim.name);
    define(info->name, fromValue(argument));
  }
}

FailureOr<Value> GraphImporter::importOutput(const onnxmodel::ValueInfo &info,
                                             const Entry &entry) {
  tb.failure.clear();
  Value value = materialize(entry);
  if (!value)
    return error("output '" + info.name + "': " + tb.failure);
  std::string problem;
  if (info.type.element != ElementType::Undefined &&
      elementType(info.type.element, problem) != TensorBuilder::element(value))
    return error("output '" + info.name + "' is declared as " +
                 onnxmodel::elementTypeName(info.type.element) +
                 " but the graph computes another type");
  if (!info.type.shape)
    return value;
  SmallVector<int64_t> declared = sizesOf(*info.type.shape);
  ArrayRef<int64_t> computed =
      cast<RankedTensorType>(value.getType()).getShape();
  if (failed(verifyCompatibleShape(declared, computed)))
    return error("output '" + info.name + "' is declared as " +
                 sizesText(declared) + " but the graph computes " +
                 sizesText(computed));
  return value;
}

LogicalResult GraphImporter::importMain(ModuleOp module) {
  const Graph &graph = model.graph();
  OpBuilder &b = tb.b;
  Scope top;
  top.opsets = &model.opsets();
  top.graph = &graph;
  scope = &top;
  llvm::scope_exit restore([&] { scope = nullptr; });

  defineInitializers(graph);
  Inputs inputs;
  SmallVector<Type> types;
  if (failed(findInputs(graph, inputs, types)))
    return failure();
  b.setInsertionPointToEnd(module.getBody());
  auto main = func::FuncOp::create(b, module.getLoc(), "main",
                                   b.getFunctionType(types, {}));
  Block *block = main.addEntryBlock();
  b.setInsertionPointToStart(block);
  tb.constantBlock = block;
  defineInputs(main, inputs);
  if (failed(importNodes(graph.nodes)))
    return failure();

  SmallVector<Value> results;
  SmallVector<DictionaryAttr> resultAttrs;
  bool poisoned = hasPoisonedInput;
  for (const onnxmodel::ValueInfo &info : graph.outputs) {
    Entry *entry = lookup(info.name);
    if (!entry)
      return error("output '" + info.name + "' is not defined");
    poisoned |= entry->poison;
    if (entry->poison)
      continue;
    FailureOr<Value> value = importOutput(info, *entry);
    if (failed(value))
      return failure();
    SmallVector<NamedAttribute> attrs = {
        b.getNamedAttr("rac.name", b.getStringAttr(info.name))};
    if (info.type.shape)
      attrs.push_back(b.getNamedAttr("rac.dim_names", dimNames(b, info.type)));
    results.push_back(*value);
    resultAttrs.push_back(b.getDictionaryAttr(attrs));
  }
  // What no output comes of may be anything.
  if (poisoned)
    return failure();
  func::ReturnOp::create(b, module.getLoc(), results);
  main.setType(b.getFunctionType(
      types,
      llvm::map_to_vector(results, [](Value v) { return v.getType(); })));
  for (auto [i, attrs] : llvm::enumerate(resultAttrs))
    main.setResultAttrs(i, attrs);
  return success();
}
