//===- Softmax.cpp - The softmax over tiles of scores ---------------------===//

#include "Kernel.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Index;
using nvptx::Values;

/// What an op in between reads for a score, the lane's `number`-th of a row.
Value Kernel::loadBetween(linalg::LinalgOp op, OpOperand &operand,
                          Values position, unsigned half, int64_t number) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  unsigned row = attention.rank() - 2, column = attention.rank() - 1;
  auto place = [&](int64_t of) -> Value & {
    return loaded[{&operand,
                   lanesRows() * of + (map.isFunctionOfDim(row) ? half : 0)}];
  };
  if (Value known = place(number))
    return known;
  // Two neighbours at once, where rows are whole pairs.
  constexpr int64_t pair = 2;
  nvptx::Multiples multiples;
  bool both = number % pair == 0 &&
              nvptx::accessOf(operand.get(), map, column) ==
                  nvptx::Access::contiguous &&
              nvptx::hasAlignedRows(operand.get(), pair, multiples) &&
              multiples.empty();
  if (both)
    position[column] =
        e.value(e.min(position[column], e.sub(columnCount, e.number(pair))));
  Values values = nvptx::loadLanes(e.b, loc, operand.get(), map, position,
                                   column, both ? pair : 1);
  for (auto [i, value] : llvm::enumerate(values))
    place(number + static_cast<int64_t>(i)) = value;
  return place(number);
}

/// What the ops in between make of a score, the lane's `number`-th of a row.
Value Kernel::finishScore(Value score, Value row, Value column, unsigned half,
                          int64_t number) {
  llvm::DenseMap<Value, Value> held; // by buffer
  linalg::LinalgOp scores = attention.scores;
  held[scores.getDpsInits()[0]] = score;
  for (linalg::LinalgOp op : attention.between) {
    Values position(outer), arguments;
    position.append({row, column});
    for (OpOperand &operand : op->getOpOperands()) {
      if (!op.payloadUsesValueFromOperand(&operand)) {
        arguments.push_back({});
      } else if (Value value = held.lookup(operand.get())) {
        arguments.push_back(value);
      } else {
        arguments.push_back(loadBetween(op, operand, position, half, number));
      }
    }
    score = nvptx::inlineBody(e.b, op, position, arguments).front();
    held[op.getDpsInits()[0]] = score;
  }
  if (!score.getType().isF32())
    score = arith::ExtFOp::create(e.b, loc, e.b.getF32Type(), score);
  return score;
}

/// The largest, or the sum, over the four lanes that have a row.
Value Kernel::overQuad(Value value, bool largest) {
  for (int64_t mask : {1, 2}) {
    Value other = nvptx::shuffleXor(e.b, loc, value, mask);
    value = largest
                ? arith::MaximumFOp::create(e.b, loc, value, other).getResult()
                : arith::AddFOp::create(e.b, loc, value, other).getResult();
  }
  return value;
}

/// e^(x - less). Where the result is rounded to a half anyway, by the
/// instruction for powers of two.
Value Kernel::exponential(Value x, Value less, Value scaledLess) {
  if (!attention.isHalf())
    return math::ExpOp::create(e.b, loc,
                               arith::SubFOp::create(e.b, loc, x, less));
  Value power = math::FmaOp::create(
      e.b, loc, x, constant(llvm::numbers::log2ef), scaledLess);
  return math::Exp2Op::create(e.b, loc, power, arith::FastMathFlags::afn);
}

/// Adds what the columns from `first` on give.
void Kernel::addTile(State &state, Value first, Index stage) {
  SmallVector<Tile> tiles =
      attention.isHalf() ? computeHalfScores(stage) : computeScores(stage);
  loaded.clear();
  auto known = gemm::known(columnCount);
  bool ragged = !known || *known % columnsOfTile != 0;
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  Value last = e.value(e.sub(columnCount, e.number(1)));
  // scores[row of the lane][2 * tile + i]
  SmallVector<Values> scores(lanesRows());
  for (int64_t j = 0; j < columnTiles(); ++j)
    for (int64_t i : {0, 1}) {
      Value column = e.value(e.add(e.add(first, e.mul(quadColumn, e.number(2))),
                                   e.number(j * kAtomColumns + i)));
      Value exists = ragged ? e.less(column, columnCount) : Value();
      Value inside = ragged ? e.value(e.min(column, last)) : column;
      for (unsigned half = 0; half < lanesRows(); ++half) {
        Value score = vector::ExtractOp::create(
            e.b, loc, tiles[half / 2 * columnTiles() + j],
            ArrayRef<int64_t>{half % 2, i});
        score = finishScore(score, clampedRows[half], inside, half, 2 * j + i);
        if (exists)
          score = arith::SelectOp::create(e.b, loc, exists, score, lowest);
        scores[half].push_back(score);
      }
    }
  Values scale;
  for (unsigned half = 0; half < lanesRows(); ++half) {
    Value largest = scores[half].front();
    for (Value score : ArrayRef(scores[half]).drop_front())
      largest = arith::MaximumFOp::create(e.b, loc, largest, score);
    largest = arith::MaximumFOp::create(e.b, loc, state.largest[half],
                                        overQuad(largest, /*largest=*/true));
    // As long as all scores of a row are -inf, nothing is added: that they all
    // are shows in a sum of zero.
    Value none = arith::CmpFOp::create(e.b, loc, arith::CmpFPredicate::OEQ,
                                       largest, lowest);
    Value less = arith::SelectOp::create(e.b, loc, none, constant(0), largest);
    Value scaledLess =
        arith::MulFOp::create(e.b, loc, less, constant(-llvm::numbers::log2ef));
    scale.push_back(exponential(state.largest[half], less, scaledLess));
    state.largest[half] = largest;
    Value sum = arith::MulFOp::create(e.b, loc, state.sum[half], scale[half]);
    for (Value &score : scores[half]) {
      score = exponential(score, less, scaledLess);
      sum = arith::AddFOp::create(e.b, loc, sum, score);
    }
    state.sum[half] = sum;
  }
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  for (int64_t group = 0; group < groups; ++group) {
    Value top = scale[2 * group], bottom = scale[2 * group + 1];
    Value scales = vector::FromElementsOp::create(
        e.b, loc, type, ValueRange{top, top, bottom, bottom});
    for (int64_t n = 0; n < valueTiles(); ++n) {
      Tile &tile = state.output[group * valueTiles() + n];
      tile = arith::MulFOp::create(e.b, loc, tile, scales);
    }
  }
  if (attention.isHalf())
    addHalfProducts(state, scores, stage);
  else
    addProducts(state, scores, stage);
}
