//===- GpuContractions.cpp - Matrix products and convolutions to kernels --===//

#include "Gemm/Feed.h"
#include "Gemm/Kernel.h"
#include "Gemm/Loader.h"
#include "Gemm/Stage.h"
#include "Gemm/VectorKernel.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"
#include "llvm/Support/Debug.h"

#define DEBUG_TYPE "rac-gpu-contractions"

namespace rac {
#define GEN_PASS_DEF_GPUCONTRACTIONS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct GpuContractionsPass
    : rac::impl::GpuContractionsBase<GpuContractionsPass> {
  using GpuContractionsBase::GpuContractionsBase;

  void runOnOperation() override {
    gemm::TileLimits limits =
        gemm::limitsOf(getOperation()->getParentOfType<ModuleOp>(), chip);
    if (plan() && !plan().getCluster().empty() && !limits.warpgroups) {
      getOperation().emitError("plan has a cluster of blocks, which ")
          << (chip.empty() ? "this chip" : chip.getValue()) << " doesn't have";
      return signalPassFailure();
    }
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      // Others are in kernels, or in loops over tiles that will be.
      if (op.getNumReductionLoops() != 0 &&
          !op->getParentOfType<gpu::LaunchOp>() &&
          !op->getParentOfType<scf::ParallelOp>() &&
          !op->getParentOfType<scf::ForallOp>())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      std::string why;
      FailureOr<gemm::Contraction> contraction =
          gemm::matchContraction(op, why);
      if (failed(contraction)) {
        LLVM_DEBUG(llvm::dbgs()
                   << "left: " << op.getLoc() << " " << why << "\n");
        ++numLeft;
        continue;
      }
      emit(*contraction, limits);
      ++numKernels;
    }
  }

  PlanAttr plan() {
    return getOperation()->getAttrOfType<PlanAttr>("rac.plan");
  }

  void emit(const gemm::Contraction &contraction,
            const gemm::TileLimits &limits) {
    linalg::LinalgOp op = contraction.op;
    OpBuilder builder(op);
    if (contraction.epilogue)
      builder.setInsertionPoint(contraction.epilogue->op);
    gemm::Emit e{builder, op.getLoc()};
    SmallVector<gemm::Index> extents;
    for (Range range : op.createLoopRanges(builder, op.getLoc()))
      extents.push_back(range.size);
    SmallVector<nvptx::Padding> unread;
    if (auto product = gemm::asVectorProduct(contraction)) {
      gemm::emitVectorProduct(e, *product, extents, limits);
    } else {
      bool tf32 = plan() && plan().getPrecision().isTF32();
      gemm::Atom atom(
          gemm::chooseUnit(contraction, tf32, gemm::hasFloat8(chip)),
          contraction);
      emitProduct(e, contraction, atom, extents, limits);
      unread = contraction.paddings;
    }

    for (nvptx::Padding &padding : unread)
      padding.erase();
    Value temporary = contraction.result();
    if (contraction.epilogue)
      contraction.epilogue->op->erase();
    op->erase();
    if (contraction.fill)
      linalg::FillOp(contraction.fill)->erase();
    auto alloc = temporary.getDefiningOp<memref::AllocOp>();
    if (alloc && alloc->use_empty())
      alloc->erase();
  }

