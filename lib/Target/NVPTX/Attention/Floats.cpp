//===- Floats.cpp - Products of f32, as three of tf32 ---------------------===//

#include "Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;
using gemm::Index;
using nvptx::Values;

/// tf32 has 13 bits less than f32; adding half of the last that it has rounds.
Split Kernel::split(ArrayRef<Value> registers) {
  Type i32 = e.b.getI32Type(), f32 = e.b.getF32Type();
  auto count = static_cast<int64_t>(registers.size());
  auto build = [&](ValueRange elements) -> Value {
    return vector::FromElementsOp::create(
        e.b, loc, VectorType::get({count, 1}, f32), elements);
  };
  Value half = arith::ConstantIntOp::create(e.b, loc, i32, 1 << 12);
  Value mask = arith::ConstantIntOp::create(e.b, loc, i32, -(1 << 13));
  Values high, low;
  for (Value x : registers) {
    Value bits = arith::BitcastOp::create(e.b, loc, i32, x);
    bits = arith::AddIOp::create(e.b, loc, bits, half);
    bits = arith::AndIOp::create(e.b, loc, bits, mask);
    high.push_back(arith::BitcastOp::create(e.b, loc, f32, bits));
    low.push_back(arith::SubFOp::create(e.b, loc, x, high.back()));
  }
  return {build(high), build(low)};
}

Tile Kernel::multiply(const Split &a, const Split &b, Tile sum) {
  auto mma = [&](Value x, Value y, Value z) -> Value {
    return nvgpu::MmaSyncOp::create(
        e.b, loc, x, y, z,
        ArrayRef<int64_t>{kAtomRows, kAtomColumns, kFloatDepth},
        /*tf32Enabled=*/true);
  };
  // The smallest first.
  sum = mma(a.low, b.high, sum);
  sum = mma(a.high, b.low, sum);
  return mma(a.high, b.high, sum);
}

/// The scores of the warp's rows and the columns in shared memory.
SmallVector<Tile> Kernel::computeScores(Index stage) {
  auto type = VectorType::get({2, 2}, e.b.getF32Type());
  SmallVector<Tile> tiles(columnTiles(), e.zero(type));
  Index stageLine = e.mul(stage, e.number(columnsOfTile));
  auto load = [&](Value memory, Index line, Index element) -> Value {
    return memref::LoadOp::create(e.b, loc, memory,
                                  sharedAt(memory, depthPitch, line, element));
  };
  for (int64_t k = 0; k < depth; k += kFloatDepth) {
    Values q;
    Index near = e.add(quadColumn, e.number(k)),
          far = e.add(quadColumn, e.number(k + 4));
    Index top = e.add(warpRow, quadRow), bottom = e.add(top, e.number(8));
    for (Index element : {near, far})
      for (Index line : {top, bottom})
        q.push_back(load(sharedQ, line, element));
    Split left = split(q);
    for (auto [i, tile] : llvm::enumerate(tiles)) {
      Index line = e.add(
          stageLine,
          e.add(quadRow, e.number(static_cast<int64_t>(i) * kAtomColumns)));
      tile = multiply(
          left, split({load(sharedK, line, near), load(sharedK, line, far)}),
          tile);
    }
  }
  return tiles;
}

void Kernel::addProducts(State &state, ArrayRef<Values> weights, Index stage) {
  Index stageLine = e.mul(stage, e.number(columnsOfTile));
  // A lane has two neighbouring columns of a score's row, where a factor has
  // the columns t and t + 4: they are added up in that order, of both factors.
  for (int64_t j = 0; j < columnTiles(); ++j) {
    Split left = split({weights[0][2 * j], weights[1][2 * j],
                        weights[0][2 * j + 1], weights[1][2 * j + 1]});
    Index line = e.add(stageLine, e.add(e.mul(quadColumn, e.number(2)),
                                        e.number(j * kFloatDepth)));
    for (auto [n, tile] : llvm::enumerate(state.output)) {
      Index element =
          e.add(quadRow, e.number(static_cast<int64_t>(n) * kAtomColumns));
      Values right;
      for (int64_t next : {0, 1})
        right.push_back(memref::LoadOp::create(
            e.b, loc, sharedV,
            sharedAt(sharedV, valuePitch, e.add(line, e.number(next)),
                     element)));
      tile = multiply(left, split(right), tile);
    }
  }
}
