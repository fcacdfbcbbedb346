//===- PlanOps.cpp - Level 2: how a model shall run -----------------------===//

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
  return success();
}

//===----------------------------------------------------------------------===//
// PlanAttr: `<kind = library, precision = f32, threads = 2, tiles = [1, 0],
//            cost = #rac.cost<...>>`, all but kind and precision optional.
//===----------------------------------------------------------------------===//

Attribute PlanAttr::parse(AsmParser &parser, Type) {
  std::optional<KernelKind> kind;
  Type precision;
  int64_t threads = 0;
  SmallVector<int64_t> tiles;
  CostAttr cost;
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
      return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parser.parseInteger(tiles.emplace_back());
      });
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
  return PlanAttr::get(parser.getContext(), *kind, precision, threads, tiles,
                       cost);
}

void PlanAttr::print(AsmPrinter &printer) const {
  printer << "<kind = " << stringifyKernelKind(getKind())
          << ", precision = " << getPrecision();
  if (getThreads() != 0)
    printer << ", threads = " << getThreads();
  if (!getTiles().empty()) {
    printer << ", tiles = [";
    llvm::interleaveComma(getTiles(), printer.getStream());
    printer << "]";
  }
  if (getCost())
    printer << ", cost = " << getCost();
  printer << ">";
}
