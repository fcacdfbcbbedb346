//===- Work.cpp - Operations and bytes of some ops ------------------------===//

#include "rac/Cost/Work.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rac;

Candidate Candidate::of(ArrayRef<Operation *> ops) {
  Candidate candidate;
  candidate.ops.assign(ops.begin(), ops.end());
  llvm::SmallPtrSet<Operation *, 8> inside(ops.begin(), ops.end());
  llvm::SmallSetVector<Value, 8> inputs;
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()) &&
          !inside.contains(operand.getDefiningOp()))
        inputs.insert(operand);
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !inside.contains(user); }))
        candidate.outputs.push_back(result);
  }
  candidate.inputs = inputs.takeVector();
  return candidate;
}

Candidate Candidate::of(GroupOp group) {
  Candidate candidate;
  for (Operation &op : group.getBodyBlock()->without_terminator())
    candidate.ops.push_back(&op);
  for (Value argument : group.getBodyBlock()->getArguments())
    if (isa<RankedTensorType>(argument.getType()))
      candidate.inputs.push_back(argument);
  auto yield = cast<YieldOp>(group.getBodyBlock()->getTerminator());
  candidate.outputs.assign(yield.getValues().begin(), yield.getValues().end());
  return candidate;
}

double rac::countElements(Value tensor, const Assumptions &assumptions) {
  double count = 1;
  for (int64_t size : cast<RankedTensorType>(tensor.getType()).getShape())
    count *= ShapedType::isDynamic(size) ? assumptions.dim : size;
  return count;
}

double rac::countBytes(Value tensor, const Assumptions &assumptions) {
  unsigned bits =
      cast<RankedTensorType>(tensor.getType()).getElementTypeBitWidth();
  return countElements(tensor, assumptions) * std::max(1u, bits / 8);
}

/// Operations for one element: each arith op counts one, each math op the terms
/// of a polynomial.
static double scalarWork(ElementwiseOpInterface op) {
  constexpr double polynomial = 16;
  Block body;
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToStart(&body);
  for (Value operand : op->getOperands())
    body.addArgument(getElementTypeOrSelf(operand), op.getLoc());
  (void)op.buildScalar(builder, op.getLoc(), body.getArguments());
  double work = 0;
  for (Operation &scalar : body)
    if (!scalar.hasTrait<OpTrait::ConstantLike>())
      work += isa<math::MathDialect>(scalar.getDialect()) &&
                      !isa<math::SqrtOp, math::FmaOp, math::AbsFOp>(scalar)
                  ? polynomial
                  : 1;
  while (!body.empty())
    body.back().erase();
  return work;
}

static void addWork(Operation *op, const Assumptions &assumptions, Work &work) {
  auto elements = [&](Value v) { return countElements(v, assumptions); };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](ElementwiseOpInterface op) {
        work.elementwise += elements(op->getResult(0)) * scalarWork(op);
      })
      .Case([&](MatmulOp op) {
        auto lhs = cast<RankedTensorType>(op.getLhs().getType());
        int64_t k = lhs.getShape().back();
        work.matmul += 2 * elements(op.getResult()) *
                       (ShapedType::isDynamic(k) ? assumptions.dim : k);
      })
      // Each filter element of a channel meets each result element of it once.
      .Case([&](ConvOp op) {
        auto filter = cast<RankedTensorType>(op.getFilter().getType());
        work.contraction += 2 * elements(op.getResult()) *
                            elements(op.getFilter()) /
                            std::max<int64_t>(1, filter.getDimSize(0));
      })
      .Case([&](ConvTransposeOp op) {
        auto filter = cast<RankedTensorType>(op.getFilter().getType());
        work.contraction += 2 * elements(op.getInput()) *
                            elements(op.getFilter()) /
                            std::max<int64_t>(1, filter.getDimSize(0));
      })
      .Case([&](LstmOp op) {
        double steps =
            elements(op.getInput()) / op.getInput().getType().getShape().back();
        work.contraction +=
            2 * std::abs(steps) *
            (elements(op.getWeight()) + elements(op.getRecurrence()));
      })
      .Case([&](PoolOp op) {
        double window = 1;
        for (int64_t size : op.getWindow())
          window *= size;
        work.elementwise += elements(op.getResult()) * window;
      })
      // Maximum, exponential with its polynomial, sum, product.
      .Case([&](SoftmaxOp op) {
        work.elementwise += 20 * elements(op.getInput());
      })
      // Mean, variance, scale and shift.
      .Case([&](NormalizeOp op) {
        work.elementwise += 7 * elements(op.getInput());
      })
      .Case<ReduceOp, ArgReduceOp, ScanOp>(
          [&](auto op) { work.elementwise += elements(op.getInput()); });
}

/// Ops that read no more of an operand than they give.
static bool readsPart(Operation *op) {
  return isa<SliceOp, GatherOp, GatherElementsOp, GatherNdOp>(op);
}

Work rac::analyzeWork(const Candidate &candidate,
                      const Assumptions &assumptions) {
  Work work;
  for (Operation *op : candidate.ops)
    addWork(op, assumptions, work);
  for (Value input : candidate.inputs) {
    double bytes = countBytes(input, assumptions);
    for (Operation *op : candidate.ops)
      if (readsPart(op) && op->getOperand(0) == input)
        bytes = std::min(bytes, countBytes(op->getResult(0), assumptions));
    work.bytes += bytes;
  }
  for (Value output : candidate.outputs)
    work.bytes += countBytes(output, assumptions);
  return work;
}
