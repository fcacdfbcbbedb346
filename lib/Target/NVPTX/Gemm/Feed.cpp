//===- Feed.cpp - How tiles come to warp groups ---------------------------===//

#include "Feed.h"
#include "Stage.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac::gemm;

void rac::gemm::fenceCopies(Emit &e) {
  NVVM::FenceProxyOp::create(
      e.b, e.loc, NVVM::ProxyKind::async_shared,
      NVVM::SharedSpaceAttr::get(e.b.getContext(),
                                 NVVM::SharedSpace::shared_cta));
}

Index FeedPlan::stageOf(Emit &e, Index step) const {
  return e.rem(e.add(way.begun, step), e.number(tile.stages));
}

namespace {

Index depthOf(Emit &e, const FeedPlan &plan, Index step) {
  return e.add(plan.way.depthStart, e.mul(step, e.number(plan.tile.depth)));
}

/// All threads copy, each its part.
class CopyFeed : public Feed {
public:
  CopyFeed(Emit &e, const FeedPlan &plan)
      : e(e), plan(plan), stageA(plan.a.stageElements()),
        stageB(plan.b.stageElements()),
        loaderA(e, plan.a, viewOf(plan.a, stageA, 0), plan.thread,
                plan.tile.threads(), plan.way.batch, plan.way.row),
        loaderB(
            e, plan.b,
            viewOf(plan.b, stageB, plan.tile.stages * stageA * plan.a.bytes),
            plan.thread, plan.tile.threads(), plan.way.batch, plan.way.column) {
  }

  void request(Index step) override {
    {
      OpBuilder::InsertionGuard restore(e.b);
      e.enter(e.less(step, plan.way.steps));
      Index stage = plan.stageOf(e, step);
      Index at = depthOf(e, plan, step);
      loaderA.load(e, e.mul(stage, e.number(stageA)), at);
      loaderB.load(e, e.mul(stage, e.number(stageB)), at);
    }
    NVVM::CpAsyncCommitGroupOp::create(e.b, e.loc);
  }

  void await(Index) override {
    NVVM::CpAsyncWaitGroupOp::create(e.b, e.loc, plan.tile.stages - 3);
    // What threads have copied is there for tensor cores too.
    fenceCopies(e);
    gpu::BarrierOp::create(e.b, e.loc);
  }

private:
  Value viewOf(const Operand &operand, int64_t stage, int64_t bytes) {
    int64_t elements = plan.tile.stages * stage;
    auto type = MemRefType::get(
        {elements}, operand.access.element(), MemRefLayoutAttrInterface(),
        cast<MemRefType>(plan.memory.getType()).getMemorySpace());
    return memref::ViewOp::create(e.b, e.loc, type, plan.memory,
                                  e.value(e.add(plan.start, e.number(bytes))),
                                  ValueRange());
  }

  Emit &e;
  FeedPlan plan;
  int64_t stageA, stageB;
  Loader loaderA, loaderB;
};

/// One thread asks the copy unit for whole tiles; a barrier for each stage
/// counts their bytes.
class BulkFeed : public Feed {
public:
  BulkFeed(Emit &e, const FeedPlan &plan)
      : e(e), plan(plan),
        a(e, plan.a, plan.batches, plan.way.batch, plan.way.row),
        b(e, plan.b, plan.batches, plan.way.batch, plan.way.column) {
    int64_t stages = plan.tile.stages;
    Value barriers = sharedView(e, e.b.getI64Type(), stages, plan.barriers);
    first = arith::IndexCastUIOp::create(
        e.b, e.loc, e.b.getI64Type(),
        memref::ExtractAlignedPointerAsIndexOp::create(
            e.b, e.loc, e.b.getIndexType(), barriers));
    asks = e.less(plan.thread, e.number(1));
    {
      OpBuilder::InsertionGuard restore(e.b);
      // They serve all of the block's tiles.
      e.enter(isKnown(plan.way.begun, 0)
                  ? asks
                  : e.both(asks, e.less(plan.way.begun, e.number(1))));
      for (int64_t stage = 0; stage < stages; ++stage)
        NVVM::MBarrierInitOp::create(e.b, e.loc, barrierOf(e.number(stage)),
                                     constant(1),
                                     /*predicate=*/Value());
      NVVM::FenceMbarrierInitOp::create(e.b, e.loc);
    }
    gpu::BarrierOp::create(e.b, e.loc);
  }

  void request(Index step) override {
    {
      OpBuilder::InsertionGuard restore(e.b);
      e.enter(e.both(asks, e.less(step, plan.way.steps)));
      Index stage = plan.stageOf(e, step);
      Value barrier = barrierOf(stage);
      NVVM::MBarrierArriveExpectTxOp::create(
          e.b, e.loc, /*res=*/Type(), barrier, constant(a.bytes() + b.bytes()),
          NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
      auto target = [&](int64_t begin, int64_t bytes) -> Value {
        Index at = e.add(e.number(begin), e.mul(stage, e.number(bytes)));
        Value offset = arith::IndexCastUIOp::create(
            e.b, e.loc, e.b.getI64Type(), e.value(at));
        return arith::AddIOp::create(e.b, e.loc, plan.address, offset);
      };
      Index depth = depthOf(e, plan, step);
      a.load(e, target(0, a.bytes()), barrier, depth);
      b.load(e, target(plan.tile.stages * a.bytes(), b.bytes()), barrier,
             depth);
    }
    // The warp goes on together.
    NVVM::SyncWarpOp::create(e.b, e.loc, constant(-1));
  }

  void await(Index step) override {
    Index stages = e.number(plan.tile.stages);
    Value parity = arith::IndexCastUIOp::create(
        e.b, e.loc, e.b.getI32Type(),
        e.value(
            e.rem(e.div(e.add(plan.way.begun, step), stages), e.number(2))));
    constexpr int64_t hint = 10'000'000; // ns until it looks again
    NVVM::MBarrierTryWaitParityOp::create(
        e.b, e.loc, barrierOf(plan.stageOf(e, step)), parity, constant(hint));
    // Nobody reads the stage any more that is asked for next.
    gpu::BarrierOp::create(e.b, e.loc);
  }

private:
  Value constant(int64_t value) {
    return arith::ConstantIntOp::create(e.b, e.loc, e.b.getI32Type(), value);
  }
  Value barrierOf(Index stage) {
    Value offset = arith::IndexCastUIOp::create(
        e.b, e.loc, e.b.getI64Type(),
        e.value(e.mul(stage, e.number(kBarrierBytes))));
    return sharedPointer(e, arith::AddIOp::create(e.b, e.loc, first, offset),
                         0);
  }

  Emit &e;
  FeedPlan plan;
  BulkLoader a, b;
  Value first; ///< the address of the first barrier
  Value asks;  ///< whether it is this thread
};

} // namespace

std::unique_ptr<Feed> rac::gemm::makeFeed(Emit &e, const FeedPlan &plan) {
  if (BulkLoader::fits(plan.a) && BulkLoader::fits(plan.b))
    return std::make_unique<BulkFeed>(e, plan);
  return std::make_unique<CopyFeed>(e, plan);
}
