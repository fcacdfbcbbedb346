//===- PlanOps.cpp - Level 2: how a model shall run -----------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/OpImplementation.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

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
  return success();
}

//===----------------------------------------------------------------------===//
// PlanAttr: `<kind = library, precision = f32, threads = 2, tiles = [1, 0],
//            reduction = [256], order = [1, 0, 2], registers = [6, 4],
//            warps = 8, stages = 4, split = 2, cost = #rac.cost<...>>`, all but
//            kind and precision optional.
//===----------------------------------------------------------------------===//

PlanAttr PlanAttr::withTiles(ArrayRef<int64_t> tiles) const {
  return get(getContext(), getKind(), getPrecision(), getThreads(), tiles,
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), getCost());
}

PlanAttr PlanAttr::withCost(CostAttr cost) const {
  return get(getContext(), getKind(), getPrecision(), getThreads(), getTiles(),
             getReduction(), getOrder(), getRegisters(), getWarps(),
             getStages(), getSplit(), cost);
}

LogicalResult PlanAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               KernelKind kind, Type precision, int64_t threads,
                               ArrayRef<int64_t> tiles,
                               ArrayRef<int64_t> reduction,
                               ArrayRef<int64_t> order,
                               ArrayRef<int64_t> registers, int64_t warps,
                               int64_t stages, int64_t split, CostAttr) {
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
  return success();
}

Attribute PlanAttr::parse(AsmParser &parser, Type) {
  std::optional<KernelKind> kind;
  Type precision;
  int64_t threads = 0, warps = 0, stages = 0, split = 0;
  SmallVector<int64_t> tiles, reduction, order, registers;
  CostAttr cost;
  auto parseList = [&](SmallVectorImpl<int64_t> &list) {
    list.clear();
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
      return parser.parseInteger(list.emplace_back());
    });
  };
  auto parseField = [&]() -> ParseResult {
    StringRef name;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    if (name == "kind") {
      StringRef word;
      if (parser.parseKeyword(&word))
        return failure();
      kind = symbolizeKernelKind(word);
      if (!kind)
        return parser.emitError(loc, "unknown kernel kind '") << word << "'";
      return success();
    }
    if (name == "precision")
      return parser.parseType(precision);
    if (name == "threads")
      return parser.parseInteger(threads);
    if (name == "tiles")
      return parseList(tiles);
    if (name == "reduction")
      return parseList(reduction);
    if (name == "order")
      return parseList(order);
    if (name == "registers")
      return parseList(registers);
    if (name == "warps")
      return parser.parseInteger(warps);
    if (name == "stages")
      return parser.parseInteger(stages);
    if (name == "split")
      return parser.parseInteger(split);
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
                    split, cost)))
    return {};
  return PlanAttr::get(parser.getContext(), *kind, precision, threads, tiles,
                       reduction, order, registers, warps, stages, split, cost);
}

void PlanAttr::print(AsmPrinter &printer) const {
  printer << "<kind = " << stringifyKernelKind(getKind())
          << ", precision = " << getPrecision();
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
  if (getCost())
    printer << ", cost = " << getCost();
  printer << ">";
}
