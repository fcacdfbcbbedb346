//===- Bulk.h - The copy unit, and barriers that count bytes ----*- C++ -*-===//

#ifndef RAC_RUNTIME_SIMULATOR_BULK_H
#define RAC_RUNTIME_SIMULATOR_BULK_H

#include <cstdint>
#include <vector>

namespace rac::simulator {

class Block;
struct Thread;

/// What cuTensorMapEncodeTiled writes into the 128 bytes of a CUtensorMap. Of
/// dimensions the fastest comes first.
struct TensorMap {
  static constexpr int kMostDims = 5;

  uint64_t mark; ///< kMark: it is one
  const char *base;
  uint64_t sizes[kMostDims];
  uint64_t strides[kMostDims - 1]; ///< of all dimensions but the first, B
  uint32_t box[kMostDims];
  uint32_t rank, elementBytes;

  static constexpr uint64_t kMark = 0x7261632E746D6170;
};
static_assert(sizeof(TensorMap) <= 128, "a CUtensorMap has no more");

/// Bytes of a line of a box in shared memory, whose 16-byte parts are in
/// another order in each of eight lines.
constexpr uint64_t kBoxLine = 128;

/// A box that the copy unit was asked for and has not copied.
struct BulkCopy {
  TensorMap map;
  int32_t from[TensorMap::kMostDims];
  char *target;
  const Block *issuer; ///< who asked

  uint64_t bytes() const;
};

/// A barrier in shared memory that counts threads and bytes: PTX ISA,
/// "mbarrier".
struct ByteBarrier {
  char *address;
  int32_t threads; ///< that a phase waits for
  int32_t pending; ///< of them, in the present one
  int64_t bytes;   ///< that it waits for; below 0: copied before they were
                   ///< expected
  uint32_t phase;
  int32_t maker, makerFences; ///< who made it, and its fences until then
  std::vector<BulkCopy> copies;
  std::vector<Thread *> waiting;
};

} // namespace rac::simulator

#endif // RAC_RUNTIME_SIMULATOR_BULK_H
