//===- TransposeEmitter.cpp - Copies in another order ---------------------===//

#include "TransposeEmitter.h"
#include "CopyEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace rac::vectorize;

std::optional<TransposeRoles>
rac::vectorize::matchTranspose(linalg::LinalgOp op,
                               const VectorTarget &target) {
  std::optional<CopyOperands> copy = matchCopy(op, target);
  if (!copy || !op.getBlock()->without_terminator().empty() ||
      op.getBlock()->getTerminator()->getOperand(0) !=
          op.getBlock()->getArgument(0))
    return std::nullopt;
  auto [source, result, from, to] = *copy;
  auto type = dyn_cast<MemRefType>(source->get().getType());
  if (!type || from.getNumResults() == 0)
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

class Transposer : CopyEmitter {
public:
  Transposer(OpBuilder &builder, linalg::LinalgOp op,
             const TransposeRoles &roles)
      : CopyEmitter(builder, op), roles(roles) {}

  void emit() {
    emitLoops(
        {{roles.sourceLoop, roles.lanes}, {roles.resultLoop, roles.lanes}});
  }

private:
  void emitBlock() override;

  TransposeRoles roles;
};

/// Rows i and i + half of the block, interleaved, are rows 2i and 2i + 1 of the
/// next step; after log2(lanes) steps rows are columns.
void Transposer::emitBlock() {
  Value begin = position[roles.resultLoop];
  auto type = VectorType::get({roles.lanes},
                              getElementTypeOrSelf(source->get().getType()));
  auto moved = [&](Value from, int64_t by) -> Value {
    return arith::AddIOp::create(builder, loc, from, constant(by));
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

} // namespace

void rac::vectorize::emitTranspose(OpBuilder &builder, linalg::LinalgOp op,
                                   const TransposeRoles &roles) {
  Transposer(builder, op, roles).emit();
}
