//===- RecurrentImport.cpp - LSTM, GRU, RNN -------------------------------===//

#include "LoopBuilder.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

namespace {
struct Activation {
  std::string name;
  double alpha = 0, beta = 0;
};
} // namespace

static std::string lower(StringRef text) { return text.lower(); }

/// What each function uses of the activation_alpha and activation_beta lists,
/// and the defaults.
static bool parameters(StringRef name, std::optional<double> &alpha,
                       std::optional<double> &beta) {
  if (name == "affine")
    alpha = 1, beta = 0;
  else if (name == "leakyrelu")
    alpha = 0.01;
  else if (name == "thresholdedrelu" || name == "elu")
    alpha = 1;
  else if (name == "scaledtanh")
    alpha = 1, beta = 1;
  else if (name == "hardsigmoid")
    alpha = 0.2, beta = 0.5;
  else
    return name == "relu" || name == "tanh" || name == "sigmoid" ||
           name == "softsign" || name == "softplus";
  return true;
}

/// The activations of all directions.
static std::optional<SmallVector<Activation>>
readActivations(NodeImporter &n, ArrayRef<StringRef> defaults,
                size_t directions) {
  SmallVector<std::string> names;
  if (const OnnxAttribute *a = n.attr("activations");
      a && !a->strings.empty()) {
    for (const std::string &name : a->strings)
      names.push_back(lower(name));
  } else {
    for (size_t d = 0; d < directions; ++d)
      for (StringRef name : defaults)
        names.push_back(lower(name));
  }
  if (names.size() != defaults.size() * directions) {
    n.tb.fail("activations needs " + Twine(defaults.size()) +
              " names per direction");
    return std::nullopt;
  }
  std::vector<double> alphas = n.floatsAttr("activation_alpha");
  std::vector<double> betas = n.floatsAttr("activation_beta");
  size_t nextAlpha = 0, nextBeta = 0;
  SmallVector<Activation> result;
  for (const std::string &name : names) {
    std::optional<double> alpha, beta;
    if (!parameters(name, alpha, beta)) {
      n.tb.fail("activation '" + name + "' is unknown");
      return std::nullopt;
    }
    if (alpha && nextAlpha < alphas.size())
      alpha = alphas[nextAlpha++];
    if (beta && nextBeta < betas.size())
      beta = betas[nextBeta++];
    result.push_back({name, alpha.value_or(0), beta.value_or(0)});
  }
  return result;
}

static Value activate(TensorBuilder &tb, const Activation &f, Value x) {
  if (!x)
    return {};
  Type type = tb.element(x);
  auto scalar = [&](double v) { return tb.scalar(v, type); };
  auto shapeless = TensorBuilder::shapeless(type);
  if (f.name == "relu")
    return tb.unary<rac::ReluOp>(x);
  if (f.name == "tanh")
    return tb.unary<rac::TanhOp>(x);
  if (f.name == "sigmoid")
    return tb.unary<rac::SigmoidOp>(x);
  if (f.name == "softplus")
    return tb.unary<rac::SoftplusOp>(x);
  if (f.name == "softsign")
    return tb.div(x, tb.add(scalar(1), tb.unary<rac::AbsOp>(x)));
  if (f.name == "affine")
    return tb.add(tb.mul(x, scalar(f.alpha)), scalar(f.beta));
  if (f.name == "scaledtanh")
    return tb.mul(tb.unary<rac::TanhOp>(tb.mul(x, scalar(f.beta))),
                  scalar(f.alpha));
  if (f.name == "thresholdedrelu")
    return tb.select(tb.comparison<rac::LessOp>(x, scalar(f.alpha)), scalar(0),
                     x);
  if (f.name == "leakyrelu")
    return tb.finish(rac::LeakyReluOp::create(tb.b, tb.loc, shapeless, x,
                                              llvm::APFloat(f.alpha)));
  if (f.name == "elu")
    return tb.finish(
        rac::EluOp::create(tb.b, tb.loc, shapeless, x, llvm::APFloat(f.alpha)));
  return tb.finish(rac::HardSigmoidOp::create(tb.b, tb.loc, shapeless, x,
                                              llvm::APFloat(f.alpha),
                                              llvm::APFloat(f.beta)));
}

//===----------------------------------------------------------------------===//
// What all three have in common
//===----------------------------------------------------------------------===//

namespace {
class Recurrent {
public:
  enum Kind { Rnn, Gru, Lstm };
  Recurrent(NodeImporter &n, Kind kind) : n(n), tb(n.tb), kind(kind) {}
  LogicalResult import();

private:
  /// One direction: every state T x B x H, the last state, the last cell.
  struct Direction {
    Value states, hidden, cell;
  };

