//===- GpuTiles.cpp - Loops over tiles, for blocks of threads -------------===//

#include "RowChains.h"
#include "Untile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUTILES
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

/// Whether a program does more with its rows than to reduce them once, which
/// one kernel then reads once.
static bool isWorthwhile(const nvptx::RowProgram &program) {
  return llvm::none_of(program.ops, nvptx::isContraction) &&
         llvm::count_if(program.ops, [&](linalg::LinalgOp op) {
           return program.hasElements(op);
         }) > 1;
}

/// Copies are ops like others here, those of a buffer onto itself none at all.
static void simplifyCopies(scf::ForallOp forall) {
  SmallVector<memref::CopyOp> copies;
  forall.walk([&](memref::CopyOp copy) { copies.push_back(copy); });
  for (memref::CopyOp copy : copies) {
    OpBuilder builder(copy);
    if (copy.getSource() != copy.getTarget())
      linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
    copy.erase();
  }
}

namespace {
struct GpuTilesPass : rac::impl::GpuTilesBase<GpuTilesPass> {
  void runOnOperation() override {
    SmallVector<scf::ForallOp> foralls;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ForallOp forall) {
      foralls.push_back(forall);
      return WalkResult::skip();
    });
    for (scf::ForallOp forall : foralls) {
      simplifyCopies(forall);
      std::string why;
      if (succeeded(nvptx::untile(forall, why)))
        continue;
      forall.emitRemark("stays a loop over tiles: it ") << why;
      ++numLeft;
    }
    numKernels += nvptx::createRowKernels(getOperation(), isWorthwhile);
  }
};
} // namespace
