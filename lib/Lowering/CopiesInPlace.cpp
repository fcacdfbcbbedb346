//===- CopiesInPlace.cpp - Buffers that are parts of others ---------------===//

#include "BufferAccess.h"
#include "DenseBlock.h"
#include "SumsInPlace.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_COPIESINPLACE
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// One copy of the entry function's block between an allocation and a dense
/// part of another buffer, or all of it.
class Elision {
public:
  Elision(memref::CopyOp copy, BlockParts &blocks, int64_t alignment)
      : copy(copy), block(copy->getBlock()), blocks(blocks),
        alignment(alignment) {}

  /// The source is written where it would be copied to.
  bool writeInPlace();
  /// The target is read where it would be copied from.
  bool readInPlace();

private:
  bool match(Value whole, Value part);
  bool isAfter(Operation *op) {
    return copy->isBeforeInBlock(block->findAncestorOpInBlock(*op));
  }
  bool isApart(const BufferAccess &access);
  bool moveBefore(Operation *place);
  void replace(OpBuilder &builder);

  memref::CopyOp copy;
  Block *block;
  BlockParts &blocks;
  int64_t alignment; // of parts, B
  memref::AllocOp alloc;
  Value base;             // the other buffer
  memref::SubViewOp view; // the part of it; null: all
  Sizes sizes;            // of `base`
};

bool Elision::match(Value whole, Value part) {
  alloc = wholeAllocation(whole, block);
  view = part.getDefiningOp<memref::SubViewOp>();
  base = view ? view.getSource() : part;
  std::optional<Sizes> known = sizesOf(base), own = sizesOf(whole);
  if (!alloc || !known || !own ||
      (view &&
       (!isDense(view, *known) || !startsAtMultiple(view, *known, alignment))))
    return false;
  if (cast<MemRefType>(base.getType()).getMemorySpace() !=
      alloc.getType().getMemorySpace())
    return false;
  sizes = *known;
  return haveSameSizes(*own, view ? Sizes(view.getMixedSizes()) : sizes);
}

/// Whether the access is to another part of the same buffer.
bool Elision::isApart(const BufferAccess &access) {
  Value value = access.operand->get();
  while (Operation *op = view ? value.getDefiningOp() : nullptr) {
    auto other = dyn_cast<memref::SubViewOp>(op);
    if (auto made = blocks.find(op); made != blocks.end())
      other = made->second;
    if (other && other.getSource() == base) {
      FailureOr<bool> overlap = ValueBoundsConstraintSet::areOverlappingSlices(
          view.getContext(), HyperrectangularSlice(view),
          HyperrectangularSlice(other));
      return succeeded(overlap) && !*overlap;
    }
    auto of = dyn_cast<ViewLikeOpInterface>(op);
    if (!of)
      break;
    value = of.getViewSource();
  }
  return false;
}

/// Moves the other buffer before `place`, with what makes it and the part's
/// offsets. False: that isn't possible.
bool Elision::moveBefore(Operation *place) {
  Operation *root = bufferOf(base).getDefiningOp();
  return isa_and_nonnull<memref::AllocOp, OutputBufferOp>(root) &&
         root->getBlock() == block &&
         rac::moveBefore(view ? view.getOperation() : base.getDefiningOp(),
                         root, place);
}

void Elision::replace(OpBuilder &builder) {
  becomeBlock(builder, alloc, base, view, sizes, blocks);
  copy.erase();
}

bool Elision::writeInPlace() {
  if (!match(copy.getSource(), copy.getTarget()) ||
      (view && !isInside(view, sizes)))
    return false;
  Value buffer = bufferOf(base);
  SmallVector<BufferAccess> own, others;
  if (buffer == alloc || !collectAccesses(alloc, own) ||
      !collectAccesses(buffer, others))
    return false;
  for (const BufferAccess &access : own)
    if (access.writes && isAfter(access.operand->getOwner()))
      return false;
  // Nobody else may know of this part before the copy, and change it after.
  for (const BufferAccess &access : others) {
    Operation *user = access.operand->getOwner();
    if (user != copy && (access.writes || !isAfter(user)) && !isApart(access))
      return false;
  }
  if (!moveBefore(alloc))
    return false;
  OpBuilder builder(alloc);
  replace(builder);
  return true;
}

bool Elision::readInPlace() {
  if (!match(copy.getTarget(), copy.getSource()) || copy.getTarget() != alloc)
    return false;
  Value buffer = bufferOf(base);
  SmallVector<BufferAccess> own, others;
  // A buffer of the arena would have to be kept for longer.
  if (!isa_and_nonnull<InputBufferOp, OutputBufferOp, memref::GetGlobalOp>(
          buffer.getDefiningOp()) ||
      !collectAccesses(alloc, own) || !collectAccesses(buffer, others))
    return false;
  for (Operation *user : alloc->getUsers())
    if (user != copy && !isAfter(user))
      return false;
  for (const BufferAccess &access : own)
    if (access.writes && access.operand->getOwner() != copy)
      return false;
  for (const BufferAccess &access : others)
    if (access.writes && isAfter(access.operand->getOwner()))
      return false;
  OpBuilder builder(copy);
  replace(builder);
  return true;
}

struct CopiesInPlacePass : rac::impl::CopiesInPlaceBase<CopiesInPlacePass> {
  using CopiesInPlaceBase::CopiesInPlaceBase;

  void runOnOperation() override {
    auto entry = getOperation().lookupSymbol<func::FuncOp>(kEntryName);
    if (!entry || entry.isExternal())
      return;
    if (alignment < 1) {
      getOperation().emitOpError(
          "the alignment of parts must be positive, not ")
          << alignment.getValue();
      return signalPassFailure();
    }
    // Last first: what a buffer becomes a part of has then found its own place.
    auto copies =
        llvm::to_vector(entry.getBody().front().getOps<memref::CopyOp>());
    BlockParts blocks;
    for (memref::CopyOp copy : llvm::reverse(copies)) {
      if (Elision(copy, blocks, alignment).writeInPlace())
        ++numWritten;
      else if (Elision(copy, blocks, alignment).readInPlace())
        ++numRead;
      else
        ++numCopies;
    }
    for (memref::SubViewOp view : llvm::make_second_range(blocks))
      if (view->use_empty())
        view.erase();
    sumInPlace(getOperation(), entry);
  }
};

} // namespace
