//===- Trigonometry.cpp - sin and its kind --------------------------------===//

#include "Functions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac::functions;

// pi / 2 in two parts of 53 bits each.
static constexpr double kQuarterHigh = 0x1.921fb54442d18p0,
                        kQuarterLow = 0x1.1a62633145c07p-54;

namespace {
/// x = n pi/2 + r, |r| <= pi/4; r in f64.
struct Quarter {
  Value n, r;
};
} // namespace

/// In f64, since rotary embeddings have angles of 1e5, where a quarter in f32
/// is off by 0.001.
static Quarter reduce(FloatBuilder &wide, Value x) {
  Quarter result;
  Value n = wide.round(wide.mul(x, wide.constant(2 * llvm::numbers::inv_pi)),
                       result.n);
  result.r = wide.fma(n, -kQuarterLow, wide.fma(n, -kQuarterHigh, x));
  // Angles too large for that have lost their meaning, not their range.
  result.r = wide.atLeast(wide.atMost(result.r, 0.8), -0.8);
  return result;
}

/// sin(x), or sin(x + pi/2): `shift` is 0 or 1.
static Value sineOf(FloatBuilder &f, Value x, int64_t shift) {
  FloatBuilder wide = f.wide();
  auto [n, reduced] = reduce(wide, wide.widen(x));
  n = wide.addBits(n, wide.integer(shift));
  Value r = f.narrow(reduced), square = f.mul(r, r);
  Value odd =
      f.polynomial(square, {2.7182370558875846e-06, -1.9839327433146536e-04,
                            8.333329111337662e-03, -1.666666716337204e-01});
  odd = f.fma(f.mul(square, r), odd, r);
  Value even =
      f.polynomial(square, {2.443772609694861e-05, -1.388736185617745e-03,
                            4.166664555668831e-02});
  even = f.fma(f.mul(square, square), even,
               f.fma(square, f.constant(-0.5), f.constant(1)));
  Value size = f.select(wide.isSet(n, 1), even, odd);
  Value value = f.select(wide.isSet(n, 2), f.neg(size), size);
  // The limits above hide infinities and NaN.
  Value isFinite = f.less(f.abs(x), f.constant(HUGE_VAL));
  return f.select(isFinite, value, f.sub(x, x));
}

Value rac::functions::sin(FloatBuilder &f, Value x) { return sineOf(f, x, 0); }
Value rac::functions::cos(FloatBuilder &f, Value x) { return sineOf(f, x, 1); }

Value rac::functions::tan(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x);
  auto [n, r] = reduce(wide, w);
  Value square = wide.mul(r, r);
  Value sine =
      wide.polynomial(square, {-2.4761151654044793e-08, 2.7555350972580285e-06,
                               -1.9841263791587764e-04, 8.33333332521524e-03,
                               -1.666666666663128e-01});
  sine = wide.fma(wide.mul(square, r), sine, r);
  Value cosine =
      wide.polynomial(square, {2.0646520999192065e-09, -2.755555080143571e-07,
                               2.4801580901960423e-05, -1.3888888878172765e-03,
                               4.16666666666018e-02});
  cosine =
      wide.fma(wide.mul(square, square), cosine, wide.fma(square, -0.5, 1));
  Value isOdd = wide.isSet(n, 1);
  Value above = wide.select(isOdd, wide.neg(cosine), sine);
  Value below = wide.select(isOdd, sine, cosine);
  Value isFinite = wide.less(wide.abs(w), wide.constant(HUGE_VAL));
  return f.narrow(
      wide.select(isFinite, wide.div(above, below), wide.sub(w, w)));
}

Value rac::functions::atan(FloatBuilder &f, Value x) {
  Value t = f.abs(x), one = f.constant(1);
  // atan(t) = pi/2 - atan(1/t)
  Value isLarge = f.less(one, t);
  Value a = f.select(isLarge, f.div(one, t), t), square = f.mul(a, a);
  Value q =
      f.polynomial(square, {1.1348555563017726e-03, -7.422524970024824e-03,
                            2.276010252535343e-02, -4.494616761803627e-02,
                            6.759552657604218e-02, -8.818840235471725e-02,
                            1.1060242354869843e-01, -1.4280129969120026e-01,
                            1.999969184398651e-01, -3.33333283662796e-01});
  Value value = f.fma(f.mul(square, a), q, a);
  // pi/2 is off by up to 0.7 ulp of the result when it is one number.
  constexpr double high = static_cast<float>(llvm::numbers::pi / 2);
  constexpr double low = llvm::numbers::pi / 2 - high;
  Value rest = f.sub(f.constant(high), f.sub(value, f.constant(low)));
  return f.copySign(f.select(isLarge, rest, value), x);
}

/// asin of |x|'s smaller half: of |x| itself up to 1/2, else of
/// sqrt((1 - |x|) / 2), which is half the angle that is missing to pi/2.
static Value arcSine(FloatBuilder &wide, Value size, Value isLarge) {
  Value half = wide.constant(0.5);
  Value square =
      wide.select(isLarge, wide.mul(half, wide.sub(wide.constant(1), size)),
                  wide.mul(size, size));
  Value a = wide.select(isLarge, wide.sqrt(square), size);
  Value q = wide.polynomial(square, {0.03294175501776786, 0.0019484470953407967,
                                     0.020659044729251497, 0.021863006304670772,
                                     0.030426842247083228, 0.04464068772661887,
                                     0.07500005042054798, 0.16666666626724225});
  return wide.fma(wide.mul(square, a), q, a);
}

Value rac::functions::asin(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x), size = wide.abs(w);
  Value isLarge = wide.less(wide.constant(0.5), size);
  Value a = arcSine(wide, size, isLarge);
  Value rest = wide.fma(a, -2, llvm::numbers::pi / 2);
  return f.narrow(wide.copySign(wide.select(isLarge, rest, a), w));
}

Value rac::functions::acos(FloatBuilder &f, Value x) {
  FloatBuilder wide = f.wide();
  Value w = wide.widen(x), size = wide.abs(w);
  Value isLarge = wide.less(wide.constant(0.5), size);
  Value a = arcSine(wide, size, isLarge);
  Value twice = wide.add(a, a);
  Value isNegative = wide.less(w, wide.constant(0));
  Value large = wide.select(
      isNegative, wide.sub(wide.constant(llvm::numbers::pi), twice), twice);
  Value small =
      wide.sub(wide.constant(llvm::numbers::pi / 2), wide.copySign(a, w));
  return f.narrow(wide.select(isLarge, large, small));
}
