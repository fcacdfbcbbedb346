//===- ChannelScales.cpp - Scales of constants in 8 bits ------------------===//

#include "rac/Transforms/ChannelScales.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace rac;

float rac::scaleOf(float most, float largest) {
  float scale = most / largest;
  bool isNormal =
      scale >= std::numeric_limits<float>::min() && std::isfinite(scale);
  return isNormal ? scale : 1;
}

std::vector<float> rac::scalesByChannel(llvm::ArrayRef<float> values,
                                        llvm::ArrayRef<int64_t> shape,
                                        unsigned axis, float largest) {
  int64_t channels = shape[axis],
          inner = llvm::product_of(shape.drop_front(axis + 1));
  std::vector<float> scales(channels, 0);
  for (auto [i, value] : llvm::enumerate(values)) {
    float &most = scales[i / inner % channels];
    most = std::max(most, std::fabs(value));
  }
  for (float &scale : scales)
    scale = scaleOf(scale, largest);
  return scales;
}