  bool read();
  Value part(Value x, size_t direction) {
    return tb.squeeze(
        tb.sliceAxis(x, 0, tb.constant(direction), tb.constant(1)), {0});
  }
  Value gate(Value x, int64_t axis, int64_t index) {
    return tb.sliceAxis(x, axis, tb.constant(index * hiddenSize),
                        tb.constant(hiddenSize));
  }
  Value initial(size_t input, size_t direction);
  Direction native(size_t d);
  Direction generic(size_t d);
  FailureOr<Iteration> step(size_t d, AffineExpr i, ArrayRef<Value> carried);
  Value lstmCell(size_t d, Value gates, Value hidden, Value &cell);
  Value gruCell(size_t d, ArrayRef<Value> gates, Value hidden);
  Value clip(Value x);
  Value act(size_t d, size_t i, Value x) {
    return activate(tb, activations[d * perDirection + i], clip(x));
  }

  NodeImporter &n;
  TensorBuilder &tb;
  Kind kind;
  int64_t gates = 1, hiddenSize = 0;
  size_t directions = 1, perDirection = 1;
  bool batchFirst = false, hasDefaults = true;
  bool firstIsReverse = false;
  SmallVector<Activation> activations;
  /// T x B x I, D x GH x I, D x GH x H, D x 2GH (or null).
  Value input, weight, recurrence, bias, lengths;
  // Of the direction at work.
  SmallVector<Value> inputGates;
  Value weightR, biasR, peephole;
};
} // namespace

Value Recurrent::clip(Value x) {
  double limit = n.floatAttr("clip", 0);
  if (!x || !n.has("clip") || limit <= 0)
    return x;
  Type type = tb.element(x);
  return tb.clip(x, tb.scalar(-limit, type), tb.scalar(limit, type));
}

bool Recurrent::read() {
  auto bad = [&](const Twine &message) {
    tb.fail(message);
    return false;
  };
  gates = kind == Lstm ? 4 : kind == Gru ? 3 : 1;
  StringRef direction = n.stringAttr("direction", "forward");
  if (direction == "bidirectional")
    directions = 2;
  else if (direction == "reverse")
    firstIsReverse = true;
  else if (direction != "forward")
    return bad("direction '" + direction + "' is unknown");
  static const StringRef lstm[] = {"sigmoid", "tanh", "tanh"};
  static const StringRef gru[] = {"sigmoid", "tanh"};
  static const StringRef rnn[] = {"tanh"};
  ArrayRef<StringRef> names = kind == Lstm  ? ArrayRef<StringRef>(lstm)
                              : kind == Gru ? ArrayRef<StringRef>(gru)
                                            : ArrayRef<StringRef>(rnn);
  perDirection = names.size();
  auto functions = readActivations(n, names, directions);
  if (!functions)
    return false;
  activations = *functions;
  for (auto [i, f] : llvm::enumerate(activations))
    hasDefaults &= f.name == names[i % names.size()];

  input = n.input(0);
  weight = n.input(1);
  recurrence = n.input(2);
  if (!input || !weight || !recurrence)
    return false;
  if (tb.rank(input) != 3 || tb.rank(weight) != 3 || tb.rank(recurrence) != 3)
    return bad("its input and weights must have rank 3");
  batchFirst = n.boolAttr("layout");
  if (batchFirst)
    input = tb.transpose(input, {1, 0, 2});
  auto size = tb.constantOf(tb.dim(recurrence, 2));
  if (!size || *size < 1)
    return bad("its hidden size must be static");
  hiddenSize = *size;
  if (n.intAttr("hidden_size", hiddenSize) != hiddenSize)
    return bad("hidden_size is not that of its weights");
  auto known = [&](Value v, ArrayRef<int64_t> shape) {
    if (!v || tb.rank(v) != static_cast<int64_t>(shape.size()))
      return false;
    for (auto [want, dim] : llvm::zip_equal(shape, tb.dims(v)))
      if (want >= 0 && tb.constantOf(dim) != want)
        return false;
    return true;
  };
  int64_t d = directions, gh = gates * hiddenSize;
  if (!known(weight, {d, gh, -1}) || !known(recurrence, {d, gh, hiddenSize}))
    return bad("its weights don't have the shapes that its attributes ask for");
  if (n.hasInput(3)) {
    bias = n.input(3);
    if (!known(bias, {d, 2 * gh}))
      return bad("its bias doesn't have the shape that its attributes ask for");
  }
  if (n.hasInput(4)) {
    // Lengths that are all of the whole say nothing.
    auto time = tb.constantOf(tb.dim(input, 0));
    auto given = n.constInts(4);
    bool whole = given && time &&
                 llvm::all_of(*given, [&](int64_t l) { return l == *time; });
    if (!whole)
      lengths = n.input(4);
    if (!whole && !known(lengths, {-1}))
      return bad("its lengths must be a vector");
  }
  for (size_t i : {5, 6})
    if (n.hasInput(i) && (i == 5 || kind == Lstm) &&
        !known(n.input(i), {-1, -1, hiddenSize}))
      return bad("its initial state has the wrong shape");
  if (kind == Lstm && n.hasInput(7) && !known(n.input(7), {d, 3 * hiddenSize}))
    return bad("its peepholes have the wrong shape");
  Type type = tb.element(input);
  for (Value v : {weight, recurrence, bias})
    if (v && tb.element(v) != type)
      return bad("its inputs have different element types");
  return isa<FloatType>(type) || bad("its inputs must be floats");
}

