//===- Atom.cpp - The products that a warp computes at once ---------------===//

#include "Atom.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Target/TargetSpec.h"

using namespace mlir;
using namespace rac::gemm;

bool rac::gemm::hasFloat8(StringRef chip) {
  return llvm::is_contained({"sm_89", "sm_90a", "sm_100"}, chip) ||
         chip.starts_with(kSimulatorChip);
}

Unit rac::gemm::chooseUnit(const Contraction &contraction, bool tf32,
                           bool float8) {
  if (contraction.product != Product::Plain)
    return Unit::Scalar;
  Type a = getElementTypeOrSelf(contraction.a->get().getType()),
       b = getElementTypeOrSelf(contraction.b->get().getType()),
       sum = contraction.accumulator();
  if (a != b)
    return Unit::Scalar;
  if (a.isF64() && sum.isF64())
    return Unit::F64;
  if (a.isF32() && sum.isF32())
    return tf32 ? Unit::TF32 : Unit::TF32x3;
  if ((a.isF16() || a.isBF16()) && (sum.isF32() || sum == a))
    return Unit::Half;
  if (float8 && isa<Float8E4M3FNType>(a) && sum.isF32())
    return Unit::Float8;
  // Of both, what is past the end would count. Zero points are bytes, too.
  constexpr int64_t most = 256;
  int64_t shiftA = std::abs(contraction.wideningA.shift()),
          shiftB = std::abs(contraction.wideningB.shift());
  if (a.isInteger(8) && sum.isInteger(32) && std::min(shiftA, shiftB) == 0 &&
      std::max(shiftA, shiftB) <= most)
    return Unit::Byte;
  return Unit::Scalar;
}

Atom::Atom(Unit unit, const Contraction &contraction)
    : unit(unit), contraction(contraction) {
  input = getElementTypeOrSelf(contraction.a->get().getType());
  accumulator = contraction.accumulator();
  auto shape = [&](int64_t rows, int64_t columns, int64_t depth) {
    m = rows, n = columns, k = depth;
  };
  switch (unit) {
  case Unit::Scalar:
    shape(8, 4, 1);
    break;
  case Unit::F64:
    shape(8, 8, 4);
    break;
  case Unit::TF32:
  case Unit::TF32x3:
    shape(16, 8, 8);
    break;
  case Unit::Half:
    pack = 2;
    accumulator = Float32Type::get(accumulator.getContext());
    shape(16, 8, 16);
    break;
  case Unit::Byte:
  case Unit::Float8:
    pack = 4;
    shape(16, 8, 32);
    break;
  }
}

//===----------------------------------------------------------------------===//
// Which elements a lane has
//===----------------------------------------------------------------------===//

Index Atom::laneRow(Emit &e, Index lane) const {
  return e.div(lane, e.number(4));
}

Index Atom::laneColumn(Emit &e, Index lane) const {
  Index column = e.rem(lane, e.number(4));
  return unit == Unit::Scalar ? column : e.mul(column, e.number(2));
}

Index Atom::laneStartA(Emit &e, Index lane, const SharedTile &tile) const {
  Index outer = e.number(tile.outerStride), depth = e.number(tile.depthStride);
  auto at = [&](Index row, Index column) {
    return e.add(e.mul(row, outer), e.mul(column, depth));
  };
  if (unit == Unit::Scalar)
    return at(laneRow(e, lane), e.number(0));
  if (unit != Unit::Half)
    return at(laneRow(e, lane),
              e.mul(e.rem(lane, e.number(4)), e.number(pack)));
  // The lane's row of one of four 8x8 matrices: rows 0-7, then 8-15, of the
  // first half of the depth, then of the second.
  Index line = e.rem(lane, e.number(8)), matrix = e.div(lane, e.number(8));
  Index low = e.mul(e.rem(matrix, e.number(2)), e.number(8)),
        high = e.mul(e.div(matrix, e.number(2)), e.number(8));
  return tile.depthInner() ? at(e.add(line, low), high)
                           : at(low, e.add(line, high));
}

Index Atom::laneStartB(Emit &e, Index lane, const SharedTile &tile) const {
  Index outer = e.number(tile.outerStride), depth = e.number(tile.depthStride);
  auto at = [&](Index column, Index row) {
    return e.add(e.mul(column, outer), e.mul(row, depth));
  };
  if (unit == Unit::Scalar)
    return at(e.rem(lane, e.number(4)), e.number(0));
  if (unit != Unit::Half)
    return at(laneRow(e, lane),
              e.mul(e.rem(lane, e.number(4)), e.number(pack)));
  // Here the depth's halves come first, then the next eight columns.
  Index line = e.rem(lane, e.number(8)), matrix = e.div(lane, e.number(8));
  Index low = e.mul(e.rem(matrix, e.number(2)), e.number(8)),
        high = e.mul(e.div(matrix, e.number(2)), e.number(8));
  return tile.depthInner() ? at(e.add(line, high), low)
                           : at(high, e.add(line, low));
}

