//===- Patterns.h - Rewrites that rac-canonicalize-model gathers *- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_PATTERNS_H
#define RAC_LIB_TRANSFORMS_PATTERNS_H

#include "mlir/IR/PatternMatch.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// How often patterns applied.
struct RewriteCounts {
  int64_t activations = 0, normalize = 0, constants = 0, scales = 0;
};

void populateActivationPatterns(mlir::RewritePatternSet &patterns,
                                RewriteCounts &counts);
void populateArithmeticPatterns(mlir::RewritePatternSet &patterns);
void populateScalePatterns(mlir::RewritePatternSet &patterns);
void populateNormalizePatterns(mlir::RewritePatternSet &patterns,
                               RewriteCounts &counts);
void populateConstantPatterns(mlir::RewritePatternSet &patterns,
                              RewriteCounts &counts, int64_t maxElements);
/// Part of the constant patterns.
void populateMovementPatterns(mlir::RewritePatternSet &patterns,
                              RewriteCounts &counts, int64_t maxElements);
/// Bytes instead of what they stand for.
void populateQuantizedPatterns(mlir::RewritePatternSet &patterns);
/// Products of bytes, less what zero points add to them.
void populateIntegerPatterns(mlir::RewritePatternSet &patterns);
/// Transposed convolutions whose windows lie side by side.
void populateConvTransposePatterns(mlir::RewritePatternSet &patterns);
/// Concatenations of more tensors than lowering takes in reasonable time.
void populateConcatPatterns(mlir::RewritePatternSet &patterns);
void populateBatchNormPatterns(mlir::RewritePatternSet &patterns,
                               RewriteCounts &counts);

/// A pattern that counts.
template <typename OpT> struct CountingPattern : mlir::OpRewritePattern<OpT> {
  CountingPattern(mlir::MLIRContext *ctx, RewriteCounts &counts)
      : mlir::OpRewritePattern<OpT>(ctx), counts(counts) {}
  RewriteCounts &counts;
};

/// The factors of a tree of `mul` and `div` by constants that only this product
/// uses: scalar constants multiplied, the rest listed.
struct Product {
  double constant = 1;
  llvm::SmallVector<mlir::Value> factors;
};
Product flattenProduct(mlir::Value value);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_PATTERNS_H
