//===- DistributeLoops.cpp - Parallel loops on several threads ------------===//

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"
#include "rac/Lowering/SequentialLoops.h"

namespace rac {
#define GEN_PASS_DEF_DISTRIBUTELOOPS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

void rac::makeSequential(scf::ParallelOp loop) {
  OpBuilder builder(loop);
  IRMapping mapping;
  for (int64_t i : llvm::seq<int64_t>(loop.getNumLoops())) {
    auto inner =
        scf::ForOp::create(builder, loop.getLoc(), loop.getLowerBound()[i],
                           loop.getUpperBound()[i], loop.getStep()[i]);
    mapping.map(loop.getInductionVars()[i], inner.getInductionVar());
    builder.setInsertionPointToStart(inner.getBody());
  }
  for (Operation &op : loop.getBody()->without_terminator())
    builder.clone(op, mapping);
  loop.erase();
}

namespace {

/// Iterations to have before the rest of a nest stays sequential: enough to
/// share evenly among the threads of any machine rac knows.
constexpr int64_t kEnoughIterations = 512;

std::optional<int64_t> staticTripCount(Value lower, Value upper, Value step) {
  auto l = getConstantIntValue(lower), u = getConstantIntValue(upper),
       s = getConstantIntValue(step);
  if (!l || !u || !s || *s <= 0)
    return std::nullopt;
  return std::max<int64_t>(0, llvm::divideCeil(*u - *l, *s));
}

/// What a loop of unknown length counts as. Nothing but the least share of a
/// thread depends on it: guessed too small, a thread gets some more iterations
/// than would be worth it; too large, a short loop is shared in vain.
constexpr int64_t kUnknownTrip = 64;

/// Scalar operations in one pass over `block`.
int64_t workOf(Block &block) {
  int64_t work = 0;
  for (Operation &op : block.without_terminator()) {
    int64_t inner = 0, trips = 1;
    for (Region &region : op.getRegions())
      for (Block &nested : region)
        inner += workOf(nested);
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      trips = staticTripCount(loop.getLowerBound(), loop.getUpperBound(),
                              loop.getStep())
                  .value_or(kUnknownTrip);
    } else if (auto loop = dyn_cast<scf::ParallelOp>(op)) {
      for (auto [l, u, s] : llvm::zip_equal(
               loop.getLowerBound(), loop.getUpperBound(), loop.getStep()))
        trips *= staticTripCount(l, u, s).value_or(kUnknownTrip);
    }
    work += 1 + inner * trips;
  }
  return work;
}

class Distributor {
public:
  Distributor(scf::ParallelOp loop, int64_t minWork, int64_t threads)
      : loop(loop), minWork(minWork), threads(threads), builder(loop),
        loc(loop.getLoc()) {}

  void run() {
    for (int64_t i : llvm::seq<int64_t>(loop.getNumLoops()))
      trips.push_back(tripCount(i));
    int64_t shared = numSharedDims();
    Value count = trips[0];
    for (int64_t i = 1; i < shared; ++i)
      count = builder.createOrFold<arith::MulIOp>(loc, count, trips[i]);

    auto parallel =
        ParallelForOp::create(builder, loc, count, grain(shared), threads);
    Block *body = builder.createBlock(
        &parallel.getBody(), {},
        {builder.getIndexType(), builder.getIndexType()}, {loc, loc});
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto flat = scf::ForOp::create(builder, loc, body->getArgument(0),
                                   body->getArgument(1), one);
    builder.setInsertionPointToStart(flat.getBody());

    SmallVector<Value> positions(loop.getNumLoops());
    Value rest = flat.getInductionVar();
    for (int64_t i = shared - 1; i > 0; --i) {
      positions[i] = arith::RemUIOp::create(builder, loc, rest, trips[i]);
      rest = arith::DivUIOp::create(builder, loc, rest, trips[i]);
    }
    positions[0] = rest;
    for (int64_t i = 0; i < shared; ++i) {
      Value scaled = builder.createOrFold<arith::MulIOp>(loc, positions[i],
                                                         loop.getStep()[i]);
      positions[i] = builder.createOrFold<arith::AddIOp>(
          loc, scaled, loop.getLowerBound()[i]);
    }
    sequentialBody(shared, positions);
    loop.erase();
  }

private:
  Value tripCount(int64_t i) {
    Value lower = loop.getLowerBound()[i], upper = loop.getUpperBound()[i],
          step = loop.getStep()[i];
    if (auto known = staticTripCount(lower, upper, step))
      return arith::ConstantIndexOp::create(builder, loc, *known);
    Value extent = builder.createOrFold<arith::SubIOp>(loc, upper, lower);
    return builder.createOrFold<arith::CeilDivSIOp>(loc, extent, step);
  }

