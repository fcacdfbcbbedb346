//===- ExtractGroup.cpp - One group of a planned model --------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Transforms/Passes.h"

namespace rac {
#define GEN_PASS_DEF_EXTRACTGROUP
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Builds the function that runs the group.
class Extractor {
public:
  Extractor(GroupOp group, func::FuncOp function)
      : group(group), function(function),
        builder(OpBuilder::atBlockEnd(function.addEntryBlock())) {}

  LogicalResult run();

private:
  bool isConstant(Value value);
  /// What stands for `value` in the function.
  FailureOr<Value> get(Value value);
  Value addInput(Value value, Type type);

  GroupOp group;
  func::FuncOp function;
  OpBuilder builder;
  IRMapping mapping;
  llvm::DenseMap<Value, bool> constants;
};

/// Whether it is computed, without the group's like, from constants alone.
bool Extractor::isConstant(Value value) {
  auto known = constants.find(value);
  if (known != constants.end())
    return known->second;
  Operation *op = value.getDefiningOp();
  bool constant = op && op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
                  llvm::all_of(op->getOperands(), [&](Value operand) {
                    return isConstant(operand);
                  });
  constants[value] = constant;
  return constant;
}

Value Extractor::addInput(Value value, Type type) {
  unsigned number = function.getNumArguments();
  (void)function.insertArgument(number, type, {}, value.getLoc());
  return function.getArgument(number);
}

FailureOr<Value> Extractor::get(Value value) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Location loc = value.getLoc();
  Value result;
  if (isConstant(value)) {
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      if (failed(get(operand)))
        return failure();
    builder.clone(*op, mapping);
    return mapping.lookup(value);
  }
  if (isa<RankedTensorType>(value.getType())) {
    result = addInput(value, value.getType());
  } else if (value.getType().isIndex()) {
    // A model takes tensors only.
    Value size =
        addInput(value, RankedTensorType::get({}, builder.getI64Type()));
    Value number = tensor::ExtractOp::create(builder, loc, size);
    result = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                        number);
  } else {
    return group.emitOpError("takes a value of type ")
           << value.getType() << ", which no model can take";
  }
  mapping.map(value, result);
  return result;
}

LogicalResult Extractor::run() {
  for (Value input : group.getInputs())
    if (failed(get(input)))
      return failure();
  Operation *copy = builder.clone(*group, mapping);
  func::ReturnOp::create(builder, group.getLoc(), copy->getResults());
  function.setFunctionType(builder.getFunctionType(
      function.getBody().getArgumentTypes(), copy->getResultTypes()));
  return success();
}

struct ExtractGroupPass : rac::impl::ExtractGroupBase<ExtractGroupPass> {
  using ExtractGroupBase::ExtractGroupBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    GroupOp group;
    module.walk([&](GroupOp op) {
      if (!group && op.getSym() == name)
        group = op;
    });
    if (!group) {
      module.emitError("there is no group '") << name << "'";
      return signalPassFailure();
    }
    OpBuilder builder(&getContext());
    SmallVector<Operation *> others;
    for (Operation &op : *module.getBody())
      others.push_back(&op);
    builder.setInsertionPointToEnd(module.getBody());
    auto function = func::FuncOp::create(builder, group.getLoc(), "main",
                                         builder.getFunctionType({}, {}));
    if (failed(Extractor(group, function).run()))
      return signalPassFailure();
    for (Operation *op : others)
      op->erase();
  }
};

} // namespace
