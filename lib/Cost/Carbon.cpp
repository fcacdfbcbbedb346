//===- Carbon.cpp - Grams of a run ----------------------------------------===//

#include "rac/Cost/Carbon.h"

using namespace rac;

std::optional<Carbon> rac::carbonOf(double joules, double seconds, double share,
                                    const Device &device, const Site &site,
                                    Unknowns &unknowns) {
  constexpr double joulesPerKWh = 3.6e6;
  constexpr double secondsPerYear = 365.25 * 24 * 3600;
  constexpr double usualLifetime = 4; // years; the default of SCI reports
  if (!site.gramsPerKWh)
    return std::nullopt;
  double pue =
      unknowns.valueOr(site.pue, "site.pue", 1, "nothing for the building");
  double made = 1000 * unknowns.valueOr(device.embodied.kgCO2e,
                                        "embodied.kg_co2e", 0, "left out");
  double years =
      unknowns.valueOr(device.embodied.lifetimeYears, "embodied.lifetime_years",
                       usualLifetime, "the default of SCI reports");
  Carbon carbon;
  carbon.operational = joules / joulesPerKWh * site.gramsPerKWh->v * pue;
  carbon.embodied = made * seconds / (years * secondsPerYear) * share;
  return carbon;
}
