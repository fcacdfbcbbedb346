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

/// Iterations to have before the rest of a nest stays sequential: of so many a
/// thread, one more or less is 3 %. Loops that stay keep their constant lengths
/// and take no division a step.
constexpr int64_t kEnoughForThread = 32;
/// What counts where the number of threads isn't known.
constexpr int64_t kUnknownThreads = 16;
/// One thread alone shares nothing; loops of one iteration cost nothing in
/// front of others.
constexpr int64_t kEnoughAlone = 2;

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
  Distributor(scf::ParallelOp loop, int64_t minWork, int64_t threads,
              int64_t enough)
      : loop(loop), minWork(minWork), threads(threads), enough(enough),
        builder(loop), loc(loop.getLoc()) {}

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

    SmallVector<Value> positions = split(flat.getInductionVar(), shared);
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
    auto isEnough = [&] {
      return count ? *count >= enough : enough == kEnoughAlone;
    };
    while (shared < most && !isEnough()) {
      auto next = getConstantIntValue(trips[shared++]);
      count = count && next ? std::optional(*count * *next) : std::nullopt;
    }
    return shared;
  }

  /// Where an iteration of the shared loop is in each of the nest's. The first
  /// that has several iterations takes what is left without a division.
  SmallVector<Value> split(Value iteration, int64_t shared) {
    SmallVector<Value> positions(loop.getNumLoops());
    int64_t first = 0;
    while (first + 1 < shared && getConstantIntValue(trips[first]) == 1)
      positions[first++] = arith::ConstantIndexOp::create(builder, loc, 0);
    for (int64_t i = shared - 1; i > first; --i) {
      positions[i] =
          builder.createOrFold<arith::RemUIOp>(loc, iteration, trips[i]);
      iteration =
          builder.createOrFold<arith::DivUIOp>(loc, iteration, trips[i]);
    }
    positions[first] = iteration;
    return positions;
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
  int64_t minWork, threads, enough;
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
    int64_t planned = 0, least = minWork;
    if (auto plan = getOperation()->getAttrOfType<PlanAttr>("rac.plan")) {
      planned = plan.getThreads();
      // Whether threads pay, the planner knows.
      least = std::min<int64_t>(least, minPlannedWork);
    }
    int64_t shares = threads ? threads : kUnknownThreads;
    if (planned)
      shares = std::min(shares, planned);
    int64_t enough = shares == 1 ? kEnoughAlone : kEnoughForThread * shares;
    // Innermost first, so that what is cloned has been dealt with.
    for (scf::ParallelOp loop : llvm::reverse(loops)) {
      if (loop->getParentOfType<LoopLikeOpInterface>() ||
          loop->getParentOfType<ParallelForOp>())
        makeSequential(loop);
      else
        Distributor(loop, least, planned, enough).run();
    }
  }
};

} // namespace
