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

Value FeedPlan::view(Emit &e, Type element, int64_t elements,
                     int64_t from) const {
  auto type =
      MemRefType::get({elements}, element, MemRefLayoutAttrInterface(),
                      cast<MemRefType>(memory.getType()).getMemorySpace());
  return memref::ViewOp::create(e.b, e.loc, type, memory,
                                e.value(e.add(start, e.number(from))),
                                ValueRange());
}

Value FeedPlan::tilesOfA(Emit &e) const {
  return view(e, a.access.element(), tile.stages * a.stageElements(), 0);
}

Value FeedPlan::tilesOfB(Emit &e) const {
  return view(e, b.access.element(), tile.stages * b.stageElements(),
              bytesOfA());
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
        loaderA(e, plan.a, plan.tilesOfA(e), plan.thread, plan.tile.threads(),
                plan.way.batch, plan.way.row),
        loaderB(e, plan.b, plan.tilesOfB(e), plan.thread, plan.tile.threads(),
                plan.way.batch, plan.way.column) {}

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
  Emit &e;
  FeedPlan plan;
  int64_t stageA, stageB;
  Loader loaderA, loaderB;
};

/// One thread asks the copy unit for whole tiles; a barrier for each stage
/// counts their bytes. In a cluster it asks for a part of what several blocks
/// need, which comes to all of them, once all have read what was there.
class BulkFeed : public Feed {
public:
  BulkFeed(Emit &e, const FeedPlan &plan)
      : e(e), plan(plan),
        a(e, plan.a, plan.batches, plan.way.batch, plan.way.row, partOfA()),
        b(e, plan.b, plan.batches, plan.way.batch, plan.way.column, partOfB()) {
    int64_t stages = plan.tile.stages;
    Value barriers =
        sharedView(e, e.b.getI64Type(), barrierBytes(plan.tile) / kBarrierBytes,
                   plan.barriers);
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
      for (int64_t stage = 0; stage < stages && cluster() > 1; ++stage)
        NVVM::MBarrierInitOp::create(e.b, e.loc, readersOf(e.number(stage)),
                                     constant(cluster()),
                                     /*predicate=*/Value());
      NVVM::FenceMbarrierInitOp::create(e.b, e.loc);
    }
    if (cluster() == 1) {
      gpu::BarrierOp::create(e.b, e.loc);
      return;
    }
    NVVM::ClusterArriveOp::create(e.b, e.loc, e.b.getUnitAttr());
    NVVM::ClusterWaitOp::create(e.b, e.loc, e.b.getUnitAttr());
  }

  void request(Index step) override {
    bool isFirst = known(step) && *known(step) < plan.tile.stages;
    if (cluster() > 1 && !isFirst)
      release(step);
    {
      OpBuilder::InsertionGuard restore(e.b);
      e.enter(e.both(asks, e.less(step, plan.way.steps)));
      Index stage = plan.stageOf(e, step);
      if (cluster() > 1 && !isFirst)
        awaitReaders(step);
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
    constexpr int64_t hint = 10'000'000; // ns until it looks again
    NVVM::MBarrierTryWaitParityOp::create(e.b, e.loc,
                                          barrierOf(plan.stageOf(e, step)),
                                          parityOf(turn(step)), constant(hint));
    // Nobody reads the stage any more that is asked for next.
    gpu::BarrierOp::create(e.b, e.loc);
  }

  /// Who brings something to others ends after they have it.
  void finish() override {
    if (cluster() > 1)
      NVVM::ClusterArriveOp::create(e.b, e.loc, e.b.getUnitAttr());
  }

private:
  int64_t cluster() const { return plan.tile.cluster(); }

  /// Tells all blocks of the cluster, a thread each, that this one has read
  /// what was where the step's tiles go.
  void release(Index step) {
    OpBuilder::InsertionGuard restore(e.b);
    Value isReader = e.less(plan.thread, e.number(cluster()));
    Value wasUsed = e.less(e.number(plan.tile.stages - 1), step);
    e.enter(e.both(isReader, e.both(wasUsed, e.less(step, plan.way.steps))));
    Value block = arith::IndexCastUIOp::create(e.b, e.loc, e.b.getI32Type(),
                                               e.value(plan.thread));
    auto there = LLVM::LLVMPointerType::get(
        e.b.getContext(),
        static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster));
    Value barrier = NVVM::MapaOp::create(
        e.b, e.loc, there, readersOf(plan.stageOf(e, step)), block);
    NVVM::MBarrierArriveOp::create(e.b, e.loc, /*res=*/Type(), barrier,
                                   /*count=*/Value(),
                                   NVVM::MemScopeKind::CLUSTER,
                                   /*relaxed=*/false);
  }

  /// Waits until all of them have.
  void awaitReaders(Index step) {
    // Before a barrier's first phase is the one of the other parity.
    Value parity = parityOf(e.add(turn(step), e.number(1)));
    Type i1 = e.b.getI1Type();
    auto loop = scf::WhileOp::create(e.b, e.loc, TypeRange(), ValueRange());
    OpBuilder::InsertionGuard restore(e.b);
    e.b.createBlock(&loop.getBefore());
    Value isOver = NVVM::MBarrierTryWaitOp::create(
        e.b, e.loc, i1, readersOf(plan.stageOf(e, step)), parity,
        /*ticks=*/Value(), NVVM::MemScopeKind::CLUSTER, /*relaxed=*/false);
    Value goesOn = arith::XOrIOp::create(
        e.b, e.loc, isOver, arith::ConstantIntOp::create(e.b, e.loc, i1, 1));
    scf::ConditionOp::create(e.b, e.loc, goesOn, ValueRange());
    e.b.createBlock(&loop.getAfter());
    scf::YieldOp::create(e.b, e.loc);
  }

  /// How often the step's stage was used before.
  Index turn(Index step) {
    return e.div(e.add(plan.way.begun, step), e.number(plan.tile.stages));
  }
  Value parityOf(Index turn) {
    return arith::IndexCastUIOp::create(e.b, e.loc, e.b.getI32Type(),
                                        e.value(e.rem(turn, e.number(2))));
  }

  /// Blocks side by side have the same rows: each brings a part of these to all
  /// of them. So it is with columns of blocks one below the other.
  Part partOfA() {
    int64_t across = plan.tile.clusterColumns;
    if (across == 1)
      return {1, e.number(0), Value()};
    return {
        across, plan.way.place.column,
        mask((1 << across) - 1, e.mul(plan.way.place.row, e.number(across)))};
  }
  Part partOfB() {
    int64_t down = plan.tile.clusterRows, across = plan.tile.clusterColumns;
    if (down == 1)
      return {1, e.number(0), Value()};
    int64_t bits = 0;
    for (int64_t row = 0; row < down; ++row)
      bits |= 1 << row * across;
    return {down, plan.way.place.row, mask(bits, plan.way.place.column)};
  }
  /// Bits of blocks, from a block on.
  Value mask(int64_t bits, Index first) {
    Type i16 = e.b.getI16Type();
    Value all = arith::ConstantIntOp::create(e.b, e.loc, i16, bits);
    if (isKnown(first, 0))
      return all;
    return arith::ShLIOp::create(
        e.b, e.loc, all,
        arith::IndexCastUIOp::create(e.b, e.loc, i16, e.value(first)));
  }

  Value constant(int64_t value) {
    return arith::ConstantIntOp::create(e.b, e.loc, e.b.getI32Type(), value);
  }
  /// The barrier that counts who has read what is there.
  Value readersOf(Index stage) {
    return barrierOf(e.add(stage, e.number(plan.tile.stages)));
  }
  /// The one that counts its bytes.
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

bool rac::gemm::isBulk(const Operand &a, const Operand &b) {
  return BulkLoader::fits(a) && BulkLoader::fits(b);
}

std::unique_ptr<Feed> rac::gemm::makeFeed(Emit &e, const FeedPlan &plan) {
  if (isBulk(plan.a, plan.b))
    return std::make_unique<BulkFeed>(e, plan);
  return std::make_unique<CopyFeed>(e, plan);
}
