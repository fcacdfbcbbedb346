//===- PlanOps.cpp - Level 2: how a model shall run -----------------------===//

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac;

static bool multipliesFloat8(Block &body) {
  return llvm::any_of(body, [](Operation &op) {
    return isa<MatmulOp, ConvOp>(op) &&
           isa<Float8E4M3FNType>(getElementTypeOrSelf(op.getOperand(0)));
  });
}

LogicalResult GroupOp::verify() {
  Block *body = getBodyBlock();
  if (body->getArgumentTypes() != getInputs().getTypes())
    return emitOpError("body arguments differ from the operands in type");
  auto yield = cast<YieldOp>(body->getTerminator());
  if (yield.getValues().getTypes() != getOutputs().getTypes())
    return emitOpError("yielded values differ from the results in type");
  if (getAlternatives() && !getPlan())
    return emitOpError("has alternatives but no plan");
  size_t tiles = getPlan() ? getPlan()->getTiles().size() : 0;
  size_t dims = getNumResults() == 0
                    ? 0
                    : cast<RankedTensorType>(getResult(0).getType()).getRank();
  if (tiles != 0 && tiles != dims)
    return emitOpError("plan has ") << tiles << " tiles for the " << dims
                                    << " dimensions of the first result";
  if (getPlan() && isa<Float8E4M3FNType>(getPlan()->getPrecision()) &&
      !getPlan()->getActivation() && !multipliesFloat8(*body))
    return emitOpError("plan in f8E4M3FN says what its activations stand for, "
                       "where they aren't of that type");
  return success();
}

//===----------------------------------------------------------------------===//
// PlanAttr: `<kind = library, precision = f32, activation = ..., weights = i4,
//            weight_group = 32, threads = 2, tiles = [1, 0], reduction = [256],
//            order = [1, 0, 2], registers = [6, 4], warps = 8, stages = 4,
//            split = 2, in_launch = true, cluster = [2, 1], cost =
//            #rac.cost<...>>`, all but kind and precision optional.
//===----------------------------------------------------------------------===//

PlanAttr PlanAttr::withTiles(ArrayRef<int64_t> tiles) const {
  return get(getContext(), getKind(), getPrecision(), getThreads(), tiles,
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), getInLaunch(), getCluster(), getCost(),
             getActivation(), getWeights(), getWeightGroup());
}

PlanAttr PlanAttr::withThreads(int64_t threads) const {
  return get(getContext(), getKind(), getPrecision(), threads, getTiles(),
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), getInLaunch(), getCluster(), getCost(),
             getActivation(), getWeights(), getWeightGroup());
}

PlanAttr PlanAttr::withCost(CostAttr cost) const {
  return get(getContext(), getKind(), getPrecision(), getThreads(), getTiles(),
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), getInLaunch(), getCluster(), cost,
             getActivation(), getWeights(), getWeightGroup());
}

PlanAttr PlanAttr::withPrecision(Type precision, Type activation) const {
  return get(getContext(), getKind(), precision, getThreads(), getTiles(),
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), getInLaunch(), getCluster(), getCost(),
             activation, getWeights(), getWeightGroup());
}

PlanAttr PlanAttr::withWeights(Type weights, int64_t weightGroup) const {
  return get(getContext(), getKind(), getPrecision(), getThreads(), getTiles(),
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), getInLaunch(), getCluster(), getCost(),
             getActivation(), weights, weightGroup);
}

