//===- WarpgroupKernel.h - The kernel where four warps multiply -*- C++ -*-===//
//
// Each group of four warps has 64 rows. Queries, and tiles of keys and values
// on their way, are in shared memory, from where tensor cores read them. While
// they add a tile's values up, and so before, warps compute the softmax of the
// next one's scores: J. Shah et al., "FlashAttention-3", 2024. The last columns
// come first, as only there some are none, or come after a row.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_TARGET_NVPTX_ATTENTION_WARPGROUPKERNEL_H
#define RAC_LIB_TARGET_NVPTX_ATTENTION_WARPGROUPKERNEL_H

#include "../Gemm/Tile.h"
#include "../Gemm/Wgmma.h"
#include "Kernel.h"

namespace rac::attention {

class WarpgroupKernel : Kernel {
public:
  /// The tile that a block has, the planned one if that is possible; none:
  /// warps multiply by themselves.
  static std::optional<WarpgroupTile>
  chooseTile(const Attention &attention, const gemm::TileLimits &limits,
             std::optional<WarpgroupTile> planned);

  WarpgroupKernel(mlir::OpBuilder &builder, const Attention &attention,
                  const WarpgroupTile &tile);
  void create();

private:
  /// Of each of a lane's two rows the largest score, the lane's part of the
  /// sum, and what the output so far is to be multiplied with; the lane's part
  /// of the output, which products may be changing, and of the last tile's
  /// weights.
  struct State {
    nvptx::Values largest, sum, factors, output, weights;
    nvptx::Values flat() const;
  };
  State stateFrom(mlir::ValueRange values) const;

  void layOut();
  void copyTile(mlir::linalg::LinalgOp op, mlir::OpOperand &operand,
                nvptx::Values position, unsigned lineLoop, unsigned elementLoop,
                gemm::Index first, mlir::Value end, int64_t lines,
                int64_t elements, gemm::Index start);
  void copyQueries();
  void copyKeys(gemm::Index number, bool last);
  void copyValues(gemm::Index number, bool last);
  void awaitCopies(int64_t groupsLeft);
  gemm::Index columnOf(gemm::Index number);
  mlir::Value descriptorOf(gemm::Index bytes, int64_t leading);
  mlir::Value multiplyScores(gemm::Index number);
  void awaitProducts(State &state);
  mlir::Value multiplyValues(State &state, gemm::Index number,
                             llvm::function_ref<void()> before);
  void finishScores(nvptx::Values &scores, gemm::Index first, bool last);
  void addSoftmax(State &state, nvptx::Values scores, bool isFirst);
  nvptx::Values pack(mlir::ValueRange weights);
  State begin();
  State next(State state, gemm::Index number, bool isMasked);
  State repeat(const State &state, gemm::Index from, gemm::Index to,
               bool isMasked);
  void finish(State state);

  static int64_t lineBlocks(int64_t elements);
  static int64_t sharedBytes(const Attention &attention,
                             const WarpgroupTile &tile);

  WarpgroupTile tile;
  int64_t queryBytes, keyBytes, valueBytes; ///< of a tile

  // In the kernel:
  mlir::Value shared;          ///< from where tiles are
  gemm::Index sharedBegin;     ///< its address
  gemm::Index count;           ///< of tiles of columns
  mlir::Value queryDescriptor; ///< of the warp group's rows
};

} // namespace rac::attention

#endif // RAC_LIB_TARGET_NVPTX_ATTENTION_WARPGROUPKERNEL_H
