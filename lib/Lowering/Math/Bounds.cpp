//===- Bounds.cpp - What a number is between ------------------------------===//

#include "Bounds.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using rac::functions::Bounds;

namespace {
/// The lesser or the greater of two numbers.
struct Choice {
  Value x, y;
  bool isLesser;
};
} // namespace

/// By `x < y ? x : y`, which keeps NaN where y is what may be one.
static std::optional<Choice> matchSelect(arith::SelectOp select) {
  auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>();
  if (!compare)
    return std::nullopt;
  Value x = compare.getLhs(), y = compare.getRhs();
  switch (compare.getPredicate()) {
  case arith::CmpFPredicate::OLT:
  case arith::CmpFPredicate::OLE:
    break;
  case arith::CmpFPredicate::OGT:
  case arith::CmpFPredicate::OGE:
    std::swap(x, y);
    break;
  default:
    return std::nullopt;
  }
  if (select.getTrueValue() == x && select.getFalseValue() == y)
    return Choice{x, y, /*isLesser=*/true};
  if (select.getTrueValue() == y && select.getFalseValue() == x)
    return Choice{x, y, /*isLesser=*/false};
  return std::nullopt;
}

static std::optional<Choice> matchChoice(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return matchSelect(select);
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(op))
    return Choice{op->getOperand(0), op->getOperand(1), /*isLesser=*/true};
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(op))
    return Choice{op->getOperand(0), op->getOperand(1), /*isLesser=*/false};
  return std::nullopt;
}

/// Looks through at most `depth` choices.
static Bounds boundsOf(Value value, unsigned depth) {
  // An infinite constant is a bound, NaN is none.
  if (APFloat constant(0.0f); matchPattern(value, m_ConstantFloat(&constant))) {
    bool lossy;
    constant.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &lossy);
    double x = constant.convertToDouble();
    return constant.isNaN() ? Bounds() : Bounds{x, x};
  }
  std::optional<Choice> choice = depth > 0 ? matchChoice(value) : std::nullopt;
  if (!choice)
    return {};
  Bounds x = boundsOf(choice->x, depth - 1), y = boundsOf(choice->y, depth - 1);
  if (choice->isLesser)
    return {std::min(x.least, y.least), std::min(x.most, y.most)};
  return {std::max(x.least, y.least), std::max(x.most, y.most)};
}

Bounds rac::functions::boundsOf(Value value) {
  // One choice for each side, and some for what fusion leaves between.
  return ::boundsOf(value, /*depth=*/4);
}
