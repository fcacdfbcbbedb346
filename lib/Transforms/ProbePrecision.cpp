//===- ProbePrecision.cpp - A model whose groups' types are inputs --------===//

#include "rac/Transforms/ProbePrecision.h"
#include "Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Cost/InPlace.h"
#include "rac/Transforms/Float8.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>

namespace rac {
#define GEN_PASS_DEF_PROBEPRECISION
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

bool isMain(Operation *op) {
  return isa<MatmulOp, ConvOp, ConvTransposeOp>(op);
}

/// What a value is but for transposes and reshapes.
Value plain(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<TransposeOp, ReshapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

bool isF32(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

class Prober {
public:
  Prober(func::FuncOp function, Type half, bool float8)
      : function(function), half(half), float8(float8),
        builder(function.getContext()) {}

  LogicalResult run();
  Probe probe;

private:
  void probeGroup(GroupOp group, ProbeGroup &entry);
  void probeMain(GroupOp group, Operation *main, ProbeGroup &entry);
  void addWeights(GroupOp group, Operation *main, unsigned number,
                  ProbeGroup &entry);
  unsigned addStage(GroupOp group, unsigned operand, bool withSteps,
                    int64_t channels);
  void buildStage(Block *body, Location loc, bool withSteps);
  int64_t channelsOf(Operation *main, const ProbeGroup &entry) const;
  unsigned addInput(Type type, const Twine &name);
  unsigned tensorNumber(Value value);
  void markTainted(Operation &op);
  void observe();

  func::FuncOp function;
  Type half;
  bool float8;
  OpBuilder builder;
  /// What a contraction has had a part in: docs/Precision.md.
  llvm::DenseSet<Value> tainted;
  llvm::MapVector<Value, unsigned> tensors;
};

unsigned Prober::addInput(Type type, const Twine &name) {
  unsigned number = function.getNumArguments();
  auto attributes = builder.getDictionaryAttr(builder.getNamedAttr(
      "rac.name", builder.getStringAttr("rac.probe." + name)));
  (void)function.insertArgument(number, type, attributes, function.getLoc());
  return number;
}

unsigned Prober::tensorNumber(Value value) {
  return tensors.insert({value, tensors.size()}).first->second;
}

/// x, or rounded to 16 bits, to steps or to f8: as `kind` says.
void Prober::buildStage(Block *body, Location loc, bool withSteps) {
  builder.setInsertionPointToStart(body);
  Value x = body->getArgument(0), kind = body->getArgument(1);
  auto type = cast<RankedTensorType>(x.getType());
  auto scalar = [&](double value) {
    return makeScalar(builder, loc, builder.getF32Type(), value);
  };
  auto isKind = [&](Rounding rounding) {
    return EqualOp::create(builder, loc,
                           RankedTensorType::get({}, builder.getI1Type()), kind,
                           scalar(int(rounding)));
  };
  Value narrow = CastOp::create(builder, loc, type.clone(half), x);
  Value y = SelectOp::create(builder, loc, type, isKind(Rounding::half),
                             CastOp::create(builder, loc, type, narrow), x);
  if (withSteps) {
    Value scale = body->getArgument(2), zero = body->getArgument(3);
    // As rac.quantize and rac.dequantize, of u8.
    Value q = DivOp::create(builder, loc, type, x, scale);
    q = RoundOp::create(builder, loc, type, q);
    q = AddOp::create(builder, loc, type, q, zero);
    q = ClipOp::create(builder, loc, type, q, scalar(0), scalar(255));
    q = SubOp::create(builder, loc, type, q, zero);
    q = MulOp::create(builder, loc, type, q, scale);
    y = SelectOp::create(builder, loc, type, isKind(Rounding::steps), q, y);
  }
  if (withSteps && float8) {
    // As rac.quantize of f8E4M3FN.
    Value scale = body->getArgument(2);
    Value q = DivOp::create(builder, loc, type, x, scale);
    q = ClipOp::create(builder, loc, type, q, scalar(-kMostFloat8),
                       scalar(kMostFloat8));
    q = CastOp::create(builder, loc,
                       type.clone(Float8E4M3FNType::get(builder.getContext())),
                       q);
    q = CastOp::create(builder, loc, type, q);
    q = MulOp::create(builder, loc, type, q, scale);
    y = SelectOp::create(builder, loc, type, isKind(Rounding::float8), q, y);
  }
  YieldOp::create(builder, loc, y);
}

/// Puts a stage before an operand of the group; its number.
unsigned Prober::addStage(GroupOp group, unsigned operand, bool withSteps,
                          int64_t channels) {
  Value x = group.getInputs()[operand];
  Location loc = group.getLoc();
  std::string name = std::to_string(probe.stages.size());
  Type scalar = RankedTensorType::get({}, builder.getF32Type());
  ProbeStage stage;
  stage.tensor = tensorNumber(x);
  stage.kind = addInput(scalar, "kind." + name);
  SmallVector<Value> inputs = {x, function.getArgument(stage.kind)};
  if (withSteps) {
    stage.channels = channels;
    stage.channelDim = cast<RankedTensorType>(x.getType()).getRank() - 1;
    Type scales = channels > 0
                      ? RankedTensorType::get(channels, builder.getF32Type())
                      : scalar;
    stage.scale = addInput(scales, "scale." + name);
    stage.zero = addInput(scalar, "zero." + name);
    inputs.push_back(function.getArgument(*stage.scale));
    inputs.push_back(function.getArgument(*stage.zero));
  }
  builder.setInsertionPoint(group);
  auto rounded = GroupOp::create(
      builder, loc, TypeRange(x.getType()), "probe_" + name, inputs,
      PlanAttr::get(KernelKind::generated, builder.getF32Type()), ArrayAttr());
  Block *body = builder.createBlock(&rounded.getBody());
  for (Value input : inputs)
    body->addArgument(input.getType(), loc);
  buildStage(body, loc, withSteps);
  group->setOperand(operand, rounded.getResult(0));
  if (tainted.contains(x))
    tainted.insert(rounded.getResult(0));
  probe.stages.push_back(stage);
  return probe.stages.size() - 1;
}

/// Makes the main op's operand `number`, a constant, an input.
void Prober::addWeights(GroupOp group, Operation *main, unsigned number,
                        ProbeGroup &entry) {
  auto argument = dyn_cast<BlockArgument>(plain(main->getOperand(number)));
  Value outer = argument ? group.getInputs()[argument.getArgNumber()] : Value();
  auto constant =
      outer ? plain(outer).getDefiningOp<ConstantOp>() : ConstantOp();
  auto data = constant ? getConstantBytes(constant) : std::nullopt;
  if (!data || data->isSplat || !isF32(constant))
    return;
  auto type = constant.getType();
  // The main op's dimensions among the constant's.
  std::optional<unsigned> channels, terms;
  int64_t rank =
      cast<RankedTensorType>(main->getOperand(number).getType()).getRank();
  if (number == 1 && isa<MatmulOp>(main) && rank == 2) {
    channels = 1;
    terms = 0;
  } else if (number == 1 && isa<ConvOp>(main)) {
    channels = 0;
    terms = 1;
  }
  for (Value value = main->getOperand(number); value != argument;
       value = value.getDefiningOp()->getOperand(0)) {
    auto transpose = value.getDefiningOp<TransposeOp>();
    for (std::optional<unsigned> *dim : {&channels, &terms})
      if (!transpose)
        *dim = std::nullopt;
      else if (*dim)
        *dim = transpose.getPermutation()[**dim];
  }
  // What rac-apply-precision doesn't look through.
  if (outer != constant.getResult())
    channels = terms = std::nullopt;

  ProbeWeights weights;
  weights.values = {reinterpret_cast<const float *>(data->bytes.data()),
                    data->bytes.size() / sizeof(float)};
  weights.shape.assign(type.getShape().begin(), type.getShape().end());
  weights.channels = channels;
  weights.terms = terms;
  if (auto conv = dyn_cast<ConvOp>(main))
    weights.convGroups = conv.getGroups();
  weights.finite = llvm::all_of(
      weights.values, [](float value) { return std::isfinite(value); });
  weights.input =
      addInput(type, "weights." + std::to_string(probe.weights.size()));
  // What makes the operand of the constant, made of the input.
  builder.setInsertionPoint(group);
  SmallVector<Operation *> chain;
  for (Value value = outer; value != constant.getResult();
       value = value.getDefiningOp()->getOperand(0))
    chain.push_back(value.getDefiningOp());
  Value made = function.getArgument(weights.input);
  for (Operation *op : llvm::reverse(chain)) {
    IRMapping mapping;
    mapping.map(op->getOperand(0), made);
    made = builder.clone(*op, mapping)->getResult(0);
  }
  group->setOperand(argument.getArgNumber(), made);
  if (number == 1)
    entry.weights = probe.weights.size();
  else
    entry.otherWeights = probe.weights.size();
  probe.weights.push_back(std::move(weights));
}

void Prober::probeMain(GroupOp group, Operation *main, ProbeGroup &entry) {
  entry.multiplies = true;
  auto input = dyn_cast<BlockArgument>(plain(main->getOperand(0)));
  addWeights(group, main, 0, entry);
  addWeights(group, main, 1, entry);
  if (isa<ConvTransposeOp>(main))
    entry.notInSteps = "it is a transposed convolution";
  else if (!entry.weights)
    entry.notInSteps = "its second operand is not constant";
  else if (!probe.weights[*entry.weights].channels)
    entry.notInSteps = "its weights have no dimension of channels";
  else if (!input || !isF32(group.getInputs()[input.getArgNumber()]) ||
           entry.otherWeights)
    entry.notInSteps = "its first operand is made in the group";
}

/// How many channels of the main op's first operand may have steps of their
/// own; 0: none, since they aren't the argument's last dimension as it comes.
int64_t Prober::channelsOf(Operation *main, const ProbeGroup &entry) const {
  if (!isa<BlockArgument>(main->getOperand(0)) || !entry.weights)
    return 0;
  const ProbeWeights &weights = probe.weights[*entry.weights];
  return weights.channels && weights.terms
             ? weights.where().count(weights.shape)
             : 0;
}

/// Whether the model returns the tensor, or a view of it.
static bool isResult(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<func::ReturnOp>(user) ||
           (isView(user) && isResult(user->getResult(0)));
  });
}

void Prober::probeGroup(GroupOp group, ProbeGroup &entry) {
  Operation *main = nullptr;
  unsigned count = 0;
  llvm::DenseSet<Value> multiplied;
  for (Operation &op : *group.getBodyBlock()) {
    if (!isMain(&op))
      continue;
    if (!main)
      main = &op;
    ++count;
    multiplied.insert(plain(op.getOperand(0)));
    multiplied.insert(plain(op.getOperand(1)));
  }
  if (main && !isF32(main->getResult(0))) {
    entry.notAtAll = "it doesn't compute in f32";
    return;
  }
  if (main && plain(main->getOperand(1)).getDefiningOp<DequantizeWeightsOp>()) {
    entry.notAtAll = "the model has its weights in few bits";
    return;
  }
  if (main)
    probeMain(group, main, entry);
  entry.multipliesOften = count > 1;
  if (entry.multipliesOften)
    entry.notInSteps = "it multiplies more than once";
  BlockArgument activation;
  if (main && entry.notInSteps.empty())
    activation = cast<BlockArgument>(plain(main->getOperand(0)));
  for (unsigned i = 0, e = group.getInputs().size(); i < e; ++i) {
    Value x = group.getInputs()[i];
    Value inside = group.getBodyBlock()->getArgument(i);
    Value made = plain(x);
    bool isConstant =
        made.getDefiningOp<ConstantOp>() ||
        (isa<BlockArgument>(made) &&
         cast<BlockArgument>(made).getArgNumber() >= probe.numInputs);
    if (!isF32(x) || isConstant ||
        !(multiplied.contains(inside) || tainted.contains(x)))
      continue;
    bool withSteps = inside == activation;
    unsigned stage =
        addStage(group, i, withSteps, withSteps ? channelsOf(main, entry) : 0);
    entry.stages.push_back(stage);
    if (withSteps)
      entry.activation = stage;
  }
  if (!main && entry.stages.empty())
    entry.notAtAll = "no contraction has had a part in what it reads";
  // The model's results are f32: to round them would save no byte of theirs.
  if (!main && llvm::any_of(group.getResults(), isResult))
    entry.notAtAll = "it multiplies nothing, and makes a result of the model";
}

void Prober::markTainted(Operation &op) {
  bool taints = llvm::any_of(op.getOperands(), [&](Value operand) {
    return tainted.contains(operand);
  });
  op.walk([&](Operation *inner) { taints |= isMain(inner); });
  if (taints)
    tainted.insert(op.result_begin(), op.result_end());
}

/// Gives tensors that may be rounded to steps as outputs.
void Prober::observe() {
  auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  llvm::DenseSet<unsigned> wanted;
  for (const ProbeStage &stage : probe.stages)
    if (stage.scale)
      wanted.insert(stage.tensor);
  SmallVector<Value> results(ret.getOperands());
  probe.numOutputs = results.size();
  probe.observed.resize(tensors.size());
  for (auto [value, number] : tensors)
    if (wanted.contains(number)) {
      probe.observed[number] = results.size();
      results.push_back(value);
    }
  for (unsigned i = probe.numOutputs; i < results.size(); ++i)
    (void)function.insertResult(
        i, results[i].getType(),
        builder.getDictionaryAttr(builder.getNamedAttr(
            "rac.name",
            builder.getStringAttr("rac.probe.tensor." +
                                  std::to_string(i - probe.numOutputs)))));
  ret->setOperands(results);
}

LogicalResult Prober::run() {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("entry function must be one block");
  probe.numInputs = function.getNumArguments();
  for (Operation &op : function.getBody().front()) {
    if (auto group = dyn_cast<GroupOp>(op)) {
      // Stages come before their group, so that this doesn't visit them.
      ProbeGroup &entry = probe.groups.emplace_back();
      entry.name = group.getSym().str();
      if (group.getPlanAttr())
        probeGroup(group, entry);
      else
        entry.notAtAll = "it has no plan";
    } else {
      op.walk([&](GroupOp inner) {
        ProbeGroup &entry = probe.groups.emplace_back();
        entry.name = inner.getSym().str();
        entry.notAtAll = "it is inside a loop or branch";
      });
    }
    markTainted(op);
  }
  observe();
  return success();
}

struct ProbePrecisionPass : rac::impl::ProbePrecisionBase<ProbePrecisionPass> {
  using ProbePrecisionBase::ProbePrecisionBase;

  void runOnOperation() override {
    Type type = half == "bf16"  ? Type(BFloat16Type::get(&getContext()))
                : half == "f16" ? Type(Float16Type::get(&getContext()))
                                : Type();
    if (!type) {
      getOperation().emitError("half is bf16 or f16, not '") << half << "'";
      return signalPassFailure();
    }
    FailureOr<Probe> probe = probePrecision(getOperation(), type, float8);
    if (failed(probe))
      return signalPassFailure();
    numStages += probe->stages.size();
    numWeights += probe->weights.size();
    for (const std::optional<unsigned> &output : probe->observed)
      numObserved += output.has_value();
  }
};

} // namespace

FailureOr<Probe> rac::probePrecision(ModuleOp module, Type half, bool float8) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("has no entry function 'main'"), failure();
  Prober prober(function, half, float8);
  if (failed(prober.run()))
    return failure();
  return std::move(prober.probe);
}
