//===- FixedPoint.cpp - Products with 4 bits, summed in integers ----------===//
//
// What multiplies bytes takes four terms of a lane at once, and so many fewer
// instructions than floats. A row becomes a block of terms at a time integers
// of 23 bits, and each of these three signed bytes, its digits:
//
//   x = (d2 * 2^16 + d1 * 2^8 + d0) * 2^(e - 21), 2^e <= the block's largest
//
// which is off by two units in the last place of the block's largest at most. A
// step u of weights counts from 8 and a zero point z on:
//
//   sum of x (u - 8 - z) = 2^(e - 21) (sum of q u - (8 + z) sum of q)
//
// Sums of q u are exact: of `kMostTerms` terms they have 31 bits.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"
#include "Patterns.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
constexpr int64_t kMostTerms = 32, kGroup = 4, kDigits = 3, kDigitBits = 8;
/// Of f32: bits of the mantissa, and what the exponent 0 is as a field.
constexpr int64_t kMantissa = 23, kBias = 127;
constexpr int64_t kFraction = 21;
/// Fields of 2^e have to leave one for 2^(21 - e).
constexpr int64_t kLeastField = kFraction + 1;
constexpr int64_t kInfinity = int64_t(255) << kMantissa;

Value constantBits(OpBuilder &b, Location loc, int64_t bits) {
  return arith::ConstantOp::create(
      b, loc, b.getI32IntegerAttr(static_cast<int32_t>(bits)));
}

Value magnitudeOf(OpBuilder &b, Location loc, Value bits) {
  return arith::AndIOp::create(b, loc, bits, constantBits(b, loc, INT32_MAX));
}

/// Scalars of a block whose largest magnitude has the bits `largest`.
struct BlockBuilder {
  OpBuilder &b;
  Location loc;
  Value largest;

  Value constant(int64_t bits) { return constantBits(b, loc, bits); }
  Value asFloat(Value bits) {
    return arith::BitcastOp::create(b, loc, b.getF32Type(), bits);
  }
  Value isFinite() {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, largest,
                                 constant(kInfinity));
  }
  /// Bits of 2^e, where e is not so small that there is no 2^(21 - e).
  Value power() {
    Value field = arith::AndIOp::create(b, loc, largest, constant(kInfinity));
    return arith::MaxSIOp::create(b, loc, field,
                                  constant(kLeastField << kMantissa));
  }
  /// What integers of the block are multiplied with: infinite, or no number, if
  /// the largest is so.
  Value unit() {
    Value unit = arith::SubIOp::create(b, loc, power(),
                                       constant(kFraction << kMantissa));
    return asFloat(arith::SelectOp::create(b, loc, isFinite(), unit, largest));
  }
  /// The integer of `x`. Where some are infinite, they are 1 or -1 and the
  /// others 0.
  Value integer(Value x) {
    Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), x);
    Value isInfinite =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                              magnitudeOf(b, loc, bits), constant(kInfinity));
    Value sign = arith::AndIOp::create(b, loc, bits, constant(INT32_MIN));
    Value one =
        arith::OrIOp::create(b, loc, sign, constant(kBias << kMantissa));
    Value direction =
        asFloat(arith::SelectOp::create(b, loc, isInfinite, one, constant(0)));
    Value factor = arith::SubIOp::create(
        b, loc, constant((2 * kBias + kFraction) << kMantissa), power());
    Value scaled = arith::MulFOp::create(b, loc, x, asFloat(factor));
    Value value =
        arith::SelectOp::create(b, loc, isFinite(), scaled, direction);
    return arith::FPToSIOp::create(b, loc, b.getI32Type(),
                                   math::RoundEvenOp::create(b, loc, value));
  }
};

/// A row, in blocks of terms, as integers: tensors over (leading dimensions,
/// blocks, halves of a block, parts of a half, terms), but for `largest` and
/// `sums`, which halves and terms share.
struct FixedRow {
  Value largest, sums;
  SmallVector<Value> digits; ///< the highest last
};
} // namespace

/// Terms of a half that are summed as one integer, with as many of the other:
/// whole groups; 0: there are no such.
static int64_t termsOfPart(int64_t half) {
  for (int64_t terms = kMostTerms / 2; terms > 0; terms -= kGroup)
    if (half % terms == 0)
      return terms;
  return 0;
}

