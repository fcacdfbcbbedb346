//===- SequentialLoops.h - Parallel loops one after the other ---*- C++ -*-===//

#ifndef RAC_LOWERING_SEQUENTIALLOOPS_H
#define RAC_LOWERING_SEQUENTIALLOOPS_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace rac {

/// Puts a nest of sequential loops in place of a parallel loop that reduces
/// nothing.
void makeSequential(mlir::scf::ParallelOp loop);

} // namespace rac

#endif // RAC_LOWERING_SEQUENTIALLOOPS_H
