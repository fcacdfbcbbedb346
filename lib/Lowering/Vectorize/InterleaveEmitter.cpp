//===- InterleaveEmitter.cpp - A few rows side by side --------------------===//

#include "InterleaveEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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
  if (target.scalable || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() > 0 ||
      !findCast(op))
    return std::nullopt;
  OpOperand *source = op.getDpsInputOperand(0),
            *result = op.getDpsInitOperand(0);
  AffineMap from = op.getMatchingIndexingMap(source),
            to = op.getMatchingIndexingMap(result);
  auto type = dyn_cast<MemRefType>(result->get().getType());
  if (!type || !type.getLayout().isIdentity() || !to.isPermutation() ||
      !from.isProjectedPermutation() || from.getNumResults() < 2 ||
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

class Interleaver {
public:
  Interleaver(OpBuilder &builder, linalg::LinalgOp op,
              const InterleaveRoles &roles)
      : builder(builder), op(op), loc(op.getLoc()), roles(roles),
        source(op.getDpsInputOperand(0)), result(op.getDpsInitOperand(0)) {}

  void emit();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  SmallVector<Value> addressOf(OpOperand *operand) {
    SmallVector<Value> address;
    AffineMap map = op.getMatchingIndexingMap(operand);
    for (AffineExpr expr : map.getResults())
      address.push_back(position[cast<AffineDimExpr>(expr).getPosition()]);
    return address;
  }
  /// To the result's type.
  Value convert(Value value);
  Value interleaved();
  void emitBlock();
  void emitElements(Value end);

  OpBuilder &builder;
  linalg::LinalgOp op;
  Location loc;
  InterleaveRoles roles;
  OpOperand *source, *result;
  SmallVector<Value> position;
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
  // Side by side: two, and where there are more, two of those.
  auto join = [&](Value a, Value b) -> Value {
    return vector::ShuffleOp::create(
        builder, loc, a, b,
        llvm::to_vector(llvm::seq<int64_t>(
            2 * cast<VectorType>(a.getType()).getNumElements())));
  };
  if (vectors.size() == 3)
    vectors.push_back(vectors.back());
  Value low = vectors[0], high = vectors[1];
  if (vectors.size() == 4) {
    low = join(vectors[0], vectors[1]);
    high = join(vectors[2], vectors[3]);
  }
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

/// What is left at the end of rows.
void Interleaver::emitElements(Value end) {
  OpBuilder::InsertionGuard guard(builder);
  Value one = constant(1);
  auto along =
      scf::ForOp::create(builder, loc, position[roles.rowLoop], end, one);
  builder.setInsertionPointToStart(along.getBody());
  position[roles.rowLoop] = along.getInductionVar();
  auto across =
      scf::ForOp::create(builder, loc, constant(0), constant(roles.rows), one);
  builder.setInsertionPointToStart(across.getBody());
  position[roles.innerLoop] = across.getInductionVar();
  Value element =
      memref::LoadOp::create(builder, loc, source->get(), addressOf(source));
  memref::StoreOp::create(builder, loc, convert(element), result->get(),
                          addressOf(result));
}

void Interleaver::emit() {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Range> ranges = op.createLoopRanges(builder, loc);
  SmallVector<Value> low, high, step;
  SmallVector<unsigned> loops;
  for (auto [loop, range] : llvm::enumerate(ranges)) {
    if (loop == roles.innerLoop)
      continue;
    loops.push_back(loop);
    low.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.offset));
    high.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
    step.push_back(constant(loop == roles.rowLoop ? roles.lanes : 1));
  }
  auto nest = scf::ParallelOp::create(builder, loc, low, high, step);
  builder.setInsertionPointToStart(nest.getBody());
  position.resize(ranges.size());
  Value length;
  for (auto [i, loop] : llvm::enumerate(loops)) {
    position[loop] = nest.getInductionVars()[i];
    if (loop == roles.rowLoop)
      length = high[i];
  }
  Value end = arith::AddIOp::create(builder, loc, position[roles.rowLoop],
                                    constant(roles.lanes));
  Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                     end, length);
  auto choice = scf::IfOp::create(builder, loc, fits, /*withElseRegion=*/true);
  builder.setInsertionPoint(choice.thenYield());
  emitBlock();
  builder.setInsertionPoint(choice.elseYield());
  emitElements(length);
}

} // namespace

void rac::vectorize::emitInterleave(OpBuilder &builder, linalg::LinalgOp op,
                                    const InterleaveRoles &roles) {
  Interleaver(builder, op, roles).emit();
}
