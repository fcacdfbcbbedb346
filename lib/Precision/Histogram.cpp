//===- Histogram.cpp - How often values occur -----------------------------===//

#include "rac/Precision/Ranges.h"
#include <algorithm>
#include <cmath>

using namespace rac;

/// Makes bins reach beyond `magnitude`.
void Histogram::widen(float magnitude) {
  if (magnitude < reach)
    return;
  int exponent;
  (void)std::frexp(magnitude, &exponent);
  double wanted = std::ldexp(1.0, exponent);
  if (reach == 0)
    reach = wanted;
  for (; reach < wanted; reach *= 2) {
    // Bin i of the old ones lies in bin i/2 of the middle half.
    std::vector<uint64_t> merged(kBins);
    for (unsigned i = 0; i < kBins; ++i)
      merged[kBins / 4 + i / 2] += counts[i];
    counts = std::move(merged);
  }
}

void Histogram::add(llvm::ArrayRef<float> values) {
  float magnitude = 0;
  bool any = numValues > 0;
  for (float value : values) {
    if (!std::isfinite(value)) {
      ++numOthers;
      continue;
    }
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
    ++numValues;
    magnitude = std::max(magnitude, std::fabs(value));
  }
  if (magnitude > 0)
    widen(magnitude);
  double perBin = reach > 0 ? kBins / (2 * reach) : 0;
  for (float value : values) {
    if (!std::isfinite(value))
      continue;
    if (value == 0)
      ++numZeros;
    else
      ++counts[std::min<unsigned>(kBins - 1, (value + reach) * perBin)];
  }
}
