//===- Collapse.h - Several loops as one ------------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_COLLAPSE_H
#define RAC_LIB_TARGET_NVPTX_ROWS_COLLAPSE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac::nvptx {

/// Loops of one type that run over neighbours in all operands become one.
/// Gives what `op` has become, itself if there are none.
mlir::linalg::GenericOp collapseLoops(mlir::linalg::GenericOp op,
                                      mlir::utils::IteratorType type,
                                      mlir::RewriterBase &rewriter);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_COLLAPSE_H
