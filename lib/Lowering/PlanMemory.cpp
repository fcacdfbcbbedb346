//===- PlanMemory.cpp - One arena for all buffers of a run ----------------===//

#include "TimelineBuilder.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/ArenaPacking.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/Passes.h"
#include "llvm/Support/MathExtras.h"

namespace rac {
#define GEN_PASS_DEF_PLANMEMORY
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// When the entry's top-level ops run, and what buffers they keep alive.
class Liveness {
public:
  explicit Liveness(func::FuncOp entry)
      : block(&entry.getBody().front()), views(entry) {
    for (auto [i, op] : llvm::enumerate(*block))
      position[&op] = i;
  }

  /// From the op that holds the allocation to the last that touches it or a
  /// view of it. None if the buffer goes round a loop: each iteration makes a
  /// new one while the old is still in use.
  std::optional<std::pair<int64_t, int64_t>> lifetime(memref::AllocOp alloc) {
    Operation *top = block->findAncestorOpInBlock(*alloc);
    int64_t first = position.lookup(top), last = first;
    for (Value alias : views.resolve(alloc)) {
      if (auto argument = dyn_cast<BlockArgument>(alias))
        if (argument.getOwner() != block && top != alloc)
          return std::nullopt;
      for (Operation *user : alias.getUsers()) {
        if (top != alloc && user->hasTrait<OpTrait::IsTerminator>())
          return std::nullopt;
        last = std::max(last,
                        position.lookup(block->findAncestorOpInBlock(*user)));
      }
    }
    return std::make_pair(first, last);
  }

private:
  Block *block;
  BufferViewFlowAnalysis views;
  llvm::DenseMap<Operation *, int64_t> position;
};

/// The ops that compute `sizes`, in order; none if one of them needs more than
/// input shapes.
std::optional<SetVector<Operation *>> sizeComputation(ValueRange sizes) {
  SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.inclusive = true;
  for (Value size : sizes)
    if (isa<BlockArgument>(size) ||
        failed(getBackwardSlice(size, &slice, options)))
      return std::nullopt;
  for (Operation *op : slice) {
    if (!isMemoryEffectFree(op) || op->getNumRegions() != 0 ||
        isa<InputBufferOp>(op))
      return std::nullopt;
    for (Value operand : op->getOperands())
      if (isa<BlockArgument>(operand))
        return std::nullopt;
  }
  return topologicalSort(slice);
}

/// Fails the run where the inputs' shapes leave nothing of some buffer, as a
/// window larger than what it moves over does.
void checkSizes(OpBuilder &builder, Location loc, ArrayRef<Value> sizes) {
  Value good;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (Value size : sizes) {
    Value one = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                      size, zero);
    good =
        good ? arith::AndIOp::create(builder, loc, good, one).getResult() : one;
  }
  if (good)
    cf::AssertOp::create(builder, loc, good,
                         "the inputs' shapes are too small for the model");
}

struct PlanMemoryPass : rac::impl::PlanMemoryBase<PlanMemoryPass> {
  using PlanMemoryBase::PlanMemoryBase;
  void runOnOperation() override;

private:
  /// The entry function's buffers, by where their memory comes from.
  struct Buffers {
    SmallVector<memref::AllocOp> fixed, dynamic, heap;
    SmallVector<ArenaBuffer> fixedPlaces; ///< of `fixed`
    SmallVector<ArenaBuffer> slots;       ///< of `dynamic`; offset: which
    SetVector<Operation *> sizeOps;       ///< what computes sizes of `dynamic`
  };
  /// The part of the arena whose sizes the run computes.
  struct Slots {
    SmallVector<Value> ownBytes; ///< of each dynamic buffer
    SmallVector<Value> offsets;  ///< of each slot
    Value end;                   ///< of the arena
  };
  void findBuffers(func::FuncOp entry, Buffers &buffers);
  OpBuilder afterSizes(Block &block, SetVector<Operation *> sizeOps);
  Slots layOutSlots(OpBuilder &builder, Buffers &buffers, int64_t fixedBytes);
  /// Bytes of `alloc`, rounded up to the alignment, computed at `builder`.
  Value dynamicBytes(OpBuilder &builder, memref::AllocOp alloc);
  void placeInArena(memref::AllocOp alloc, Value arena, Value offset);
  void toHeap(memref::AllocOp alloc);
  void makeSizeFunction(func::FuncOp entry, Value bytes, ArrayRef<Value> sizes);
};

