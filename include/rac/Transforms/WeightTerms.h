//===- WeightTerms.h - What weights are multiplied with ---------*- C++ -*-===//

#ifndef RAC_TRANSFORMS_WEIGHTTERMS_H
#define RAC_TRANSFORMS_WEIGHTTERMS_H

#include "llvm/ADT/ArrayRef.h"

namespace rac {

/// Dimensions of a product's or a convolution's constant operand.
struct WeightTerms {
  unsigned channels;  ///< of the result
  unsigned terms;     ///< the first operand's channels, of one group
  int64_t groups = 1; ///< of a convolution

  /// The first operand's channel that element `i` is multiplied with.
  int64_t termOf(int64_t i, llvm::ArrayRef<int64_t> shape) const {
    int64_t term = indexOf(i, terms, shape);
    if (groups > 1)
      term += indexOf(i, channels, shape) / (shape[channels] / groups) *
              shape[terms];
    return term;
  }
  /// How many of those there are.
  int64_t count(llvm::ArrayRef<int64_t> shape) const {
    return shape[terms] * groups;
  }

private:
  static int64_t indexOf(int64_t i, unsigned dim,
                         llvm::ArrayRef<int64_t> shape) {
    for (unsigned inner = shape.size() - 1; inner > dim; --inner)
      i /= shape[inner];
    return i % shape[dim];
  }
};

} // namespace rac

#endif // RAC_TRANSFORMS_WEIGHTTERMS_H
