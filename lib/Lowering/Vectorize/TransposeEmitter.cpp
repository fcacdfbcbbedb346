//===- TransposeEmitter.cpp - Elements in another order -------------------===//

#include "TransposeEmitter.h"
#include "BodyLoads.h"
#include "CopyEmitter.h"
#include "LaneOp.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/RegisterTile.h"

using namespace mlir;
using namespace rac::vectorize;

static int64_t widthOf(OpOperand &operand) {
  return rac::bytesOf(getElementTypeOrSelf(operand.get().getType()));
}

std::optional<TransposeRoles>
rac::vectorize::matchTranspose(linalg::LinalgOp op,
                               const VectorTarget &target) {
  if (op.getNumDpsInits() != 1)
    return std::nullopt;
  OpOperand *result = op.getDpsInitOperand(0);
  AffineMap to = op.getMatchingIndexingMap(result);
  if (!to.isPermutation() || to.getNumResults() == 0)
    return std::nullopt;
  TransposeRoles roles;
  roles.resultLoop = to.getDimPosition(to.getNumResults() - 1);
  SmallVector<OpOperand *> across = inputsAcross(op, roles.resultLoop, target);
  if (across.empty())
    return std::nullopt;
  AffineMap from = op.getMatchingIndexingMap(across.front());
  auto last = dyn_cast<AffineDimExpr>(from.getResults().back());
  if (!last)
    return std::nullopt;
  roles.sourceLoop = last.getPosition();
  for (OpOperand *input : across)
    if (!isContiguous(*input, op.getMatchingIndexingMap(input),
                      roles.sourceLoop))
      return std::nullopt;
  // Of two ways the one that transposes narrower elements.
  bool first = readsAlong(op, roles.sourceLoop),
       after = loadsAlong(op, roles.resultLoop) && across.size() == 1;
  if (!first && !after)
    return std::nullopt;
  if (after && (!first || widthOf(*result) > widthOf(*across.front())))
    roles.operand = across.front()->getOperandNumber();
  roles.lanes = lanesOfBlock(target.bits, target.registers,
                             target.bits / lanesOf(op, target));
  if (roles.lanes < 2)
    return std::nullopt;
  // Blocks of which most would be padding gain nothing.
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : {roles.sourceLoop, roles.resultLoop})
    if (!ShapedType::isDynamic(ranges[loop]) && ranges[loop] < roles.lanes)
      return std::nullopt;
  return roles;
}

namespace {

class Transposer : CopyEmitter {
public:
  Transposer(OpBuilder &builder, linalg::LinalgOp op,
             const TransposeRoles &roles)
      : CopyEmitter(builder, op), roles(roles),
        ofSource(op, rolesAlong(roles.sourceLoop, roles.resultLoop),
                 /*scalable=*/false),
        ofResult(op, rolesAlong(roles.resultLoop, roles.sourceLoop),
                 /*scalable=*/false) {}

  void emit() {
    emitLoops(
        {{roles.sourceLoop, roles.lanes}, {roles.resultLoop, roles.lanes}});
  }

private:
  LoopRoles rolesAlong(unsigned lanes, unsigned rows);
  void emitBlock() override;
  Values transpose(Values rows);

  TransposeRoles roles;
  LaneOp ofSource, ofResult; ///< the rows of a block
};

LoopRoles Transposer::rolesAlong(unsigned lanes, unsigned rows) {
  LoopRoles own;
  own.vectorLoop = lanes;
  own.rowLoop = rows;
  own.lanes = own.rows = roles.lanes;
  return own;
}

/// The vectors `a` and `b`, of which each `part` elements are dealt out in
/// turn: the first half of each `width` elements, or the second.
static Value interleave(OpBuilder &builder, Location loc, Value a, Value b,
                        int64_t width, int64_t part, bool second) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t begin = second ? width / 2 : 0; begin < lanes; begin += width)
    for (int64_t at = begin; at < begin + width / 2; at += part)
      for (int64_t vector : {0, 1})
        for (int64_t i = 0; i < part; ++i)
          order.push_back(vector * lanes + at + i);
  return vector::ShuffleOp::create(builder, loc, a, b, order);
}

/// Blocks of as many rows as a unit of x86's shuffles has elements change
/// places, and then the elements of each: a shuffle that doesn't cross units is
/// one cheap instruction.
Values Transposer::transpose(Values rows) {
  constexpr int64_t unitBits = 128;
  auto type = cast<VectorType>(rows.front().getType());
  int64_t lanes = roles.lanes;
  int64_t unit =
      std::min<int64_t>(lanes, unitBits / type.getElementTypeBitWidth());
  auto pair = [&](Values &to, int64_t i, int64_t j, int64_t width, int64_t part,
                  std::pair<int64_t, int64_t> places) {
    Value a = rows[i], b = rows[j];
    to[places.first] = interleave(builder, loc, a, b, width, part, false);
    to[places.second] = interleave(builder, loc, a, b, width, part, true);
  };
  // Eklundh: quadrants of ever smaller blocks.
  for (int64_t distance = lanes / 2; distance >= unit; distance /= 2) {
    Values next(lanes);
    for (int64_t i = 0; i < lanes; ++i)
      if (i % (2 * distance) < distance)
        pair(next, i, i + distance, 2 * distance, distance, {i, i + distance});
    rows = next;
  }
  // Rows i and i + half of a unit, interleaved, are rows 2i and 2i + 1 of the
  // next step; after log2(unit) steps rows are columns.
  for (int64_t step = 1; step < unit; step *= 2) {
    Values next(lanes);
    for (int64_t begin = 0; begin < lanes; begin += unit)
      for (int64_t i = 0; i < unit / 2; ++i)
        pair(next, begin + i, begin + i + unit / 2, unit, 1,
             {begin + 2 * i, begin + 2 * i + 1});
    rows = next;
  }
  return rows;
}

void Transposer::emitBlock() {
  Tile block{roles.lanes, /*vectors=*/1, /*masks=*/{}};
  if (!roles.operand) {
    Values rows = transpose(
        ofSource.evaluate(builder, position, block,
                          op.getBlock()->getTerminator()->getOperand(0)));
    for (auto [i, row] : llvm::enumerate(rows))
      ofResult.store(builder, row, position, i, /*vector=*/0, /*mask=*/{});
    return;
  }
  Values rows;
  for (int64_t i = 0; i < roles.lanes; ++i)
    rows.push_back(ofSource.load(builder, op->getOpOperand(*roles.operand),
                                 position, i, /*vector=*/0, /*mask=*/{}));
  ofResult.computeInPlace(builder, position, block, *roles.operand,
                          transpose(rows));
}

} // namespace

void rac::vectorize::emitTranspose(OpBuilder &builder, linalg::LinalgOp op,
                                   const TransposeRoles &roles) {
  Transposer(builder, op, roles).emit();
}
