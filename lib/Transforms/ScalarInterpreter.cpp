//===- ScalarInterpreter.cpp - Runs scalar bodies at compile time ---------===//

#include "ScalarInterpreter.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rac;

ScalarInterpreter::ScalarInterpreter(ElementwiseOpInterface op) {
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToStart(&body);
  for (Value operand : op->getOperands())
    body.addArgument(getElementTypeOrSelf(operand), op.getLoc());
  result = op.buildScalar(builder, op.getLoc(), body.getArguments());
}

ScalarInterpreter::~ScalarInterpreter() {
  // Users before what they use.
  while (!body.empty())
    body.back().erase();
}

Attribute ScalarInterpreter::run(ArrayRef<Attribute> arguments) {
  DenseMap<Value, Attribute> values;
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), arguments))
    values[argument] = value;
  for (Operation &op : body) {
    SmallVector<Attribute> operands;
    for (Value operand : op.getOperands())
      operands.push_back(values.lookup(operand));
    SmallVector<OpFoldResult> results;
    if (failed(op.fold(operands, results)) ||
        results.size() != op.getNumResults())
      return {};
    for (auto [value, folded] : llvm::zip_equal(op.getResults(), results)) {
      auto attribute = dyn_cast<Attribute>(folded);
      // A fold may answer with one of the op's operands.
      values[value] =
          attribute ? attribute : values.lookup(cast<Value>(folded));
      if (!values[value])
        return {};
    }
  }
  return values.lookup(result);
}

//===----------------------------------------------------------------------===//
// On floats
//===----------------------------------------------------------------------===//

/// What the op computes from its operands; null for one that isn't known.
static FloatInterpreter::Function functionOf(Operation *op) {
  using Function = FloatInterpreter::Function;
  Type type = op->getResult(0).getType();
  if (!type.isF32() && !type.isInteger(1))
    return {};
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case<arith::AddFOp>([](auto) -> Function {
        return [](const float *a) { return a[0] + a[1]; };
      })
      .Case<arith::SubFOp>([](auto) -> Function {
        return [](const float *a) { return a[0] - a[1]; };
      })
      .Case<arith::MulFOp>([](auto) -> Function {
        return [](const float *a) { return a[0] * a[1]; };
      })
      .Case<arith::DivFOp>([](auto) -> Function {
        return [](const float *a) { return a[0] / a[1]; };
      })
      .Case<arith::NegFOp>(
          [](auto) -> Function { return [](const float *a) { return -a[0]; }; })
      .Case<arith::SelectOp>([](auto) -> Function {
        return [](const float *a) { return a[0] != 0 ? a[1] : a[2]; };
      })
      .Case<arith::XOrIOp>([](auto) -> Function {
        return [](const float *a) { return float(a[0] != a[1]); };
      })
      .Case<arith::AndIOp>([](auto) -> Function {
        return [](const float *a) { return float(a[0] != 0 && a[1] != 0); };
      })
      .Case<arith::OrIOp>([](auto) -> Function {
        return [](const float *a) { return float(a[0] != 0 || a[1] != 0); };
      })
      .Case<arith::CmpFOp>([](arith::CmpFOp op) -> Function {
        if (!op.getLhs().getType().isF32())
          return {};
        arith::CmpFPredicate predicate = op.getPredicate();
        return [predicate](const float *a) -> float {
          return arith::applyCmpPredicate(predicate, APFloat(a[0]),
                                          APFloat(a[1]));
        };
      })
      .Default(Function());
}

bool FloatInterpreter::compile(Block &body, Value result) {
  llvm::DenseMap<Value, unsigned> slots;
  for (Value argument : body.getArguments())
    slots[argument] = next++;
  for (Operation &op : body) {
    Step step;
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto value = dyn_cast<FloatAttr>(constant.getValue());
      auto truth = dyn_cast<BoolAttr>(constant.getValue());
      if (!(value && value.getType().isF32()) && !truth)
        return false;
      float number = truth ? truth.getValue() : value.getValueAsDouble();
      step.run = [number](const float *) { return number; };
    } else if (!(step.run = functionOf(&op))) {
      return false;
    }
    for (auto [i, operand] : llvm::enumerate(op.getOperands()))
      step.operands[i] = slots.lookup(operand);
    steps.push_back(std::move(step));
    slots[op.getResult(0)] = next++;
  }
  resultSlot = slots.lookup(result);
  return true;
}

float FloatInterpreter::run(ArrayRef<float> arguments) {
  values.resize(next);
  llvm::copy(arguments, values.begin());
  unsigned slot = arguments.size();
  for (const Step &step : steps) {
    float operands[3] = {values[step.operands[0]], values[step.operands[1]],
                         values[step.operands[2]]};
    values[slot++] = step.run(operands);
  }
  return values[resultSlot];
}
