//===- RowChains.cpp - Where a function works row by row ------------------===//

#include "RowChains.h"
#include "Neighbours.h"
#include "RowKernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

bool nvptx::isHosts(Operation *op) {
  return !op->getParentOfType<scf::ParallelOp>() &&
         !op->getParentOfType<scf::ForallOp>() &&
         !op->getParentOfType<gpu::LaunchOp>();
}

bool nvptx::isContraction(linalg::LinalgOp op) {
  SmallVector<unsigned> reductions, parallels;
  op.getReductionDims(reductions);
  op.getParallelDims(parallels);
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  unsigned factors = 0;
  bool reused = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    auto depends = [&](unsigned loop) { return map.isFunctionOfDim(loop); };
    if (!op.payloadUsesValueFromOperand(input) ||
        llvm::none_of(reductions, depends))
      continue;
    ++factors;
    reused |= llvm::any_of(parallels, [&](unsigned loop) {
      return extents[loop] != 1 && !depends(loop);
    });
  }
  return factors > 1 && reused;
}

static void addRuns(Block &block,
                    SmallVector<SmallVector<linalg::LinalgOp>> &runs) {
  runs.emplace_back();
  for (Operation &op : block) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
        linalgOp && linalgOp.hasPureBufferSemantics())
      runs.back().push_back(linalgOp);
    else if (!isQuiet(&op) && !runs.back().empty())
      runs.emplace_back();
  }
}

SmallVector<SmallVector<linalg::LinalgOp>>
nvptx::findRuns(func::FuncOp function) {
  SmallVector<SmallVector<linalg::LinalgOp>> runs;
  function.walk([&](Block *block) {
    Operation *parent = block->getParentOp();
    if (isHosts(parent) &&
        !isa<linalg::LinalgOp, scf::ParallelOp, scf::ForallOp, gpu::LaunchOp>(
            parent))
      addRuns(*block, runs);
  });
  return runs;
}

int64_t
nvptx::createRowKernels(func::FuncOp function,
                        llvm::function_ref<bool(const RowProgram &)> wanted) {
  int64_t made = 0;
  for (ArrayRef<linalg::LinalgOp> run : findRuns(function))
    while (!run.empty()) {
      size_t length = run.size();
      for (; length > 0; --length) {
        if (isa<linalg::FillOp>(run[length - 1])) // it is for what comes next
          continue;
        auto program = RowProgram::find(run.take_front(length));
        if (!program || !wanted(*program) || !RowKernel::matches(*program))
          continue;
        RowKernel(*program).create();
        ++made;
        break;
      }
      run = run.drop_front(std::max<size_t>(length, 1));
    }
  return made;
}
