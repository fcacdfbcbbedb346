//===- BufferizableOpInterfaceImpl.cpp - rac's ops under bufferization ----===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace rac;

namespace {

struct LibraryCallModel
    : DstBufferizableOpInterfaceExternalModel<LibraryCallModel, LibraryCallOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<LibraryCallOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto call = cast<LibraryCallOp>(op);
    if (!call.hasPureTensorSemantics())
      return success();
    rewriter.setInsertionPoint(call);
    auto buffersOf = [&](ValueRange values,
                         SmallVector<Value> &buffers) -> LogicalResult {
      for (Value value : values) {
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        buffers.push_back(*buffer);
      }
      return success();
    };
    SmallVector<Value> inputs, inits;
    if (failed(buffersOf(call.getInputs(), inputs)) ||
        failed(buffersOf(call.getInits(), inits)))
      return failure();
    SmallVector<Value> operands(inputs);
    llvm::append_range(operands, inits);
    OperationState newCall(call.getLoc(), call->getName(), operands,
                           /*types=*/TypeRange{}, call->getAttrs());
    rewriter.create(newCall);
    replaceOpWithBufferizedValues(rewriter, call, inits);
    return success();
  }
};

} // namespace

void rac::registerBufferizableOpInterfaceModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RacDialect *) {
    LibraryCallOp::attachInterface<LibraryCallModel>(*context);
  });
}
