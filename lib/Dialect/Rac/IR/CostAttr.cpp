//===- CostAttr.cpp - Predicted cost of a group ---------------------------===//
//
// `<seconds = 1.0e-3 in [8.0e-4, 1.5e-3], joules = 2.0e-2 tdp, flops = 1.0e6,
//   bytes = [L1d = 65536.0, DRAM = 4096.0]>`
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/OpImplementation.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

LogicalResult CostAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               Interval seconds, std::optional<Interval> joules,
                               JoulesOrigin, Real flops,
                               ArrayRef<LevelBytes> bytes) {
  auto fits = [](const Interval &i) {
    return i.low >= 0 && i.low <= i.value && i.value <= i.high;
  };
  if (!fits(seconds))
    return emitError() << "seconds must be positive and in their interval";
  if (joules && !fits(*joules))
    return emitError() << "joules must be positive and in their interval";
  if (!(flops >= 0))
    return emitError() << "a cost can't have negative flops";
  for (const LevelBytes &level : bytes)
    if (!(level.bytes >= 0))
      return emitError() << "a cost can't have negative bytes";
  return success();
}

static ParseResult parseInterval(AsmParser &parser, Interval &interval) {
  if (parser.parseFloat(interval.value))
    return failure();
  interval = Interval(interval.value);
  if (failed(parser.parseOptionalKeyword("in")))
    return success();
  return failure(parser.parseLSquare() || parser.parseFloat(interval.low) ||
                 parser.parseComma() || parser.parseFloat(interval.high) ||
                 parser.parseRSquare());
}

static void print(AsmPrinter &printer, const Interval &interval) {
  printer << Real(interval.value);
  if (!interval.isExact())
    printer << " in [" << Real(interval.low) << ", " << Real(interval.high)
            << "]";
}

Attribute CostAttr::parse(AsmParser &parser, Type) {
  Interval seconds;
  std::optional<Interval> joules;
  JoulesOrigin origin = JoulesOrigin::modelled;
  double flops = 0;
  SmallVector<LevelBytes> bytes;
  bool timed = false;
  auto parseLevel = [&]() -> ParseResult {
    std::string name;
    LevelBytes &level = bytes.emplace_back();
    if (parser.parseKeywordOrString(&name) || parser.parseEqual() ||
        parser.parseFloat(level.bytes))
      return failure();
    level.level = StringAttr::get(parser.getContext(), name);
    return success();
  };
  auto parseField = [&]() -> ParseResult {
    StringRef name;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    if (name == "seconds") {
      timed = true;
      return parseInterval(parser, seconds);
    }
    if (name == "joules") {
      if (parseInterval(parser, joules.emplace()))
        return failure();
      if (succeeded(parser.parseOptionalKeyword("tdp")))
        origin = JoulesOrigin::tdp;
      return success();
    }
    if (name == "flops")
      return parser.parseFloat(flops);
    if (name == "bytes")
      return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                            parseLevel);
    return parser.emitError(loc, "a cost has no '") << name << "'";
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseField))
    return {};
  if (!timed) {
    parser.emitError(loc, "a cost needs its seconds");
    return {};
  }
  if (failed(verify([&] { return parser.emitError(loc); }, seconds, joules,
                    origin, flops, bytes)))
    return {};
  return CostAttr::get(parser.getContext(), seconds, joules, origin, flops,
                       bytes);
}

void CostAttr::print(AsmPrinter &printer) const {
  printer << "<seconds = ";
  ::print(printer, getSeconds());
  if (getJoules()) {
    printer << ", joules = ";
    ::print(printer, *getJoules());
    if (getJoulesOrigin() == JoulesOrigin::tdp)
      printer << " tdp";
  }
  printer << ", flops = " << getFlops();
  if (!getBytes().empty()) {
    printer << ", bytes = [";
    llvm::interleaveComma(
        getBytes(), printer.getStream(), [&](const LevelBytes &level) {
          printer.printKeywordOrString(level.level.getValue());
          printer << " = " << Real(level.bytes);
        });
    printer << "]";
  }
  printer << ">";
}
