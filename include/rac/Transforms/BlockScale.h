//===- BlockScale.h - Scales of weights in few bits -------------*- C++ -*-===//

#ifndef RAC_TRANSFORMS_BLOCKSCALE_H
#define RAC_TRANSFORMS_BLOCKSCALE_H

#include "llvm/ADT/ArrayRef.h"

namespace rac {

/// A scale for finite values that share one. Of 8 bits the value furthest from
/// zero is 127 steps. Of 4 bits, -8 to 7, a few scales are tried, with which
/// that value is the last step of either side or beyond it, and the one with
/// the least square error is taken. 1 where there is nothing to scale.
float chooseBlockScale(llvm::ArrayRef<float> values, bool nibbles);

/// The step that a value becomes; held within the range.
int roundToStep(float value, float scale, bool nibbles);

} // namespace rac

#endif // RAC_TRANSFORMS_BLOCKSCALE_H
