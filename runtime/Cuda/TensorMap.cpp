//===- TensorMap.cpp - What the copy unit knows of arrays -----------------===//

#include "State.h"

#include "rac-c/DLPack.h"
#include <cstring>

namespace rac::runtime::cuda {

static constexpr int kMostDims = 5; // cuda.h

/// -1: copy units don't know it.
static int typeOf(int32_t code, int32_t bits) {
  if (bits == 8) // copied as it is
    return kMapUint8;
  if (bits == 16 && code == kDLFloat)
    return kMapFloat16;
  if (bits == 16 && code == kDLBfloat)
    return kMapBfloat16;
  return bits == 32 && code == kDLFloat ? kMapFloat32 : -1;
}

extern "C" void rac_tensor_map(RacContext *context, void *map, const void *base,
                               int32_t code, int32_t bits, int32_t rank,
                               const int64_t *sizes, const int64_t *strides,
                               const int64_t *box) {
  memset(map, 0, RAC_TENSOR_MAP_BYTES);
  // The driver counts dimensions from the fastest one on.
  unsigned long long size[kMostDims], stride[kMostDims];
  unsigned boxSize[kMostDims], step[kMostDims];
  int type = typeOf(code, bits);
  if (type < 0 || rank > kMostDims)
    fail(context, RAC_FAILED, "no tensor map has %d dimensions of %d bits",
         int(rank), int(bits));
  for (int i = 0; i < rank; ++i) {
    int from = rank - 1 - i;
    if (sizes[from] == 0)
      return;
    size[i] = static_cast<unsigned long long>(sizes[from]);
    boxSize[i] = unsigned(box[from]);
    step[i] = 1;
    if (i > 0)
      stride[i - 1] =
          static_cast<unsigned long long>(strides[from]) * unsigned(bits / 8);
  }
  if (!driver.tensorMapEncode)
    fail(context, RAC_UNSUPPORTED,
         "the driver has no cuTensorMapEncodeTiled: it is older than CUDA 12");
  check(context, "describing an array to the copy unit",
        driver.tensorMapEncode(map, type, unsigned(rank),
                               const_cast<void *>(base), size, stride, boxSize,
                               step, kNotInterleaved, kSwizzle128, kPromote256,
                               kZerosOutside));
}

} // namespace rac::runtime::cuda
