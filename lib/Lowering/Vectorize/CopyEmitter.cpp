//===- CopyEmitter.cpp - Copies by blocks of registers --------------------===//

#include "CopyEmitter.h"
#include "../Math/Expansion.h"
#include "BodyLoads.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

std::optional<CopyOperands>
rac::vectorize::matchCopy(linalg::LinalgOp op, const VectorTarget &target) {
  if (target.scalable || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() > 0)
    return std::nullopt;
  CopyOperands copy;
  copy.source = op.getDpsInputOperand(0);
  copy.result = op.getDpsInitOperand(0);
  copy.from = op.getMatchingIndexingMap(copy.source);
  copy.to = op.getMatchingIndexingMap(copy.result);
  if (!copy.from.isProjectedPermutation() || !copy.to.isPermutation())
    return std::nullopt;
  return copy;
}

SmallVector<OpOperand *>
rac::vectorize::inputsAcross(linalg::LinalgOp op, unsigned loop,
                             const VectorTarget &target) {
  if (target.scalable || op.getNumReductionLoops() > 0 ||
      op.getNumDpsInits() != 1)
    return {};
  OpOperand *result = op.getDpsInitOperand(0);
  AffineMap to = op.getMatchingIndexingMap(result);
  if (!to.isPermutation() || !isContiguous(*result, to, loop) ||
      op.payloadUsesValueFromOperand(result) ||
      checkBody(op, /*scalable=*/false))
    return {};
  // Functions of single numbers would be called once for each element of a
  // block, in code that has no loop.
  for (Operation &inner : op.getBlock()->without_terminator())
    if (functions::isLibraryCall(&inner))
      return {};
  SmallVector<OpOperand *> across;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (interleaveOf(*input) ||
        llvm::any_of(llvm::seq(op.getNumLoops()),
                     [&](unsigned any) { return panelOf(map, any); }))
      return {};
    if (!isLane(op, *input, loop))
      across.push_back(input);
  }
  return across;
}

bool rac::vectorize::readsAlong(linalg::LinalgOp op, unsigned loop) {
  return loadsAlong(op, loop) &&
         llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *input) {
           return isLane(op, *input, loop);
         });
}

Value CopyEmitter::constant(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

SmallVector<Value> CopyEmitter::addressOf(OpOperand *operand) {
  SmallVector<Value> address;
  AffineMap map = op.getMatchingIndexingMap(operand);
  for (AffineExpr expr : map.getResults())
    address.push_back(getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(
            builder, loc, AffineMap::get(op.getNumLoops(), 0, expr),
            getAsOpFoldResult(position))));
  return address;
}

std::pair<Value, Value> CopyEmitter::joined(SmallVector<Value> vectors) {
  if (vectors.size() == 2)
    return {vectors[0], vectors[1]};
  auto join = [&](Value a, Value b) -> Value {
    return vector::ShuffleOp::create(
        builder, loc, a, b,
        llvm::to_vector(llvm::seq<int64_t>(
            2 * cast<VectorType>(a.getType()).getNumElements())));
  };
  if (vectors.size() == 3)
    vectors.push_back(vectors.back());
  return {join(vectors[0], vectors[1]), join(vectors[2], vectors[3])};
}

std::optional<int64_t> CopyEmitter::restOf(const Extent &extent) {
  int64_t length = op.getStaticLoopRanges()[extent.loop];
  if (extent.isAll)
    return 0;
  if (ShapedType::isDynamic(length))
    return std::nullopt;
  return length % extent.size;
}

bool CopyEmitter::mayOverlap(const Extent &extent) {
  int64_t length = op.getStaticLoopRanges()[extent.loop];
  if (ShapedType::isDynamic(length) || length < extent.size)
    return false;
  // The result may lie where one of several inputs does, and would be read
  // again: a single one is read in another order.
  return op.getNumDpsInputs() == 1 && !op.payloadUsesValueFromOperand(result);
}

