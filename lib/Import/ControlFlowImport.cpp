//===- ControlFlowImport.cpp - If, Loop, Scan -----------------------------===//

#include "LoopBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;
using onnxmodel::Graph;

static const Graph *graphAttr(NodeImporter &n, StringRef name) {
  const OnnxAttribute *a = n.attr(name);
  if (a && a->graph)
    return a->graph.get();
  n.tb.fail("attribute '" + name + "' must be a graph");
  return nullptr;
}

/// A scalar, whatever its rank, as a value of its element type.
static Value scalarOf(TensorBuilder &tb, Value tensor) {
  if (!tensor)
    return {};
  for (AffineExpr size : tb.dims(tensor))
    if (tb.constantOf(size) != 1)
      return tb.fail("its condition must be one element");
  SmallVector<Value> at(tb.rank(tensor), tb.index(tb.constant(0)));
  return tensor::ExtractOp::create(tb.b, tb.loc, tensor, at);
}

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

namespace {
struct Branch {
  std::unique_ptr<Region> region = std::make_unique<Region>();
  SmallVector<Value> values;
};
} // namespace

static LogicalResult buildBranch(NodeImporter &n, const Graph &graph,
                                 Branch &branch, bool &poisoned) {
  TensorBuilder::RegionScope scope(n.tb);
  n.tb.b.setInsertionPointToEnd(&branch.region->emplaceBlock());
  SmallVector<Entry> outputs;
  if (failed(n.g.importSubgraph(graph, {}, outputs)))
    return failure();
  for (const Entry &entry : outputs) {
    if (entry.poison) {
      poisoned = true;
      return success();
    }
    Value value = n.g.materialize(entry);
    if (!value)
      return n.result(value);
    branch.values.push_back(value);
  }
  return success();
}

/// Whether a subgraph does nothing but one operator (and its constants).
static bool isOnly(const Graph &graph, StringRef opType) {
  unsigned others = 0;
  for (const onnxmodel::Node &node : graph.nodes)
    others += node.opType != "Constant";
  return others == 1 && graph.nodes.back().opType == opType;
}
static bool isSqueeze(const Graph &graph) { return isOnly(graph, "Squeeze"); }
static bool isIdentity(const Graph &graph) { return isOnly(graph, "Identity"); }

