//===- Canonicalizer.h - MLIR's canonicalizer, as models need it *- C++ -*-===//

#ifndef RAC_LIB_PIPELINES_CANONICALIZER_H
#define RAC_LIB_PIPELINES_CANONICALIZER_H

#include "mlir/Pass/Pass.h"

namespace rac {

/// MLIR's canonicalizer but for a pattern that takes the shape that a loop's
/// value begins with for its shape in each iteration: values that grow would be
/// cast to it.
std::unique_ptr<mlir::Pass> createCanonicalizer();

} // namespace rac

#endif // RAC_LIB_PIPELINES_CANONICALIZER_H
