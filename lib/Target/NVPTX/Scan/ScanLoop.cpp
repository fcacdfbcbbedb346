//===- ScanLoop.cpp - Loops that carry a running sum ----------------------===//

#include "ScanLoop.h"
#include "../Places.h"
#include "../Rows/Combiner.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

FailureOr<ScanLoop> ScanLoop::find(scf::ForOp loop, RewriterBase &rewriter) {
  ScanLoop scan;
  scan.loop = loop;
  if (failed(scan.findTerm(rewriter)) || failed(scan.findRows(rewriter)) ||
      failed(scan.checkAccesses(rewriter)))
    return failure();
  return scan;
}

//===----------------------------------------------------------------------===//
// What is carried
//===----------------------------------------------------------------------===//

/// Whether the order of sums may decide whether one overflows.
static bool mustNotOverflow(Operation *combiner) {
  auto integers = dyn_cast<arith::ArithIntegerOverflowFlagsInterface>(combiner);
  return integers &&
         (integers.hasNoSignedWrap() || integers.hasNoUnsignedWrap());
}

LogicalResult ScanLoop::findTerm(RewriterBase &rewriter) {
  if (loop.getNumResults() != 1)
    return rewriter.notifyMatchFailure(loop, "it doesn't carry one value");
  if (!loop.getResult(0).use_empty())
    return rewriter.notifyMatchFailure(loop, "its result is used");
  Value carried = loop.getRegionIterArg(0);
  Value next = loop.getYieldedValues()[0];
  combiner = next.getDefiningOp();
  if (!combiner || combiner->getBlock() != loop.getBody() ||
      !llvm::is_contained(combiner->getOperands(), carried) ||
      !Combiner::find(combiner) || mustNotOverflow(combiner))
    return rewriter.notifyMatchFailure(
        loop, "what it carries is not combined in any order");
  term = combiner->getOperand(combiner->getOperand(0) == carried ? 1 : 0);

  SmallVector<Value> open = {term};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (value == carried)
      return rewriter.notifyMatchFailure(loop, "a term takes what is carried");
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != loop.getBody() ||
        !computesTerm.insert(op).second)
      continue;
    if (op->getNumRegions() != 0 ||
        (!isMemoryEffectFree(op) && !isa<memref::LoadOp>(op)))
      return rewriter.notifyMatchFailure(op, "a term is not only computed");
    llvm::append_range(open, op->getOperands());
  }
  return success();
}

//===----------------------------------------------------------------------===//
// What is around
//===----------------------------------------------------------------------===//

LogicalResult ScanLoop::findRows(RewriterBase &rewriter) {
  rows = dyn_cast<scf::ParallelOp>(loop->getParentOp());
  if (outermost()->getParentOfType<scf::ParallelOp>() ||
      outermost()->getParentOfType<gpu::LaunchOp>())
    return rewriter.notifyMatchFailure(loop, "a thread runs it");
  if (!rows)
    return success();
  if (rows.getNumResults() != 0)
    return rewriter.notifyMatchFailure(rows, "rows give a result");
  for (Operation &op : rows.getBody()->without_terminator())
    if (&op != loop && (op.getNumRegions() != 0 || !isMemoryEffectFree(&op)))
      return rewriter.notifyMatchFailure(&op, "more is done for a row");
  for (Value bound :
       {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()})
    if (rows->isAncestor(bound.getParentBlock()->getParentOp()))
      return rewriter.notifyMatchFailure(loop, "rows differ in length");
  return success();
}

//===----------------------------------------------------------------------===//
// What is accessed
//===----------------------------------------------------------------------===//

static Value withoutCasts(Value value) {
  while (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    value = cast.getIn();
  return value;
}

/// Whether a store is only made where the term is a positive number, and the
/// term is zero elsewhere.
bool ScanLoop::isCounted(Operation *store) {
  if (!isa<arith::AddIOp>(combiner))
    return false;
  Operation *number = term.getDefiningOp();
  if (!number || !isa<arith::ExtUIOp, arith::IndexCastUIOp>(number) ||
      !number->getOperand(0).getType().isInteger(1))
    return false;
  for (Operation *inner = store; inner != loop.getOperation();
       inner = inner->getParentOp())
    if (auto branch = dyn_cast<scf::IfOp>(inner->getParentOp()))
      if (branch.getCondition() == number->getOperand(0) &&
          inner->getParentRegion() == &branch.getThenRegion())
        return true;
  return false;
}

/// Whether no other iteration's `store` has this index.
bool ScanLoop::isOwn(Value index, Operation *store) {
  if (!index)
    return false;
  Value counter = loop.getInductionVar();
  if (index == counter)
    return true;
  if (withoutCasts(index) == loop.getRegionIterArg(0))
    return isCounted(store);
  auto difference = index.getDefiningOp<arith::SubIOp>();
  return difference && difference.getRhs() == counter &&
         loop.isDefinedOutsideOfLoop(difference.getLhs());
}

LogicalResult ScanLoop::checkAccesses(RewriterBase &rewriter) {
  SmallVector<Operation *> accesses;
  // Of each buffer that is written, the index of each dimension, if no other
  // iteration has it.
  DenseMap<Value, SmallVector<Value>> own;
  WalkResult result = loop.getBody()->walk([&](Operation *op) {
    if (isa<scf::IfOp>(op))
      return WalkResult::advance();
    if (isa<memref::LoadOp, memref::StoreOp>(op))
      accesses.push_back(op);
    else if (op->getNumRegions() != 0 || !isMemoryEffectFree(op))
      return WalkResult::interrupt();
    if (!isa<memref::StoreOp>(op))
      return WalkResult::advance();
    std::optional<Values> place = placeOf(op);
    if (!place)
      return WalkResult::interrupt();
    for (Value &index : *place)
      if (!isOwn(index, op))
        index = Value();
    auto [entry, isNew] = own.try_emplace(baseOf(bufferOf(op)), *place);
    if (!isNew)
      for (auto [before, here] : llvm::zip_equal(entry->second, *place))
        if (before != here)
          before = Value();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return rewriter.notifyMatchFailure(loop,
                                       "it does more than load and store");
  for (auto &[buffer, place] : own)
    if (llvm::none_of(place, [](Value index) { return bool(index); }))
      return rewriter.notifyMatchFailure(
          loop, "iterations may store at the same place");
  for (Operation *access : accesses)
    if (isa<memref::LoadOp>(access) && own.contains(baseOf(bufferOf(access))))
      return rewriter.notifyMatchFailure(access, "it reads what it writes");
  findNeighbours(accesses);
  return success();
}

/// Looks what indexes the last dimension of buffers that has more than one
/// element.
void ScanLoop::findNeighbours(ArrayRef<Operation *> accesses) {
  Value lastRow;
  if (rows)
    for (auto [counter, upper] :
         llvm::zip_equal(rows.getInductionVars(), rows.getUpperBound()))
      if (!isConstantIntValue(upper, 1))
        lastRow = counter;
  for (Operation *access : accesses) {
    std::optional<Values> place = placeOf(access);
    if (!place)
      continue;
    auto type = cast<MemRefType>(baseOf(bufferOf(access)).getType());
    int64_t last = type.getRank() - 1;
    while (last > 0 && type.getDimSize(last) == 1)
      --last;
    Value index = last < 0 ? Value() : (*place)[last];
    if (index && index == lastRow)
      neighboursAreRows = true;
    if (isOwn(index, access)) {
      neighboursAreRows = false;
      return;
    }
  }
}
