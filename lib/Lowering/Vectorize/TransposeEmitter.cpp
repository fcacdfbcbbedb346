//===- TransposeEmitter.cpp - Copies in another order ---------------------===//

#include "TransposeEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac::vectorize;

std::optional<TransposeRoles>
rac::vectorize::matchTranspose(linalg::LinalgOp op,
                               const VectorTarget &target) {
  if (target.scalable || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() > 0 ||
      !op.getBlock()->without_terminator().empty() ||
      op.getBlock()->getTerminator()->getOperand(0) !=
          op.getBlock()->getArgument(0))
    return std::nullopt;
  OpOperand *source = op.getDpsInputOperand(0),
            *result = op.getDpsInitOperand(0);
  AffineMap from = op.getMatchingIndexingMap(source),
            to = op.getMatchingIndexingMap(result);
  auto type = dyn_cast<MemRefType>(source->get().getType());
  if (!type || !from.isProjectedPermutation() || !to.isPermutation() ||
      from.getNumResults() == 0)
    return std::nullopt;
  TransposeRoles roles;
  roles.sourceLoop = from.getDimPosition(from.getNumResults() - 1);
  roles.resultLoop = to.getDimPosition(to.getNumResults() - 1);
  // A block needs as many registers as it has rows, and as many again: of
  // narrow elements it has parts of registers.
  roles.lanes = std::min<int64_t>(
      target.bits / std::max(8u, type.getElementTypeBitWidth()),
      llvm::bit_floor(unsigned(target.registers)) / 2);
  bool fits = roles.lanes >= 2;
  if (!fits || roles.sourceLoop == roles.resultLoop ||
      !isContiguous(*source, from, roles.sourceLoop) ||
      !isContiguous(*result, to, roles.resultLoop) ||
      isIndependent(from, roles.resultLoop))
    return std::nullopt;
  // Blocks of which most would be padding gain nothing.
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : {roles.sourceLoop, roles.resultLoop})
    if (!ShapedType::isDynamic(ranges[loop]) && ranges[loop] < roles.lanes)
      return std::nullopt;
  return roles;
}

namespace {

class Transposer {
public:
  Transposer(OpBuilder &builder, linalg::LinalgOp op,
             const TransposeRoles &roles)
      : builder(builder), op(op), loc(op.getLoc()), roles(roles),
        source(op.getDpsInputOperand(0)), result(op.getDpsInitOperand(0)) {}

  void emit();

private:
  SmallVector<Value> addressOf(OpOperand *operand) {
    SmallVector<Value> address;
    AffineMap map = op.getMatchingIndexingMap(operand);
    for (AffineExpr expr : map.getResults())
      address.push_back(position[cast<AffineDimExpr>(expr).getPosition()]);
    return address;
  }
  void emitBlock();
  void emitElements(ArrayRef<Range> ranges);

  OpBuilder &builder;
  linalg::LinalgOp op;
  Location loc;
  TransposeRoles roles;
  OpOperand *source, *result;
  SmallVector<Value> position;
};

/// Rows i and i + half of the block, interleaved, are rows 2i and 2i + 1 of the
/// next step; after log2(lanes) steps rows are columns.
void Transposer::emitBlock() {
  Value begin = position[roles.resultLoop];
  auto type = VectorType::get({roles.lanes},
                              getElementTypeOrSelf(source->get().getType()));
  auto moved = [&](Value from, int64_t by) -> Value {
    return arith::AddIOp::create(
        builder, loc, from, arith::ConstantIndexOp::create(builder, loc, by));
  };
  SmallVector<Value> rows;
  for (int64_t i = 0; i < roles.lanes; ++i) {
    position[roles.resultLoop] = moved(begin, i);
    rows.push_back(vector::LoadOp::create(builder, loc, type, source->get(),
                                          addressOf(source)));
  }
  position[roles.resultLoop] = begin;
  int64_t half = roles.lanes / 2;
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < half; ++i) {
    low.append({i, roles.lanes + i});
    high.append({half + i, roles.lanes + half + i});
  }
  for (int64_t step = 1; step < roles.lanes; step *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < half; ++i)
      for (ArrayRef<int64_t> order : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(builder, loc, rows[i],
                                                 rows[i + half], order));
    rows = next;
  }
  begin = position[roles.sourceLoop];
  for (int64_t i = 0; i < roles.lanes; ++i) {
    position[roles.sourceLoop] = moved(begin, i);
    vector::StoreOp::create(builder, loc, rows[i], result->get(),
                            addressOf(result));
  }
  position[roles.sourceLoop] = begin;
}

/// What is left of a block at the end of rows or columns.
void Transposer::emitElements(ArrayRef<Range> ranges) {
  OpBuilder::InsertionGuard guard(builder);
  Value block = arith::ConstantIndexOp::create(builder, loc, roles.lanes),
        one = arith::ConstantIndexOp::create(builder, loc, 1);
  SmallVector<Value> saved = position;
  for (unsigned loop : {roles.sourceLoop, roles.resultLoop}) {
    Value size =
        getValueOrCreateConstantIndexOp(builder, loc, ranges[loop].size);
    Value end = arith::MinUIOp::create(
        builder, loc, size,
        arith::AddIOp::create(builder, loc, position[loop], block));
    auto rest = scf::ForOp::create(builder, loc, position[loop], end, one);
    builder.setInsertionPointToStart(rest.getBody());
    position[loop] = rest.getInductionVar();
  }
  Value element =
      memref::LoadOp::create(builder, loc, source->get(), addressOf(source));
  memref::StoreOp::create(builder, loc, element, result->get(),
                          addressOf(result));
  position = saved;
}

void Transposer::emit() {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Range> ranges = op.createLoopRanges(builder, loc);
  SmallVector<Value> low, high, step;
  for (auto [loop, range] : llvm::enumerate(ranges)) {
    bool inBlock = loop == roles.sourceLoop || loop == roles.resultLoop;
    low.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.offset));
    high.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
    step.push_back(arith::ConstantIndexOp::create(builder, loc,
                                                  inBlock ? roles.lanes : 1));
  }
  auto nest = scf::ParallelOp::create(builder, loc, low, high, step);
  position = nest.getInductionVars();
  builder.setInsertionPointToStart(nest.getBody());
  Value whole;
  for (unsigned loop : {roles.sourceLoop, roles.resultLoop}) {
    Value end = arith::AddIOp::create(builder, loc, position[loop], step[loop]);
    Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                       end, high[loop]);
    whole = whole ? arith::AndIOp::create(builder, loc, whole, fits).getResult()
                  : fits;
  }
  auto choice = scf::IfOp::create(builder, loc, whole, /*withElseRegion=*/true);
  builder.setInsertionPoint(choice.thenYield());
  emitBlock();
  builder.setInsertionPoint(choice.elseYield());
  emitElements(ranges);
}

} // namespace

void rac::vectorize::emitTranspose(OpBuilder &builder, linalg::LinalgOp op,
                                   const TransposeRoles &roles) {
  Transposer(builder, op, roles).emit();
}
