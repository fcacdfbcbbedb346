//===- Tile.h - How large the tiles of a product are ------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_TILE_H
#define RAC_LIB_TARGET_NVPTX_GEMM_TILE_H

#include "Atom.h"
#include "mlir/IR/BuiltinOps.h"
#include "rac/Cost/GpuBlock.h"

namespace rac::gemm {

constexpr int64_t kWarp = 32;        ///< threads of a warp, on every NVIDIA GPU
constexpr int64_t kBarrierBytes = 8; ///< mbarrier in PTX

/// What a block of threads computes, and how its warps share that.
struct Tile {
  int64_t rows, columns, depth;  ///< of the tiles in shared memory
  int64_t warpRows, warpColumns; ///< warps side by side
  int64_t slices;                ///< warps that share a tile's depth
  int64_t stages;                ///< tiles of the operands on their way
  int64_t splits = 1;            ///< blocks that share the whole depth
  int64_t workers = 0; ///< blocks that share the steps of all tiles; 0: none do
  bool inLaunch = false; ///< the last block to end adds the parts of a tile up
  /// Four warps multiply at once, straight from shared memory: Warpgroup.h.
  bool warpgroups = false;
  /// Parts that threads bring their factors into first: SplitFactors.h.
  int64_t parts = 0;
  /// Blocks of a cluster, which bring operands to each other.
  int64_t clusterRows = 1, clusterColumns = 1;

  int64_t cluster() const { return clusterRows * clusterColumns; }
  int64_t warps() const { return warpRows * warpColumns * slices; }
  int64_t threads() const { return warps() * kWarp; }
  bool operator==(const Tile &other) const {
    return rows == other.rows && columns == other.columns &&
           depth == other.depth && warpRows == other.warpRows &&
           warpColumns == other.warpColumns && slices == other.slices &&
           stages == other.stages && splits == other.splits &&
           workers == other.workers && inLaunch == other.inLaunch &&
           warpgroups == other.warpgroups && parts == other.parts &&
           clusterRows == other.clusterRows &&
           clusterColumns == other.clusterColumns;
  }
};

/// What the choice of tiles depends on; sizes may be unknown.
struct TileProblem {
  std::optional<int64_t> rows, columns, depth, batch;
  int64_t elementBytes, accumulatorBytes;
  bool aligned; ///< operands can be read 16 bytes at once
};

struct TileLimits {
  int64_t processors;  ///< multiprocessors of the device
  int64_t sharedBytes; ///< that a block may have
  bool warpgroups;     ///< there are products of four warps
};

/// Those of code for the chip, on the device that the module is planned for.
TileLimits limitsOf(mlir::ModuleOp module, llvm::StringRef chip);

/// Elements between lines of an operand's tile in shared memory, so that the
/// lanes that load together use different banks, and lines are aligned to 16
/// bytes.
int64_t pitchOf(int64_t inner, bool depthInner, int64_t elementBytes);

/// Bytes of shared memory that all stages of both operands take at most, and
/// the result on its way to memory.
int64_t sharedBytes(const Tile &tile, int64_t elementBytes,
                    int64_t accumulatorBytes);

/// Of a warp group's stage: one for its bytes, and in a cluster another for its
/// readers.
int64_t barrierBytes(const Tile &tile);

/// Where in shared memory the barriers of warp groups' stages are: behind all
/// else.
int64_t barriersAt(const Tile &tile, int64_t accumulatorBytes);

/// The tile of a plan, as far as it can be.
std::optional<Tile> plannedTile(const GpuBlock &block,
                                const TileProblem &problem,
                                const TileLimits &limits, const Atom &atom);

/// The tile that takes the least time by a plain model: what the busiest
/// multiprocessor computes, loads and waits for.
Tile chooseGpuTile(const TileProblem &problem, const TileLimits &limits,
                   const Atom &atom);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_TILE_H
