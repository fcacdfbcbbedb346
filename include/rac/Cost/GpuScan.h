//===- GpuScan.h - How threads of a GPU share running sums ------*- C++ -*-===//

#ifndef RAC_COST_GPUSCAN_H
#define RAC_COST_GPUSCAN_H

#include <cstdint>
#include <optional>

namespace rac {

/// A block of a kernel that makes running sums: `lanes` of a warp are along a
/// row's elements, so many for each of `rows`, and all that again for each of
/// `parts`, which have later elements of the same rows. It goes over rows in
/// tiles.
struct GpuScan {
  /// Elements that a thread has of a tile: enough loads on their way.
  static constexpr int64_t kElements = 4;
  /// Blocks that fill a large chip: 8 on each of 128 multiprocessors.
  static constexpr int64_t kManyBlocks = 8 * 128;
  /// Tiles of a row up to which, and segments below which, another kernel takes
  /// longer than it saves.
  static constexpr int64_t kFewTiles = 4, kLeastSegments = 4;

  /// For so many rows of such a length, if these are known. Neighbours in
  /// memory are of one row or, otherwise, of neighbouring rows.
  static GpuScan choose(std::optional<int64_t> rows,
                        std::optional<int64_t> length, bool neighboursAreRows);

  int64_t lanes = 1, rows = 1, parts = 1;

  int64_t threads() const { return lanes * rows * parts; }
  /// Elements of a row that a block has at once.
  int64_t tile() const { return lanes * parts * kElements; }
  /// In how many segments of whole tiles blocks share a row of `tiles`, where
  /// `blocks` have all rows: as many as there are blocks to be busy, and no
  /// more than the threads of a row look at together.
  int64_t segments(int64_t blocks, int64_t tiles) const;
};

} // namespace rac

#endif // RAC_COST_GPUSCAN_H
