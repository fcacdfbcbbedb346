//===- ChannelScales.h - Scales of constants in 8 bits ----------*- C++ -*-===//

#ifndef RAC_TRANSFORMS_CHANNELSCALES_H
#define RAC_TRANSFORMS_CHANNELSCALES_H

#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace rac {

/// What 1 stands for where the value furthest from zero, `most`, becomes
/// `largest`. 1 where that is zero, or too small.
float scaleOf(float most, float largest);

/// Of each channel, which is dimension `axis` of `shape`.
std::vector<float> scalesByChannel(llvm::ArrayRef<float> values,
                                   llvm::ArrayRef<int64_t> shape, unsigned axis,
                                   float largest);

} // namespace rac

#endif // RAC_TRANSFORMS_CHANNELSCALES_H
