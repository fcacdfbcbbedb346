//===- Fit.h - Coefficients from measurements -------------------*- C++ -*-===//
//
// What is measured is taken to be a sum of terms, each an amount (bytes,
// operations, calls) times a coefficient that is not negative (s/B, J/op,
// s/call). Errors count relative to what was measured: a microsecond too much
// matters more of 10 us than of 10 ms.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_CALIBRATE_FIT_H
#define RAC_CALIBRATE_FIT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>
#include <vector>

namespace rac {

/// The value below which `share` (0 to 1) of the values lie, interpolated.
double quantile(std::vector<double> values, double share);
inline double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

/// One measurement: `measured` > 0 is taken to be the sum of amounts[i] *
/// coefficient[i].
struct Observation {
  std::vector<double> amounts;
  double measured = 0;
};

struct FittedTerm {
  double value = 0;
  /// Relative: one standard error of the fit over the value.
  double uncertainty = 0;
};

struct FitQuality {
  double r2 = 0;   ///< share of the variance that is explained, at most 1
  double mape = 0; ///< mean absolute percentage error, %
};

struct LinearFit {
  /// None where the observations don't tell: its amounts are all zero or the
  /// same mix of others' everywhere, or the best value is zero, which is to say
  /// that it can't be told from the rest.
  std::vector<std::optional<FittedTerm>> terms;
  FitQuality quality;
};

FitQuality qualityOf(llvm::ArrayRef<double> predicted,
                     llvm::ArrayRef<double> measured);

/// The non-negative coefficients with the least sum of absolute relative
/// errors, which a few wild measurements don't sway (least absolute deviations
/// by iteratively reweighted non-negative least squares). All observations have
/// equally many amounts, finite and not negative.
LinearFit fitTerms(llvm::ArrayRef<Observation> observations);

/// The x in [low, high] with the least loss(x), where loss has one minimum;
/// golden-section search in log(x), to a relative width. low > 0.
double minimize(double low, double high,
                llvm::function_ref<double(double)> loss, double width = 1e-4);

/// To so many significant decimal digits.
double roundTo(double value, int digits);

} // namespace rac

#endif // RAC_CALIBRATE_FIT_H
