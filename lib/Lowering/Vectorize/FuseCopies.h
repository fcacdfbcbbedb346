//===- FuseCopies.h - Parts of a buffer written together --------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_FUSECOPIES_H
#define RAC_LIB_LOWERING_VECTORIZE_FUSECOPIES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rac::vectorize {

/// Makes one loop of neighbouring parallel loops over the same iterations that
/// only copy, to parts of one buffer: its lines are written once, where each
/// part by itself would write a piece of every line. How many loops went.
int64_t fuseCopies(mlir::func::FuncOp function);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_FUSECOPIES_H
