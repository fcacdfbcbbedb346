//===- LoopCopies.cpp - Buffers of an iteration that are parts of others --===//

#include "BufferAccess.h"
#include "DenseBlock.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_LOOPCOPIES
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// One copy of a loop's body between an allocation of the iteration's and a
/// dense part of a buffer that was there before the loop.
class Elision {
public:
  Elision(memref::CopyOp copy, BlockParts &blocks, int64_t alignment)
      : copy(copy), loop(cast<scf::ForOp>(copy->getParentOp())), blocks(blocks),
        alignment(alignment) {}

  /// The target has become the source.
  bool isToItself();
  /// The source is written where it would be copied to.
  bool writeInPlace();
  /// The target is read where it would be copied from.
  bool readInPlace();

private:
  bool readsAnotherOfTheIteration();
  bool match(memref::AllocOp own, Value part);
  bool collectOwn(memref::AllocOp of);
  bool isBefore(Operation *op, Operation *other);
  bool isThePart(Value value) const;
  bool isAnotherEachTime();
  bool isKept(const BufferAccess &access);
  bool collectOthers(SmallVectorImpl<BufferAccess> &others);
  void replace(Operation *place);

  memref::CopyOp copy;
  scf::ForOp loop;
  BlockParts &blocks;
  int64_t alignment; // of parts, B
  memref::AllocOp alloc;
  memref::SubViewOp view; // the part
  Sizes sizes;            // of the buffer that it is of
  /// Of the allocation, by the iteration.
  SmallVector<BufferAccess> own;
  /// Whether the next iteration, or what follows the loop, reads it.
  bool isCarried = false;
};

} // namespace

/// Whether `op` comes before `other`, of the loop's body, in an iteration.
bool Elision::isBefore(Operation *op, Operation *other) {
  Operation *mine = loop.getBody()->findAncestorOpInBlock(*op);
  return mine && mine->isBeforeInBlock(other);
}

/// Whether `value` is the part and not another of its buffer.
bool Elision::isThePart(Value value) const {
  while (Operation *op = value.getDefiningOp()) {
    auto made = blocks.find(op);
    if (op == view || (made != blocks.end() && made->second == view))
      return true;
    auto of = dyn_cast<ViewLikeOpInterface>(op);
    if (!of)
      return false;
    value = of.getViewSource();
  }
  return false;
}

/// Whether `value` is the same in each iteration of the loop.
static bool isTheSame(Value value, scf::ForOp loop) {
  if (loop.isDefinedOutsideOfLoop(value))
    return true;
  Operation *op = value.getDefiningOp();
  return op && isMemoryEffectFree(op) && op->getNumRegions() == 0 &&
         llvm::all_of(op->getOperands(),
                      [&](Value operand) { return isTheSame(operand, loop); });
}

/// Whether `value` is another one in each iteration of the loop, and by as much
/// from each to the next.
static bool isAnotherEachTime(Value value, scf::ForOp loop) {
  if (value == loop.getInductionVar())
    return true;
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(op)) {
    Value left = op->getOperand(0), right = op->getOperand(1);
    return (isTheSame(left, loop) && isAnotherEachTime(right, loop)) ||
           (isTheSame(right, loop) && isAnotherEachTime(left, loop));
  }
  auto apply = dyn_cast_or_null<affine::AffineApplyOp>(op);
  if (!apply)
    return false;
  AffineMap map = apply.getAffineMap();
  AffineExpr at = map.getResult(0), next = at;
  for (auto [i, operand] : llvm::enumerate(apply.getMapOperands())) {
    bool isDim = i < map.getNumDims();
    AffineExpr symbol =
        isDim ? getAffineDimExpr(i, op->getContext())
              : getAffineSymbolExpr(i - map.getNumDims(), op->getContext());
    if (operand == loop.getInductionVar())
      next = next.replace(symbol, symbol + 1);
    else if (!isTheSame(operand, loop))
      return false;
  }
  auto step = dyn_cast<AffineConstantExpr>(
      simplifyAffineExpr(next - at, map.getNumDims(), map.getNumSymbols()));
  return step && step.getValue() != 0;
}

/// Whether the parts of no two iterations have an element in common.
bool Elision::isAnotherEachTime() {
  return llvm::any_of(
      llvm::zip_equal(view.getMixedOffsets(), view.getMixedSizes()),
      [&](auto dimension) {
        auto [offset, size] = dimension;
        auto place = dyn_cast<Value>(offset);
        return place && isConstantIntValue(size, 1) &&
               ::isAnotherEachTime(place, loop);
      });
}

bool Elision::match(memref::AllocOp whole, Value part) {
  alloc = whole;
  view = part.getDefiningOp<memref::SubViewOp>();
  if (Operation *op = part.getDefiningOp())
    if (auto made = blocks.find(op); made != blocks.end())
      view = made->second;
  if (!alloc || !view || !loop.isDefinedOutsideOfLoop(view.getSource()))
    return false;
  Value base = view.getSource();
  std::optional<Sizes> known = sizesOf(base), shape = sizesOf(alloc);
  if (!known && isa<BlockArgument>(base) &&
      view.getSourceType().getLayout().isIdentity()) {
    OpBuilder builder(loop);
    known = memref::getMixedSizes(builder, loop.getLoc(), base);
  }
  if (!known || !shape || !isDense(view, *known) ||
      !startsAtMultiple(view, *known, alignment) ||
      view.getSourceType().getMemorySpace() != alloc.getType().getMemorySpace())
    return false;
  sizes = *known;
  return haveSameSizes(*shape, view.getMixedSizes());
}

