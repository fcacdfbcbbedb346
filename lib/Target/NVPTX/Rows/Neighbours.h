//===- Neighbours.h - What a kernel does besides its op ---------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_NEIGHBOURS_H
#define RAC_LIB_TARGET_NVPTX_ROWS_NEIGHBOURS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac::nvptx {

/// Whether it reads and writes no memory: it may allocate it, or stop the run.
bool isQuiet(mlir::Operation *op);

/// The fill that gives init number `init` of `op` its first value, where nobody
/// else looks at that.
mlir::linalg::FillOp findFill(mlir::linalg::LinalgOp op, unsigned init);

/// Where an elementwise op after `op` reads the one result of that, which only
/// `op` and `fill` write and nobody else reads: nothing touches memory in
/// between, and what it writes `op` doesn't read. Null if there is none.
mlir::OpOperand *findEpilogue(mlir::linalg::LinalgOp op,
                              mlir::linalg::FillOp fill);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_NEIGHBOURS_H
