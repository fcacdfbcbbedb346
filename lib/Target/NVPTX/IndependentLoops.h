//===- IndependentLoops.h - Sequential loops that threads may share -------===//

#ifndef RAC_LIB_TARGET_NVPTX_INDEPENDENTLOOPS_H
#define RAC_LIB_TARGET_NVPTX_INDEPENDENTLOOPS_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace rac::nvptx {

/// Makes one kernel of a nest of loops of which some must run in order, as
/// those over the updates of a scatter, and others needn't: whatever the nest
/// writes, it only accesses where such a loop's iteration says. Each thread has
/// an iteration of these, and runs the others in their order. Gives whether
/// there are any.
bool launchIndependent(mlir::scf::ForOp loop);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_INDEPENDENTLOOPS_H