/// What a block's iterations of a loop are where it is not whole; `isOnly`: in
/// no other loop. LLVM leaves loops of known length no checks.
std::pair<Value, Value> CopyEmitter::boundsOf(const Extent &extent,
                                              const Range &range, bool isOnly) {
  if (extent.isAll)
    return {constant(0), constant(extent.size)};
  Value begin = position[extent.loop];
  Value end = arith::AddIOp::create(builder, loc, begin, constant(extent.size));
  std::optional<int64_t> rest = restOf(extent);
  if (rest == 0)
    return {begin, end};
  if (rest && isOnly) {
    int64_t length = op.getStaticLoopRanges()[extent.loop];
    return {constant(length - *rest), constant(length)};
  }
  Value high = getValueOrCreateConstantIndexOp(builder, loc, range.size);
  return {begin, arith::MinUIOp::create(builder, loc, high, end)};
}

Value CopyEmitter::computeElement() {
  IRMapping scalars;
  for (auto index : op.getBlock()->getOps<linalg::IndexOp>())
    scalars.map(index.getResult(), position[index.getDim()]);
  return computeScalar(builder, op, scalars,
                       [&](OpOperand &operand) { return addressOf(&operand); });
}

/// What is left of a block at the end of rows or columns.
void CopyEmitter::emitElements(ArrayRef<Extent> block, ArrayRef<Range> ranges) {
  OpBuilder::InsertionGuard guard(builder);
  Value one = constant(1);
  SmallVector<Value> saved = position;
  bool isOnly = llvm::count_if(block, [&](const Extent &extent) {
                  return restOf(extent) != 0;
                }) == 1;
  for (const Extent &extent : block) {
    auto [begin, end] = boundsOf(extent, ranges[extent.loop], isOnly);
    auto rest = scf::ForOp::create(builder, loc, begin, end, one);
    builder.setInsertionPointToStart(rest.getBody());
    position[extent.loop] = rest.getInductionVar();
  }
  memref::StoreOp::create(builder, loc, computeElement(), result->get(),
                          addressOf(result));
  position = saved;
}

void CopyEmitter::emitLoops(ArrayRef<Extent> block) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Range> ranges = op.createLoopRanges(builder, loc);
  auto extentOf = [&](unsigned loop) {
    return llvm::find_if(block,
                         [&](const Extent &e) { return e.loop == loop; });
  };
  SmallVector<Value> low, high, step;
  SmallVector<unsigned> loops;
  for (auto [loop, range] : llvm::enumerate(ranges)) {
    const Extent *extent = extentOf(loop);
    bool inBlock = extent != block.end();
    if (inBlock && extent->isAll)
      continue;
    loops.push_back(loop);
    low.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.offset));
    high.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
    step.push_back(constant(inBlock ? extent->size : 1));
  }
  auto nest = scf::ParallelOp::create(builder, loc, low, high, step);
  builder.setInsertionPointToStart(nest.getBody());
  position.assign(ranges.size(), Value());
  Value whole;
  for (auto [i, loop] : llvm::enumerate(loops)) {
    position[loop] = nest.getInductionVars()[i];
    const Extent *extent = extentOf(loop);
    if (extent == block.end() || restOf(*extent) == 0)
      continue;
    if (mayOverlap(*extent)) {
      Value last = constant(op.getStaticLoopRanges()[loop] - extent->size);
      position[loop] =
          arith::MinUIOp::create(builder, loc, position[loop], last);
      continue;
    }
    Value end = arith::AddIOp::create(builder, loc, position[loop], step[i]);
    Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                       end, high[i]);
    whole = whole ? arith::AndIOp::create(builder, loc, whole, fits).getResult()
                  : fits;
  }
  if (!whole)
    return emitBlock();
  auto choice = scf::IfOp::create(builder, loc, whole, /*withElseRegion=*/true);
  builder.setInsertionPoint(choice.thenYield());
  emitBlock();
  builder.setInsertionPoint(choice.elseYield());
  emitElements(block, ranges);
}
