//===- Rounding.h - Weights as narrower types hold them ---------*- C++ -*-===//

#ifndef RAC_PRECISION_ROUNDING_H
#define RAC_PRECISION_ROUNDING_H

#include "rac/Transforms/Probe.h"
#include "llvm/ADT/StringRef.h"

namespace rac {

/// How a group computes. `half` is bf16 or f16, `float8` f8E4M3FN.
enum class GroupType { f32, half, steps, float8, weights8, weights4 };

/// Terms of a sum that share a scale, where weights alone are narrow.
inline constexpr int64_t kWeightGroup = 32;

/// To the nearest value of 16 bits and back, ties to even.
float roundToBf16(float value);
float roundToF16(float value);

/// Whether weights can be held in a type; if not, why.
llvm::StringRef cannotHold(const ProbeWeights &weights, GroupType type);

/// The values that weights have once `type` holds them. `termSteps`: the first
/// operand's in 8 bits, where its channels have their own; weights are then
/// rounded after they were multiplied by these.
std::vector<float> roundWeights(const ProbeWeights &weights, GroupType type,
                                bool halfIsBf16,
                                llvm::ArrayRef<double> termSteps = {});

} // namespace rac

#endif // RAC_PRECISION_ROUNDING_H
