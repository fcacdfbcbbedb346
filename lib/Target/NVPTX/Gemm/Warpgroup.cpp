//===- Warpgroup.cpp - Products of four warps together --------------------===//

#include "Warpgroup.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace rac::gemm;

Warpgroups::Warpgroups(Emit &e, const Tile &tile,
                       const Contraction &contraction, const Atom &atom,
                       const Operand &a, const Operand &b, Index thread)
    : e(e), tile(tile), a(a), b(b), thread(thread), apart(atom.sumsApart()),
      product{a.access.element(),
              tile.columns,
              tile.parts == 0 && !a.depthInner,
              tile.parts == 0 && !b.depthInner,
              contraction.wideningA.isUnsigned,
              contraction.wideningB.isUnsigned} {
  for (int64_t shift : contraction.wideningA.shifts())
    shifts.push_back(
        holdRegisters(e, SmallVector<Value>(kLeftRegisters, fourOf(e, shift))));
}

int64_t Warpgroups::bytes(const Tile &tile) {
  return tile.stages * (tile.rows + tile.columns) * kSwizzledLine +
         SplitFactors::bytes(tile) + kSwizzledTile;
}

/// Adds the products of a stage, or, if not `add`, has only these.
Value Warpgroups::multiply(Value addressA, Value addressB, Value sums,
                           bool add) {
  GroupProduct shifted = product;
  shifted.leftUnsigned = false;
  auto descriptor = [&](const Operand &operand, Value address, int64_t depth) {
    int64_t step = operand.depthInner ? operand.bytes : kSwizzledLine;
    Value start =
        arith::AddIOp::create(e.b, e.loc, address,
                              arith::ConstantIntOp::create(
                                  e.b, e.loc, e.b.getI64Type(), depth * step));
    return operand.depthInner
               ? matrixDescriptor(e, start)
               : matrixDescriptor(e, start, operand.depthTile * kSwizzledLine);
  };
  NVVM::WgmmaFenceAlignedOp::create(e.b, e.loc);
  for (int64_t depth = 0; depth < tile.depth; depth += product.depth()) {
    Value right = descriptor(b, addressB, depth);
    for (ArrayRef<Value> shift : shifts)
      sums = multiplyGroup(e, shifted, shift, right, sums);
    sums = multiplyGroup(e, product, descriptor(a, addressA, depth), right,
                         sums, add || depth > 0);
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(e.b, e.loc);
  return sums;
}

/// Of f32: the smallest products first.
Value Warpgroups::multiplyParts(SplitFactors &factors, Index stage, Index copy,
                                Value sums, bool add) {
  const int64_t last = tile.parts - 1;
  SmallVector<Value> right;
  for (int64_t part = 0; part < tile.parts; ++part)
    right.push_back(matrixDescriptor(e, factors.right(copy, part)));
  for (int64_t depth = 0; depth < tile.depth; depth += product.depth()) {
    auto left = factors.left(stage, depth);
    for (SplitFactors::Registers &registers : left)
      registers = holdRegisters(e, registers);
    NVVM::WgmmaFenceAlignedOp::create(e.b, e.loc);
    for (int64_t both = last; both >= 0; --both)
      for (int64_t part = both; part >= 0; --part) {
        Value tile = movedDescriptor(e, right[both - part], depth * b.bytes);
        sums = multiplyGroup(e, product, left[part], tile, sums, add);
        add = true;
      }
  }
  NVVM::WgmmaGroupSyncAlignedOp::create(e.b, e.loc);
  return sums;
}

/// What a step's products give, once there is no other way to them: PTX alone
/// knows which registers they change.
Value Warpgroups::total(Value before, Value step) {
  SmallVector<Value> sums = elementsOf(e, before),
                     held = holdRegisters(e, elementsOf(e, step));
  if (!apart)
    return structureOf(e, held);
  for (auto [sum, more] : llvm::zip_equal(sums, held))
    sum = arith::AddFOp::create(e.b, e.loc, sum, more);
  return structureOf(e, sums);
}

scf::ForOp Warpgroups::loopOverSteps(const FeedPlan &plan) {
  Value none = structureOf(
      e, SmallVector<Value>(tile.columns / 2, e.zero(product.sum())));
  return scf::ForOp::create(e.b, e.loc, e.value(e.number(0)),
                            e.value(plan.way.steps), e.value(e.number(1)),
                            none);
}

FeedPlan Warpgroups::planFeed(const Way &way, Index batches, int64_t barriers) {
  // Where shared memory begins is only known to be a multiple of 16.
  Value memory = sharedView(e, e.b.getI8Type(), bytes(tile), 0);
  Value begin = memref::ExtractAlignedPointerAsIndexOp::create(
      e.b, e.loc, e.b.getIndexType(), memory);
  Value over =
      arith::AndIOp::create(e.b, e.loc, e.value(e.sub(e.number(0), begin)),
                            e.value(e.number(kSwizzledTile - 1)));
  Value address = arith::IndexCastUIOp::create(
      e.b, e.loc, e.b.getI64Type(), e.value(e.add(Index(begin), over)));
  return {tile, a, b, thread, way, batches, memory, over, address, barriers};
}

Value Warpgroups::accumulate(const Way &way, Index batches, int64_t barriers) {
  FeedPlan plan = planFeed(way, batches, barriers);
  std::unique_ptr<Feed> feed = makeFeed(e, plan);
  // The tile that is being multiplied with keeps its place, and so does the one
  // before, that other warps may still read.
  for (int64_t i = 0; i < ahead(); ++i)
    feed->request(e.number(i));
  Value sums = tile.parts > 0 ? accumulateParts(plan, *feed)
                              : accumulateTiles(plan, *feed);
  feed->finish();
  return sums;
}

Value Warpgroups::accumulateTiles(const FeedPlan &plan, Feed &feed) {
  int64_t stageA = a.stageElements() * a.bytes,
          stageB = b.stageElements() * b.bytes;
  auto addressOf = [&](Index at) -> Value {
    return arith::AddIOp::create(e.b, e.loc, plan.address,
                                 arith::IndexCastUIOp::create(e.b, e.loc,
                                                              e.b.getI64Type(),
                                                              e.value(at)));
  };
  Index group = e.div(thread, e.number(kGroupWarps * kWarp));
  Index startA = e.mul(group, e.number(kGroupRows * kSwizzledLine));
  Index startB = e.number(tile.stages * stageA);
  scf::ForOp loop = loopOverSteps(plan);
  {
    OpBuilder::InsertionGuard restore(e.b);
    e.b.setInsertionPointToStart(loop.getBody());
    Index step = loop.getInductionVar();
    feed.await(step);
    feed.request(e.add(step, e.number(ahead())));
    Index stage = plan.stageOf(e, step);
    Value before = loop.getRegionIterArgs()[0];
    Value sums =
        multiply(addressOf(e.add(startA, e.mul(stage, e.number(stageA)))),
                 addressOf(e.add(startB, e.mul(stage, e.number(stageB)))),
                 apart ? noSums(e, product) : before, !apart);
    NVVM::WgmmaWaitGroupSyncOp::create(e.b, e.loc, apart ? 0 : 1);
    if (apart)
      sums = total(before, sums);
    scf::YieldOp::create(e.b, e.loc, sums);
  }
  NVVM::WgmmaWaitGroupSyncOp::create(e.b, e.loc, 0);
  return loop.getResult(0);
}

/// The next step's right factor is split while tensor cores multiply.
Value Warpgroups::accumulateParts(const FeedPlan &plan, Feed &feed) {
  SplitFactors factors(e, plan);
  auto prepare = [&](Index step) {
    {
      OpBuilder::InsertionGuard restore(e.b);
      e.enter(e.less(step, plan.way.steps));
      feed.await(step);
      factors.copyRight(plan.stageOf(e, step), e.rem(step, e.number(2)));
    }
    fenceCopies(e);
  };
  prepare(e.number(0));
  gpu::BarrierOp::create(e.b, e.loc);
  scf::ForOp loop = loopOverSteps(plan);
  OpBuilder::InsertionGuard restore(e.b);
  e.b.setInsertionPointToStart(loop.getBody());
  Index step = loop.getInductionVar();
  Value before = loop.getRegionIterArgs()[0];
  Value sums =
      multiplyParts(factors, plan.stageOf(e, step), e.rem(step, e.number(2)),
                    apart ? noSums(e, product) : before, !apart);
  feed.request(e.add(step, e.number(ahead())));
  prepare(e.add(step, e.number(1)));
  NVVM::WgmmaWaitGroupSyncOp::create(e.b, e.loc, 0);
  sums = total(before, sums);
  // All have their part of the copy there, and none reads the other any more.
  gpu::BarrierOp::create(e.b, e.loc);
  scf::YieldOp::create(e.b, e.loc, sums);
  return loop.getResult(0);
}

/// A lane has, of each eight columns, two neighbours in two rows eight apart; a
/// warp has 16 rows: PTX ISA, the result of wgmma.
void Warpgroups::put(const Stage &stage, Value sums) {
  constexpr int64_t warpRows = kGroupRows / kGroupWarps;
  Index lane = e.rem(thread, e.number(kWarp)),
        warp = e.div(thread, e.number(kWarp));
  Index row = e.add(e.mul(warp, e.number(warpRows)), e.div(lane, e.number(4)));
  Index column = e.mul(e.rem(lane, e.number(4)), e.number(2));
  Index start = stage.at(e, e.number(0), row, column);
  for (auto [i, sum] : llvm::enumerate(elementsOf(e, sums))) {
    int64_t below = i / 2 % 2 * 8, right = i / 4 * 8 + i % 2;
    stage.put(e,
              e.add(start, e.number(below * stage.rowStride() +
                                    right * stage.columnStride())),
              sum);
  }
}