/// The initial state of a direction, B x H.
Value Recurrent::initial(size_t i, size_t direction) {
  if (!n.hasInput(i))
    return tb.full(tb.scalar(0, tb.element(input)),
                   {tb.dim(input, 1), tb.constant(hiddenSize)});
  Value state = n.input(i);
  if (batchFirst)
    state = tb.transpose(state, {1, 0, 2});
  return part(state, direction);
}

Recurrent::Direction Recurrent::native(size_t d) {
  Value w = part(weight, d), r = part(recurrence, d), b;
  int64_t gh = gates * hiddenSize;
  if (bias) {
    Value both = part(bias, d);
    b = tb.add(tb.sliceAxis(both, 0, tb.constant(0), tb.constant(gh)),
               tb.sliceAxis(both, 0, tb.constant(gh), tb.constant(gh)));
  } else {
    b = tb.full(tb.scalar(0, tb.element(input)), tb.constants({gh}));
  }
  Value h = initial(5, d), c = initial(6, d);
  if (!w || !r || !b || !h || !c)
    return {};
  auto type = TensorBuilder::shapeless(tb.element(input));
  auto op = rac::LstmOp::create(tb.b, tb.loc, TypeRange{type, type, type},
                                input, w, r, b, h, c,
                                /*reverse=*/firstIsReverse || d == 1);
  if (!tb.refine(op))
    return {};
  return {op.getStates(), op.getLastHidden(), op.getLastCell()};
}

/// Gates in the order i, o, f, c. Peepholes in the order i, o, f.
Value Recurrent::lstmCell(size_t d, Value all, Value hidden, Value &cell) {
  auto peep = [&](Value x, int64_t i, Value c) {
    return peephole ? tb.add(x, tb.mul(gate(peephole, 0, i), c)) : x;
  };
  Value i = act(d, 0, peep(gate(all, 1, 0), 0, cell));
  Value f = n.boolAttr("input_forget")
                ? tb.sub(tb.scalar(1, tb.element(i)), i)
                : act(d, 0, peep(gate(all, 1, 2), 2, cell));
  Value c = act(d, 1, gate(all, 1, 3));
  cell = tb.add(tb.mul(f, cell), tb.mul(i, c));
  Value o = act(d, 0, peep(gate(all, 1, 1), 1, cell));
  return tb.mul(o, act(d, 2, cell));
}

/// Gates in the order z, r, h: the input's shares alone.
Value Recurrent::gruCell(size_t d, ArrayRef<Value> shares, Value hidden) {
  auto side = [&](int64_t i) {
    Value x = tb.matmul(hidden, tb.transpose(gate(weightR, 0, i), {1, 0}));
    return biasR ? tb.add(x, gate(biasR, 0, i)) : x;
  };
  Value z = act(d, 0, tb.add(shares[0], side(0)));
  Value r = act(d, 0, tb.add(shares[1], side(1)));
  Value own;
  if (n.boolAttr("linear_before_reset")) {
    own = tb.mul(r, side(2));
  } else {
    own =
        tb.matmul(tb.mul(r, hidden), tb.transpose(gate(weightR, 0, 2), {1, 0}));
    if (biasR)
      own = tb.add(own, gate(biasR, 0, 2));
  }
  Value h = act(d, 1, tb.add(shares[2], own));
  Value one = tb.scalar(1, tb.element(h));
  return tb.add(tb.mul(tb.sub(one, z), h), tb.mul(z, hidden));
}