//===----------------------------------------------------------------------===//
// From shared memory to registers
//===----------------------------------------------------------------------===//

Type Atom::vectorOf(int64_t registers) const {
  return VectorType::get({registers, pack}, input);
}

Value Atom::loadRegister(Emit &e, const SharedTile &tile, int64_t outer,
                         int64_t depth) const {
  Value at = e.value(e.add(tile.start, e.number(outer * tile.outerStride +
                                                depth * tile.depthStride)));
  if (pack == 1)
    return memref::LoadOp::create(e.b, e.loc, tile.memory, at);
  return vector::LoadOp::create(e.b, e.loc, VectorType::get(pack, input),
                                tile.memory, at);
}

/// A vector of registers; of TF32x3 two, the high and the low part.
Atom::Fragment Atom::finish(Emit &e, ArrayRef<Value> registers) const {
  auto build = [&](ArrayRef<Value> parts) -> Value {
    Value vector = e.zero(vectorOf(parts.size()));
    for (auto [i, part] : llvm::enumerate(parts)) {
      SmallVector<int64_t> position = {static_cast<int64_t>(i)};
      if (pack == 1)
        position.push_back(0);
      vector = vector::InsertOp::create(e.b, e.loc, part, vector, position);
    }
    return vector;
  };
  if (unit == Unit::Scalar)
    return {registers.front()};
  if (unit == Unit::Float8) {
    auto word = VectorType::get(1, e.b.getI32Type());
    Fragment words;
    for (Value four : registers)
      words.push_back(vector::ExtractOp::create(
          e.b, e.loc, vector::BitCastOp::create(e.b, e.loc, word, four), 0));
    return words;
  }
  if (unit != Unit::TF32x3)
    return {build(registers)};
  // tf32 has 13 bits less than f32. Adding half of the last that it has rounds.
  Type i32 = e.b.getI32Type(), f32 = e.b.getF32Type();
  Value half = arith::ConstantIntOp::create(e.b, e.loc, i32, 1 << 12);
  Value mask = arith::ConstantIntOp::create(e.b, e.loc, i32, -(1 << 13));
  SmallVector<Value> high, low;
  for (Value x : registers) {
    Value bits = arith::BitcastOp::create(e.b, e.loc, i32, x);
    bits = arith::AddIOp::create(e.b, e.loc, bits, half);
    bits = arith::AndIOp::create(e.b, e.loc, bits, mask);
    high.push_back(arith::BitcastOp::create(e.b, e.loc, f32, bits));
    low.push_back(arith::SubFOp::create(e.b, e.loc, x, high.back()));
  }
  return {build(high), build(low)};
}

static Value splat(Emit &e, Type type, int64_t value) {
  auto vector = cast<VectorType>(type);
  return arith::ConstantOp::create(
      e.b, e.loc,
      DenseElementsAttr::get(vector,
                             APInt(vector.getElementTypeBitWidth(), value,
                                   /*isSigned=*/true, /*implicitTrunc=*/true)));
}

/// Bytes without a sign as such with one, less 128.
Atom::Fragment Atom::withSign(Emit &e, Fragment fragment,
                              const Widening &widening) const {
  if (unit == Unit::Byte && widening.isUnsigned)
    for (Value &registers : fragment)
      registers = arith::XOrIOp::create(e.b, e.loc, registers,
                                        splat(e, registers.getType(), -128));
  return fragment;
}

/// Signed bytes that add up to what is missing of an operand's factors.
SmallVector<int64_t, 2> Atom::shifts(const Widening &widening) const {
  SmallVector<int64_t, 2> parts;
  for (int64_t rest = widening.shift(); rest != 0; rest -= parts.back())
    parts.push_back(std::clamp<int64_t>(rest, INT8_MIN, INT8_MAX));
  return parts;
}

Atom::Fragment Atom::loadA(Emit &e, const SharedTile &tile, int64_t row,
                           int64_t depth) const {
  if (unit == Unit::Half) {
    Value at = e.value(e.add(tile.start, e.number(row * tile.outerStride +
                                                  depth * tile.depthStride)));
    return {nvgpu::LdMatrixOp::create(e.b, e.loc, vectorOf(4), tile.memory, at,
                                      /*transpose=*/!tile.depthInner(),
                                      /*numTiles=*/4)};
  }
  SmallVector<Value> registers;
  for (int64_t half = 0; half < (k == 4 * pack || k == 1 ? 1 : 2); ++half)
    for (int64_t below = 0; below < m; below += 8)
      registers.push_back(
          loadRegister(e, tile, row + below, depth + half * 4 * pack));
  return withSign(e, finish(e, registers), contraction.wideningA);
}

