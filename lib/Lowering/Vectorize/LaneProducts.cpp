//===- LaneProducts.cpp - Instructions that multiply several terms --------===//

#include "LaneOp.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace rac::vectorize;

//===----------------------------------------------------------------------===//
// Sums of several products
//===----------------------------------------------------------------------===//

VectorType LaneOp::groupsOf(Type element) {
  return VectorType::get({roles.lanes * termsTogether()}, element, {scalable});
}

Type LaneOp::groupType() {
  OpOperand *rows = op.getDpsInputOperand(roles.dot ? roles.dot->rows
                                                    : roles.integers->bytes);
  Type element = getElementTypeOrSelf(rows->get().getType());
  return IntegerType::get(op.getContext(),
                          element.getIntOrFloatBitWidth() * termsTogether());
}

Value LaneOp::loadGroups(OpBuilder &builder, OpOperand &operand,
                         const Values &address, Value mask) {
  Location loc = op->getLoc();
  VectorType type = groupsOf(getElementTypeOrSelf(operand.get().getType()));
  if (!mask || isWholeAnyway(op.getMatchingIndexingMap(&operand)))
    return vector::LoadOp::create(builder, loc, type, operand.get(), address);
  // A lane's terms are there if it is.
  Type part = builder.getIntegerType(type.getElementTypeBitWidth());
  Value wide = arith::ExtSIOp::create(builder, loc, vectorOf(groupType()), mask)
                   .getResult();
  Value parts = vector::BitCastOp::create(builder, loc, groupsOf(part), wide);
  Value none = arith::ConstantOp::create(builder, loc,
                                         builder.getZeroAttr(groupsOf(part)));
  Value there = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                      parts, none);
  Value nothing =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, operand.get(),
                                      address, there, nothing);
}

Value LaneOp::loadTerms(OpBuilder &builder, OpOperand &operand,
                        const Values &address, Value left) {
  Location loc = op->getLoc();
  Type element = getElementTypeOrSelf(operand.get().getType());
  auto type = VectorType::get({termsTogether()}, element);
  Value terms;
  if (left) {
    Value mask = vector::CreateMaskOp::create(
        builder, loc, type.clone(builder.getI1Type()), left);
    Value nothing =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    terms = vector::MaskedLoadOp::create(builder, loc, type, operand.get(),
                                         address, mask, nothing);
  } else {
    terms = vector::LoadOp::create(builder, loc, type, operand.get(), address);
  }
  return vector::ExtractOp::create(
      builder, loc,
      vector::BitCastOp::create(builder, loc, VectorType::get({1}, groupType()),
                                terms),
      int64_t(0));
}

Values LaneOp::computeDot(OpBuilder &builder, ArrayRef<Value> position,
                          const Tile &tile, ValueRange registers, Value left) {
  Location loc = op->getLoc();
  OpOperand &rows = *op.getDpsInputOperand(roles.dot->rows),
            &vectors = *op.getDpsInputOperand(roles.dot->vectors);
  Values groups;
  for (int64_t vector = 0; vector < tile.vectors; ++vector)
    groups.push_back(loadGroups(builder, vectors,
                                address(builder, vectors, position, 0, vector),
                                tile.mask(vector)));
  Values results;
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value one = loadTerms(builder, rows,
                          address(builder, rows, position, row, 0), left);
    Value same = vector::BitCastOp::create(
        builder, loc, groupsOf(getElementTypeOrSelf(rows.get().getType())),
        vector::BroadcastOp::create(builder, loc, vectorOf(groupType()), one));
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      Value sum = registers[row * tile.vectors + vector];
      Values factors = {same, groups[vector]};
      if (roles.dot->vectorsFirst)
        std::swap(factors[0], factors[1]);
      auto call = LLVM::CallIntrinsicOp::create(
          builder, loc, sum.getType(),
          builder.getStringAttr(roles.dot->intrinsic),
          ValueRange{sum, factors[0], factors[1]});
      results.push_back(call.getResult(0));
    }
  }
  return results;
}

Values LaneOp::computeByLane(OpBuilder &builder, ArrayRef<Value> position,
                             const Tile &tile, ValueRange registers) {
  Location loc = op->getLoc();
  const LaneProduct &product = *roles.byLane;
  OpOperand &rows = *op.getDpsInputOperand(product.rows),
            &vectors = *op.getDpsInputOperand(product.vectors);
  VectorType type = vectorOf(getElementTypeOrSelf(rows.get().getType()));
  auto call = [&](StringRef name, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(builder, loc, type,
                                         builder.getStringAttr(name), operands)
        .getResult(0);
  };
  Value first = arith::ConstantIntOp::create(builder, loc, 0, 64);
  Values repeated;
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value few = vector::LoadOp::create(
        builder, loc, VectorType::get({product.terms}, type.getElementType()),
        rows.get(), address(builder, rows, position, row, 0));
    Value alone = vector::ScalableInsertOp::create(
        builder, loc, few, LLVM::PoisonOp::create(builder, loc, type), 0);
    repeated.push_back(call(product.repeat, {alone, first}));
  }
  Values sums(registers), at(position);
  for (int64_t term = 0; term < product.terms; ++term) {
    at[product.loop] = builder.createOrFold<arith::AddIOp>(
        loc, position[product.loop],
        arith::ConstantIndexOp::create(builder, loc, term));
    Value number = arith::ConstantIntOp::create(builder, loc, term, 32);
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      Value lanes = load(builder, vectors, at, 0, vector, tile.mask(vector));
      for (int64_t row = 0; row < tile.rows; ++row) {
        Value &sum = sums[row * tile.vectors + vector];
        sum = call(product.multiply, {sum, lanes, repeated[row], number});
      }
    }
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// Blocks of matrices
//===----------------------------------------------------------------------===//

