//===- ExpandMath.cpp - Math functions as arithmetic ----------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Lowering/Passes.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

namespace rac {
#define GEN_PASS_DEF_EXPANDMATH
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

// The polynomials are for numbers of a limited range, into which others are
// brought first.

/// A constant of the scalar or vector type `type`.
Value constantOf(OpBuilder &b, Location loc, Type type, double value) {
  TypedAttr attr = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return arith::ConstantOp::create(b, loc, attr);
}

/// Numbers below the least normal one are multiplied by 2^24.
void scaleDenormals(math::LogOp log) {
  OpBuilder b(log);
  Location loc = log.getLoc();
  Type type = log.getType();
  Value x = log.getOperand();
  Value least = constantOf(b, loc, type, std::numeric_limits<float>::min());
  Value isSmall =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, least);
  Value scaled =
      arith::MulFOp::create(b, loc, x, constantOf(b, loc, type, 0x1p24));
  log.setOperand(arith::SelectOp::create(b, loc, isSmall, scaled, x));
  b.setInsertionPointAfter(log);
  Value shift = constantOf(b, loc, type, 24 * llvm::numbers::ln2);
  auto less = arith::SubFOp::create(b, loc, log, shift);
  auto result = arith::SelectOp::create(b, loc, isSmall, less, log);
  log.getResult().replaceUsesWithIf(result, [&](OpOperand &use) {
    return use.getOwner() != less && use.getOwner() != result;
  });
}

/// Angles lose whole turns, in f64: rotary embeddings have angles of 1e5, where
/// a turn in f32 is off by 0.003. Means something up to about 1e15.
void reduceAngle(Operation *op) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  Type type = op->getOperand(0).getType(), wide = b.getF64Type();
  if (auto vector = dyn_cast<VectorType>(type))
    wide = vector.clone(wide);
  Value turn = constantOf(b, loc, wide, -2 * llvm::numbers::pi);
  Value inverse = constantOf(b, loc, wide, 0.5 * llvm::numbers::inv_pi);
  Value x = arith::ExtFOp::create(b, loc, wide, op->getOperand(0));
  Value turns = math::RoundEvenOp::create(
      b, loc, arith::MulFOp::create(b, loc, x, inverse));
  Value angle = math::FmaOp::create(b, loc, turns, turn, x);
  op->setOperand(0, arith::TruncFOp::create(b, loc, type, angle));
}

void limitRange(Operation *op) {
  if (op->getNumOperands() != 1 ||
      !getElementTypeOrSelf(op->getOperand(0)).isF32())
    return;
  if (auto log = dyn_cast<math::LogOp>(op))
    scaleDenormals(log);
  else if (isa<math::SinOp, math::CosOp, math::TanOp>(op))
    reduceAngle(op);
}

struct ExpandMathPass : rac::impl::ExpandMathBase<ExpandMathPass> {
  void runOnOperation() override {
    getOperation().walk(limitRange);
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    math::populateExpansionPatterns(
        patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
