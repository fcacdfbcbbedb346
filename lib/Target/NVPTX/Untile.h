//===- Untile.h - Ops of a loop over tiles on the whole of it ---*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_UNTILE_H
#define RAC_LIB_TARGET_NVPTX_UNTILE_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace rac::nvptx {

/// Replaces a loop over tiles of some ops' results by the ops on the whole of
/// them: each then becomes a kernel that finds its own way to share the work,
/// or one with others. What tiles had as their own memory gets as long as all
/// of them. Fails, with nothing changed, where tiles aren't parts of that whole
/// side by side; `why` then says what stands in the way.
llvm::LogicalResult untile(mlir::scf::ForallOp forall, std::string &why);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_UNTILE_H
