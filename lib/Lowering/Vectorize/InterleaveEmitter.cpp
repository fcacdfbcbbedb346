//===- InterleaveEmitter.cpp - A few rows side by side --------------------===//

#include "InterleaveEmitter.h"
#include "CopyEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace rac::vectorize;

/// The op that the body does to each element before it yields it; null: none.
/// Nothing if it does more.
static std::optional<Operation *> findCast(linalg::LinalgOp op) {
  Block &body = *op.getBlock();
  Value yielded = body.getTerminator()->getOperand(0);
  if (yielded == body.getArgument(0) && body.without_terminator().empty())
    return nullptr;
  Operation *cast = yielded.getDefiningOp();
  if (!isa_and_present<arith::TruncFOp, arith::ExtFOp>(cast) ||
      cast->getOperand(0) != body.getArgument(0) ||
      !llvm::hasSingleElement(body.without_terminator()))
    return std::nullopt;
  return cast;
}

std::optional<InterleaveRoles>
rac::vectorize::matchInterleave(linalg::LinalgOp op,
                                const VectorTarget &target) {
  std::optional<CopyOperands> copy = matchCopy(op, target);
  if (!copy || !findCast(op))
    return std::nullopt;
  auto [source, result, from, to] = *copy;
  auto type = dyn_cast<MemRefType>(result->get().getType());
  if (!type || !type.getLayout().isIdentity() || from.getNumResults() < 2 ||
      to.getNumResults() < 2)
    return std::nullopt;
  InterleaveRoles roles;
  unsigned last = to.getNumResults() - 1;
  roles.innerLoop = to.getDimPosition(last);
  roles.rowLoop = to.getDimPosition(last - 1);
  roles.rows = type.getDimSize(last);
  roles.lanes = lanesOf(op, target);
  // More have square blocks, and shuffles of two registers at a time.
  constexpr int64_t most = 4;
  int64_t length = op.getStaticLoopRanges()[roles.rowLoop];
  if (ShapedType::isDynamic(roles.rows) || roles.rows < 2 ||
      roles.rows > most || roles.lanes < 2 ||
      (!ShapedType::isDynamic(length) && length < roles.lanes) ||
      isIndependent(from, roles.innerLoop) ||
      !isContiguous(*source, from, roles.rowLoop))
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
  /// To the result's type: an element, or a vector of them.
  Value convert(Value value) override;
  Value interleaved();
  void emitBlock() override;

  InterleaveRoles roles;
};

Value Interleaver::convert(Value value) {
  Operation *cast = *findCast(op);
  if (!cast)
    return value;
  Type type = cast->getResult(0).getType();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(type);
  return builder
      .create(loc, cast->getName().getIdentifier(), value, type,
              cast->getAttrs())
      ->getResult(0);
}

/// All rows' elements from here on, one of each, then the next ones.
Value Interleaver::interleaved() {
  auto type = VectorType::get({roles.lanes},
                              getElementTypeOrSelf(source->get().getType()));
  SmallVector<Value> vectors;
  for (int64_t row = 0; row < roles.rows; ++row) {
    position[roles.innerLoop] = constant(row);
    vectors.push_back(vector::LoadOp::create(builder, loc, type, source->get(),
                                             addressOf(source)));
  }
  auto [low, high] = joined(vectors);
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < roles.lanes; ++lane)
    for (int64_t row = 0; row < roles.rows; ++row)
      order.push_back(row * roles.lanes + lane);
  return vector::ShuffleOp::create(builder, loc, low, high, order);
}

void Interleaver::emitBlock() {
  Value elements = convert(interleaved());
  position[roles.innerLoop] = constant(0);
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
