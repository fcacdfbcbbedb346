//===- Exponential.cpp - exp and what is made of it -----------------------===//

#include "Bounds.h"
#include "Functions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac::functions;

// ln 2 in two parts: the first has few enough bits that multiples of it up to
// 2^9 (f32), 2^11 (f64) are exact.
static constexpr double kLn2High = 0x1.62e4p-1, kLn2Low = 0x1.7f7d1cf79abcap-20;
static constexpr double kWideLn2High = 0x1.62e42feep-1,
                        kWideLn2Low = 0x1.a39ef35793c76p-33;

namespace {
/// x = n ln 2 + r, |r| <= ln 2 / 2. The low bits of `biased` are those of n and
/// some bias.
struct Reduced {
  Value biased, r;
};
} // namespace

static Reduced reduce(FloatBuilder &f, Value x, double high, double low,
                      int64_t bias) {
  Reduced result;
  Value n =
      f.round(f.mul(x, f.constant(llvm::numbers::log2e)), result.biased, bias);
  result.r = f.fma(n, -low, f.fma(n, -high, x));
  return result;
}

/// exp(r) - 1.
static Value expm1Reduced(FloatBuilder &f, Value r) {
  Value q = f.polynomial(r, {1.3950626598671079e-03, 8.368970826268196e-03,
                             4.166620224714279e-02, 1.66665181517601e-01, 0.5});
  return f.fma(f.mul(r, r), q, r);
}

/// 2^(x log2(e)), where what rounding that exponent leaves out is made up for
/// by a factor near 1.
static Value expByExp2(FloatBuilder &f, Value x) {
  constexpr double ln2 = llvm::numbers::ln2, log2e = llvm::numbers::log2e,
                   log2eLow = log2e - static_cast<float>(log2e);
  Value power = f.mul(x, f.constant(log2e));
  Value rest = f.fma(x, log2eLow, f.fma(x, log2e, f.neg(power)));
  return f.mul(f.exp2(power), f.fma(rest, ln2, 1.0));
}

// What exp gives normal numbers for, n being rounded.
static constexpr double kNormalFrom = -126 * llvm::numbers::ln2,
                        kNormalTo = 127 * llvm::numbers::ln2;

Value rac::functions::normalExp(FloatBuilder &f, Value x) {
  if (f.hasExp2())
    return expByExp2(f, x);
  auto [biased, r] = reduce(f, x, kLn2High, kLn2Low, f.exponentBias());
  Value power = f.powerOfTwo(biased);
  return f.fma(expm1Reduced(f, r), power, power);
}

Value rac::functions::exp(FloatBuilder &f, Value x) {
  Bounds bounds = boundsOf(x);
  if (bounds.least >= kNormalFrom && bounds.most <= kNormalTo)
    return normalExp(f, x);
  // Beyond these it is infinity and zero, by the multiplications below.
  x = f.atLeast(f.atMost(x, 89), -105);
  if (f.hasExp2())
    return expByExp2(f, x);
  // In two factors: 2^n itself need not be a normal number.
  int64_t bias = 2 * f.exponentBias();
  auto [biased, r] = reduce(f, x, kLn2High, kLn2Low, bias);
  Value half = f.shiftRight(biased, 1);
  Value power = f.powerOfTwo(half),
        rest = f.powerOfTwo(f.subBits(biased, half));
  return f.mul(f.fma(expm1Reduced(f, r), power, power), rest);
}

Value rac::functions::expm1(FloatBuilder &f, Value x) {
  // Half of 2^n (exp(r) - 1) + 2^n - 1: 2^n may be too large.
  x = f.atLeast(f.atMost(x, 89), -20);
  auto [biased, r] = reduce(f, x, kLn2High, kLn2Low, f.exponentBias() - 1);
  Value power = f.powerOfTwo(biased);
  Value half = f.fma(expm1Reduced(f, r), power, f.sub(power, f.constant(0.5)));
  return f.add(half, half);
}

Value rac::functions::tanh(FloatBuilder &f, Value x) {
  Value t = f.abs(x), square = f.mul(x, x);
  Value q =
      f.polynomial(square, {2.1475329995155334e-03, -8.182669058442116e-03,
                            2.1702965721488e-02, -5.394720286130905e-02,
                            1.3333210349082947e-01, -3.333333134651184e-01});
  Value small = f.fma(f.mul(square, q), t, t);
  // 1 - 2 / (exp(2 t) + 1), which is 1 from 9.02 on.
  Value e = normalExp(f, f.atMost(f.add(t, t), 19));
  Value large =
      f.sub(f.constant(1), f.div(f.constant(2), f.add(e, f.constant(1))));
  Value isSmall = f.less(t, f.constant(0.625));
  return f.copySign(f.select(isSmall, small, large), x);
}

Value rac::functions::wideExp(FloatBuilder &f, Value x) {
  auto [biased, r] = reduce(f, x, kWideLn2High, kWideLn2Low, f.exponentBias());
  Value q = f.polynomial(
      r, {2.7641988177866895e-07, 2.763550720255655e-06, 2.4801465315992486e-05,
          1.9841184028715855e-04, 1.3888888963263307e-03, 8.333333371746804e-03,
          4.1666666666487724e-02, 1.6666666666609647e-01, 0.5});
  Value power = f.powerOfTwo(biased);
  return f.fma(f.fma(f.mul(r, r), q, r), power, power);
}

/// exp(|x|) in f64, for f32's x; NaN stays.
static Value expOfSize(FloatBuilder &wide, Value x) {
  // From 90 on results are infinite in f32.
  return wideExp(wide, wide.atMost(wide.abs(x), 90));
}

Value rac::functions::sinh(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x), e = expOfSize(wide, w);
  Value half = wide.constant(0.5);
  Value large = wide.mul(half, wide.sub(e, wide.div(wide.constant(1), e)));
  // Where the difference would lose too many bits, two terms of the series.
  Value cube = wide.mul(wide.mul(w, w), w);
  Value small = wide.fma(cube, 1.0 / 6, w);
  Value isSmall = wide.less(wide.abs(w), wide.constant(0x1p-10));
  return f.narrow(wide.select(isSmall, small, wide.copySign(large, w)));
}

Value rac::functions::cosh(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value e = expOfSize(wide, wide.widen(x));
  Value sum = wide.add(e, wide.div(wide.constant(1), e));
  return f.narrow(wide.mul(wide.constant(0.5), sum));
}
