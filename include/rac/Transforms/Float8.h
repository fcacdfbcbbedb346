//===- Float8.h - Scales of floats of 8 bits --------------------*- C++ -*-===//

#ifndef RAC_TRANSFORMS_FLOAT8_H
#define RAC_TRANSFORMS_FLOAT8_H

#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace rac {

/// The largest number of f8E4M3FN.
inline constexpr float kMostFloat8 = 448;

/// The nearest of its numbers, to even between two.
float roundToFloat8(float value);

/// What 1.0 stands for in a tensor whose furthest value from zero is `most`:
/// that becomes 448. 1 where it is zero, or too small.
float float8Scale(float most);

/// Of each channel, which is dimension `axis` of `shape`.
std::vector<float> float8Scales(llvm::ArrayRef<float> values,
                                llvm::ArrayRef<int64_t> shape, unsigned axis);

} // namespace rac

#endif // RAC_TRANSFORMS_FLOAT8_H
