//===- ProbePrecision.h - A model whose groups' types are inputs -*- C++
//-*-===//

#ifndef RAC_TRANSFORMS_PROBEPRECISION_H
#define RAC_TRANSFORMS_PROBEPRECISION_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Transforms/Probe.h"

namespace rac {

/// What the pass rac-probe-precision does, and what there is to know of the
/// result. `half`: bf16 or f16; `float8`: groups may compute in f8E4M3FN, too.
/// Values of weights lie in the module's context.
llvm::FailureOr<Probe> probePrecision(mlir::ModuleOp module, mlir::Type half,
                                      bool float8 = false);

} // namespace rac

#endif // RAC_TRANSFORMS_PROBEPRECISION_H
