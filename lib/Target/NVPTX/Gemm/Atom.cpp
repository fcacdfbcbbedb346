//===- Atom.cpp - The products that a warp computes at once ---------------===//

#include "Atom.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
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
  // Zero points are bytes, too.
  constexpr int64_t most = 256;
  if (a.isInteger(8) && sum.isInteger(32) &&
      std::abs(contraction.wideningA.zero) <= most &&
      std::abs(contraction.wideningB.zero) <= most)
    return Unit::Byte;
  return Unit::Scalar;
}

bool Atom::inGroups() const {
  // What all right factors have in common would have to be in shared memory.
  return unit == Unit::Half || unit == Unit::Float8 || parts() > 0 ||
         (unit == Unit::Byte && contraction.wideningB.zero == 0);
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
  if (needsDepthInner()) {
    auto word = VectorType::get(1, e.b.getI32Type());
    Fragment words;
    for (Value four : registers)
      words.push_back(vector::ExtractOp::create(
          e.b, e.loc, vector::BitCastOp::create(e.b, e.loc, word, four), 0));
    return words;
  }
  if (unit != Unit::TF32x3)
    return {build(registers)};
  SmallVector<Value> high, low;
  for (Value x : registers) {
    auto [rounded, rest] = splitFloat(e, x);
    high.push_back(rounded);
    low.push_back(rest);
  }
  return {build(high), build(low)};
}

std::array<Value, 2> rac::gemm::splitFloat(Emit &e, Value x) {
  Type type = x.getType(), i32 = e.b.getI32Type();
  if (auto vector = dyn_cast<VectorType>(type))
    i32 = vector.clone(i32);
  auto constant = [&](int32_t value) -> Value {
    TypedAttr number = e.b.getI32IntegerAttr(value);
    if (auto vector = dyn_cast<VectorType>(i32))
      number = DenseElementsAttr::get(vector, number);
    return arith::ConstantOp::create(e.b, e.loc, number);
  };
  // tf32 has 13 bits less than f32. Adding half of the last that it has rounds.
  Value bits = arith::BitcastOp::create(e.b, e.loc, i32, x);
  bits = arith::AddIOp::create(e.b, e.loc, bits, constant(1 << 12));
  bits = arith::AndIOp::create(e.b, e.loc, bits, constant(-(1 << 13)));
  Value high = arith::BitcastOp::create(e.b, e.loc, type, bits);
  return {high, arith::SubFOp::create(e.b, e.loc, x, high)};
}

Value rac::gemm::fourOf(Emit &e, int64_t value) {
  APInt byte(8, value, /*isSigned=*/true);
  return arith::ConstantOp::create(
      e.b, e.loc,
      e.b.getI32IntegerAttr(APInt::getSplat(32, byte).getSExtValue()));
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
  return finish(e, registers);
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
    fragments.push_back(finish(e, registers));
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
  if (unit == Unit::Byte)
    return multiplyBytes(e, a, b, sum);
  SmallVector<int64_t> shape = {m, n, k};
  bool tf32 = unit == Unit::TF32 || unit == Unit::TF32x3;
  auto mma = [&](Value x, Value y, Value z) -> Value {
    return nvgpu::MmaSyncOp::create(e.b, e.loc, x, y, z, shape, tf32);
  };
  if (unit == Unit::TF32x3) {
    // The smallest first.
    sum = mma(a[1], b[0], sum);
    sum = mma(a[0], b[1], sum);
  }
  return mma(a[0], b[0], sum);
}

SmallVector<Value> Atom::registersOf(Emit &e, Value sum) const {
  SmallVector<Value> registers;
  for (const Element &element : elements(e, sum))
    registers.push_back(element.value);
  return registers;
}

Value Atom::joined(Emit &e, Value registers) const {
  Value sum = zero(e);
  for (int64_t i = 0; i < m / 4; ++i)
    sum = vector::InsertOp::create(
        e.b, e.loc, LLVM::ExtractValueOp::create(e.b, e.loc, registers, i), sum,
        ArrayRef<int64_t>{i / 2, i % 2});
  return sum;
}

LLVM::LLVMStructType Atom::structure() const {
  return LLVM::LLVMStructType::getLiteral(
      accumulator.getContext(), SmallVector<Type>(m / 4, accumulator));
}

/// nvgpu's are of signed bytes alone, and don't wrap.
Value Atom::multiplyBytes(Emit &e, const Fragment &a, const Fragment &b,
                          Value sum) const {
  using NVVM::MMATypes;
  auto typeOf = [](const Widening &widening) {
    return widening.isUnsigned ? MMATypes::u8 : MMATypes::s8;
  };
  MMATypes left = typeOf(contraction.wideningA),
           right = typeOf(contraction.wideningB);
  SmallVector<Value> sums = registersOf(e, sum);
  Value product;
  auto add = [&](MMATypes left, ArrayRef<Value> x, MMATypes right,
                 ArrayRef<Value> y) {
    product = NVVM::MmaOp::create(
        e.b, e.loc, structure(), x, y, sums, ArrayRef<int64_t>{m, n, k},
        /*b1Op=*/std::nullopt, NVVM::MMAIntOverflow::wrapped,
        std::array{left, right},
        std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (auto [i, element] : llvm::enumerate(sums))
      element = LLVM::ExtractValueOp::create(e.b, e.loc, product, i);
  };
  // What all factors of an operand have in common times those of the other.
  for (int64_t shift : contraction.wideningA.shifts())
    add(MMATypes::s8, Fragment(a.size(), fourOf(e, shift)), right, b);
  for (int64_t shift : contraction.wideningB.shifts())
    add(left, a, MMATypes::s8, Fragment(b.size(), fourOf(e, shift)));
  add(left, a, right, b);
  return joined(e, product);
}

/// nvgpu has no such product.
Value Atom::multiplyFloat8(Emit &e, const Fragment &a, const Fragment &b,
                           Value sum) const {
  SmallVector<Value> operands(a.begin(), a.end());
  llvm::append_range(operands, b);
  llvm::append_range(operands, registersOf(e, sum));
  return joined(e, LLVM::InlineAsmOp::create(
                       e.b, e.loc, TypeRange(structure()), operands, kFloat8Ptx,
                       "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f",
                       /*has_side_effects=*/false, /*is_align_stack=*/false,
                       LLVM::TailCallKind::None, LLVM::AsmDialectAttr(),
                       ArrayAttr())
                       .getRes());
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
