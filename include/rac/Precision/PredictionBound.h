//===- PredictionBound.h - What samples say of others -----------*- C++ -*-===//
//
// Upper bounds, at 95 %: what the mean of all samples that will ever come,
// drawn as these were, or the worst of as many again, stays below. The wider
// apart samples are, and the fewer, the further from what was measured.
// docs/ErrorBudget.md has the formulas and where they are from.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_PRECISION_PREDICTIONBOUND_H
#define RAC_PRECISION_PREDICTIONBOUND_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

namespace rac {

inline constexpr double kConfidence = 0.95;

/// What Student's t of that many degrees of freedom, at least 1, stays below
/// with a probability from 0.5 to 1.
double studentQuantile(double probability, unsigned degrees);

/// Of the mean of parts over the mean of wholes, a part and a whole of each
/// sample. One sample tells of no spread: what it has itself.
double boundOfRatio(llvm::ArrayRef<double> parts,
                    llvm::ArrayRef<double> wholes);

/// Of the largest of as many values again; none is below zero.
double boundOfWorst(llvm::ArrayRef<double> values);

/// Of the share of what has a property, of which `count` of `total` had it;
/// with none it still is 3 / total nearly.
double boundOfShare(uint64_t count, uint64_t total);

} // namespace rac

#endif // RAC_PRECISION_PREDICTIONBOUND_H
