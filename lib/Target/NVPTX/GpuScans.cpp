//===- GpuScans.cpp - Loops that carry a running sum become kernels -------===//

#include "Scan/ScanKernel.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUSCANS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {
struct GpuScansPass : rac::impl::GpuScansBase<GpuScansPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops) {
      FailureOr<nvptx::ScanLoop> scan = nvptx::ScanLoop::find(loop, rewriter);
      if (failed(scan))
        continue;
      numKernels += nvptx::ScanKernel(std::move(*scan)).create();
      ++numScans;
    }
  }
};
} // namespace
