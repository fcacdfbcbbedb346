//===- Carbon.cpp - Grams of a run ----------------------------------------===//

#include "rac/Cost/Carbon.h"

using namespace rac;

/// The number with its uncertainty, or what stands in for it.
static Interval intervalOr(const Known &number, const llvm::Twine &what,
                           double instead, const llvm::Twine &why,
                           Unknowns &unknowns) {
  double value = unknowns.valueOr(number, what, instead, why);
  return number ? Interval(value, number->low(), number->high())
                : Interval(value);
}

std::optional<Carbon> rac::carbonOf(const Interval &joules,
                                    const Interval &seconds, double share,
                                    const Device &device, const Site &site,
                                    Unknowns &unknowns) {
  constexpr double secondsPerYear = kDaysPerYear * 24 * 3600;
  constexpr double gramsPerKg = 1000;
  if (!site.gramsPerKWh)
    return std::nullopt;
  const Number &grid = *site.gramsPerKWh;
  Interval intensity(grid.v, grid.low(), grid.high());
  Interval pue =
      intervalOr(site.pue, "site.pue", 1, "nothing for the building", unknowns);
  // A building can't take less than what is in it.
  pue.low = std::max(pue.low, 1.0);
  Interval made = intervalOr(device.embodied.kgCO2e, "embodied.kg_co2e", 0,
                             "left out", unknowns);
  Interval years =
      intervalOr(device.embodied.lifetimeYears, "embodied.lifetime_years",
                 kUsualLifetimeYears, "the default of SCI reports", unknowns);
  Carbon carbon;
  carbon.operational = joules / kJoulesPerKWh * intensity * pue;
  carbon.embodied =
      made * gramsPerKg * seconds / (years * secondsPerYear) * share;
  return carbon;
}
