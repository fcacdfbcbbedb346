//===- Reductions.h - What is before and after a reduction ------*- C++ -*-===//
//
// Of ops on memory.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LOWERING_REDUCTIONS_H
#define RAC_LOWERING_REDUCTIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac {

/// The allocation or argument that `value` is a view of.
mlir::Value baseOf(mlir::Value value);

/// The op of the body that combines a result with what was there before; null
/// if it isn't one op.
mlir::Operation *findCombiner(mlir::linalg::LinalgOp op, unsigned result = 0);

/// Whether the result may depend on the order in which a combiner is applied.
bool needsOrder(mlir::Operation *combiner);

/// The fill that gives `op`'s result its first value, if nothing happens in
/// between.
mlir::linalg::FillOp findFill(mlir::linalg::LinalgOp op);

/// The only reader of `op`'s result, where only `fill` and `op` write that;
/// null if there isn't one. Users that `counts` isn't true of are no readers.
mlir::OpOperand *findReader(
    mlir::linalg::LinalgOp op, mlir::linalg::FillOp fill,
    llvm::function_ref<bool(mlir::Operation *)> counts = [](mlir::Operation *) {
      return true;
    });

/// Where an elementwise op after `op`, with nothing in between, reads `op`'s
/// result, which only `fill` and `op` write and nobody else reads; null if
/// there is none.
mlir::OpOperand *findElementwiseUse(mlir::linalg::LinalgOp op,
                                    mlir::linalg::FillOp fill);

} // namespace rac

#endif // RAC_LOWERING_REDUCTIONS_H
