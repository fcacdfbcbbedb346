//===- TensorMap.cpp - What the copy unit knows of arrays -----------------===//

#include "Bulk.h"
#include "Driver.h"

#include <algorithm>
#include <cstring>
#include <iterator>

using namespace rac::simulator;

namespace {

/// Of cuda.h, as the driver's documentation of cuTensorMapEncodeTiled limits
/// them.
constexpr uintptr_t kMapAlign = 64, kBaseAlign = 16;
constexpr unsigned long long kStrideAlign = 16, kMostStride = 1ull << 40,
                             kMostSize = 1ull << 32;
constexpr unsigned kMostBox = 256;
enum : int { kNoInterleave = 0, kSwizzle128 = 3, kZeros = 0 };

/// Bytes of an element, by its type's number in cuda.h; 0: not simulated.
unsigned bytesOf(int type) {
  constexpr unsigned bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2};
  return type >= 0 && type < int(std::size(bytes)) ? bytes[type] : 0;
}

/// Empty, or what the driver refuses, or the simulator doesn't know.
std::string problemOf(const TensorMap &map, const unsigned *steps) {
  if (reinterpret_cast<uintptr_t>(map.base) % kBaseAlign)
    return "an array that isn't aligned to 16 bytes";
  uint64_t last = map.elementBytes;
  for (uint32_t i = 0; i < map.rank; ++i) {
    if (map.sizes[i] < 1 || map.sizes[i] > kMostSize)
      return "a dimension of " + std::to_string(map.sizes[i]);
    if (map.box[i] < 1 || map.box[i] > kMostBox || steps[i] != 1)
      return "a side of a box of " + std::to_string(map.box[i]);
    uint64_t stride = i ? map.strides[i - 1] : map.elementBytes;
    if (i && (stride % kStrideAlign || stride >= kMostStride))
      return "a stride of " + std::to_string(stride) + " bytes";
    last += (map.sizes[i] - 1) * stride;
  }
  if (map.box[0] * map.elementBytes != kBoxLine)
    return "boxes whose lines have no 128 bytes";
  return isDeviceMemory(reinterpret_cast<CUdeviceptr>(map.base), last)
             ? ""
             : "an array that is not all in the device's memory";
}

} // namespace

RAC_CUDA_API CUresult cuTensorMapEncodeTiled(
    void *target, int type, unsigned rank, void *base,
    const unsigned long long *sizes, const unsigned long long *strides,
    const unsigned *box, const unsigned *steps, int interleave, int swizzle,
    int /*promotion*/, int outside) {
  auto refuse = [](const std::string &why) {
    return because(CUDA_ERROR_INVALID_VALUE, "a tensor map of " + why);
  };
  if (reinterpret_cast<uintptr_t>(target) % kMapAlign)
    return refuse("memory that isn't aligned to 64 bytes");
  if (rank < 1 || rank > TensorMap::kMostDims)
    return refuse(std::to_string(rank) + " dimensions");
  if (interleave != kNoInterleave || swizzle != kSwizzle128 ||
      outside != kZeros || !bytesOf(type))
    return refuse("a kind that is not simulated");
  TensorMap map = {};
  map.mark = TensorMap::kMark;
  map.base = static_cast<const char *>(base);
  map.rank = rank;
  map.elementBytes = bytesOf(type);
  std::copy_n(sizes, rank, map.sizes);
  std::copy_n(strides, rank - 1, map.strides);
  std::copy_n(box, rank, map.box);
  std::string problem = problemOf(map, steps);
  if (!problem.empty())
    return refuse(problem);
  memcpy(target, &map, sizeof(map));
  return CUDA_SUCCESS;
}
