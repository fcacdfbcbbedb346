//===- Logarithm.cpp - log and what is made of it -------------------------===//

#include "Functions.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace rac::functions;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

namespace {
/// x = 2^n m, sqrt(1/2) <= m < sqrt(2).
struct Split {
  Value n, m;
};
} // namespace

/// Of positive normal numbers.
static Split split(FloatBuilder &f, Value x) {
  int64_t mantissa = f.mantissaBits(), mask = (int64_t(1) << mantissa) - 1;
  // The bits of sqrt(1/2): the exponent changes where the mantissa reaches its.
  int64_t start = mantissa == 52 ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  Value shifted = f.subBits(f.bits(x), f.integer(start));
  Value m = f.fromBits(f.addBits(f.andBits(shifted, mask), f.integer(start)));
  return {f.toFloat(f.shiftRight(shifted, mantissa)), m};
}

/// log(2^n m) + small, for positive normal numbers.
static Value logOf(FloatBuilder &f, Split x, Value small) {
  // ln 2 in two parts: multiples of the first up to 2^9 are exact.
  constexpr double kHigh = 0x1.62e4p-1, kLow = 0x1.7f7d1cf79abcap-20;
  Value t = f.sub(x.m, f.constant(1)), square = f.mul(t, t);
  Value q = f.polynomial(t, {6.925775110721588e-02, -1.1807854473590851e-01,
                             1.1877954006195068e-01, -1.2381809204816818e-01,
                             1.4217710494995117e-01, -1.666935682296753e-01,
                             2.0002272725105286e-01, -2.4999985098838806e-01,
                             3.333331048488617e-01});
  Value low = f.fma(x.n, kLow, small);
  low = f.fma(f.mul(square, t), q, low);
  low = f.fma(square, f.constant(-0.5), low);
  return f.fma(x.n, kHigh, f.add(t, low));
}

/// `value`, which is log(x) for positive finite x, where x is that.
static Value atTheEnds(FloatBuilder &f, Value x, Value value) {
  Value zero = f.constant(0), infinity = f.constant(kInfinity);
  Value low =
      f.select(f.equal(x, zero), f.constant(-kInfinity), f.constant(kNan));
  value = f.select(f.less(x, infinity), value, x);
  return f.select(f.less(zero, x), value, low);
}

Value rac::functions::log(FloatBuilder &f, Value x) {
  // Numbers below the least normal one are multiplied by 2^24.
  Value isSmall = f.less(x, f.constant(std::numeric_limits<float>::min()));
  Value scaled = f.select(isSmall, f.mul(x, f.constant(0x1p24)), x);
  Split parts = split(f, scaled);
  Value shift = f.select(isSmall, f.constant(-24), f.constant(0));
  parts.n = f.add(parts.n, shift);
  return atTheEnds(f, x, logOf(f, parts, f.constant(0)));
}

Value rac::functions::log1p(FloatBuilder &f, Value x) {
  Value one = f.constant(1), sum = f.add(one, x);
  // What the sum lost: log(sum + lost) = log(sum) + lost / sum.
  Value lost = f.select(f.less(one, x), f.sub(one, f.sub(sum, x)),
                        f.sub(x, f.sub(sum, one)));
  Value value = logOf(f, split(f, sum), f.div(lost, sum));
  // Whatever the sum is, x this small is its own logarithm, sign included.
  Value isTiny = f.less(f.abs(x), f.constant(0x1p-25));
  return f.select(isTiny, x, atTheEnds(f, sum, value));
}

Value rac::functions::wideLog(FloatBuilder &f, Value x) {
  Split parts = split(f, x);
  // log(m) = 2 s + s^3 Q(s^2), s = (m - 1) / (m + 1).
  Value one = f.constant(1);
  Value s = f.div(f.sub(parts.m, one), f.add(parts.m, one));
  Value square = f.mul(s, s);
  Value q = f.polynomial(square, {0.16822084031523274, 0.18123467175799302,
                                  0.222233766628684, 0.2857141706688121,
                                  0.40000000052611023, 0.6666666666658665});
  Value log = f.fma(f.mul(square, s), q, f.add(s, s));
  return f.fma(parts.n, llvm::numbers::ln2, log);
}

Value rac::functions::asinh(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x), size = wide.abs(w), one = wide.constant(1);
  Value root = wide.sqrt(wide.fma(size, size, one));
  Value large = wideLog(wide, wide.add(size, root));
  // Where the logarithm would lose too many bits, two terms of the series.
  Value cube = wide.mul(wide.mul(size, size), size);
  Value small = wide.fma(cube, -1.0 / 6, size);
  Value isSmall = wide.less(size, wide.constant(0x1p-10));
  Value value = wide.select(isSmall, small, large);
  // Infinities and NaN.
  value = wide.select(wide.less(size, wide.constant(kInfinity)), value, size);
  return f.narrow(wide.copySign(value, w));
}

Value rac::functions::acosh(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x), one = wide.constant(1);
  Value root = wide.sqrt(wide.fma(w, w, wide.constant(-1)));
  Value value = wideLog(wide, wide.add(w, root));
  value = wide.select(wide.less(w, wide.constant(kInfinity)), value, w);
  Value isBelow = wide.less(w, one);
  return f.narrow(wide.select(isBelow, wide.constant(kNan), value));
}

Value rac::functions::atanh(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x), size = wide.abs(w), one = wide.constant(1);
  Value ratio = wide.div(wide.add(one, size), wide.sub(one, size));
  Value large = wide.mul(wide.constant(0.5), wideLog(wide, ratio));
  Value cube = wide.mul(wide.mul(size, size), size);
  Value small = wide.fma(cube, 1.0 / 3, size);
  Value isSmall = wide.less(size, wide.constant(0x1p-10));
  Value value = wide.select(isSmall, small, large);
  Value atOne = wide.select(wide.equal(size, one), wide.constant(kInfinity),
                            wide.constant(kNan));
  value = wide.select(wide.less(size, one), value, atOne);
  return f.narrow(wide.copySign(value, w));
}