Value PlanMemoryPass::dynamicBytes(OpBuilder &builder, memref::AllocOp alloc) {
  Location loc = alloc.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  int64_t fixed = elementBytes(alloc.getType());
  for (int64_t size : alloc.getType().getShape())
    if (!ShapedType::isDynamic(size))
      fixed *= size;
  Value bytes = constant(fixed);
  for (Value size : alloc.getDynamicSizes())
    bytes = arith::MulIOp::create(builder, loc, bytes, size);
  Value up =
      arith::AddIOp::create(builder, loc, bytes, constant(kArenaAlignment - 1));
  return arith::AndIOp::create(builder, loc, up, constant(-kArenaAlignment));
}

void PlanMemoryPass::placeInArena(memref::AllocOp alloc, Value arena,
                                  Value offset) {
  OpBuilder builder(alloc);
  Value view = memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(),
                                      arena, offset, alloc.getDynamicSizes());
  alloc.replaceAllUsesWith(view);
  alloc.erase();
}

void PlanMemoryPass::toHeap(memref::AllocOp alloc) {
  OpBuilder builder(alloc);
  alloc.replaceAllUsesWith(HeapOp::create(builder, alloc.getLoc(),
                                          alloc.getType(),
                                          alloc.getDynamicSizes())
                               .getResult());
  alloc.erase();
  ++numHeap;
}

/// `@rac_arena_size`: the same computation of `bytes` in a function of its own.
void PlanMemoryPass::makeSizeFunction(func::FuncOp entry, Value bytes,
                                      ArrayRef<Value> sizes) {
  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
  auto function =
      func::FuncOp::create(builder, entry.getLoc(), kArenaSizeName,
                           builder.getFunctionType({}, builder.getIndexType()));
  builder.setInsertionPointToStart(function.addEntryBlock());
  IRMapping mapping;
  std::optional<SetVector<Operation *>> slice = sizeComputation(bytes);
  assert(slice && "the arena's size was computed from input shapes");
  for (Operation *op : *slice)
    builder.clone(*op, mapping);
  SmallVector<Value> own;
  for (Value size : sizes)
    own.push_back(mapping.lookup(size));
  checkSizes(builder, entry.getLoc(), own);
  func::ReturnOp::create(builder, entry.getLoc(), mapping.lookup(bytes));
}

void PlanMemoryPass::findBuffers(func::FuncOp entry, Buffers &buffers) {
  Liveness liveness(entry);
  entry.walk([&](memref::AllocOp alloc) {
    auto span = liveness.lifetime(alloc);
    auto slice = sizeComputation(alloc.getDynamicSizes());
    if (!span || !slice) {
      buffers.heap.push_back(alloc);
    } else if (alloc.getType().hasStaticShape()) {
      buffers.fixed.push_back(alloc);
      buffers.fixedPlaces.push_back(
          {span->first, span->second,
           elementBytes(alloc.getType()) * alloc.getType().getNumElements()});
    } else {
      buffers.dynamic.push_back(alloc);
      buffers.slots.push_back({span->first, span->second, 0});
      buffers.sizeOps.insert(slice->begin(), slice->end());
    }
  });
}

/// Where sizes are known: after what computes them, which goes to the front.
OpBuilder PlanMemoryPass::afterSizes(Block &block,
                                     SetVector<Operation *> sizeOps) {
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  sizeOps = topologicalSort(sizeOps);
  for (Operation *op : llvm::reverse(sizeOps.getArrayRef()))
    op->moveBefore(&block, block.begin());
  if (!sizeOps.empty())
    builder.setInsertionPointAfter(sizeOps.back());
  return builder;
}