/// What the narrow integers of a plan need.
static LogicalResult
verifyQuantised(function_ref<InFlightDiagnostic()> emitError, Type precision,
                Type activation, Type weights, int64_t weightGroup) {
  auto steps = dyn_cast_or_null<quant::QuantizedType>(activation);
  auto byChannel =
      dyn_cast_or_null<quant::UniformQuantizedPerAxisType>(activation);
  if (activation &&
      ((!isa_and_present<quant::UniformQuantizedType>(steps) && !byChannel) ||
       steps.getStorageTypeIntegralWidth() != 8))
    return emitError() << "a plan's activations are quantised to 8 bits, with "
                          "one scale for all or one for each channel, not "
                       << activation;
  if (byChannel && !llvm::all_equal(byChannel.getZeroPoints()))
    return emitError() << "all channels of a plan's activations have the same "
                          "zero point, unlike those of "
                       << activation;
  bool isFloat8 = isa<Float8E4M3FNType>(precision);
  if (activation && !precision.isInteger(8) && !isFloat8)
    return emitError() << "a plan has quantised activations only where it "
                          "multiplies in i8 or f8E4M3FN, not "
                       << precision;
  if (isFloat8 && activation &&
      (byChannel || !steps.isSigned() ||
       cast<quant::UniformQuantizedType>(steps).getZeroPoint() != 0))
    return emitError() << "activations in f8E4M3FN have one scale and no zero "
                          "point, unlike "
                       << activation;
  if (weights && !weights.isSignlessInteger(8) && !weights.isSignlessInteger(4))
    return emitError() << "a plan's weights are i8 or i4, not " << weights;
  if (weights && (!isa<FloatType>(precision) || isFloat8))
    return emitError() << "weights of their own type are multiplied in floats "
                          "of at least 16 bits, not "
                       << precision;
  if (weightGroup < 0 || (weightGroup != 0) != bool(weights))
    return emitError() << "a plan has weights and weight_group, which is "
                          "positive, or neither";
  return success();
}

/// Blocks that bring operands to each other, at the same steps. `workers`:
/// those that share the steps of all tiles.
static LogicalResult verifyCluster(function_ref<InFlightDiagnostic()> emitError,
                                   ArrayRef<int64_t> cluster, int64_t warps,
                                   int64_t workers) {
  if (cluster.empty())
    return success();
  // All that a GPU is sure to run: CUDA C++ Programming Guide, clusters.
  constexpr int64_t mostBlocks = 8;
  bool fits = cluster.size() == 2;
  int64_t blocks = 1;
  for (int64_t size : cluster) {
    fits &= size >= 1 && size <= mostBlocks && llvm::isPowerOf2_64(size);
    blocks *= fits ? size : 1;
  }
  if (!fits || blocks < 2 || blocks > mostBlocks)
    return emitError() << "a cluster is blocks along rows and along columns, "
                          "powers of two, from 2 to "
                       << mostBlocks << " blocks";
  if (warps == 0 || workers > 0)
    return emitError() << "a plan has a cluster only where it says the warps "
                          "of a block, and no threads share all steps";
  return success();
}

LogicalResult
PlanAttr::verify(function_ref<InFlightDiagnostic()> emitError, KernelKind kind,
                 Type precision, int64_t threads, ArrayRef<int64_t> tiles,
                 ArrayRef<int64_t> reduction, ArrayRef<int64_t> order,
                 ArrayRef<int64_t> registers, int64_t warps, int64_t stages,
                 int64_t split, bool inLaunch, ArrayRef<int64_t> cluster,
                 CostAttr, Type activation, Type weights, int64_t weightGroup) {
  if (!precision.isIntOrFloat())
    return emitError() << "a plan's precision is a number's type, not "
                       << precision;
  if (threads < 0)
    return emitError() << "a plan can't have " << threads << " threads";
  if (kind == KernelKind::library && !(tiles.empty() && reduction.empty() &&
                                       order.empty() && registers.empty()))
    return emitError() << "a library call has no tiles";
  if (kind == KernelKind::library && (warps != 0 || stages != 0 || split != 0))
    return emitError() << "a library call has no warps, stages or split";
  constexpr int64_t mostWarps = 32; // of 32 threads: 1024, as CUDA has it
  if (warps < 0 || warps > mostWarps)
    return emitError() << "a block has at most " << mostWarps << " warps, not "
                       << warps;
  if (stages < 0 || split < 0)
    return emitError() << "a plan can't have " << (stages < 0 ? stages : split)
                       << (stages < 0 ? " stages" : " parts of a sum");
  if (inLaunch && (warps == 0 || (split < 2 && threads == 0)))
    return emitError() << "a plan adds parts up in_launch only where blocks of "
                          "warps have some, by its split or its threads";
  if (failed(verifyCluster(emitError, cluster, warps, threads)))
    return failure();
  for (int64_t tile : llvm::concat<const int64_t>(tiles, reduction))
    if (tile < 0)
      return emitError() << "a plan can't have a tile of " << tile;
  if (!order.empty() && (order.size() != tiles.size() + reduction.size() ||
                         !isPermutationVector(order)))
    return emitError() << "a plan's order names each of its "
                       << tiles.size() + reduction.size() << " tiles once";
  if (!registers.empty() &&
      (registers.size() != 2 || registers[0] < 1 || registers[1] < 1))
    return emitError() << "a register tile is rows and vectors, both positive";
  if (kind == KernelKind::library && weights)
    return emitError() << "a library call has its weights in the type that it "
                          "multiplies";
  return verifyQuantised(emitError, precision, activation, weights,
                         weightGroup);
}