// A block is two rows by two columns, row by row, and a register has one for
// each two columns. What is a vector for each of two rows becomes two registers
// of blocks: pairs of lanes of the one row and of the other in turn.

VectorType LaneOp::pairsOf(int64_t vectors) {
  return VectorType::get({vectors * roles.lanes / 2},
                         IntegerType::get(op.getContext(), 64), {scalable});
}

Value LaneOp::bitcast(OpBuilder &builder, Value vector, VectorType type) {
  return vector::BitCastOp::create(builder, op->getLoc(), type, vector);
}

Value LaneOp::halfOf(OpBuilder &builder, Value vector, int64_t number) {
  auto type = cast<VectorType>(vector.getType());
  int64_t size = type.getDimSize(0) / 2;
  if (!scalable)
    return vector::ExtractStridedSliceOp::create(
        builder, op->getLoc(), vector, number * size, size, int64_t(1));
  return vector::ScalableExtractOp::create(
      builder, op->getLoc(),
      VectorType::get({size}, type.getElementType(), {true}), vector,
      number * size);
}

Value LaneOp::interleave(OpBuilder &builder, Value first, Value second) {
  return vector::InterleaveOp::create(builder, op->getLoc(), first, second);
}

Values LaneOp::toBlocks(OpBuilder &builder, const Tile &tile,
                        ValueRange registers) {
  Values blocks;
  for (int64_t row = 0; row < tile.rows; row += 2)
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      Value first = registers[row * tile.vectors + vector];
      Value second = row + 1 < tile.rows
                         ? registers[(row + 1) * tile.vectors + vector]
                         : first;
      auto type = cast<VectorType>(first.getType());
      Value both = interleave(builder, bitcast(builder, first, pairsOf(1)),
                              bitcast(builder, second, pairsOf(1)));
      for (int64_t half : {0, 1})
        blocks.push_back(bitcast(builder, halfOf(builder, both, half), type));
    }
  return blocks;
}

Values LaneOp::fromBlocks(OpBuilder &builder, const Tile &tile,
                          ValueRange blocks) {
  Location loc = op->getLoc();
  Values registers(tile.rows * tile.vectors);
  for (int64_t row = 0; row < tile.rows; row += 2)
    for (int64_t vector = 0; vector < tile.vectors; ++vector) {
      Value both = LLVM::PoisonOp::create(builder, loc, pairsOf(2));
      auto type = cast<VectorType>(blocks.front().getType());
      for (int64_t half : {0, 1}) {
        Value block =
            bitcast(builder, blocks[row * tile.vectors + 2 * vector + half],
                    pairsOf(1));
        int64_t first = half * roles.lanes / 2;
        both = scalable ? vector::ScalableInsertOp::create(builder, loc, block,
                                                           both, first)
                              .getResult()
                        : vector::InsertStridedSliceOp::create(
                              builder, loc, block, both, first, int64_t(1))
                              .getResult();
      }
      auto apart = vector::DeinterleaveOp::create(builder, loc, both);
      registers[row * tile.vectors + vector] =
          bitcast(builder, apart.getRes1(), type);
      if (row + 1 < tile.rows)
        registers[(row + 1) * tile.vectors + vector] =
            bitcast(builder, apart.getRes2(), type);
    }
  return registers;
}

Values LaneOp::computeBlocks(OpBuilder &builder, ArrayRef<Value> position,
                             const Tile &tile, ValueRange blocks, Value left) {
  Location loc = op->getLoc();
  OpOperand &rows = *op.getDpsInputOperand(roles.dot->rows),
            &vectors = *op.getDpsInputOperand(roles.dot->vectors);
  Type element = getElementTypeOrSelf(rows.get().getType());
  auto type = VectorType::get({roles.lanes / 2 * roles.dot->terms}, element,
                              {scalable});
  auto termsOf = [&](int64_t row) -> Value {
    Value terms = loadTerms(builder, rows,
                            address(builder, rows, position, row, 0), left);
    return vector::BroadcastOp::create(builder, loc, pairsOf(1), terms);
  };
  // Two rows' terms, again and again.
  Values factors;
  for (int64_t row = 0; row < tile.rows; row += 2) {
    Value terms = termsOf(row);
    if (row + 1 < tile.rows)
      terms = halfOf(builder, interleave(builder, terms, termsOf(row + 1)), 0);
    factors.push_back(bitcast(builder, terms, type));
  }
  Values sums(blocks);
  for (int64_t vector = 0; vector < tile.vectors; ++vector) {
    Value groups = loadGroups(builder, vectors,
                              address(builder, vectors, position, 0, vector),
                              tile.mask(vector));
    for (int64_t half : {0, 1}) {
      Value columns = halfOf(builder, groups, half);
      for (auto [block, factor] : llvm::enumerate(factors)) {
        Value &sum = sums[2 * (int64_t(block) * tile.vectors + vector) + half];
        sum = LLVM::CallIntrinsicOp::create(
                  builder, loc, sum.getType(),
                  builder.getStringAttr(roles.dot->intrinsic),
                  ValueRange{sum, factor, columns})
                  .getResult(0);
      }
    }
  }
  return sums;
}