  /// How many leading dimensions are shared among threads.
  int64_t numSharedDims() {
    int64_t shared = 1, numLoops = loop.getNumLoops();
    std::optional<int64_t> count = getConstantIntValue(trips[0]);
    // The last dimension stays whole for vectors unless it is the only one
    // left.
    bool innerLoops =
        llvm::any_of(loop.getBody()->without_terminator(), [](Operation &op) {
          return isa<scf::ForOp, scf::ParallelOp>(op);
        });
    int64_t most = innerLoops ? numLoops : numLoops - 1;
    while (shared < most && (!count || *count < kEnoughIterations)) {
      auto next = getConstantIntValue(trips[shared++]);
      count = count && next ? std::optional(*count * *next) : std::nullopt;
    }
    return shared;
  }

  /// Iterations of the shared loop that together are worth a thread.
  Value grain(int64_t shared) {
    int64_t work = std::max<int64_t>(1, workOf(*loop.getBody()));
    Value perIteration = arith::ConstantIndexOp::create(builder, loc, work);
    for (int64_t i = shared; i < static_cast<int64_t>(loop.getNumLoops()); ++i)
      perIteration =
          builder.createOrFold<arith::MulIOp>(loc, perIteration, trips[i]);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value atLeast = arith::ConstantIndexOp::create(builder, loc, minWork);
    Value divisor =
        builder.createOrFold<arith::MaxSIOp>(loc, perIteration, one);
    Value least =
        builder.createOrFold<arith::CeilDivSIOp>(loc, atLeast, divisor);
    return builder.createOrFold<arith::MaxSIOp>(loc, least, one);
  }

  void sequentialBody(int64_t shared, SmallVectorImpl<Value> &positions) {
    for (int64_t i = shared; i < static_cast<int64_t>(loop.getNumLoops());
         ++i) {
      auto inner =
          scf::ForOp::create(builder, loc, loop.getLowerBound()[i],
                             loop.getUpperBound()[i], loop.getStep()[i]);
      positions[i] = inner.getInductionVar();
      builder.setInsertionPointToStart(inner.getBody());
    }
    IRMapping mapping;
    mapping.map(loop.getInductionVars(), positions);
    for (Operation &op : loop.getBody()->without_terminator())
      builder.clone(op, mapping);
  }

  scf::ParallelOp loop;
  int64_t minWork, threads;
  OpBuilder builder;
  Location loc;
  SmallVector<Value> trips;
};

struct DistributeLoopsPass
    : rac::impl::DistributeLoopsBase<DistributeLoopsPass> {
  using DistributeLoopsBase::DistributeLoopsBase;

  void runOnOperation() override {
    SmallVector<scf::ParallelOp> loops;
    bool reduces = false;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      loops.push_back(loop);
      if (loop.getNumReductions() != 0) {
        loop.emitError("parallel loops with reductions are not supported");
        reduces = true;
      }
    });
    if (reduces)
      return signalPassFailure();
    int64_t threads = 0, least = minWork;
    if (auto plan = getOperation()->getAttrOfType<PlanAttr>("rac.plan")) {
      threads = plan.getThreads();
      // Whether threads pay, the planner knows.
      least = std::min<int64_t>(least, minPlannedWork);
    }
    // Innermost first, so that what is cloned has been dealt with.
    for (scf::ParallelOp loop : llvm::reverse(loops)) {
      if (loop->getParentOfType<LoopLikeOpInterface>() ||
          loop->getParentOfType<ParallelForOp>())
        makeSequential(loop);
      else
        Distributor(loop, least, threads).run();
    }
  }
};

} // namespace
