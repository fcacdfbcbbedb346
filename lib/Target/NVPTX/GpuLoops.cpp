//===- GpuLoops.cpp - All that is left becomes kernels --------------------===//

#include "IndependentLoops.h"
#include "Launch.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/SequentialLoops.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPULOOPS
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// The largest buffer that each thread has its own of, B: it lies in local
/// memory, which is main memory.
constexpr int64_t kMostPrivateBytes = 4096;

bool isPrivate(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (!type.hasStaticShape() || !type.getElementType().isIntOrIndexOrFloat())
    return false;
  unsigned bits =
      type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  return type.getNumElements() * llvm::divideCeil(bits, 8) <= kMostPrivateBytes;
}

/// Whether one thread can do all of `op`: it computes, reads and writes.
bool isThreadWork(Operation *op) {
  if (isa<memref::LoadOp, memref::StoreOp, cf::AssertOp>(op))
    return true;
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    return isPrivate(alloc);
  if (isa<scf::ForOp, scf::WhileOp, scf::IfOp, scf::IndexSwitchOp,
          scf::ParallelOp>(op))
    return llvm::all_of(op->getRegions(), [](Region &region) {
      return llvm::all_of(region.getOps(), [](Operation &inner) {
        return isThreadWork(&inner);
      });
    });
  return isMemoryEffectFree(op) && op->getNumRegions() == 0;
}

bool touchesMemory(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isa<memref::LoadOp, memref::StoreOp>(inner)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Makes what is in a kernel what a thread can run.
void settle(gpu::LaunchOp launch) {
  SmallVector<scf::ParallelOp> loops;
  SmallVector<memref::AllocOp> allocs;
  launch.walk([&](scf::ParallelOp loop) { loops.push_back(loop); });
  for (scf::ParallelOp loop : loops)
    makeSequential(loop);
  launch.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  for (memref::AllocOp alloc : allocs) {
    // At the top, since one in a loop would take more with every iteration.
    OpBuilder top = OpBuilder::atBlockBegin(&launch.getBody().front());
    auto own = memref::AllocaOp::create(top, alloc.getLoc(), alloc.getType(),
                                        alloc.getAlignmentAttr());
    alloc.replaceAllUsesWith(own.getResult());
    alloc.erase();
  }
}

/// Deals with the code of the host, from the outside in.
class HostCode {
public:
  LogicalResult run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator()))
      if (failed(run(&op)))
        return failure();
    return success();
  }

  int64_t numParallel = 0, numSequential = 0;

private:
  LogicalResult run(Operation *op);
  void launchParallel(scf::ParallelOp loop);
  void launchOneThread(Operation *op);
  void read(memref::LoadOp load);
  LogicalResult keepOnHost(Operation *op);
};

LogicalResult HostCode::run(Operation *op) {
  if (isa<gpu::LaunchOp, func::CallOp>(op))
    return success();
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    read(load);
    return success();
  }
  if (isa<memref::StoreOp>(op)) {
    launchOneThread(op);
    return success();
  }
  if (auto loop = dyn_cast<scf::ParallelOp>(op)) {
    if (isThreadWork(loop)) {
      launchParallel(loop);
      return success();
    }
    Block *block = loop->getBlock();
    auto before = loop->getPrevNode();
    makeSequential(loop);
    Operation *nest = before ? before->getNextNode() : &block->front();
    return keepOnHost(nest);
  }
  if (isa<linalg::LinalgOp>(op))
    return op->emitOpError("is still to be lowered to loops");
  if (op->getNumRegions() == 0)
    return success();
  bool hasParallel = op->walk([](scf::ParallelOp) {
                         return WalkResult::interrupt();
                       }).wasInterrupted();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    if (nvptx::launchIndependent(loop)) {
      ++numParallel;
      return success();
    }
  // A kernel can't give the host a buffer.
  bool givesBuffer =
      llvm::any_of(op->getResultTypes(), llvm::IsaPred<MemRefType>);
  if (!hasParallel && !givesBuffer && isThreadWork(op)) {
    if (touchesMemory(op))
      launchOneThread(op);
    return success();
  }
  return keepOnHost(op);
}

/// The host runs the loop or branch, and launches what is in it.
LogicalResult HostCode::keepOnHost(Operation *op) {
  if (!isa<scf::ForOp, scf::WhileOp, scf::IfOp, scf::IndexSwitchOp>(op))
    return op->emitOpError("can be run neither by a kernel nor by the host");
  for (Region &region : op->getRegions())
    for (Block &block : region)
      if (failed(run(block)))
        return failure();
  return success();
}

void HostCode::launchParallel(scf::ParallelOp loop) {
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  SmallVector<Value> trips;
  for (auto [lower, upper, step] : llvm::zip_equal(
           loop.getLowerBound(), loop.getUpperBound(), loop.getStep()))
    trips.push_back(nvptx::countIterations(builder, loc, lower, upper, step));
  Value count = nvptx::product(builder, loc, trips);
  gpu::LaunchOp launch = nvptx::launchItems(
      builder, loc, count, [&](OpBuilder &inside, Value item) {
        SmallVector<Value> at = nvptx::delinearize(inside, loc, item, trips);
        IRMapping mapping;
        for (auto [i, position] : llvm::enumerate(at))
          mapping.map(loop.getInductionVars()[i],
                      nvptx::counterAt(inside, loc, position,
                                       loop.getLowerBound()[i],
                                       loop.getStep()[i]));
        for (Operation &op : loop.getBody()->without_terminator())
          inside.clone(op, mapping);
      });
  settle(launch);
  loop.erase();
  ++numParallel;
}

/// Results that the host asks for go through memory.
void HostCode::launchOneThread(Operation *op) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  SmallVector<std::pair<OpResult, Value>> results;
  for (OpResult result : op->getResults())
    if (!result.use_empty())
      results.push_back(
          {result, memref::AllocOp::create(
                       builder, loc, MemRefType::get({}, result.getType()))});
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  gpu::LaunchOp launch = nvptx::createLaunch(builder, loc, one, /*threads=*/1);
  OpBuilder inside(launch.getBody().front().getTerminator());
  Operation *copy = inside.clone(*op);
  for (auto [result, memory] : results) {
    memref::StoreOp::create(inside, loc,
                            copy->getResult(result.getResultNumber()), memory);
    result.replaceAllUsesWith(
        ReadOp::create(builder, loc, result.getType(), memory, ValueRange()));
  }
  settle(launch);
  op->erase();
  ++numSequential;
}

void HostCode::read(memref::LoadOp load) {
  OpBuilder builder(load);
  load.replaceAllUsesWith(ReadOp::create(builder, load.getLoc(), load.getType(),
                                         load.getMemRef(), load.getIndices())
                              .getResult());
  load.erase();
}

struct GpuLoopsPass : rac::impl::GpuLoopsBase<GpuLoopsPass> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    // What they give is not a thread's to give.
    WalkResult reduces = getOperation().walk([](scf::ParallelOp loop) {
      if (loop.getNumResults() == 0)
        return WalkResult::advance();
      loop.emitError("parallel loops with reductions are not supported");
      return WalkResult::interrupt();
    });
    if (reduces.wasInterrupted())
      return signalPassFailure();
    HostCode host;
    for (Block &block : getOperation().getBody())
      if (failed(host.run(block)))
        return signalPassFailure();
    numParallel += host.numParallel;
    numSequential += host.numSequential;
  }
};

} // namespace
