//===- IndependentLoops.cpp - Sequential loops that threads may share -----===//

#include "IndependentLoops.h"
#include "Launch.h"
#include "Places.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

namespace {

/// Loops, each the only one in the one before, of which only the innermost
/// writes.
struct Nest {
  static std::optional<Nest> find(scf::ForOp outermost);

  SmallVector<LoopLikeOpInterface> loops;
  /// Of all loops: what counts, and whether an iteration is a thread's.
  SmallVector<Value> counters;
  SmallVector<bool> independent;

private:
  bool isIndependent(Value counter, ArrayRef<Operation *> accesses,
                     const DenseSet<Value> &written) const;
};

} // namespace

/// Bounds or steps, constants as such: these may be made inside of a nest.
static SmallVector<OpFoldResult>
constantsOf(std::optional<SmallVector<OpFoldResult>> values) {
  return llvm::map_to_vector(*values, [](OpFoldResult value) {
    auto dynamic = dyn_cast<Value>(value);
    return dynamic ? getAsOpFoldResult(dynamic) : value;
  });
}

/// Whether there is no more than one iteration.
static bool isSingle(OpFoldResult lower, OpFoldResult upper,
                     OpFoldResult step) {
  auto first = getConstantIntValue(lower), end = getConstantIntValue(upper),
       by = getConstantIntValue(step);
  return first && end && by && *by > 0 && *first + *by >= *end;
}

/// Whether all accesses of what is written have, in one dimension for each
/// buffer, the counter itself as index.
bool Nest::isIndependent(Value counter, ArrayRef<Operation *> accesses,
                         const DenseSet<Value> &written) const {
  DenseMap<Value, llvm::SmallBitVector> where;
  for (Operation *access : accesses) {
    Value base = baseOf(bufferOf(access));
    if (!written.contains(base))
      continue;
    std::optional<Values> place = placeOf(access);
    if (!place)
      return false;
    llvm::SmallBitVector here(place->size());
    for (auto [dim, index] : llvm::enumerate(*place))
      if (index == counter)
        here.set(dim);
    auto [entry, isNew] = where.try_emplace(base, here);
    if (!isNew)
      entry->second &= here;
    if (entry->second.none())
      return false;
  }
  return true;
}

std::optional<Nest> Nest::find(scf::ForOp outermost) {
  Nest nest;
  LoopLikeOpInterface loop = outermost;
  SmallVector<Operation *> accesses;
  DenseSet<Value> written;
  while (loop) {
    if (!isa<scf::ForOp, scf::ParallelOp>(loop.getOperation()) ||
        loop->getNumResults() != 0)
      return std::nullopt;
    nest.loops.push_back(loop);
    llvm::append_range(nest.counters, *loop.getLoopInductionVars());
    LoopLikeOpInterface next;
    bool writes = false;
    for (Operation &op : loop.getLoopRegions().front()->front()) {
      if (auto inner = dyn_cast<LoopLikeOpInterface>(op)) {
        if (next)
          return std::nullopt;
        next = inner;
      } else if (isa<memref::LoadOp, memref::StoreOp>(op)) {
        accesses.push_back(&op);
        if (isa<memref::StoreOp>(op)) {
          written.insert(baseOf(bufferOf(&op)));
          writes = true;
        }
      } else if (!isa<cf::AssertOp>(op) &&
                 (!isMemoryEffectFree(&op) || op.getNumRegions() != 0) &&
                 !op.hasTrait<OpTrait::IsTerminator>()) {
        return std::nullopt;
      }
    }
    if (next && writes)
      return std::nullopt;
    loop = next;
  }
  bool isShared = false;
  for (LoopLikeOpInterface inner : nest.loops) {
    auto lowers = constantsOf(inner.getLoopLowerBounds()),
         uppers = constantsOf(inner.getLoopUpperBounds()),
         steps = constantsOf(inner.getLoopSteps());
    for (auto [counter, lower, upper, step] : llvm::zip_equal(
             *inner.getLoopInductionVars(), lowers, uppers, steps)) {
      bool isIndependent = nest.isIndependent(counter, accesses, written);
      isShared |= isIndependent;
      nest.independent.push_back(isIndependent || isSingle(lower, upper, step));
      // A thread's iterations are known before the nest begins.
      for (OpFoldResult bound : {lower, upper, step})
        if (auto value = dyn_cast<Value>(bound);
            value &&
            outermost->isAncestor(value.getParentBlock()->getParentOp()))
          return std::nullopt;
    }
  }
  if (!isShared)
    return std::nullopt;
  // What is parallel already is only so within a step of those around it.
  size_t first = 0;
  for (LoopLikeOpInterface inner : nest.loops) {
    size_t count = inner.getLoopInductionVars()->size();
    if (isa<scf::ParallelOp>(inner.getOperation()) &&
        !llvm::all_of(ArrayRef(nest.independent).slice(first, count),
                      [](bool yes) { return yes; }))
      return std::nullopt;
    first += count;
  }
  return nest;
}

/// Puts what is in a loop in its place, its counters being `at`.
static void dissolve(LoopLikeOpInterface loop, ValueRange at) {
  SmallVector<Value> counters = *loop.getLoopInductionVars();
  for (auto [counter, value] : llvm::zip_equal(counters, at))
    counter.replaceAllUsesWith(value);
  Block &body = loop.getLoopRegions().front()->front();
  for (Operation &op : llvm::make_early_inc_range(body.without_terminator()))
    op.moveBefore(loop);
  loop->erase();
}

bool nvptx::launchIndependent(scf::ForOp loop) {
  std::optional<Nest> nest = Nest::find(loop);
  if (!nest)
    return false;
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  auto valueOf = [&](OpFoldResult number) {
    return getValueOrCreateConstantIndexOp(builder, loc, number);
  };
  Values trips, lowers, steps;
  size_t next = 0;
  for (LoopLikeOpInterface inner : nest->loops)
    for (auto [lower, upper, step] :
         llvm::zip_equal(constantsOf(inner.getLoopLowerBounds()),
                         constantsOf(inner.getLoopUpperBounds()),
                         constantsOf(inner.getLoopSteps()))) {
      if (!nest->independent[next++])
        continue;
      lowers.push_back(valueOf(lower));
      steps.push_back(valueOf(step));
      trips.push_back(countIterations(builder, loc, lowers.back(),
                                      valueOf(upper), steps.back()));
    }
  Value count = product(builder, loc, trips);
  launchItems(builder, loc, count, [&](OpBuilder &inside, Value item) {
    Values at = delinearize(inside, loc, item, trips);
    for (auto [place, lower, step] : llvm::zip_equal(at, lowers, steps))
      place = counterAt(inside, loc, place, lower, step);
    LoopLikeOpInterface copy = cast<LoopLikeOpInterface>(inside.clone(*loop));
    SmallVector<LoopLikeOpInterface> loops;
    copy->walk<WalkOrder::PreOrder>(
        [&](LoopLikeOpInterface inner) { loops.push_back(inner); });
    ArrayRef<bool> independent = nest->independent;
    ValueRange places = at;
    for (LoopLikeOpInterface inner : loops) {
      size_t counters = inner.getLoopInductionVars()->size();
      if (independent.front()) {
        dissolve(inner, places.take_front(counters));
        places = places.drop_front(counters);
      }
      independent = independent.drop_front(counters);
    }
  });
  loop.erase();
  return true;
}
