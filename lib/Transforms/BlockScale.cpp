//===- BlockScale.cpp - Scales of weights in few bits ---------------------===//

#include "rac/Transforms/BlockScale.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace rac;
using llvm::ArrayRef;

constexpr float kLow = -8, kHigh = 7, kMost = 127;

/// To nearest even: beside this number there are no fractions.
static float roundSmall(float value) {
  constexpr float noFractions = 0x1.8p23f;
  return value + noFractions - noFractions;
}

int rac::roundToStep(float value, float scale, bool nibbles) {
  float step = value / scale;
  return static_cast<int>(roundSmall(nibbles
                                         ? std::clamp(step, kLow, kHigh)
                                         : std::clamp(step, -kMost, kMost)));
}

/// Whether quotients by it are numbers.
static bool isScale(float scale) { return std::isnormal(scale); }

/// The square error with a scale, and the scale that would have been best for
/// the same steps.
static std::pair<double, float> tryScale(ArrayRef<float> values, float scale) {
  double error = 0, products = 0, squares = 0;
  for (float value : values) {
    double step = roundSmall(std::clamp(value / scale, kLow, kHigh));
    double apart = value - step * scale;
    error += apart * apart;
    products += value * step;
    squares += step * step;
  }
  return {error, squares > 0 ? float(products / squares) : scale};
}

float rac::chooseBlockScale(ArrayRef<float> values, bool nibbles) {
  float furthest = 0;
  for (float value : values)
    if (std::fabs(value) > std::fabs(furthest))
      furthest = value;
  float plain = nibbles ? furthest / kLow : std::fabs(furthest) / kMost;
  if (!isScale(plain))
    return 1;
  if (!nibbles)
    return plain;
  // Of normally distributed values the best is within these of either end.
  constexpr float kShares[] = {1, 0.95f, 0.9f, 0.85f, 0.8f};
  float best = plain;
  double least = std::numeric_limits<double>::infinity();
  for (float end : {kLow, kHigh})
    for (float share : kShares) {
      float scale = furthest / end * share;
      for (int refined = 0; refined < 2 && isScale(scale); ++refined) {
        auto [error, next] = tryScale(values, scale);
        if (error < least) {
          least = error;
          best = scale;
        }
        scale = next;
      }
    }
  return best;
}
