//===- GpuBlock.h - How a GPU's block computes its part of a sum of products =//
//
// A contraction seen as a matrix product is cut into tiles of rows x columns of
// the result, one for each block, and its sums into `split` parts. A block
// keeps `stages` steps of `depth` terms of its two operands in shared memory.
// Its warps have tiles of warpRows x warpColumns side by side, and of each as
// many warps as there are slices of a step.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_GPUBLOCK_H
#define RAC_COST_GPUBLOCK_H

#include "rac/Cost/ContractionShape.h"
#include "rac/Cost/Device.h"
#include <map>

namespace rac {

struct GpuBlock {
  int64_t rows = 64, columns = 64, depth = 32;
  int64_t warpRows = 32, warpColumns = 32, slices = 1;
  int64_t stages = 2, split = 1;
  /// Blocks that share the steps of all tiles evenly, whatever tiles these are
  /// of (stream-K: Osama et al., "Stream-K: Work-centric parallel decomposition
  /// for dense matrix-matrix multiplication on the GPU", PPoPP 2023); 0: a
  /// block has a tile, or a part of its steps.
  int64_t workers = 0;
  /// Of parts, the block that ends last adds up those of its tile; false: a
  /// second kernel does.
  bool inLaunch = false;
  /// Blocks of a cluster, along rows and columns: those of a row share the left
  /// operand, those of a column the right one, and each brings a part of what
  /// is shared to all of them.
  int64_t clusterRows = 1, clusterColumns = 1;
  /// Groups of four warps multiply 64 rows by all columns, straight from shared
  /// memory (wgmma in PTX).
  bool warpgroups = false;

  int64_t down() const { return rows / warpRows; }         ///< warps
  int64_t across() const { return columns / warpColumns; } ///< warps
  int64_t warps() const { return down() * across() * slices; }
  int64_t cluster() const { return clusterRows * clusterColumns; } ///< blocks
  bool hasParts() const { return split > 1 || workers > 0; }
};

/// The device's unit for groups of four warps, by its name; null: it has none.
const ComputeUnit *warpgroupUnit(const Device &device);

/// What a block takes of its multiprocessor.
struct GpuNeeds {
  double warps = 0;
  double registers = 0; ///< of a thread, of 32 bits
  double sharedBytes = 0;
};
/// What limits the blocks on a multiprocessor. What the device's file lacks is
/// the least that a GPU from compute capability 8.0 on has.
struct GpuRoom {
  double warpSize, warps, blocks, threadsPerBlock, registers,
      registersPerThread, sharedBytes, sharedBytesPerBlock;
  explicit GpuRoom(const Device &device);
};
/// Blocks that a multiprocessor runs at once; 0: none fits.
double residentBlocks(const GpuNeeds &needs, const GpuRoom &room);

/// The type that tensor cores multiply in for operands of `type`, and how many
/// products make up one: f32 is split in two parts of tf32 each, of which three
/// products count (3xTF32: Ootomo and Yokota, "Recovering single precision
/// accuracy from Tensor Cores while surpassing the FP32 theoretical peak
/// performance", 2022). None: they don't multiply it.
struct TensorForm {
  DataType type;
  int passes;
  /// That an operand is split in.
  int parts() const { return passes > 1 ? 2 : 1; }
};
std::optional<TensorForm> tensorForm(DataType type);

/// Whether a block has the shape of those that warp groups compute: its warps
/// have 16 rows each and all columns, and a step is a line of 128 B.
bool fitsWarpgroups(const GpuBlock &block, const TensorForm &form);

/// `elementBytes`: of an operand.
GpuNeeds needsOf(const GpuBlock &block, double elementBytes,
                 const TensorForm &form);

/// Blocks that lowering makes and the device runs, for one such contraction;
/// none for a type that no tensor cores multiply.
llvm::SmallVector<GpuBlock> gpuBlocks(const ContractionShape &shape,
                                      double elementBytes,
                                      const TensorForm &form,
                                      const Device &device);

/// The quickest blocks on one device for what has been asked for: by sizes and
/// types.
using GpuBlockCache =
    std::map<std::vector<double>, llvm::SmallVector<GpuBlock>>;

/// What a plan says of a contraction's block on a GPU; none: nothing.
std::optional<GpuBlock> blockOf(PlanAttr plan);
/// The plan with that block and no cost, for a result of `rank` dimensions.
PlanAttr withBlock(PlanAttr plan, const GpuBlock &block, int64_t rank);
/// Such a plan for a result of `rank` dimensions.
PlanAttr planOf(const GpuBlock &block, mlir::Type precision, int64_t rank);

} // namespace rac

#endif // RAC_COST_GPUBLOCK_H
