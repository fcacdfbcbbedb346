//===- GpuReductions.cpp - Reductions become kernels ----------------------===//

#include "Rows/Collapse.h"
#include "Rows/ColumnKernel.h"
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
#define GEN_PASS_DEF_GPUREDUCTIONS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

/// Whether all that is done with elements is one reduction of so few rows that
/// several blocks had better share one.
static bool isLeftToBlocks(const nvptx::RowProgram &program) {
  return llvm::all_of(program.ops, [&](linalg::LinalgOp op) {
    return !program.hasElements(op) || nvptx::ColumnKernel::isFewResults(op);
  });
}

namespace {
struct GpuReductionsPass : rac::impl::GpuReductionsBase<GpuReductionsPass> {
  void runOnOperation() override {
    numKernels += nvptx::createRowKernels(
        getOperation(), [](const nvptx::RowProgram &program) {
          return program.isContiguous() && !isLeftToBlocks(program);
        });
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() > 0 && op.hasPureBufferSemantics() &&
          nvptx::isHosts(op))
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      if (!nvptx::ColumnKernel::matches(op)) {
        ++numLeft;
        continue;
      }
      if (auto generic = dyn_cast<linalg::GenericOp>(*op))
        op = cast<linalg::LinalgOp>(*nvptx::collapseLoops(
            generic, utils::IteratorType::reduction, rewriter));
      nvptx::ColumnKernel(op).create();
      ++numKernels;
    }
  }
};
} // namespace
