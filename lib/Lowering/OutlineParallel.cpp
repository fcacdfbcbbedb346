//===- OutlineParallel.cpp - Parallel bodies become functions -------------===//

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_OUTLINEPARALLEL
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Every function of the module, and every call of one, takes the context
/// first. A function from elsewhere knows of none.
void addContext(ModuleOp module) {
  auto pointer = LLVM::LLVMPointerType::get(module.getContext());
  SymbolTable symbols(module);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    (void)function.insertArgument(0, pointer, {}, function.getLoc());
  }
  module.walk([&](func::CallOp call) {
    auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
    if (!callee || callee.isExternal())
      return;
    Value context = call->getParentOfType<func::FuncOp>().getArgument(0);
    call.getOperandsMutable().slice(0, 0).append(context);
  });
}

class Outliner {
public:
  Outliner(ParallelForOp op, SymbolTable &symbols,
           const LLVMTypeConverter &types)
      : op(op), symbols(symbols), types(types), builder(op), loc(op.getLoc()),
        pointer(LLVM::LLVMPointerType::get(op.getContext())) {}

  LogicalResult run() {
    auto parent = op->getParentOfType<func::FuncOp>();
    Value context = parent.getArgument(0);
    cloneConstantsIn();
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getBody(), captured);
    captured.remove(context);

    SmallVector<Type> fields;
    for (Value value : captured) {
      Type type = types.convertType(value.getType());
      if (!type)
        return op.emitError("can't pass a value of type ")
               << value.getType() << " to a parallel body";
      fields.push_back(type);
    }
    auto environment =
        LLVM::LLVMStructType::getLiteral(op.getContext(), fields);
    func::FuncOp body =
        makeBody(parent, context, captured.getArrayRef(), environment);
    makeCall(parent, context, captured.getArrayRef(), environment, body);
    op.erase();
    return success();
  }

