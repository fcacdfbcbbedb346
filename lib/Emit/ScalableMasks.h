//===- ScalableMasks.h - Masks of what vscale gives -------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_SCALABLEMASKS_H
#define RAC_LIB_EMIT_SCALABLEMASKS_H

#include "llvm/IR/PassManager.h"

namespace rac {

/// Hides what the masks of multiples of vscale are made of from the code
/// generator. LLVM 22 knows of vscale cut to so few bits that its largest value
/// doesn't fit only that it is 1 (getVScaleRange), takes that for odd, and
/// computes `20 & -(16 * vscale)`, which scalar evolution writes as vscale cut
/// to one bit, to 16 whatever vscale is.
struct HideScalableMasks : llvm::PassInfoMixin<HideScalableMasks> {
  llvm::PreservedAnalyses run(llvm::Function &function,
                              llvm::FunctionAnalysisManager &);
};

} // namespace rac

#endif // RAC_LIB_EMIT_SCALABLEMASKS_H
