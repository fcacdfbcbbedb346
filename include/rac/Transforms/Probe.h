//===- Probe.h - A model whose groups' types are inputs ---------*- C++ -*-===//
//
// What rac-probe-precision made of a planned model: which inputs say in what
// type a group computes. Numbers of inputs and outputs are those of the probe.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_TRANSFORMS_PROBE_H
#define RAC_TRANSFORMS_PROBE_H

#include "rac/Transforms/WeightTerms.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rac {

/// What a stage does with a tensor, as the number its input `kind` holds.
enum class Rounding { none = 0, half = 1, steps = 2, float8 = 3 };

/// Rounds a tensor on its way into a group.
struct ProbeStage {
  unsigned tensor; ///< which; stages of several groups have the same
  unsigned kind;   ///< input: a Rounding
  /// Inputs: steps of 8 bits; of a stage that knows none, absent.
  std::optional<unsigned> scale, zero;
  /// Of the tensor's last dimension, `channelDim`, where each may have a scale
  /// of its own; `scale` then has as many. 0: one scale for all.
  int64_t channels = 0;
  int32_t channelDim = 0;
};

/// Constants that a main op multiplies: an input of the probe.
struct ProbeWeights {
  unsigned input;
  llvm::ArrayRef<float> values;
  llvm::SmallVector<int64_t> shape;
  /// The dimension of the result's channels, and that of the first operand's,
  /// which are summed over; of those of one of `convGroups`.
  std::optional<unsigned> channels, terms;
  int64_t convGroups = 1;
  bool finite = true; ///< all of them

  /// Of weights that have both dimensions.
  WeightTerms where() const { return {*channels, *terms, convGroups}; }
};

struct ProbeGroup {
  std::string name;
  bool multiplies = false;      ///< it has a main op
  bool multipliesOften = false; ///< several
  llvm::SmallVector<unsigned> stages;
  std::optional<unsigned> activation; ///< stage of the main op's first operand
  /// Its second operand and its first, where they are constant.
  std::optional<unsigned> weights, otherWeights;
  std::string notInSteps; ///< why it cannot multiply in 8 bits; empty: it can
  std::string notAtAll;   ///< why its type cannot be chosen; empty: it can
};

struct Probe {
  std::vector<ProbeGroup> groups; ///< all of the plan, in its order
  std::vector<ProbeStage> stages;
  std::vector<ProbeWeights> weights;
  /// Of a tensor: the output that gives it as it was before rounding, where
  /// some group could round it to steps.
  std::vector<std::optional<unsigned>> observed;
  unsigned numInputs = 0, numOutputs = 0; ///< the model's own, which come first
};

} // namespace rac

#endif // RAC_TRANSFORMS_PROBE_H