SmallVector<Atom::Fragment, 2> Atom::loadB(Emit &e, const SharedTile &tile,
                                           int64_t column, int64_t depth,
                                           int64_t count) const {
  SmallVector<Fragment, 2> fragments;
  if (unit == Unit::Half) {
    Value at = e.value(e.add(tile.start, e.number(column * tile.outerStride +
                                                  depth * tile.depthStride)));
    Value loaded = nvgpu::LdMatrixOp::create(
        e.b, e.loc, vectorOf(2 * count), tile.memory, at,
        /*transpose=*/!tile.depthInner(), /*numTiles=*/2 * count);
    for (int64_t i = 0; i < count; ++i) {
      Value low = vector::ExtractOp::create(e.b, e.loc, loaded, 2 * i),
            high = vector::ExtractOp::create(e.b, e.loc, loaded, 2 * i + 1);
      fragments.push_back(finish(e, {low, high}));
    }
    return fragments;
  }
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Value> registers;
    for (int64_t half = 0; half < (k == 4 * pack || k == 1 ? 1 : 2); ++half)
      registers.push_back(
          loadRegister(e, tile, column + i * n, depth + half * 4 * pack));
    fragments.push_back(
        withSign(e, finish(e, registers), contraction.wideningB));
  }
  return fragments;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value Atom::zero(Emit &e) const {
  if (unit == Unit::Scalar)
    return e.zero(accumulator);
  return e.zero(VectorType::get({m / 8, 2}, accumulator));
}

Value Atom::multiply(Emit &e, const Fragment &a, const Fragment &b,
                     Value sum) const {
  if (unit == Unit::Scalar) {
    IRMapping mapping;
    linalg::LinalgOp op = contraction.op;
    Block *body = op.getBlock();
    mapping.map(op.getMatchingBlockArgument(contraction.a), a[0]);
    mapping.map(op.getMatchingBlockArgument(contraction.b), b[0]);
    mapping.map(op.getRegionOutputArgs()[0], sum);
    for (Operation &inner : body->without_terminator())
      e.b.clone(inner, mapping);
    return mapping.lookupOrDefault(body->getTerminator()->getOperand(0));
  }
  if (unit == Unit::Float8)
    return multiplyFloat8(e, a, b, sum);
  SmallVector<int64_t> shape = {m, n, k};
  bool tf32 = unit == Unit::TF32 || unit == Unit::TF32x3;
  auto mma = [&](Value x, Value y, Value z) -> Value {
    return nvgpu::MmaSyncOp::create(e.b, e.loc, x, y, z, shape, tf32);
  };
  // What all factors of an operand have in common times those of the other.
  if (unit == Unit::Byte) {
    for (int64_t shift : shifts(contraction.wideningA))
      sum = mma(splat(e, a[0].getType(), shift), b[0], sum);
    for (int64_t shift : shifts(contraction.wideningB))
      sum = mma(a[0], splat(e, b[0].getType(), shift), sum);
  }
  if (unit == Unit::TF32x3) {
    // The smallest first.
    sum = mma(a[1], b[0], sum);
    sum = mma(a[0], b[1], sum);
  }
  return mma(a[0], b[0], sum);
}

/// nvgpu has no such product.
Value Atom::multiplyFloat8(Emit &e, const Fragment &a, const Fragment &b,
                           Value sum) const {
  SmallVector<Value> operands(a.begin(), a.end());
  llvm::append_range(operands, b);
  for (const Element &element : elements(e, sum))
    operands.push_back(element.value);
  SmallVector<Type> results(4, e.b.getF32Type());
  auto type = LLVM::LLVMStructType::getLiteral(e.b.getContext(), results);
  Value product =
      LLVM::InlineAsmOp::create(
          e.b, e.loc, TypeRange(type), operands, kFloat8Ptx,
          "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f", /*has_side_effects=*/false,
          /*is_align_stack=*/false, LLVM::TailCallKind::None,
          LLVM::AsmDialectAttr(), ArrayAttr())
          .getRes();
  for (int64_t i = 0; i < 4; ++i) {
    Value element = LLVM::ExtractValueOp::create(e.b, e.loc, product, i);
    sum = vector::InsertOp::create(e.b, e.loc, element, sum,
                                   ArrayRef<int64_t>{i / 2, i % 2});
  }
  return sum;
}

SmallVector<Atom::Element, 4> Atom::elements(Emit &e, Value sum) const {
  if (unit == Unit::Scalar)
    return {{0, 0, sum}};
  SmallVector<Element, 4> result;
  for (int64_t half = 0; half < m / 8; ++half)
    for (int64_t i = 0; i < 2; ++i)
      result.push_back({half * 8, i,
                        vector::ExtractOp::create(e.b, e.loc, sum,
                                                  ArrayRef<int64_t>{half, i})});
  return result;
}
