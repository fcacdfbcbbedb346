//===- LoopNest.cpp - Building loop nests, and those of scalars -----------===//

#include "rac/Dialect/Rac/IR/LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

AffineExpr NestBuilder::loop(Extent extent, bool reduction) {
  nest.loops.push_back(extent);
  nest.reductions.resize(nest.loops.size(), reduction);
  return getAffineDimExpr(nest.loops.size() - 1, ctx);
}

SmallVector<AffineExpr> NestBuilder::loopsOver(Value tensor) {
  SmallVector<AffineExpr> exprs;
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  for (int64_t dim = 0; dim < rank; ++dim)
    exprs.push_back(loop(Extent(tensor, dim)));
  return exprs;
}

AffineExpr NestBuilder::zero() { return getAffineConstantExpr(0, ctx); }

Access NestBuilder::access(Value tensor, Exprs at,
                           ArrayRef<int64_t> scattered) {
  Access result{tensor, AffineMap::get(nest.loops.size(), 0, at, ctx),
                llvm::SmallBitVector(at.size())};
  for (int64_t dim : scattered)
    result.scattered.set(dim);
  return result;
}

void NestBuilder::read(Value tensor, Exprs at, ArrayRef<int64_t> scattered) {
  nest.reads.push_back(access(tensor, at, scattered));
}

void NestBuilder::write(Value tensor, Exprs at, ArrayRef<int64_t> scattered) {
  nest.writes.push_back(access(tensor, at, scattered));
}

SmallVector<AffineExpr> NestBuilder::broadcast(Value tensor, Exprs at) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<AffineExpr> exprs(at.take_back(type.getRank()));
  for (auto [expr, size] : llvm::zip_equal(exprs, type.getShape()))
    if (size == 1)
      expr = zero();
  return exprs;
}

void NestBuilder::readBroadcast(Value tensor, Exprs at) {
  read(tensor, broadcast(tensor, at));
}

void NestBuilder::sort(AffineExpr loop) {
  nest.sorted.resize(nest.loops.size());
  nest.sorted.set(cast<AffineDimExpr>(loop).getPosition());
}

LoopNest NestBuilder::finish(Type type, double multiplyAdds, double operations,
                             double functions) {
  nest.type = type;
  nest.multiplyAdds = multiplyAdds;
  nest.operations = operations;
  nest.functions = functions;
  nest.sorted.resize(nest.loops.size());
  return std::move(nest);
}

void rac::visitScalars(ElementwiseOpInterface op,
                       llvm::function_ref<void(Operation &)> visit) {
  Block body;
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToStart(&body);
  for (Value operand : op->getOperands())
    body.addArgument(getElementTypeOrSelf(operand), op.getLoc());
  (void)op.buildScalar(builder, op.getLoc(), body.getArguments());
  for (Operation &scalar : body)
    visit(scalar);
  while (!body.empty())
    body.back().erase();
}

/// What one element takes: scalar ops apart from constants; functions of the
/// math dialect that no instruction computes count on their own.
static void countScalar(ElementwiseOpInterface op, LoopNest &nest) {
  visitScalars(op, [&](Operation &scalar) {
    if (scalar.hasTrait<OpTrait::ConstantLike>())
      return;
    bool function =
        isa<math::MathDialect>(scalar.getDialect()) &&
        !isa<math::SqrtOp, math::FmaOp, math::AbsFOp, math::RoundEvenOp,
             math::FloorOp, math::CeilOp, math::TruncOp>(scalar);
    ++(function ? nest.functions : nest.operations);
    for (Type type : scalar.getResultTypes())
      if (isa<FloatType>(type) || !nest.type)
        nest.type = type;
  });
}

LoopNest rac::elementwiseNest(ElementwiseOpInterface op) {
  NestBuilder builder(op.getContext());
  Value result = op->getResult(0);
  SmallVector<AffineExpr> at = builder.loopsOver(result);
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      builder.readBroadcast(operand, at);
  builder.write(result, at);
  LoopNest nest = builder.finish({}, 0, 0);
  countScalar(op, nest);
  return nest;
}
