//===- BindEntry.cpp - Inputs and outputs from the runtime ----------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_BINDENTRY
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

Value bindInput(OpBuilder &builder, Location loc, MemRefType type,
                int64_t index) {
  SmallVector<Value> sizes;
  for (int64_t i : llvm::seq(type.getRank()))
    if (type.isDynamicDim(i))
      sizes.push_back(InputDimOp::create(builder, loc, index, i));
  return InputBufferOp::create(builder, loc, type, index, sizes);
}

/// Whether `value` is the entry's own allocation, free to become an output.
bool isOwnAllocation(Value value, func::FuncOp entry) {
  auto alloc = value.getDefiningOp<memref::AllocOp>();
  return alloc && alloc->getParentOp() == entry;
}

void bindOutput(OpBuilder &builder, Location loc, Value value, int64_t index,
                func::FuncOp entry, bool first) {
  auto type = cast<MemRefType>(value.getType());
  if (first && isOwnAllocation(value, entry)) {
    auto alloc = value.getDefiningOp<memref::AllocOp>();
    OpBuilder early(alloc);
    value.replaceAllUsesWith(OutputBufferOp::create(
        early, alloc.getLoc(), type, index, alloc.getDynamicSizes()));
    alloc.erase();
    return;
  }
  SmallVector<Value> sizes;
  for (int64_t i : llvm::seq(type.getRank()))
    if (type.isDynamicDim(i))
      sizes.push_back(memref::DimOp::create(builder, loc, value, i));
  auto dense = MemRefType::get(type.getShape(), type.getElementType());
  Value output = OutputBufferOp::create(builder, loc, dense, index, sizes);
  memref::CopyOp::create(builder, loc, value, output);
}

struct BindEntryPass : rac::impl::BindEntryBase<BindEntryPass> {
  void runOnOperation() override {
    auto entry = getOperation().lookupSymbol<func::FuncOp>(kEntryName);
    if (!entry || entry.isExternal()) {
      getOperation().emitError("has no entry function '") << kEntryName << "'";
      return signalPassFailure();
    }
    if (!llvm::hasSingleElement(entry.getBody())) {
      entry.emitError("entry function must be one block");
      return signalPassFailure();
    }
    for (Type type : llvm::concat<const Type>(entry.getArgumentTypes(),
                                              entry.getResultTypes()))
      if (!isa<MemRefType>(type)) {
        entry.emitError("entry function must take and return buffers, not ")
            << type;
        return signalPassFailure();
      }

    Block &block = entry.getBody().front();
    OpBuilder builder = OpBuilder::atBlockBegin(&block);
    for (BlockArgument argument : block.getArguments())
      argument.replaceAllUsesWith(bindInput(
          builder, argument.getLoc(), cast<MemRefType>(argument.getType()),
          argument.getArgNumber()));

    auto ret = cast<func::ReturnOp>(block.getTerminator());
    builder.setInsertionPoint(ret);
    SmallVector<Value> returned(ret.getOperands());
    for (int64_t i : llvm::seq<int64_t>(returned.size())) {
      // A value returned twice needs memory for each: copies are bound first,
      // while it is still there to copy from.
      bool last = !llvm::is_contained(ArrayRef(returned).drop_front(i + 1),
                                      returned[i]);
      bindOutput(builder, ret.getLoc(), ret.getOperand(i), i, entry, last);
    }
    func::ReturnOp::create(builder, ret.getLoc());
    ret.erase();
    block.eraseArguments(0, block.getNumArguments());
    entry.setFunctionType(builder.getFunctionType({}, {}));
    entry.setArgAttrsAttr({});
    entry.setResAttrsAttr({});
  }
};

} // namespace
