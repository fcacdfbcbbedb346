//===- InterleaveEmitter.cpp - A few rows side by side --------------------===//

#include "InterleaveEmitter.h"
#include "CopyEmitter.h"
#include "LaneOp.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "rac/Lowering/RegisterTile.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

std::optional<InterleaveRoles>
rac::vectorize::matchInterleave(linalg::LinalgOp op,
                                const VectorTarget &target) {
  if (op.getNumDpsInits() != 1)
    return std::nullopt;
  OpOperand *result = op.getDpsInitOperand(0);
  AffineMap to = op.getMatchingIndexingMap(result);
  auto type = dyn_cast<MemRefType>(result->get().getType());
  if (!type || !type.getLayout().isIdentity() || !to.isPermutation() ||
      to.getNumResults() < 2)
    return std::nullopt;
  InterleaveRoles roles;
  unsigned last = to.getNumResults() - 1;
  roles.innerLoop = to.getDimPosition(last);
  roles.rowLoop = to.getDimPosition(last - 1);
  roles.rows = type.getDimSize(last);
  roles.lanes = lanesOf(op, target);
  int64_t length = op.getStaticLoopRanges()[roles.rowLoop];
  if (ShapedType::isDynamic(roles.rows) || roles.rows < 2 ||
      roles.rows > kMostSideBySide || roles.lanes < 2 ||
      (!ShapedType::isDynamic(length) && length < roles.lanes) ||
      inputsAcross(op, roles.innerLoop, target).empty() ||
      !readsAlong(op, roles.rowLoop))
    return std::nullopt;
  return roles;
}

namespace {

class Interleaver : CopyEmitter {
public:
  Interleaver(OpBuilder &builder, linalg::LinalgOp op,
              const InterleaveRoles &roles)
      : CopyEmitter(builder, op), roles(roles) {}

  void emit() {
    emitLoops({{roles.rowLoop, roles.lanes},
               {roles.innerLoop, roles.rows, /*isAll=*/true}});
  }

private:
  Values computeRows();
  void emitBlock() override;

  InterleaveRoles roles;
};

/// A vector of each row, from here on.
Values Interleaver::computeRows() {
  LoopRoles along;
  along.vectorLoop = roles.rowLoop;
  along.rowLoop = roles.innerLoop;
  along.lanes = roles.lanes;
  position[roles.innerLoop] = constant(0);
  return LaneOp(op, along, /*scalable=*/false)
      .evaluate(builder, position, {roles.rows, /*vectors=*/1, /*masks=*/{}},
                op.getBlock()->getTerminator()->getOperand(0));
}

void Interleaver::emitBlock() {
  auto [low, high] = joined(computeRows());
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < roles.lanes; ++lane)
    for (int64_t row = 0; row < roles.rows; ++row)
      order.push_back(row * roles.lanes + lane);
  Value elements = vector::ShuffleOp::create(builder, loc, low, high, order);
  SmallVector<Value> address = addressOf(result);
  address.pop_back();
  address.back() =
      arith::MulIOp::create(builder, loc, address.back(), constant(roles.rows));
  // Pixels and what they are made of are one dimension.
  int64_t rank = cast<MemRefType>(result->get().getType()).getRank();
  SmallVector<ReassociationIndices> dims;
  for (int64_t i = 0; i + 2 < rank; ++i)
    dims.push_back({i});
  dims.push_back({rank - 2, rank - 1});
  Value flat =
      memref::CollapseShapeOp::create(builder, loc, result->get(), dims);
  vector::StoreOp::create(builder, loc, elements, flat, address);
}

} // namespace

void rac::vectorize::emitInterleave(OpBuilder &builder, linalg::LinalgOp op,
                                    const InterleaveRoles &roles) {
  Interleaver(builder, op, roles).emit();
}
