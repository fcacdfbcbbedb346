//===- Patterns.h - One function per family of ops --------------*- C++ -*-===//

#ifndef RAC_LOWERING_RACTOLINALG_PATTERNS_H
#define RAC_LOWERING_RACTOLINALG_PATTERNS_H

#include "mlir/Transforms/DialectConversion.h"

namespace rac::lowering {

void populateElementwise(const mlir::TypeConverter &converter,
                         mlir::RewritePatternSet &patterns);
void populateReduction(const mlir::TypeConverter &converter,
                       mlir::RewritePatternSet &patterns, bool manyThreads);
void populateNormalization(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns,
                           bool keepSubnormals);
void populateShape(const mlir::TypeConverter &converter,
                   mlir::RewritePatternSet &patterns);
void populateAssembly(const mlir::TypeConverter &converter,
                      mlir::RewritePatternSet &patterns);
void populateMatmul(const mlir::TypeConverter &converter,
                    mlir::RewritePatternSet &patterns, bool keepSubnormals,
                    bool fixedPoint);
void populateConvolution(const mlir::TypeConverter &converter,
                         mlir::RewritePatternSet &patterns);
void populateQuant(const mlir::TypeConverter &converter,
                   mlir::RewritePatternSet &patterns);
void populatePool(const mlir::TypeConverter &converter,
                  mlir::RewritePatternSet &patterns, bool loopWindows);
void populateGather(const mlir::TypeConverter &converter,
                    mlir::RewritePatternSet &patterns);
void populateScatter(const mlir::TypeConverter &converter,
                     mlir::RewritePatternSet &patterns, bool manyThreads);
void populateResize(const mlir::TypeConverter &converter,
                    mlir::RewritePatternSet &patterns);
void populateSelection(const mlir::TypeConverter &converter,
                       mlir::RewritePatternSet &patterns, bool manyThreads);
void populateSuppression(const mlir::TypeConverter &converter,
                         mlir::RewritePatternSet &patterns, bool manyThreads);
void populateTopK(const mlir::TypeConverter &converter,
                  mlir::RewritePatternSet &patterns, bool manyThreads);
void populateRecurrent(const mlir::TypeConverter &converter,
                       mlir::RewritePatternSet &patterns);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_PATTERNS_H