FailureOr<Iteration> Recurrent::step(size_t d, AffineExpr i,
                                     ArrayRef<Value> carried) {
  AffineExpr t = i;
  if (firstIsReverse || d == 1)
    t = tb.sub(tb.sub(tb.dim(input, 0), tb.constant(1)), i);
  auto shares = llvm::map_to_vector(inputGates, [&](Value all) {
    return tb.squeeze(tb.sliceAxis(all, 0, t, tb.constant(1)), {0});
  });
  // The loop does not know that a state has as many rows as the input.
  Exprs shape = {tb.dim(input, 1), tb.constant(hiddenSize)};
  Value hidden = tb.reshape(carried[0], shape);
  Value cell = kind == Lstm ? tb.reshape(carried[1], shape) : Value();
  Value next, nextCell = cell;
  if (kind == Gru) {
    next = gruCell(d, shares, hidden);
  } else {
    Value all =
        tb.add(shares[0], tb.matmul(hidden, tb.transpose(weightR, {1, 0})));
    if (biasR)
      all = tb.add(all, biasR);
    next = kind == Lstm ? lstmCell(d, all, hidden, nextCell) : act(d, 0, all);
  }
  Value state = next;
  if (lengths) {
    // Past a sequence's end its state stays, and what it gives is 0.
    Type i64 = tb.b.getI64Type();
    Value inside = tb.comparison<rac::LessOp>(tb.fromExprs(t, {}, i64),
                                              tb.cast(lengths, i64));
    inside = inside ? tb.unsqueeze(inside, {1}) : inside;
    state = tb.select(inside, next, tb.scalar(0, tb.element(input)));
    next = tb.select(inside, next, hidden);
    if (cell)
      nextCell = tb.select(inside, nextCell, cell);
  }
  if (!next || !state)
    return failure();
  Iteration iteration;
  iteration.carried.push_back(next);
  if (cell)
    iteration.carried.push_back(nextCell);
  iteration.stacked.push_back(state);
  return iteration;
}

Recurrent::Direction Recurrent::generic(size_t d) {
  int64_t gh = gates * hiddenSize;
  Value weightW = part(weight, d), biasW;
  weightR = part(recurrence, d);
  biasR = {};
  if (bias) {
    Value both = part(bias, d);
    biasW = tb.sliceAxis(both, 0, tb.constant(0), tb.constant(gh));
    biasR = tb.sliceAxis(both, 0, tb.constant(gh), tb.constant(gh));
  }
  // The input's share of all steps is one product. A GRU takes its gates one by
  // one: each has a product, of which a step's part lies together.
  bool oneByOne = kind == Gru;
  inputGates.clear();
  for (int64_t i : llvm::seq(oneByOne ? gates : 1)) {
    Value w = oneByOne ? gate(weightW, 0, i) : weightW;
    Value share = tb.matmul(input, tb.transpose(w, {1, 0}));
    if (bias)
      share = tb.add(share, oneByOne ? gate(biasW, 0, i) : biasW);
    inputGates.push_back(share);
  }
  peephole = {};
  if (kind == Lstm && n.hasInput(7))
    peephole = part(n.input(7), d);
  SmallVector<Value> start = {initial(5, d)};
  if (kind == Lstm)
    start.push_back(initial(6, d));
  if (!llvm::all_of(inputGates, [](Value share) { return bool(share); }) ||
      !weightR)
    return {};
  bool backward = firstIsReverse || d == 1;
  FailureOr<LoopResult> result =
      buildLoop(tb, tb.dim(input, 0), {}, start, 1, backward,
                [&](AffineExpr i, ArrayRef<Value> carried) {
                  return step(d, i, carried);
                });
  if (failed(result))
    return {};
  return {result->stacked[0], result->carried[0],
          kind == Lstm ? result->carried[1] : Value()};
}

LogicalResult Recurrent::import() {
  if (!read())
    return n.result(Value());
  bool isNative = kind == Lstm && hasDefaults && !n.has("clip") && !lengths &&
                  !n.hasInput(7) && !n.boolAttr("input_forget");
  SmallVector<Value> states, hiddens, cells;
  for (size_t d = 0; d < directions; ++d) {
    Direction result = isNative ? native(d) : generic(d);
    if (!result.states || !result.hidden)
      return n.result(Value());
    states.push_back(tb.unsqueeze(result.states, {1}));
    hiddens.push_back(tb.unsqueeze(result.hidden, {0}));
    if (kind == Lstm)
      cells.push_back(tb.unsqueeze(result.cell, {0}));
  }
  // T x D x B x H and D x B x H, or with the batch in front.
  auto give = [&](size_t i, ArrayRef<Value> parts, int64_t axis,
                  ArrayRef<int64_t> toFront) -> LogicalResult {
    if (!n.hasOutput(i))
      return success();
    Value whole = tb.concat(parts, axis);
    return n.result(i, batchFirst ? tb.transpose(whole, toFront) : whole);
  };
  if (failed(give(0, states, 1, {2, 0, 1, 3})) ||
      failed(give(1, hiddens, 0, {1, 0, 2})))
    return failure();
  return kind == Lstm ? give(2, cells, 0, {1, 0, 2}) : success();
}

template <int kind> static LogicalResult importRecurrent(NodeImporter &n) {
  return Recurrent(n, static_cast<Recurrent::Kind>(kind)).import();
}

void rac::onnximport::addRecurrentImporters(ImporterTable &table) {
  table.add("RNN", importRecurrent<Recurrent::Rnn>);
  table.add("GRU", importRecurrent<Recurrent::Gru>);
  table.add("LSTM", importRecurrent<Recurrent::Lstm>);
}
