//===- Halves.cpp - Products of f16 and bf16 ------------------------------===//

#include "Kernel.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Index;
using nvptx::Values;

/// Four matrices of 8x8 from shared memory: lines `line` and eight later, and
/// elements `element` and eight later; the lines change first or the elements.
Value Kernel::loadFragment(Value memory, int64_t pitch, Index start,
                           int64_t line, int64_t element, bool linesFirst,
                           bool transpose) {
  constexpr int64_t size = 8;
  Index matrix = e.div(lane, e.number(size));
  Index often = e.mul(e.rem(matrix, e.number(2)), e.number(size)),
        seldom = e.mul(e.div(matrix, e.number(2)), e.number(size));
  Index own = e.add(
      e.mul(e.add(e.rem(lane, e.number(size)), linesFirst ? often : seldom),
            e.number(pitch)),
      linesFirst ? seldom : often);
  Value at =
      e.value(e.add(e.add(start, own), e.number(line * pitch + element)));
  return nvgpu::LdMatrixOp::create(e.b, loc,
                                   VectorType::get({4, 2}, attention.element),
                                   memory, at, transpose, /*numTiles=*/4);
}

/// The right factors of two neighbouring atoms.
std::pair<Value, Value> Kernel::splitPair(Value fragments) {
  auto slice = [&](int64_t first) -> Value {
    return vector::ExtractStridedSliceOp::create(
        e.b, loc, fragments, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{2},
        ArrayRef<int64_t>{1});
  };
  return {slice(0), slice(2)};
}

Tile Kernel::multiplyHalves(Value a, Value b, Tile sum) {
  return nvgpu::MmaSyncOp::create(
      e.b, loc, a, b, sum,
      ArrayRef<int64_t>{kAtomRows, kAtomColumns, kHalfDepth});
}

void Kernel::loadQueries() {
  for (int64_t group = 0; group < groups; ++group)
    for (int64_t k = 0; k < depth; k += kHalfDepth)
      queries.push_back(loadFragment(
          sharedQ, depthPitch, e.mul(warpRow, e.number(depthPitch)),
          group * kAtomRows, k, /*linesFirst=*/true, /*transpose=*/false));
}

SmallVector<Tile> Kernel::computeHalfScores(Index stage) {
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  SmallVector<Tile> tiles(groups * columnTiles(), e.zero(type));
  Index start = e.mul(stage, e.number(columnsOfTile * depthPitch));
  int64_t steps = depth / kHalfDepth;
  for (int64_t step = 0; step < steps; ++step)
    for (int64_t j = 0; j < columnTiles(); j += 2) {
      auto [left, right] = splitPair(loadFragment(
          sharedK, depthPitch, start, j * kAtomColumns, step * kHalfDepth,
          /*linesFirst=*/false, /*transpose=*/false));
      for (int64_t group = 0; group < groups; ++group) {
        Value q = queries[group * steps + step];
        Tile *tile = &tiles[group * columnTiles() + j];
        tile[0] = multiplyHalves(q, left, tile[0]);
        tile[1] = multiplyHalves(q, right, tile[1]);
      }
    }
  return tiles;
}

/// The weights of two neighbouring tiles of columns, as a left factor: what a
/// lane has of the tiles is what it has of that.
Value Kernel::halfWeights(ArrayRef<Values> weights, int64_t group,
                          int64_t tile) {
  auto pair = VectorType::get(2, e.b.getF32Type()),
       narrow = VectorType::get(2, attention.element);
  Value factor = e.zero(VectorType::get({4, 2}, attention.element));
  for (int64_t part = 0; part < 4; ++part) {
    const Values &row = weights[2 * group + part % 2];
    Value wide = vector::FromElementsOp::create(
        e.b, loc, pair, ArrayRef(row).slice(2 * (tile + part / 2), 2));
    factor = vector::InsertOp::create(
        e.b, loc, arith::TruncFOp::create(e.b, loc, narrow, wide), factor,
        part);
  }
  return factor;
}

void Kernel::addHalfProducts(State &state, ArrayRef<Values> weights,
                             Index stage) {
  Index start = e.mul(stage, e.number(columnsOfTile * valuePitch));
  for (int64_t j = 0; j < columnTiles(); j += 2) {
    Values factors;
    for (int64_t group = 0; group < groups; ++group)
      factors.push_back(halfWeights(weights, group, j));
    for (int64_t n = 0; n < valueTiles(); n += 2) {
      auto [left, right] = splitPair(loadFragment(
          sharedV, valuePitch, start, j * kAtomColumns, n * kAtomColumns,
          /*linesFirst=*/true, /*transpose=*/true));
      for (int64_t group = 0; group < groups; ++group) {
        Tile *tile = &state.output[group * valueTiles() + n];
        tile[0] = multiplyHalves(factors[group], left, tile[0]);
        tile[1] = multiplyHalves(factors[group], right, tile[1]);
      }
    }
  }
}
