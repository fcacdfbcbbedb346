//===- TensorMap.h - The driver's tensor maps -------------------*- C++ -*-===//

#ifndef RAC_TARGET_NVPTX_TENSORMAP_H
#define RAC_TARGET_NVPTX_TENSORMAP_H

#include <cstdint>

namespace rac {

/// Of a CUtensorMap, B (cuda.h).
constexpr int64_t kTensorMapBytes = 128, kTensorMapAlign = 64;

} // namespace rac

#endif // RAC_TARGET_NVPTX_TENSORMAP_H
