//===- ChunkEmitter.cpp - A few neighbours to rows of their own -----------===//

#include "ChunkEmitter.h"
#include "CopyEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace rac::vectorize;

std::optional<ChunkRoles>
rac::vectorize::matchChunks(linalg::LinalgOp op, const VectorTarget &target) {
  std::optional<CopyOperands> copy = matchCopy(op, target);
  if (!copy || !op.getBlock()->without_terminator().empty() ||
      op.getBlock()->getTerminator()->getOperand(0) !=
          op.getBlock()->getArgument(0))
    return std::nullopt;
  auto [source, result, from, to] = *copy;
  unsigned fromRank = from.getNumResults(), toRank = to.getNumResults();
  auto isDense = [](OpOperand *operand) {
    auto type = dyn_cast<MemRefType>(operand->get().getType());
    return type && type.getLayout().isIdentity();
  };
  if (fromRank < 3 || toRank < 3 || !isDense(source) || !isDense(result))
    return std::nullopt;
  ChunkRoles roles;
  roles.pixelLoop = from.getDimPosition(fromRank - 3);
  roles.chunkLoop = from.getDimPosition(fromRank - 2);
  roles.elementLoop = from.getDimPosition(fromRank - 1);
  if (to.getDimPosition(toRank - 1) != roles.elementLoop ||
      to.getDimPosition(toRank - 2) != roles.pixelLoop)
    return std::nullopt;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  roles.chunks = ranges[roles.chunkLoop];
  roles.elements = ranges[roles.elementLoop];
  roles.lanes = lanesOf(op, target);
  // More are dealt out by shuffles of more than two times two registers; longer
  // chunks are vectors themselves.
  constexpr int64_t kMostChunks = 4;
  int64_t pixels = ranges[roles.pixelLoop];
  if (ShapedType::isDynamic(roles.chunks) || roles.chunks < 2 ||
      roles.chunks > kMostChunks || ShapedType::isDynamic(roles.elements) ||
      roles.elements < 1 || 2 * roles.elements > roles.lanes ||
      roles.lanes % roles.elements != 0 ||
      (!ShapedType::isDynamic(pixels) && pixels < roles.lanes / roles.elements))
    return std::nullopt;
  return roles;
}

namespace {

class ChunkDealer : CopyEmitter {
public:
  ChunkDealer(OpBuilder &builder, linalg::LinalgOp op, const ChunkRoles &roles)
      : CopyEmitter(builder, op), roles(roles) {}

  void emit() {
    emitLoops({{roles.pixelLoop, roles.lanes / roles.elements},
               {roles.chunkLoop, roles.chunks, /*isAll=*/true},
               {roles.elementLoop, roles.elements, /*isAll=*/true}});
  }

private:
  void emitBlock() override;
  /// The last `count` dimensions of an operand as one, and where in it the
  /// first of them is at `position`.
  std::pair<Value, SmallVector<Value>> flatten(OpOperand *operand,
                                               int64_t count, int64_t size);

  ChunkRoles roles;
};

std::pair<Value, SmallVector<Value>>
ChunkDealer::flatten(OpOperand *operand, int64_t count, int64_t size) {
  int64_t rank = cast<MemRefType>(operand->get().getType()).getRank();
  SmallVector<ReassociationIndices> dims;
  for (int64_t i = 0; i < rank; ++i)
    if (i + count <= rank)
      dims.push_back({i});
    else
      dims.back().push_back(i);
  SmallVector<Value> address = addressOf(operand);
  address.truncate(dims.size());
  address.back() =
      arith::MulIOp::create(builder, loc, address.back(), constant(size));
  return {memref::CollapseShapeOp::create(builder, loc, operand->get(), dims),
          address};
}

void ChunkDealer::emitBlock() {
  position[roles.chunkLoop] = position[roles.elementLoop] = constant(0);
  auto type = VectorType::get({roles.lanes},
                              getElementTypeOrSelf(source->get().getType()));
  auto [pixels, first] = flatten(source, 3, roles.chunks * roles.elements);
  SmallVector<Value> vectors;
  for (int64_t i = 0; i < roles.chunks; ++i) {
    SmallVector<Value> at = first;
    at.back() = arith::AddIOp::create(builder, loc, at.back(),
                                      constant(i * roles.lanes));
    vectors.push_back(vector::LoadOp::create(builder, loc, type, pixels, at));
  }
  auto [low, high] = joined(vectors);
  for (int64_t chunk = 0; chunk < roles.chunks; ++chunk) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < roles.lanes; ++lane)
      order.push_back((lane / roles.elements * roles.chunks + chunk) *
                          roles.elements +
                      lane % roles.elements);
    Value own = vector::ShuffleOp::create(builder, loc, low, high, order);
    position[roles.chunkLoop] = constant(chunk);
    auto [row, at] = flatten(result, 2, roles.elements);
    vector::StoreOp::create(builder, loc, own, row, at);
  }
}

} // namespace

void rac::vectorize::emitChunks(OpBuilder &builder, linalg::LinalgOp op,
                                const ChunkRoles &roles) {
  ChunkDealer(builder, op, roles).emit();
}