/// The byte that is digit number `number` of an integer: those below are
/// signed, too.
static Value digitOf(OpBuilder &b, Location loc, Value integer,
                     int64_t number) {
  auto constant = [&](int64_t bits) { return constantBits(b, loc, bits); };
  // Bytes of this sum are the digits and 128.
  int64_t middle = 0;
  for (int64_t i = 0; i < kDigits; ++i)
    middle |= int64_t(0x80) << (i * kDigitBits);
  Value sum = arith::AddIOp::create(b, loc, integer, constant(middle));
  sum = arith::ShRUIOp::create(b, loc, sum, constant(number * kDigitBits));
  sum = arith::XOrIOp::create(b, loc, sum, constant(0x80));
  return arith::TruncIOp::create(b, loc, b.getI8Type(), sum);
}

/// `x` over (leading dimensions, blocks, halves, parts, terms).
static FixedRow buildFixedRow(OpBuilder &b, Location loc, Value x) {
  int64_t rank = tensorOf(x).getRank();
  Sizes sizes = tensor::getMixedSizes(b, loc, x);
  Type i32 = b.getI32Type();
  llvm::SmallBitVector shared(rank);
  shared.set(rank - 3).set(rank - 1);
  Operand terms = {x, identityMap(b, rank)};
  Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
  FixedRow row;
  // As integers, magnitudes have the order that they have as floats; above the
  // infinite are those that are no numbers.
  row.largest = buildReduction(
      b, loc, terms, sizes, shared, zero,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value bits = arith::BitcastOp::create(b, loc, i32, args[0]);
        return arith::MaxSIOp::create(b, loc, magnitudeOf(b, loc, bits),
                                      args[1]);
      });
  Value integers =
      buildMap(b, loc, {terms, {row.largest, mapWithout(b, shared)}}, sizes,
               i32, [&](OpBuilder &b, Location loc, ValueRange args) {
                 return BlockBuilder{b, loc, args[1]}.integer(args[0]);
               });
  Operand each = {integers, identityMap(b, rank)};
  row.sums = buildReduction(b, loc, each, sizes, shared, zero,
                            [&](OpBuilder &b, Location loc, ValueRange args) {
                              return addToSum(b, loc, args[0], args[1]);
                            });
  for (int64_t digit : llvm::seq(kDigits))
    row.digits.push_back(
        buildMap(b, loc, each, sizes, b.getI8Type(),
                 [&](OpBuilder &b, Location loc, ValueRange args) {
                   return digitOf(b, loc, args[0], digit);
                 }));
  return row;
}

bool lowering::isFixedPoint(DequantizeWeightsOp weights,
                            ArrayRef<OpFoldResult> sizes) {
  return weights.getNibbles() && isReadInBlocks(weights) &&
         termsOfPart(weights.getBlocks().front() / 2) != 0 &&
         llvm::all_of(sizes.drop_back(), [](OpFoldResult size) {
           return isConstantIntValue(size, 1);
         });
}

namespace {
/// What a step of the innermost loop is given.
struct Terms {
  Value steps, scale, zero, largest, sum;
  ValueRange digits; ///< of the first half, the highest last; of the second
};
} // namespace