  /// Where only the run knows how many blocks the planned tile makes, it takes
  /// another if they would leave multiprocessors idle.
  void emitProduct(gemm::Emit &e, const gemm::Contraction &contraction,
                   const gemm::Atom &atom, ArrayRef<gemm::Index> extents,
                   const gemm::TileLimits &limits) {
    gemm::TileProblem problem = describe(e, contraction, atom, extents);
    gemm::Tile few = gemm::chooseGpuTile(problem, limits, atom), many = few;
    if (std::optional<GpuBlock> block = plan() ? blockOf(plan()) : std::nullopt)
      if (auto tile = gemm::plannedTile(*block, problem, limits, atom))
        many = tile->cluster() > 1
                   ? withPossibleCluster(e, contraction, atom, *tile, extents)
                   : *tile;
    if (limits.warpgroups && !many.warpgroups)
      LLVM_DEBUG(llvm::dbgs()
                 << "by single warps: " << e.loc << " "
                 << (!atom.inGroups()  ? "has operands that warp "
                                         "groups don't multiply"
                     : problem.aligned ? "is planned so"
                                       : "is not read 16 bytes at once as warp "
                                         "groups have it")
                 << "\n");
    if ((problem.rows && problem.columns && problem.batch) || many == few)
      return gemm::emitProduct(e, contraction, atom, many, extents);
    auto tilesOf = [&](ArrayRef<unsigned> loops, int64_t size) {
      return e.ceilDiv(gemm::sizeOf(e, loops, extents), e.number(size));
    };
    gemm::Index blocks =
        e.mul(e.mul(tilesOf(contraction.rows, many.rows),
                    tilesOf(contraction.columns, many.columns)),
              e.mul(gemm::sizeOf(e, contraction.batch, extents),
                    e.number(many.splits)));
    Value idle = e.less(blocks, e.number(limits.processors));
    auto choice = scf::IfOp::create(e.b, e.loc, idle, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard restore(e.b);
    e.b.setInsertionPointToStart(choice.thenBlock());
    gemm::emitProduct(e, contraction, atom, few, extents);
    e.b.setInsertionPointToStart(choice.elseBlock());
    gemm::emitProduct(e, contraction, atom, many, extents);
  }

  /// Blocks of a cluster bring each other what the copy unit can bring; where
  /// threads copy, each block has its own.
  gemm::Tile withPossibleCluster(gemm::Emit &e,
                                 const gemm::Contraction &contraction,
                                 const gemm::Atom &atom, gemm::Tile tile,
                                 ArrayRef<gemm::Index> extents) {
    auto tiles = [&](OpOperand *operand, ArrayRef<unsigned> loops,
                     int64_t outer) {
      return gemm::Operand(e, operand, contraction, loops, extents, atom, outer,
                           tile.depth, tile.warpgroups);
    };
    if (!gemm::isBulk(tiles(contraction.a, contraction.rows, tile.rows),
                      tiles(contraction.b, contraction.columns, tile.columns)))
      tile.clusterRows = tile.clusterColumns = 1;
    return tile;
  }

  gemm::TileProblem describe(gemm::Emit &e,
                             const gemm::Contraction &contraction,
                             const gemm::Atom &atom,
                             ArrayRef<gemm::Index> extents) {
    auto sizeOf = [&](ArrayRef<unsigned> loops) {
      std::optional<int64_t> size = 1;
      for (unsigned loop : loops) {
        std::optional<int64_t> extent = gemm::known(extents[loop]);
        size = size && extent ? std::optional(*size * *extent) : std::nullopt;
      }
      return size;
    };
    auto bytesOf = [](OpOperand *operand) {
      return rac::bytesOf(getElementTypeOrSelf(operand->get().getType()));
    };
    // Tiles of any size tell whether 16 bytes lie together.
    auto isAligned = [&](OpOperand *operand, ArrayRef<unsigned> loops) {
      constexpr int64_t together = 16, any = 64;
      gemm::Operand tiles(e, operand, contraction, loops, extents, atom, any,
                          any, /*swizzled=*/false);
      return tiles.vector * tiles.bytes == together;
    };
    return {sizeOf(contraction.rows),
            sizeOf(contraction.columns),
            sizeOf(contraction.depth),
            sizeOf(contraction.batch),
            std::max(bytesOf(contraction.a), bytesOf(contraction.b)),
            rac::bytesOf(atom.accumulator),
            isAligned(contraction.a, contraction.rows) &&
                isAligned(contraction.b, contraction.columns)};
  }
};

} // namespace
