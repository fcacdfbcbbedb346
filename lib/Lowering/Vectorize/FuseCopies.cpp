//===- FuseCopies.cpp - Parts of a buffer written together ----------------===//

#include "FuseCopies.h"
#include "Epilogue.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

namespace {

/// What a loop that only copies reads and writes, whole buffers.
struct Copies {
  llvm::SmallPtrSet<Value, 4> read, written;
};

} // namespace

static std::optional<Copies> copiesOf(scf::ParallelOp loop) {
  if (loop.getNumReductions() != 0)
    return std::nullopt;
  Copies copies;
  WalkResult walked = loop.getBody()->walk([&](Operation *op) {
    bool isLoad = isa<memref::LoadOp, vector::LoadOp, vector::MaskedLoadOp>(op);
    if (isLoad && op->use_empty())
      return WalkResult::advance(); // goes with the next clean-up
    if (isLoad) {
      copies.read.insert(baseOf(op->getOperand(0)));
    } else if (auto store = dyn_cast<memref::StoreOp>(op)) {
      copies.written.insert(baseOf(store.getMemRef()));
    } else if (auto store = dyn_cast<vector::StoreOp>(op)) {
      copies.written.insert(baseOf(store.getBase()));
    } else if (auto store = dyn_cast<vector::MaskedStoreOp>(op)) {
      copies.written.insert(baseOf(store.getBase()));
    } else {
      bool computes = llvm::any_of(op->getResultTypes(), [](Type type) {
        return isa<FloatType>(getElementTypeOrSelf(type));
      });
      bool isQuiet =
          isa<scf::ForOp, scf::IfOp, scf::YieldOp, scf::ReduceOp>(op) ||
          (isMemoryEffectFree(op) &&
           (!computes || op->hasTrait<OpTrait::ConstantLike>()));
      if (!isQuiet)
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (walked.wasInterrupted() || copies.written.size() != 1)
    return std::nullopt;
  return copies;
}

static bool areAlike(ValueRange a, ValueRange b) {
  return isEqualConstantIntOrValueArray(getAsOpFoldResult(a),
                                        getAsOpFoldResult(b));
}

/// Whether `second` may run with `first`, which writes the same buffer.
static bool goTogether(scf::ParallelOp first, scf::ParallelOp second) {
  if (!areAlike(first.getLowerBound(), second.getLowerBound()) ||
      !areAlike(first.getUpperBound(), second.getUpperBound()) ||
      !areAlike(first.getStep(), second.getStep()))
    return false;
  std::optional<Copies> a = copiesOf(first), b = copiesOf(second);
  if (!a || !b || *a->written.begin() != *b->written.begin())
    return false;
  Value written = *a->written.begin();
  return !a->read.contains(written) && !b->read.contains(written);
}

/// The parallel loop after `loop`, with nothing but views between them.
static scf::ParallelOp nextLoop(scf::ParallelOp loop) {
  for (Operation *op = loop->getNextNode(); op; op = op->getNextNode()) {
    if (auto next = dyn_cast<scf::ParallelOp>(op))
      return next;
    if (!isMemoryEffectFree(op) || op->getNumRegions() != 0)
      return {};
  }
  return {};
}

int64_t rac::vectorize::fuseCopies(func::FuncOp function) {
  SmallVector<scf::ParallelOp> loops;
  function.walk([&](scf::ParallelOp loop) { loops.push_back(loop); });
  int64_t fused = 0;
  llvm::DenseSet<Operation *> gone;
  for (scf::ParallelOp loop : loops) {
    if (gone.contains(loop))
      continue;
    while (scf::ParallelOp next = nextLoop(loop)) {
      if (!goTogether(loop, next))
        break;
      // All that the second needs is there before it.
      IRMapping mapping;
      mapping.map(loop.getInductionVars(), next.getInductionVars());
      OpBuilder builder = OpBuilder::atBlockBegin(next.getBody());
      for (Operation &op : loop.getBody()->without_terminator())
        builder.clone(op, mapping);
      gone.insert(loop);
      loop.erase();
      loop = next;
      ++fused;
    }
  }
  return fused;
}
