//===- InlineCall.cpp - A call becomes what it calls ----------------------===//

#include "rac/Lowering/InlineCall.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

SmallVector<Operation *> rac::inlineCall(func::CallOp call,
                                         func::FuncOp callee) {
  OpBuilder builder(call);
  IRMapping mapping;
  Block &body = callee.getBody().front();
  mapping.map(body.getArguments(), call.getOperands());
  SmallVector<Operation *> copies;
  for (Operation &op : body.without_terminator())
    copies.push_back(builder.clone(op, mapping));
  for (auto [result, value] :
       llvm::zip_equal(call.getResults(), body.getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  call.erase();
  return copies;
}
