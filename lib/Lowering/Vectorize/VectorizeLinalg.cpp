//===- VectorizeLinalg.cpp - Linalg on buffers to loops over vectors ------===//

#include "TileEmitter.h"
#include "TransposeEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_VECTORIZELINALG
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

namespace {

/// The fill that gives `op`'s result its first value, if nothing happens in
/// between.
linalg::FillOp findFill(linalg::LinalgOp op) {
  Value out = op.getDpsInitOperand(0)->get();
  for (Operation *before = op->getPrevNode(); before;
       before = before->getPrevNode()) {
    if (auto fill = dyn_cast<linalg::FillOp>(before))
      if (fill.getOutputs()[0] == out)
        return fill;
    if (!isMemoryEffectFree(before) && !isa<memref::AllocOp>(before))
      return {};
  }
  return {};
}

/// The loops around the tiles of one op.
class Nest {
public:
  Nest(linalg::LinalgOp op, const LoopRoles &roles, bool scalable,
       OpBuilder &builder, Value init)
      : op(op), roles(roles), scalable(scalable), builder(builder),
        loc(op.getLoc()), ranges(op.createLoopRanges(builder, loc)),
        tiles(op, roles, scalable, ranges, init) {}

  void emit();

private:
  Value asValue(OpFoldResult size) {
    return getValueOrCreateConstantIndexOp(builder, loc, size);
  }
  SmallVector<unsigned> order();
  void emitColumns();
  void emitRows(int64_t vectors, Value mask);
  /// Calls `whole` where the tile that begins at `position[loop]` is whole,
  /// else `part` for each step of what is left.
  void split(unsigned loop, Value step, std::optional<int64_t> fixedStep,
             Value partStep, function_ref<void()> whole,
             function_ref<void(Value left)> part);

  linalg::LinalgOp op;
  LoopRoles roles;
  bool scalable;
  OpBuilder &builder;
  Location loc;
  SmallVector<Range> ranges;
  TileEmitter tiles;
  SmallVector<Value> position;
};

/// The parallel loops, outermost first: those that the reused vectors depend
/// on, then the vectors, so that they stay in the cache for the others.
SmallVector<unsigned> Nest::order() {
  SmallVector<unsigned> first, last;
  for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (type != utils::IteratorType::parallel || loop == roles.vectorLoop ||
        loop == roles.rowLoop)
      continue;
    bool streams =
        roles.rowLoop &&
        llvm::all_of(op.getDpsInputOperands(), [&, loop = loop](OpOperand *o) {
          AffineMap map = op.getMatchingIndexingMap(o);
          bool reused = !isIndependent(map, roles.vectorLoop) &&
                        isIndependent(map, *roles.rowLoop);
          return !reused || isIndependent(map, loop);
        });
    (streams ? last : first).push_back(loop);
  }
  if (!roles.horizontal)
    first.push_back(roles.vectorLoop);
  llvm::append_range(first, last);
  if (roles.rowLoop)
    first.push_back(*roles.rowLoop);
  return first;
}

void Nest::emit() {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  position.assign(op.getNumLoops(), zero);
  SmallVector<unsigned> loops = order();
  SmallVector<Value> low, high, step;
  for (unsigned loop : loops) {
    low.push_back(asValue(ranges[loop].offset));
    high.push_back(asValue(ranges[loop].size));
    step.push_back(
        loop == roles.vectorLoop ? tiles.lanes(builder, roles.vectors)
        : loop == roles.rowLoop
            ? arith::ConstantIndexOp::create(builder, loc, roles.rows)
            : asValue(ranges[loop].stride));
  }
  OpBuilder::InsertionGuard guard(builder);
  if (!loops.empty()) {
    auto nest = scf::ParallelOp::create(builder, loc, low, high, step);
    for (auto [loop, at] : llvm::zip_equal(loops, nest.getInductionVars()))
      position[loop] = at;
    builder.setInsertionPointToStart(nest.getBody());
  }
  emitColumns();
}

void Nest::split(unsigned loop, Value step, std::optional<int64_t> fixedStep,
                 Value partStep, function_ref<void()> whole,
                 function_ref<void(Value)> part) {
  Value size = asValue(ranges[loop].size);
  auto fixed = getConstantIntValue(ranges[loop].size);
  if (fixed && fixedStep && *fixed % *fixedStep == 0)
    return whole();
  Value begin = position[loop];
  Value end = arith::AddIOp::create(builder, loc, begin, step);
  Value fits =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule, end, size);
  auto choice = scf::IfOp::create(builder, loc, fits, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(choice.thenYield());
  whole();
  builder.setInsertionPoint(choice.elseYield());
  auto rest = scf::ForOp::create(builder, loc, begin, size, partStep);
  builder.setInsertionPointToStart(rest.getBody());
  position[loop] = rest.getInductionVar();
  part(arith::SubIOp::create(builder, loc, size, position[loop]));
  position[loop] = begin;
}

void Nest::emitColumns() {
  if (roles.horizontal)
    return emitRows(roles.vectors, Value());
  split(
      roles.vectorLoop, tiles.lanes(builder, roles.vectors),
      scalable ? std::optional<int64_t>() : roles.vectors * roles.lanes,
      tiles.lanes(builder, 1), [&] { emitRows(roles.vectors, Value()); },
      [&](Value left) {
        Value mask = vector::CreateMaskOp::create(
            builder, loc, tiles.vectorOf(builder.getI1Type()), left);
        emitRows(1, mask);
      });
}

void Nest::emitRows(int64_t vectors, Value mask) {
  if (!roles.rowLoop)
    return tiles.emit(builder, position, 1, vectors, mask);
  split(
      *roles.rowLoop, arith::ConstantIndexOp::create(builder, loc, roles.rows),
      roles.rows, arith::ConstantIndexOp::create(builder, loc, 1),
      [&] { tiles.emit(builder, position, roles.rows, vectors, mask); },
      [&](Value) { tiles.emit(builder, position, 1, vectors, mask); });
}

struct VectorizeLinalgPass
    : rac::impl::VectorizeLinalgBase<VectorizeLinalgPass> {
  using VectorizeLinalgBase::VectorizeLinalgBase;

  void runOnOperation() override {
    VectorTarget target{vectorBits, scalable, registers};
    // Fills last: what they fill may take their value instead.
    for (bool fills : {false, true}) {
      SmallVector<linalg::LinalgOp> ops;
      getOperation().walk([&](linalg::LinalgOp op) {
        if (isa<linalg::FillOp>(op) == fills)
          ops.push_back(op);
      });
      for (linalg::LinalgOp op : ops)
        vectorize(op, target);
    }
  }

private:
  void vectorize(linalg::LinalgOp op, const VectorTarget &target) {
    if (auto transpose = matchTranspose(op, target)) {
      OpBuilder builder(op);
      emitTranspose(builder, op, *transpose);
      ++numVectorized;
      op.erase();
      return;
    }
    std::string why;
    FailureOr<LoopRoles> roles = chooseRoles(op, target, why);
    if (failed(roles)) {
      ++numScalar;
      if (remarks)
        op.emitRemark("stays scalar: ") << why;
      return;
    }
    ++numVectorized;
    OpBuilder builder(op);
    Value init;
    if (op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      if (linalg::FillOp fill = findFill(op)) {
        init = fill.value();
        fill.erase();
      }
    Nest(op, *roles, target.scalable, builder, init).emit();
    op.erase();
  }
};

} // namespace