/// What a byte of steps adds to the result.
static Value buildTerms(OpBuilder &b, Location loc, const Terms &terms,
                        int64_t bytes) {
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  BlockBuilder block{b, loc, terms.largest};
  auto product = [&](Value step, Value digit) -> Value {
    return arith::MulIOp::create(b, loc, step,
                                 arith::ExtSIOp::create(b, loc, i32, digit));
  };
  Value both = arith::ExtUIOp::create(b, loc, i32, terms.steps);
  Value low = arith::AndIOp::create(b, loc, both, block.constant(15)),
        high = arith::ShRUIOp::create(b, loc, both, block.constant(4));
  Value sum;
  for (int64_t i : llvm::seq(kDigits)) {
    Value own = arith::AddIOp::create(b, loc, product(low, terms.digits[i]),
                                      product(high, terms.digits[kDigits + i]));
    if (i > 0)
      own = arith::ShLIOp::create(b, loc, own, block.constant(i * kDigitBits));
    sum = sum ? addToSum(b, loc, sum, own) : own;
  }
  ScalarBuilder s(b, loc, false);
  auto toFloat = [&](Value integer) {
    return arith::SIToFPOp::create(b, loc, f32, integer);
  };
  Value zero = s.constant(8, f32);
  if (terms.zero)
    zero =
        s.add(zero, toFloat(arith::ExtSIOp::create(b, loc, i32, terms.zero)));
  // Each byte has a share in what is subtracted from the block's sum.
  Value share =
      s.mul(toFloat(terms.sum), s.constant(-1.0 / double(bytes), f32));
  Value counted = addToSum(b, loc, toFloat(sum), s.mul(share, zero));
  Value factor = s.mul(terms.scale, block.unit());
  return arith::MulFOp::create(b, loc, counted, factor,
                               arith::FastMathFlags::reassoc |
                                   arith::FastMathFlags::contract);
}

Value lowering::buildFixedPointMatmul(OpBuilder &b, Location loc, Value lhs,
                                      DequantizeWeightsOp weights, Value steps,
                                      Value scales, Value zeros,
                                      ArrayRef<OpFoldResult> sizes) {
  // Loops: batch, m, n, the blocks, parts of a block's halves, and their bytes.
  int64_t rank = sizes.size(), lead = rank - 1;
  int64_t block = weights.getBlocks().front();
  int64_t blocks = weights.getFilledRows() / block, half = block / 2;
  int64_t bytes = termsOfPart(half), parts = half / bytes;
  lhs = inBlocks(b, loc, lhs, tensorOf(weights.getResult()).getDimSize(0),
                 weights.getFilledRows(), block);
  lhs = splitDim(b, loc, lhs, tensorOf(lhs).getRank() - 1, 2);
  lhs = splitDim(b, loc, lhs, tensorOf(lhs).getRank() - 1, parts);
  FixedRow row = buildFixedRow(b, loc, lhs);

  int64_t loops = rank + 3;
  SmallVector<AffineExpr> leading;
  for (int64_t dim : llvm::seq(lead))
    leading.push_back(b.getAffineDimExpr(dim));
  AffineExpr n = b.getAffineDimExpr(lead), outer = b.getAffineDimExpr(rank),
             part = b.getAffineDimExpr(rank + 1),
             inner = b.getAffineDimExpr(rank + 2);
  auto mapOf = [&](ArrayRef<AffineExpr> exprs, bool ofRow) {
    SmallVector<AffineExpr> all;
    if (ofRow)
      all = leading;
    llvm::append_range(all, exprs);
    return AffineMap::get(loops, 0, all, b.getContext());
  };
  steps = splitDim(b, loc, splitDim(b, loc, steps, 0, blocks), 1, parts);
  SmallVector<AffineExpr> own = blocksAt(b, {outer * block, n}, weights);
  SmallVector<Operand> ins = {{steps, mapOf({outer, part, inner, n}, false)},
                              {scales, mapOf(own, false)},
                              {row.largest, mapOf({outer, part}, true)},
                              {row.sums, mapOf({outer, part}, true)}};
  for (int64_t i : {0, 1})
    for (Value digits : row.digits)
      ins.push_back(
          {digits,
           mapOf({outer, b.getAffineConstantExpr(i), part, inner}, true)});
  if (zeros)
    ins.push_back({zeros, mapOf(own, false)});
  Iterators iterators(rank, kParallel);
  iterators.append(3, kReduction);
  Operand out = {zeroAccumulator(b, loc, sizes, b.getF32Type()),
                 mapWithout(b, llvm::SmallBitVector(loops).set(rank, loops))};
  auto multiply = [&](OpBuilder &b, Location loc, ValueRange args) {
    Terms terms{args[0], args[1], zeros ? args[4 + 2 * kDigits] : Value(),
                args[2], args[3], args.slice(4, 2 * kDigits)};
    return SmallVector<Value>{
        addToSum(b, loc, args.back(), buildTerms(b, loc, terms, bytes))};
  };
  return buildGeneric(b, loc, ins, out, iterators, multiply).getResult(0);
}
