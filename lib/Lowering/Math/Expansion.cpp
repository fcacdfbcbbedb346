//===- Expansion.cpp - What becomes of a math op --------------------------===//

#include "Expansion.h"
#include "Float8.h"
#include "Functions.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace {

using Unary = Value (*)(rac::functions::FloatBuilder &, Value);

/// Null for what is no function of one number here.
Unary unaryOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Unary>(op)
      .Case([](math::ExpOp) { return rac::functions::exp; })
      .Case([](math::ExpM1Op) { return rac::functions::expm1; })
      .Case([](math::TanhOp) { return rac::functions::tanh; })
      .Case([](math::SinhOp) { return rac::functions::sinh; })
      .Case([](math::CoshOp) { return rac::functions::cosh; })
      .Case([](math::LogOp) { return rac::functions::log; })
      .Case([](math::Log1pOp) { return rac::functions::log1p; })
      .Case([](math::AsinhOp) { return rac::functions::asinh; })
      .Case([](math::AcoshOp) { return rac::functions::acosh; })
      .Case([](math::AtanhOp) { return rac::functions::atanh; })
      .Case([](math::SinOp) { return rac::functions::sin; })
      .Case([](math::CosOp) { return rac::functions::cos; })
      .Case([](math::TanOp) { return rac::functions::tan; })
      .Case([](math::AsinOp) { return rac::functions::asin; })
      .Case([](math::AcosOp) { return rac::functions::acos; })
      .Case([](math::AtanOp) { return rac::functions::atan; })
      .Case([](math::ErfOp) { return rac::functions::erf; })
      .Default(nullptr);
}

Type f32Like(Type type, MLIRContext *context) {
  auto vector = dyn_cast<VectorType>(type);
  Type f32 = Float32Type::get(context);
  return vector ? Type(vector.clone(f32)) : f32;
}

} // namespace

bool rac::functions::isExpanded(Operation *op) {
  if (isFloat8Conversion(op))
    return true;
  if (op->getNumOperands() == 0 || (!unaryOf(op) && !isa<math::PowFOp>(op)))
    return false;
  auto element = dyn_cast<FloatType>(getElementTypeOrSelf(op->getOperand(0)));
  return element && element.getWidth() <= 32;
}

Value rac::functions::expand(Operation *op, bool kernel) {
  OpBuilder b(op);
  if (isFloat8Conversion(op))
    return convertFloat8(b, op);
  Location loc = op->getLoc();
  Type type = op->getResult(0).getType(), f32 = f32Like(type, b.getContext());
  SmallVector<Value> operands(op->getOperands());
  if (type != f32)
    for (Value &operand : operands)
      operand = arith::ExtFOp::create(b, loc, f32, operand);
  FloatBuilder f(b, loc, f32, kernel);
  Unary unary = unaryOf(op);
  Value result =
      unary ? unary(f, operands[0]) : pow(f, operands[0], operands[1]);
  return type == f32 ? result : arith::TruncFOp::create(b, loc, type, result);
}

bool rac::functions::isLibraryCall(Operation *op) {
  if (isa<arith::RemFOp>(op))
    return true;
  if (!isa<math::MathDialect>(op->getDialect()) || isExpanded(op))
    return false;
  // What LLVM has instructions for.
  return !isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp,
              math::CountLeadingZerosOp, math::CountTrailingZerosOp,
              math::CtPopOp, math::FloorOp, math::FmaOp, math::RoundEvenOp,
              math::RoundOp, math::RsqrtOp, math::SqrtOp, math::TruncOp>(op);
}
