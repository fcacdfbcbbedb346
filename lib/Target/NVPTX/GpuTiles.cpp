//===- GpuTiles.cpp - What works on the same rows is one kernel -----------===//

#include "Rows/RowChains.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
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

namespace {
struct GpuTilesPass : rac::impl::GpuTilesBase<GpuTilesPass> {
  void runOnOperation() override {
    numKernels += nvptx::createRowKernels(getOperation(), isWorthwhile);
  }
};
} // namespace
