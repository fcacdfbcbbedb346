//===- GpuAttention.cpp - Attention becomes one kernel --------------------===//

#include "Attention/Attention.h"
#include "Gemm/Tile.h"
#include "Rows/RowChains.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "rac-gpu-attention"

namespace rac {
#define GEN_PASS_DEF_GPUATTENTION
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {
struct GpuAttentionPass : rac::impl::GpuAttentionBase<GpuAttentionPass> {
  using GpuAttentionBase::GpuAttentionBase;

  std::optional<attention::WarpgroupTile> plannedTile() {
    auto plan = getOperation()->getAttrOfType<PlanAttr>("rac.plan");
    std::optional<GpuBlock> block = plan ? blockOf(plan) : std::nullopt;
    if (!block)
      return std::nullopt;
    return attention::WarpgroupTile{block->rows, block->columns, block->stages};
  }

  void runOnOperation() override {
    gemm::TileLimits limits =
        gemm::limitsOf(getOperation()->getParentOfType<ModuleOp>(), chip);
    for (ArrayRef<linalg::LinalgOp> run : nvptx::findRuns(getOperation()))
      while (!run.empty()) {
        linalg::LinalgOp first = run.front();
        std::string why;
        auto found = first.getNumReductionLoops() > 0
                         ? attention::matchAttention(run, why)
                         : std::nullopt;
        if (!found) {
          LLVM_DEBUG(if (!why.empty()) llvm::dbgs()
                     << "left: " << first.getLoc() << " " << why << "\n");
          run = run.drop_front();
          continue;
        }
        while (run.front() != found->last())
          run = run.drop_front();
        run = run.drop_front();
        attention::emitAttention(*found, limits, plannedTile());
        ++numKernels;
      }
  }
};
} // namespace
