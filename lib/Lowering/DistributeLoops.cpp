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
#include "rac/Lowering/SharedLoops.h"

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
    if (auto from = loop->getAttrOfType<IntegerAttr>(kSharedFrom))
      first = from.getInt();
    last = first + numSharedDims();
    Value count = trips[first];
    for (int64_t i = first + 1; i < last; ++i)
      count = builder.createOrFold<arith::MulIOp>(loc, count, trips[i]);
    // One iteration is nothing to share.
    if (getConstantIntValue(count) == 1)
      return makeSequential(loop);

    auto parallel =
        ParallelForOp::create(builder, loc, count, grain(), threads);
    Block *body = builder.createBlock(
        &parallel.getBody(), {},
        {builder.getIndexType(), builder.getIndexType()}, {loc, loc});
    SmallVector<Value> positions(loop.getNumLoops());
    enterLoops(0, first, positions);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    auto flat = scf::ForOp::create(builder, loc, body->getArgument(0),
                                   body->getArgument(1), one);
    builder.setInsertionPointToStart(flat.getBody());
    split(flat.getInductionVar(), positions);
    enterLoops(last, loop.getNumLoops(), positions);
    IRMapping mapping;
    mapping.map(loop.getInductionVars(), positions);
    for (Operation &op : loop.getBody()->without_terminator())
      builder.clone(op, mapping);
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

  /// How many dimensions are shared among threads.
  int64_t numSharedDims() {
    int64_t end = first + 1, numLoops = loop.getNumLoops();
    std::optional<int64_t> count = getConstantIntValue(trips[first]);
    // The last dimension stays whole for vectors unless it is the only one, or
    // the only one of several iterations.
    bool hasInnerLoops = loop.getBody()
                             ->walk([](Operation *op) {
                               return isa<scf::ForOp, scf::ParallelOp>(op)
                                          ? WalkResult::interrupt()
                                          : WalkResult::advance();
                             })
                             .wasInterrupted();
    int64_t most = hasInnerLoops ? numLoops : numLoops - 1;
    auto isEnough = [&] {
      return count ? *count >= enough : enough == kEnoughAlone;
    };
    while (end < most && !isEnough()) {
      auto next = getConstantIntValue(trips[end++]);
      count = count && next ? std::optional(*count * *next) : std::nullopt;
    }
    if (end + 1 == numLoops && count == 1)
      ++end;
    return end - first;
  }

  /// Where an iteration of the shared loop is in each of those it is made of.
  /// The first that has several iterations takes what is left without a
  /// division.
  void split(Value iteration, MutableArrayRef<Value> positions) {
    int64_t most = first;
    while (most + 1 < last && getConstantIntValue(trips[most]) == 1)
      positions[most++] = arith::ConstantIndexOp::create(builder, loc, 0);
    for (int64_t i = last - 1; i > most; --i) {
      positions[i] =
          builder.createOrFold<arith::RemUIOp>(loc, iteration, trips[i]);
      iteration =
          builder.createOrFold<arith::DivUIOp>(loc, iteration, trips[i]);
    }
    positions[most] = iteration;
    for (int64_t i = first; i < last; ++i) {
      Value scaled = builder.createOrFold<arith::MulIOp>(loc, positions[i],
                                                         loop.getStep()[i]);
      positions[i] = builder.createOrFold<arith::AddIOp>(
          loc, scaled, loop.getLowerBound()[i]);
    }
  }

  /// Iterations of the shared loop that together are worth a thread.
  Value grain() {
    int64_t work = std::max<int64_t>(1, workOf(*loop.getBody()));
    Value perIteration = arith::ConstantIndexOp::create(builder, loc, work);
    for (int64_t i : llvm::seq<int64_t>(loop.getNumLoops()))
      if (i < first || i >= last)
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

  /// Sequential loops over dimensions that are not shared.
  void enterLoops(int64_t from, int64_t to, MutableArrayRef<Value> positions) {
    for (int64_t i = from; i < to; ++i) {
      auto inner =
          scf::ForOp::create(builder, loc, loop.getLowerBound()[i],
                             loop.getUpperBound()[i], loop.getStep()[i]);
      positions[i] = inner.getInductionVar();
      builder.setInsertionPointToStart(inner.getBody());
    }
  }

  scf::ParallelOp loop;
  int64_t minWork, threads, enough;
  OpBuilder builder;
  Location loc;
  SmallVector<Value> trips;
  int64_t first = 0, last = 0; ///< of the dimensions that threads share
};

LogicalResult verify(scf::ParallelOp loop) {
  if (loop.getNumReductions() != 0)
    return loop.emitError("parallel loops with reductions are not supported");
  auto from = loop->getAttrOfType<IntegerAttr>(kSharedFrom);
  int64_t numLoops = loop.getNumLoops();
  if (from && (from.getInt() < 0 || from.getInt() >= numLoops))
    return loop.emitError() << kSharedFrom << " = " << from.getInt()
                            << " is none of the " << numLoops << " loops";
  return success();
}

struct DistributeLoopsPass
    : rac::impl::DistributeLoopsBase<DistributeLoopsPass> {
  using DistributeLoopsBase::DistributeLoopsBase;

  void runOnOperation() override {
    SmallVector<scf::ParallelOp> loops;
    bool isValid = true;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      loops.push_back(loop);
      isValid &= succeeded(verify(loop));
    });
    if (!isValid)
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
