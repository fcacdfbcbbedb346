//===- ColumnThread.cpp - What a thread does for its results --------------===//

#include "ColumnKernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

/// Accesses that a thread has under way at once: on an H200 as many threads as
/// fit read memory as fast as it is.
constexpr int64_t kUnderWay = 8;

SmallVector<Values> ColumnKernel::start(OpBuilder &builder, ValueRange position,
                                        int64_t lanes) {
  SmallVector<Values> from;
  for (auto [fill, init] : llvm::zip_equal(fills, op.getDpsInitsMutable())) {
    if (fill)
      from.push_back(Values(lanes, fill.getInputs()[0]));
    else
      from.push_back(loadLanes(builder, loc, init.get(),
                               op.getMatchingIndexingMap(&init), position, lane,
                               lanes));
  }
  return from;
}

SmallVector<Values> ColumnKernel::load(OpBuilder &builder, ValueRange position,
                                       int64_t lanes) {
  SmallVector<Values> loaded;
  for (OpOperand *input : op.getDpsInputOperands()) {
    loaded.emplace_back();
    if (op.payloadUsesValueFromOperand(input))
      loaded.back() =
          loadLanes(builder, loc, input->get(),
                    op.getMatchingIndexingMap(input), position, lane, lanes);
  }
  return loaded;
}

SmallVector<Values> ColumnKernel::combine(OpBuilder &builder,
                                          ValueRange position,
                                          ArrayRef<Values> loaded,
                                          ArrayRef<Values> before) {
  SmallVector<Values> after(before.size());
  for (size_t i = 0; i < before.front().size(); ++i) {
    Values arguments;
    for (const Values &values : loaded)
      arguments.push_back(values.empty() ? Value() : values[i]);
    for (const Values &values : before)
      arguments.push_back(values[i]);
    Values results = inlineBody(
        builder, op, moved(builder, loc, position, lane, i), arguments);
    for (auto [to, value] : llvm::zip_equal(after, results))
      to.push_back(value);
  }
  return after;
}

SmallVector<Values> ColumnKernel::reduce(OpBuilder &builder, Values position,
                                         ArrayRef<Values> from, Part part,
                                         unsigned depth) {
  size_t lanes = from.front().size();
  if (depth == reductions.size())
    return combine(builder, position,
                   load(builder, position, static_cast<int64_t>(lanes)), from);
  unsigned loop = reductions[depth];
  Part own = part;
  if (depth != split)
    own = {arith::ConstantIndexOp::create(builder, loc, 0), sizes[loop], 1};
  if (depth + 1 == reductions.size())
    return reduceInnermost(builder, position, from, own);
  auto made = scf::ForOp::create(
      builder, loc, own.first, own.end,
      arith::ConstantIndexOp::create(builder, loc, own.step), flatten(from),
      [&](OpBuilder &b, Location, Value index, ValueRange before) {
        position[loop] = index;
        scf::YieldOp::create(
            b, loc,
            flatten(reduce(b, position, unflatten(before, lanes), part,
                           depth + 1)));
      });
  return unflatten(made.getResults(), lanes);
}

/// Several accesses at once, as long as there are so many, then one by one.
SmallVector<Values> ColumnKernel::reduceInnermost(OpBuilder &builder,
                                                  Values position,
                                                  ArrayRef<Values> from,
                                                  Part part) {
  size_t lanes = from.front().size();
  unsigned loop = reductions.back();
  auto constant = [&](int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  int64_t extent = op.getStaticLoopRanges()[loop];
  bool isLong =
      ShapedType::isDynamic(extent) || extent >= 2 * kUnderWay * part.step;
  Values values = flatten(from);
  Value rest = part.first;
  if (isLong) {
    Value span = constant((kUnderWay - 1) * part.step);
    Value end = arith::SubIOp::create(
        builder, loc, arith::MaxUIOp::create(builder, loc, part.end, span),
        span);
    Values start = values;
    start.push_back(part.first);
    auto made = scf::ForOp::create(
        builder, loc, part.first, end, constant(kUnderWay * part.step), start,
        [&](OpBuilder &b, Location, Value index, ValueRange before) {
          SmallVector<Values> positions;
          SmallVector<SmallVector<Values>> loaded;
          for (int64_t i : llvm::seq(kUnderWay)) {
            position[loop] = index;
            positions.push_back(moved(b, loc, position, loop, i * part.step));
            loaded.push_back(load(b, positions.back(), lanes));
          }
          SmallVector<Values> now = unflatten(before.drop_back(), lanes);
          for (auto [at, operands] : llvm::zip_equal(positions, loaded))
            now = combine(b, at, operands, now);
          Values after = flatten(now);
          after.push_back(arith::AddIOp::create(
              b, loc, index,
              arith::ConstantIndexOp::create(b, loc, kUnderWay * part.step)));
          scf::YieldOp::create(b, loc, after);
        });
    values = Values(made.getResults().drop_back());
    rest = made.getResults().back();
  }
  auto made = scf::ForOp::create(
      builder, loc, rest, part.end, constant(part.step), values,
      [&](OpBuilder &b, Location, Value index, ValueRange before) {
        position[loop] = index;
        scf::YieldOp::create(
            b, loc,
            flatten(combine(b, position, load(b, position, lanes),
                            unflatten(before, lanes))));
      });
  return unflatten(made.getResults(), lanes);
}

void ColumnKernel::finish(OpBuilder &builder, ValueRange position,
                          ArrayRef<Values> results) {
  if (!epilogue) {
    for (auto [init, values] :
         llvm::zip_equal(op.getDpsInitsMutable(), results))
      storeLanes(builder, loc, values, init.get(),
                 op.getMatchingIndexingMap(&init), position, lane);
    return;
  }
  auto reader = cast<linalg::LinalgOp>(epilogue->getOwner());
  AffineMap map = reader.getMatchingIndexingMap(epilogue);
  Values at(reader.getNumLoops());
  for (auto [i, loop] : llvm::enumerate(parallel))
    at[map.getDimPosition(i)] = position[loop];
  std::optional<unsigned> along = readerLane();
  int64_t lanes = static_cast<int64_t>(results.front().size());
  SmallVector<Values> operands;
  for (OpOperand &operand : reader->getOpOperands()) {
    operands.emplace_back();
    if (&operand == epilogue)
      operands.back() = results.front();
    else if (reader.payloadUsesValueFromOperand(&operand))
      operands.back() =
          loadLanes(builder, loc, operand.get(),
                    reader.getMatchingIndexingMap(&operand), at, along, lanes);
  }
  Values values;
  for (int64_t i : llvm::seq(lanes)) {
    Values arguments = llvm::map_to_vector(operands, [&](const Values &lane) {
      return lane.empty() ? Value() : lane[i];
    });
    llvm::append_range(values, inlineBody(builder, reader,
                                          moved(builder, loc, at, along, i),
                                          arguments));
  }
  OpOperand *out = reader.getDpsInitOperand(0);
  storeLanes(builder, loc, values, out->get(),
             reader.getMatchingIndexingMap(out), at, along);
}