/// What the iteration, and who gets the buffer from it, does with the
/// allocation. False: that isn't known, or it is written by another.
bool Elision::collectOwn(memref::AllocOp of) {
  SmallVector<BufferAccess> later;
  for (OpOperand &use : of->getUses()) {
    if (use.getOwner() != loop.getBody()->getTerminator()) {
      if (!collectAccesses(use, own))
        return false;
      continue;
    }
    isCarried = true;
    unsigned number = use.getOperandNumber();
    if (!collectAccesses(loop.getRegionIterArg(number), later) ||
        !collectAccesses(loop.getResult(number), later))
      return false;
  }
  return llvm::none_of(
      later, [](const BufferAccess &access) { return access.writes; });
}

/// Whether what the loop carries is as it was after the access, which is one to
/// the buffer of the part.
bool Elision::isKept(const BufferAccess &access) {
  if (!isCarried || !access.writes)
    return true;
  Operation *op = access.operand->getOwner();
  if (loop->isAncestor(op))
    return isThePart(access.operand->get());
  // The next time that an outer loop comes there, nobody reads this any more.
  Operation *outside = loop->getBlock()->findAncestorOpInBlock(*op);
  return outside && outside->isBeforeInBlock(loop);
}

/// All accesses to the buffer of the part. False: they aren't known, or don't
/// keep what the loop carries.
bool Elision::collectOthers(SmallVectorImpl<BufferAccess> &others) {
  return collectAccesses(bufferOf(view.getSource()), others) &&
         llvm::all_of(others, [&](const BufferAccess &access) {
           return isKept(access);
         });
}

/// Makes the allocation the part, from `place` on.
void Elision::replace(Operation *place) {
  OpBuilder builder(place);
  becomeBlock(builder, alloc, view.getSource(), view, sizes, blocks);
  copy.erase();
}

bool Elision::isToItself() {
  auto made = blocks.find(copy.getTarget().getDefiningOp());
  if (made == blocks.end() || made->second.getResult() != copy.getSource())
    return false;
  copy.erase();
  return true;
}

bool Elision::writeInPlace() {
  if (!match(wholeAllocation(copy.getSource(), loop.getBody()),
             copy.getTarget()) ||
      !isInside(view, sizes) || !collectOwn(alloc) ||
      (isCarried && !isAnotherEachTime()))
    return false;
  for (const BufferAccess &access : own)
    if (access.writes && !isBefore(access.operand->getOwner(), copy))
      return false;
  SmallVector<BufferAccess> others;
  if (!collectOthers(others))
    return false;
  for (const BufferAccess &access : others) {
    Operation *op = access.operand->getOwner();
    // What the part was before is copied to where it is then.
    auto load = dyn_cast<memref::CopyOp>(op);
    bool isLoad = load && load.getSource() == copy.getTarget() &&
                  load.getTarget() == alloc;
    if (op != copy && !isLoad && loop->isAncestor(op) &&
        (access.writes || isBefore(op, copy)))
      return false;
  }
  if (!moveBefore(view, /*maker=*/nullptr, alloc))
    return false;
  replace(alloc);
  return true;
}

/// A second buffer for what the iteration has in one of its own.
bool Elision::readsAnotherOfTheIteration() {
  auto source = copy.getSource().getDefiningOp<memref::AllocOp>();
  if (!source || source->getBlock() != copy->getBlock() ||
      source.getType() != alloc.getType() || !collectOwn(source) ||
      llvm::any_of(own, [&](const BufferAccess &access) {
        return access.writes && !isBefore(access.operand->getOwner(), copy);
      }))
    return false;
  alloc.replaceAllUsesWith(source.getResult());
  alloc.erase();
  copy.erase();
  return true;
}

bool Elision::readInPlace() {
  alloc = copy.getTarget().getDefiningOp<memref::AllocOp>();
  if (!alloc || alloc->getBlock() != copy->getBlock() || !collectOwn(alloc))
    return false;
  for (const BufferAccess &access : own) {
    Operation *op = access.operand->getOwner();
    if (op != copy && (access.writes || isBefore(op, copy)))
      return false;
  }
  own.clear();
  if (readsAnotherOfTheIteration())
    return true;
  if (!match(alloc, copy.getSource()) || (isCarried && !isAnotherEachTime()))
    return false;
  SmallVector<BufferAccess> others;
  if (!collectOthers(others))
    return false;
  for (const BufferAccess &access : others) {
    Operation *op = access.operand->getOwner();
    if (access.writes && loop->isAncestor(op) && !isBefore(op, copy))
      return false;
  }
  replace(copy);
  return true;
}

namespace {
struct LoopCopiesPass : rac::impl::LoopCopiesBase<LoopCopiesPass> {
  using LoopCopiesBase::LoopCopiesBase;

  void runOnOperation() override {
    if (alignment < 1) {
      getOperation().emitOpError(
          "the alignment of parts must be positive, not ")
          << alignment.getValue();
      return signalPassFailure();
    }
    BlockParts blocks;
    getOperation().walk([&](scf::ForOp loop) {
      auto copies = llvm::to_vector(loop.getBody()->getOps<memref::CopyOp>());
      // Last first: what a buffer becomes a part of has then found its place.
      for (memref::CopyOp copy : llvm::reverse(copies)) {
        if (Elision(copy, blocks, alignment).isToItself())
          continue;
        if (Elision(copy, blocks, alignment).writeInPlace())
          ++numWritten;
        else if (Elision(copy, blocks, alignment).readInPlace())
          ++numRead;
      }
    });
  }
};
} // namespace
