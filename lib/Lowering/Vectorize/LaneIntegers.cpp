//===- LaneIntegers.cpp - Products with halves of bytes on registers ------===//

#include "LaneOp.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace rac::vectorize;

Values LaneOp::startIntegers(OpBuilder &builder, const Tile &tile) {
  VectorType type = vectorOf(builder.getI32Type());
  Value zero = arith::ConstantOp::create(builder, op->getLoc(),
                                         builder.getZeroAttr(type));
  return Values(roles.integers->shifts.size() * tile.rows * tile.vectors, zero);
}

/// Registers are those of the highest power of two first, each row by row.
Values LaneOp::computeIntegers(OpBuilder &builder, ArrayRef<Value> position,
                               const Tile &tile, ValueRange registers) {
  Location loc = op->getLoc();
  const IntegerSum &integers = *roles.integers;
  OpOperand &bytes = *op.getDpsInputOperand(integers.bytes);
  VectorType type = groupsOf(builder.getI8Type());
  auto all = [&](int64_t value) {
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getI8IntegerAttr(value)));
  };
  SmallVector<Values> halves(2); // low, high
  for (int64_t vector = 0; vector < tile.vectors; ++vector) {
    Value both =
        loadGroups(builder, bytes, address(builder, bytes, position, 0, vector),
                   tile.mask(vector));
    halves[0].push_back(arith::AndIOp::create(builder, loc, both, all(15)));
    halves[1].push_back(arith::ShRUIOp::create(builder, loc, both, all(4)));
  }
  Values sums(registers);
  for (const IntegerSum::Product &product : integers.products) {
    OpOperand &rows = *op.getDpsInputOperand(product.row);
    int64_t power =
        llvm::find(integers.shifts, product.shift) - integers.shifts.begin();
    for (int64_t row = 0; row < tile.rows; ++row) {
      Value terms = loadTerms(builder, rows,
                              address(builder, rows, position, row, 0), {});
      Value same = vector::BitCastOp::create(
          builder, loc, type,
          vector::BroadcastOp::create(builder, loc, vectorOf(groupType()),
                                      terms));
      for (int64_t vector = 0; vector < tile.vectors; ++vector) {
        Value &sum = sums[(power * tile.rows + row) * tile.vectors + vector];
        sum = LLVM::CallIntrinsicOp::create(
                  builder, loc, sum.getType(),
                  builder.getStringAttr(integers.intrinsic),
                  ValueRange{sum, halves[product.high][vector], same})
                  .getResult(0);
      }
    }
  }
  return sums;
}

Values LaneOp::finishIntegers(OpBuilder &builder, ArrayRef<Value> position,
                              const Tile &tile, ValueRange registers) {
  Location loc = op->getLoc();
  const IntegerSum &integers = *roles.integers;
  VectorType type = vectorOf(builder.getI32Type());
  auto flags = arith::FastMathFlags::reassoc | arith::FastMathFlags::contract;
  auto shifted = [&](Value value, int64_t by) -> Value {
    if (by == 0)
      return value;
    Value bits = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getI32IntegerAttr(by)));
    return arith::ShLIOp::create(builder, loc, value, bits);
  };
  int64_t count = tile.rows * tile.vectors;
  Values sums(registers.take_front(count));
  ArrayRef<int64_t> shifts = integers.shifts;
  for (size_t i : llvm::seq<size_t>(1, shifts.size()))
    for (auto [sum, next] :
         llvm::zip_equal(sums, registers.slice(i * count, count)))
      sum = arith::AddIOp::create(
          builder, loc, shifted(sum, shifts[i - 1] - shifts[i]), next);
  for (Value &sum : sums)
    sum = arith::SIToFPOp::create(builder, loc, vectorOf(builder.getF32Type()),
                                  shifted(sum, shifts.back()));
  // What is the same in all steps is summed as often.
  VectorType floats = vectorOf(builder.getF32Type());
  float steps = float(op.getStaticLoopRanges()[integers.loop]);
  Value times = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(floats, builder.getF32FloatAttr(steps)));
  for (Value same : integers.same)
    for (auto [sum, value] :
         llvm::zip_equal(sums, evaluate(builder, position, tile, same))) {
      Value all = arith::MulFOp::create(builder, loc, value, times, flags);
      sum = arith::AddFOp::create(builder, loc, sum, all, flags);
    }
  return sums;
}