PlanMemoryPass::Slots PlanMemoryPass::layOutSlots(OpBuilder &builder,
                                                  Buffers &buffers,
                                                  int64_t fixedBytes) {
  Location loc = builder.getInsertionBlock()->getParentOp()->getLoc();
  Slots slots;
  SmallVector<Value> slotBytes(assignSlots(buffers.slots));
  for (auto [alloc, buffer] : llvm::zip_equal(buffers.dynamic, buffers.slots)) {
    Value bytes = dynamicBytes(builder, alloc);
    slots.ownBytes.push_back(bytes);
    Value &slot = slotBytes[buffer.offset];
    slot = slot ? arith::MaxUIOp::create(builder, loc, slot, bytes).getResult()
                : bytes;
  }
  slots.end = arith::ConstantIndexOp::create(builder, loc, fixedBytes);
  for (Value bytes : slotBytes) {
    slots.offsets.push_back(slots.end);
    slots.end = arith::AddIOp::create(builder, loc, slots.end, bytes);
  }
  return slots;
}

void PlanMemoryPass::runOnOperation() {
  auto entry = getOperation().lookupSymbol<func::FuncOp>(kEntryName);
  if (!entry) {
    getOperation().emitError("has no entry function '") << kEntryName << "'";
    return signalPassFailure();
  }
  WalkResult elsewhere = entry.walk([](memref::AllocOp alloc) {
    if (!alloc.getType().getMemorySpace())
      return WalkResult::advance();
    alloc.emitOpError("is of memory of another kind than the arena");
    return WalkResult::interrupt();
  });
  if (elsewhere.wasInterrupted())
    return signalPassFailure();
  TimelineBuilder told(entry, assumedDim);
  Buffers buffers;
  findBuffers(entry, buffers);
  numStatic = buffers.fixed.size();
  numDynamic = buffers.dynamic.size();
  for (memref::AllocOp alloc : buffers.heap)
    toHeap(alloc);

  int64_t fixedBytes = packArena(buffers.fixedPlaces);
  keepParts(buffers.fixedPlaces, fixedBytes, threads);
  entry->setAttr("rac.arena_bytes",
                 Builder(&getContext()).getI64IntegerAttr(fixedBytes));

  // Sizes first, then the arena, then the views where the buffers were.
  OpBuilder builder = afterSizes(entry.getBody().front(), buffers.sizeOps);
  SetVector<Value> sizes;
  for (memref::AllocOp alloc : buffers.dynamic)
    sizes.insert(alloc.getDynamicSizes().begin(),
                 alloc.getDynamicSizes().end());
  checkSizes(builder, entry.getLoc(), sizes.getArrayRef());
  Slots slots = layOutSlots(builder, buffers, fixedBytes);

  for (const ArenaBuffer &buffer : buffers.fixedPlaces)
    told.addBuffer(buffer.first, buffer.last, buffer.offset, buffer.bytes);
  for (auto [buffer, bytes] : llvm::zip_equal(buffers.slots, slots.ownBytes))
    told.addBuffer(buffer.first, buffer.last, slots.offsets[buffer.offset],
                   bytes);
  setTimeline(entry, told.finish(slots.end, buffers.heap.size()));
  if (buffers.heap.empty())
    makeSizeFunction(entry, slots.end, sizes.getArrayRef());
  if (buffers.fixed.empty() && buffers.dynamic.empty())
    return;
  Location loc = entry.getLoc();
  Value arena = ArenaOp::create(
      builder, loc,
      MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()), slots.end);
  for (auto [alloc, buffer] :
       llvm::zip_equal(buffers.fixed, buffers.fixedPlaces)) {
    builder.setInsertionPoint(alloc);
    placeInArena(alloc, arena,
                 arith::ConstantIndexOp::create(builder, loc, buffer.offset));
  }
  for (auto [alloc, buffer] : llvm::zip_equal(buffers.dynamic, buffers.slots))
    placeInArena(alloc, arena, slots.offsets[buffer.offset]);
}

} // namespace
