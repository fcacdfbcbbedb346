//===- Special.cpp - erf and pow ------------------------------------------===//

#include "Functions.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace rac::functions;

Value rac::functions::erf(FloatBuilder &f, Value x) {
  Value t = f.abs(x), square = f.mul(x, x);
  Value q =
      f.polynomial(square, {8.296606392832473e-05, -8.125805761665106e-04,
                            5.1995995454490185e-03, -2.6858851313591003e-02,
                            1.1283686012029648e-01, -3.7612631916999817e-01,
                            1.2837916612625122e-01});
  Value small = f.fma(q, t, t);
  // erf(t) = 1 - exp(-(t + t Q(t))), which is 1 from 3.92 on.
  Value limited = f.atMost(t, 4);
  SmallVector<double> terms = {4.515817181527382e-06,   -4.042517684865743e-05,
                               -7.591542816953734e-05,  3.0030806083232164e-03,
                               -2.2792495787143707e-02, 1.0537532716989517e-01,
                               6.355670690536499e-01,   1.2856437265872955e-01};
  Value power;
  if (f.hasExp2()) {
    // What rounding the exponent costs is small beside 1.
    terms.back() += 1;
    for (double &term : terms)
      term *= -llvm::numbers::log2e;
    power = f.exp2(f.mul(limited, f.polynomial(limited, terms)));
  } else {
    Value exponent = f.fma(limited, f.polynomial(limited, terms), limited);
    power = normalExp(f, f.neg(exponent));
  }
  Value large = f.sub(f.constant(1), power);
  Value isSmall = f.less(t, f.constant(0.9375));
  return f.copySign(f.select(isSmall, small, large), x);
}

Value rac::functions::pow(FloatBuilder &f, Value x, Value y) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  FloatBuilder wide = f.wide();
  Value base = wide.widen(x), exponent = wide.widen(y), size = wide.abs(base);
  Value zero = wide.constant(0), one = wide.constant(1),
        most = wide.constant(infinity);
  Value log = wideLog(wide, size);
  log = wide.select(wide.equal(size, zero), wide.constant(-infinity), log);
  log = wide.select(wide.less(size, most), log, size);
  // Beyond +-200 it is infinity or zero in f32.
  Value product = wide.mul(exponent, log);
  Value value = wideExp(wide, wide.atLeast(wide.atMost(product, 200), -200));

  // A negative base: its sign by an odd exponent, nothing by a fraction.
  Value isWhole = wide.equal(wide.floor(exponent), exponent);
  Value half = wide.mul(exponent, wide.constant(0.5));
  Value isEven = wide.equal(wide.floor(half), half);
  Value isOdd = wide.both(isWhole, wide.negate(isEven));
  value = wide.select(isOdd, wide.copySign(value, base), value);
  Value isFiniteNegative =
      wide.both(wide.less(base, zero), wide.less(size, most));
  value = wide.select(wide.both(isFiniteNegative, wide.negate(isWhole)),
                      wide.constant(std::numeric_limits<double>::quiet_NaN()),
                      value);

  // Whatever the other argument is, NaN too.
  Value isOne = wide.either(wide.equal(base, one), wide.equal(exponent, zero));
  // -1 to the power of an infinity.
  Value isUnit =
      wide.both(wide.equal(size, one), wide.equal(wide.abs(exponent), most));
  return f.narrow(wide.select(wide.either(isOne, isUnit), one, value));
}
