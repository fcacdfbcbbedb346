//===- Canonicalizer.cpp - MLIR's canonicalizer, as models need it --------===//

#include "mlir/Transforms/Passes.h"
#include "rac/Pipelines/Pipelines.h"

using namespace mlir;

std::unique_ptr<Pass> rac::createCanonicalizer() {
  // Patterns are known by what clang or gcc calls their class.
  return createCanonicalizerPass(
      GreedyRewriteConfig(),
      /*disabledPatterns=*/{"(anonymous namespace)::ForOpTensorCastFolder",
                            "{anonymous}::ForOpTensorCastFolder"});
}