static LogicalResult importIf(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  const Graph *graphs[] = {graphAttr(n, "then_branch"),
                           graphAttr(n, "else_branch")};
  if (!graphs[0] || !graphs[1])
    return n.result(Value());
  // A branch that is never taken need not compile.
  if (auto known = n.constInts(0); known && known->size() == 1) {
    SmallVector<Entry> outputs;
    if (failed(
            n.g.importSubgraph(*graphs[known->front() ? 0 : 1], {}, outputs)))
      return failure();
    if (outputs.size() < n.numOutputs())
      return n.fail("its branches give fewer values than it has outputs");
    for (size_t i = 0; i < n.numOutputs(); ++i)
      if (failed(n.resultEntry(i, outputs[i])))
        return failure();
    return success();
  }
  Type type = n.elementType(0);
  if (!type || !type.isInteger(1))
    return n.fail("its condition must be bool");
  // A tensor has one rank here. What torch writes for squeezing a dimension "if
  // it is 1" has two: we hold the model to its being 1, which the reshape sees
  // at run time.
  if (isSqueeze(*graphs[0]) && isIdentity(*graphs[1])) {
    SmallVector<Entry> outputs;
    if (failed(n.g.importSubgraph(*graphs[0], {}, outputs)))
      return failure();
    if (outputs.size() == 1 && n.numOutputs() == 1)
      return n.resultEntry(0, outputs.front());
  }
  Value condition = scalarOf(tb, n.input(0));
  if (!condition)
    return n.result(Value());

  Branch branches[2];
  llvm::scope_exit cleanUp([&] {
    for (Branch &branch : branches)
      if (branch.region)
        tb.forget(*branch.region);
  });
  bool poisoned = false;
  for (int k : {0, 1})
    if (failed(buildBranch(n, *graphs[k], branches[k], poisoned)))
      return failure();
  if (poisoned)
    return n.poison();
  if (branches[0].values.size() != branches[1].values.size() ||
      branches[0].values.size() < n.numOutputs())
    return n.fail("its branches give different numbers of values");
  SmallVector<Type> types;
  for (auto [x, y] : llvm::zip_equal(branches[0].values, branches[1].values)) {
    RankedTensorType common = commonType(tb.type(x), tb.type(y));
    if (!common)
      return n.unsupported("branches that give tensors of different rank or "
                           "element type are not supported");
    types.push_back(common);
  }
  OperationState state(tb.loc, scf::IfOp::getOperationName());
  state.addOperands(condition);
  state.addTypes(types);
  for (Branch &branch : branches) {
    OpBuilder::InsertionGuard guard(tb.b);
    tb.b.setInsertionPointToEnd(&branch.region->front());
    for (auto [value, to] : llvm::zip_equal(branch.values, types))
      value = tb.castType(value, llvm::cast<RankedTensorType>(to));
    scf::YieldOp::create(tb.b, tb.loc, branch.values);
    state.addRegion(std::move(branch.region));
  }
  Operation *op = tb.b.create(state);
  for (size_t i = 0; i < n.numOutputs(); ++i)
    if (failed(n.result(i, op->getResult(i))))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

/// The values of a subgraph's outputs.
static LogicalResult materializeAll(NodeImporter &n, ArrayRef<Entry> entries,
                                    SmallVectorImpl<Value> &values) {
  for (const Entry &entry : entries) {
    values.push_back(n.g.materialize(entry));
    if (!values.back())
      return failure();
  }
  return success();
}

static bool anyPoison(ArrayRef<Entry> entries) {
  return llvm::any_of(entries, [](const Entry &e) { return e.poison; });
}

static Entry scalarEntry(AffineExpr value, Type type) {
  Entry entry;
  entry.elements = Exprs{value};
  entry.elementType = type;
  return entry;
}

/// A body that failed has said why, unless the builder has more to say.
static LogicalResult loopFailed(NodeImporter &n) {
  if (!n.g.errors.empty())
    return failure();
  if (StringRef(n.tb.failure).contains("not supported"))
    return n.unsupported(n.tb.failure);
  return n.result(Value());
}

static LogicalResult defineResults(NodeImporter &n, const LoopResult &result) {
  if (result.poisoned)
    return n.poison();
  size_t i = 0;
  for (Value value : llvm::concat<const Value>(result.carried, result.stacked))
    if (failed(n.result(i++, value)))
      return failure();
  return success();
}

static LogicalResult importLoop(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  const Graph *graph = graphAttr(n, "body");
  if (!graph)
    return n.result(Value());
  SmallVector<Value> initial;
  for (size_t i = 2; i < n.numInputs(); ++i) {
    initial.push_back(n.input(i));
    if (!initial.back())
      return n.result(Value());
  }
  if (graph->outputs.size() < 1 + initial.size())
    return n.fail("its body gives fewer values than it carries");
  size_t numStacked = graph->outputs.size() - 1 - initial.size();
  if (n.numOutputs() > initial.size() + numStacked)
    return n.fail("it has more outputs than its body gives");

  AffineExpr count;
  if (n.hasInput(0)) {
    auto given = n.indices(0);
    if (!given || given->size() != 1)
      return n.fail("its trip count must be one integer");
    count = given->front();
    if (!tb.isNonNegative(count))
      count = tb.max(count, tb.constant(0));
    // Exporters' way of saying "no limit".
    if (auto known = tb.constantOf(count);
        known && *known >= std::numeric_limits<int32_t>::max())
      count = {};
  }
  Value goOn;
  if (n.hasInput(1)) {
    auto known = n.constInts(1);
    if (known && known->size() == 1) {
      if (!known->front())
        count = tb.constant(0);
    } else {
      goOn = n.input(1);
      if (!goOn)
        return n.result(Value());
      if (!tb.element(goOn).isInteger(1))
        return n.fail("its condition must be bool");
      for (AffineExpr size : tb.dims(goOn))
        if (tb.constantOf(size) != 1)
          return n.fail("its condition must be one element");
    }
  }

  auto body = [&](AffineExpr i,
                  ArrayRef<Value> carried) -> FailureOr<Iteration> {
    Iteration iteration;
    // While the body runs its condition is true.
    SmallVector<Entry> inputs = {scalarEntry(i, tb.b.getI64Type()),
                                 scalarEntry(tb.constant(1), tb.b.getI1Type())};
    for (Value value : carried)
      inputs.push_back(n.g.fromValue(value));
    SmallVector<Entry> outputs;
    if (failed(n.g.importSubgraph(*graph, inputs, outputs)))
      return failure();
    if (anyPoison(outputs)) {
      iteration.poisoned = true;
      return iteration;
    }
    const Entry &goesOn = outputs.front();
    bool always = goesOn.elements && goesOn.elements->size() == 1 &&
                  tb.constantOf(goesOn.elements->front()) == 1;
    if (goesOn.constant) {
      auto value = intsOf(*goesOn.constant);
      always = value && value->size() == 1 && value->front();
    }
    if (!always) {
      iteration.goOn = n.g.materialize(goesOn);
      if (!iteration.goOn)
        return failure();
      if (!tb.element(iteration.goOn).isInteger(1))
        return tb.fail("its condition must be bool"), failure();
    }
    SmallVector<Value> values;
    if (failed(materializeAll(n, ArrayRef(outputs).drop_front(), values)))
      return failure();
    iteration.carried.assign(values.begin(), values.begin() + initial.size());
    iteration.stacked.assign(values.begin() + initial.size(), values.end());
    return iteration;
  };
  FailureOr<LoopResult> result =
      buildLoop(tb, count, goOn, initial, numStacked, {}, body);
  if (failed(result))
    return loopFailed(n);
  return defineResults(n, *result);
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

static LogicalResult importScan(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  if (n.version < 9)
    return n.unsupported("opset 8's batched Scan is not supported");
  const Graph *graph = graphAttr(n, "body");
  if (!graph)
    return n.result(Value());
  int64_t scanned = n.intAttr("num_scan_inputs", 0);
  int64_t states = static_cast<int64_t>(n.numInputs()) - scanned;
  int64_t stacked = static_cast<int64_t>(graph->outputs.size()) - states;
  if (scanned < 1 || states < 0 || stacked < 0 ||
      static_cast<int64_t>(n.numOutputs()) > states + stacked)
    return n.fail("num_scan_inputs doesn't fit its inputs and outputs");
  SmallVector<int64_t> zeros(std::max(scanned, stacked), 0);
  auto in = ArrayRef<int64_t>(zeros).take_front(scanned);
  auto out = ArrayRef<int64_t>(zeros).take_front(stacked);
  SmallVector<int64_t> inAxes = n.intsAttr("scan_input_axes", in);
  SmallVector<int64_t> inBack = n.intsAttr("scan_input_directions", in);
  SmallVector<int64_t> outAxes = n.intsAttr("scan_output_axes", out);
  SmallVector<int64_t> outBack = n.intsAttr("scan_output_directions", out);
  if (inAxes.size() != in.size() || inBack.size() != in.size() ||
      outAxes.size() != out.size() || outBack.size() != out.size())
    return n.fail("an attribute doesn't have one value per scanned tensor");

  SmallVector<Value> initial, tensors;
  for (size_t i = 0; i < n.numInputs(); ++i) {
    Value value = n.input(i);
    if (!value)
      return n.result(value);
    (static_cast<int64_t>(i) < states ? initial : tensors).push_back(value);
  }
  AffineExpr count;
  for (auto [value, axis] : llvm::zip_equal(tensors, inAxes)) {
    auto known = n.axis(axis, tb.rank(value));
    if (!known)
      return n.result(Value());
    axis = *known;
    AffineExpr size = tb.dim(value, axis);
    if (count && tb.constantOf(count) && tb.constantOf(size) && count != size)
      return n.fail("the tensors that it scans differ in length");
    if (!count || tb.constantOf(size))
      count = size;
  }
  auto body = [&](AffineExpr i,
                  ArrayRef<Value> carried) -> FailureOr<Iteration> {
    Iteration iteration;
    SmallVector<Entry> inputs;
    for (Value value : carried)
      inputs.push_back(n.g.fromValue(value));
    for (auto [value, axis, back] : llvm::zip_equal(tensors, inAxes, inBack)) {
      AffineExpr at = back ? tb.sub(tb.sub(count, tb.constant(1)), i) : i;
      Value step =
          tb.squeeze(tb.sliceAxis(value, axis, at, tb.constant(1)), {axis});
      if (!step)
        return failure();
      inputs.push_back(n.g.fromValue(step));
    }
    SmallVector<Entry> outputs;
    if (failed(n.g.importSubgraph(*graph, inputs, outputs)))
      return failure();
    iteration.poisoned = anyPoison(outputs);
    if (iteration.poisoned)
      return iteration;
    SmallVector<Value> values;
    if (failed(materializeAll(n, outputs, values)))
      return failure();
    iteration.carried.assign(values.begin(), values.begin() + states);
    iteration.stacked.assign(values.begin() + states, values.end());
    return iteration;
  };
  SmallVector<bool> reverse;
  for (int64_t back : outBack)
    reverse.push_back(back != 0);
  FailureOr<LoopResult> result =
      buildLoop(tb, count, {}, initial, stacked, reverse, body);
  if (failed(result))
    return loopFailed(n);
  if (result->poisoned)
    return n.poison();
  for (auto [value, axis] : llvm::zip_equal(result->stacked, outAxes)) {
    auto to = n.axis(axis, tb.rank(value));
    if (!to)
      return n.result(Value());
    // Stacked in front; it goes where the model wants it.
    SmallVector<int64_t> permutation =
        llvm::to_vector(llvm::seq<int64_t>(1, tb.rank(value)));
    permutation.insert(permutation.begin() + *to, 0);
    value = tb.transpose(value, permutation);
  }
  return defineResults(n, *result);
}

static LogicalResult importOptionalHasElement(NodeImporter &n) {
  return n.resultExprs({n.tb.constant(n.hasInput(0))}, /*isScalar=*/true,
                       n.tb.b.getI1Type());
}

static LogicalResult importOptionalGetElement(NodeImporter &n) {
  const Entry *entry = n.entry(0);
  return entry ? n.resultEntry(0, *entry) : n.result(Value());
}

void rac::onnximport::addControlFlowImporters(ImporterTable &table) {
  table.add("If", importIf);
  table.add("Loop", importLoop);
  table.add("Scan", importScan);
  for (StringRef name :
       {"SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase",
        "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence",
        "ConcatFromSequence"})
    table.refuse(name, "sequences are not supported");
  // Optional values don't come this far: what is here is a tensor or nothing.
  table.add("OptionalHasElement", importOptionalHasElement);
  table.add("OptionalGetElement", importOptionalGetElement);
  table.refuse("Optional", "optional values are not supported");
  for (StringRef name : {"StringConcat", "StringNormalizer", "StringSplit",
                         "RegexFullMatch", "TfIdfVectorizer"})
    table.refuse(name, "strings are not supported");
  for (StringRef name : {"RandomNormal", "RandomNormalLike", "RandomUniform",
                         "RandomUniformLike", "Multinomial", "Bernoulli"})
    table.refuse(name, "random numbers are not supported");
  table.refuse("ImageDecoder", "decoding images is not supported");
}