private:
  /// Constants are cheaper made again than passed, and better optimised.
  void cloneConstantsIn() {
    SetVector<Value> used;
    getUsedValuesDefinedAbove(op.getBody(), used);
    OpBuilder inside = OpBuilder::atBlockBegin(&op.getBody().front());
    for (Value value : used) {
      Operation *def = value.getDefiningOp();
      if (!def || !def->hasTrait<OpTrait::ConstantLike>())
        continue;
      Value copy = inside.clone(*def)->getResult(0);
      replaceAllUsesInRegionWith(value, copy, op.getBody());
    }
  }

  /// The loop itself: context, what it uses, low, high. Memory reached through
  /// one argument is not reached through another, which lets LLVM vectorise.
  func::FuncOp makeKernel(func::FuncOp parent, Value context,
                          ArrayRef<Value> captured) {
    Type index = builder.getIndexType();
    SmallVector<Type> types = {pointer};
    for (Value value : captured)
      types.push_back(value.getType());
    types.append({index, index});
    OpBuilder module(parent);
    auto kernel =
        func::FuncOp::create(module, loc, (parent.getName() + "_loop").str(),
                             module.getFunctionType(types, {}));
    kernel.setPrivate();
    symbols.insert(kernel);
    Block *entry = kernel.addEntryBlock();
    replaceAllUsesInRegionWith(context, entry->getArgument(0), op.getBody());
    for (auto [i, value] : llvm::enumerate(captured)) {
      replaceAllUsesInRegionWith(value, entry->getArgument(i + 1),
                                 op.getBody());
      if (isa<MemRefType>(value.getType()) && isAloneInMemory(value, captured))
        kernel.setArgAttr(i + 1, LLVM::LLVMDialect::getNoAliasAttrName(),
                          builder.getUnitAttr());
    }
    Block &old = op.getBody().front();
    for (auto [argument, bound] : llvm::zip_equal(
             old.getArguments(), entry->getArguments().take_back(2)))
      argument.replaceAllUsesWith(bound);
    entry->getOperations().splice(entry->end(), old.getOperations());
    OpBuilder inside = OpBuilder::atBlockEnd(entry);
    func::ReturnOp::create(inside, loc);
    return kernel;
  }

  static Value rootOf(Value memory) {
    while (auto view = memory.getDefiningOp<ViewLikeOpInterface>())
      memory = view.getViewSource();
    return memory;
  }

  static bool isAloneInMemory(Value memory, ArrayRef<Value> captured) {
    return llvm::none_of(captured, [&](Value other) {
      return other != memory && isa<MemRefType>(other.getType()) &&
             rootOf(other) == rootOf(memory);
    });
  }

  /// What the runtime calls: unpacks the environment and runs the kernel.
  func::FuncOp makeBody(func::FuncOp parent, Value context,
                        ArrayRef<Value> captured,
                        LLVM::LLVMStructType environment) {
    func::FuncOp kernel = makeKernel(parent, context, captured);
    OpBuilder module(parent);
    Type i64 = builder.getI64Type();
    auto body = func::FuncOp::create(
        module, loc, (parent.getName() + "_body").str(),
        module.getFunctionType({pointer, pointer, i64, i64}, {}));
    body.setPrivate();
    symbols.insert(body);
    Block *entry = body.addEntryBlock();
    OpBuilder inside = OpBuilder::atBlockBegin(entry);
    SmallVector<Value> arguments = {entry->getArgument(0)};
    for (auto [i, value] : llvm::enumerate(captured)) {
      Value address = LLVM::GEPOp::create(
          inside, loc, pointer, environment, entry->getArgument(1),
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
      Value field =
          LLVM::LoadOp::create(inside, loc, environment.getBody()[i], address);
      arguments.push_back(retype(inside, field, value.getType()));
    }
    for (Value bound : entry->getArguments().take_back(2))
      arguments.push_back(arith::IndexCastOp::create(
          inside, loc, inside.getIndexType(), bound));
    func::CallOp::create(inside, loc, kernel, arguments);
    func::ReturnOp::create(inside, loc);
    return body;
  }

  void makeCall(func::FuncOp parent, Value context, ArrayRef<Value> captured,
                LLVM::LLVMStructType environment, func::FuncOp body) {
    OpBuilder top = OpBuilder::atBlockBegin(&parent.getBody().front());
    Type i64 = builder.getI64Type();
    Value one = LLVM::ConstantOp::create(top, loc, i64, 1);
    Value memory = LLVM::AllocaOp::create(top, loc, pointer, environment, one);
    for (auto [i, value] : llvm::enumerate(captured)) {
      Value address = LLVM::GEPOp::create(
          builder, loc, pointer, environment, memory,
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
      LLVM::StoreOp::create(builder, loc,
                            retype(builder, value, environment.getBody()[i]),
                            address);
    }
    auto toI64 = [&](Value value) -> Value {
      return arith::IndexCastOp::create(builder, loc, i64, value);
    };
    Value threads =
        arith::ConstantIntOp::create(builder, loc, op.getThreads(), 64);
    // The body's address: func.constant keeps its func type until all is LLVM.
    Value function = func::ConstantOp::create(
        builder, loc, body.getFunctionType(), body.getName());
    Value code = retype(builder, function, pointer);
    func::CallOp::create(builder, loc, "rac_parallel_for", TypeRange{},
                         ValueRange{context, toI64(op.getCount()),
                                    toI64(op.getGrain()), threads, code,
                                    memory});
  }

  static Value retype(OpBuilder &builder, Value value, Type type) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(builder, value.getLoc(), type,
                                              value)
        .getResult(0);
  }

  ParallelForOp op;
  SymbolTable &symbols;
  const LLVMTypeConverter &types;
  OpBuilder builder;
  Location loc;
  LLVM::LLVMPointerType pointer;
};

struct OutlineParallelPass
    : rac::impl::OutlineParallelBase<OutlineParallelPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    addContext(module);
    SymbolTable symbols(module);
    LLVMTypeConverter types(&getContext());
    SmallVector<ParallelForOp> ops;
    module.walk([&](ParallelForOp op) { ops.push_back(op); });
    if (ops.empty())
      return;
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    Type i64 = builder.getI64Type();
    auto runtime = func::FuncOp::create(
        builder, module.getLoc(), "rac_parallel_for",
        builder.getFunctionType({pointer, i64, i64, i64, pointer, pointer},
                                {}));
    runtime.setPrivate();
    symbols.insert(runtime);
    // Innermost first: an outer body takes the call of the inner one along.
    for (ParallelForOp op : ops)
      if (failed(Outliner(op, symbols, types).run()))
        return signalPassFailure();
  }
};

} // namespace