Attribute PlanAttr::parse(AsmParser &parser, Type) {
  std::optional<KernelKind> kind;
  Type precision;
  int64_t threads = 0, warps = 0, stages = 0, split = 0, weightGroup = 0;
  bool inLaunch = false;
  SmallVector<int64_t> tiles, reduction, order, registers, cluster;
  CostAttr cost;
  Type activation, weights;
  auto parseList = [&](SmallVectorImpl<int64_t> &list) {
    list.clear();
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
      return parser.parseInteger(list.emplace_back());
    });
  };
  const std::pair<StringRef, int64_t *> numbers[] = {
      {"threads", &threads},
      {"warps", &warps},
      {"stages", &stages},
      {"split", &split},
      {"weight_group", &weightGroup}};
  const std::pair<StringRef, SmallVector<int64_t> *> lists[] = {
      {"tiles", &tiles},
      {"reduction", &reduction},
      {"order", &order},
      {"registers", &registers},
      {"cluster", &cluster}};
  auto parseField = [&]() -> ParseResult {
    StringRef name;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    for (auto [field, number] : numbers)
      if (name == field)
        return parser.parseInteger(*number);
    for (auto [field, list] : lists)
      if (name == field)
        return parseList(*list);
    if (name == "kind") {
      StringRef word;
      if (parser.parseKeyword(&word))
        return failure();
      kind = symbolizeKernelKind(word);
      if (!kind)
        return parser.emitError(loc, "unknown kernel kind '") << word << "'";
      return success();
    }
    if (name == "precision") {
      SMLoc at = parser.getCurrentLocation();
      OptionalParseResult parsed = parser.parseOptionalType(precision);
      if (!parsed.has_value())
        return parser.emitError(at, "a plan's precision is a type, such as "
                                    "f32, bf16 or i8");
      return *parsed;
    }
    if (name == "in_launch") {
      StringRef word;
      SMLoc at = parser.getCurrentLocation();
      if (parser.parseKeyword(&word))
        return failure();
      inLaunch = word == "true";
      if (inLaunch || word == "false")
        return success();
      return parser.emitError(at, "in_launch is true or false");
    }
    if (name == "activation")
      return parser.parseType(activation);
    if (name == "weights")
      return parser.parseType(weights);
    if (name == "cost")
      return parser.parseAttribute(cost);
    return parser.emitError(loc, "a plan has no '") << name << "'";
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseField))
    return {};
  if (!kind || !precision) {
    parser.emitError(loc, "a plan needs a kind and a precision");
    return {};
  }
  if (failed(verify([&] { return parser.emitError(loc); }, *kind, precision,
                    threads, tiles, reduction, order, registers, warps, stages,
                    split, inLaunch, cluster, cost, activation, weights,
                    weightGroup)))
    return {};
  return PlanAttr::get(parser.getContext(), *kind, precision, threads, tiles,
                       reduction, order, registers, warps, stages, split,
                       inLaunch, cluster, cost, activation, weights,
                       weightGroup);
}

void PlanAttr::print(AsmPrinter &printer) const {
  printer << "<kind = " << stringifyKernelKind(getKind())
          << ", precision = " << getPrecision();
  if (getActivation())
    printer << ", activation = " << getActivation();
  if (getWeights())
    printer << ", weights = " << getWeights()
            << ", weight_group = " << getWeightGroup();
  auto printNumber = [&](StringRef name, int64_t number) {
    if (number != 0)
      printer << ", " << name << " = " << number;
  };
  printNumber("threads", getThreads());
  auto printList = [&](StringRef name, ArrayRef<int64_t> list) {
    if (list.empty())
      return;
    printer << ", " << name << " = [";
    llvm::interleaveComma(list, printer.getStream());
    printer << "]";
  };
  printList("tiles", getTiles());
  printList("reduction", getReduction());
  printList("order", getOrder());
  printList("registers", getRegisters());
  printNumber("warps", getWarps());
  printNumber("stages", getStages());
  printNumber("split", getSplit());
  if (getInLaunch())
    printer << ", in_launch = true";
  printList("cluster", getCluster());
  if (getCost())
    printer << ", cost = " << getCost();
  printer << ">";
}
