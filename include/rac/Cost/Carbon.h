//===- Carbon.h - Grams of a run --------------------------------*- C++ -*-===//
//
// The Software Carbon Intensity of the Green Software Foundation (ISO/IEC
// 21031), for one run: ((E * I) + M) per R, where E is the run's energy with
// what the building adds, I the grid's intensity by location, M the run's share
// of making the device, and R one run.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_CARBON_H
#define RAC_COST_CARBON_H

#include "rac/Cost/DeviceFile.h"
#include "rac/Dialect/Rac/IR/Interval.h"

namespace rac {

inline constexpr double kJoulesPerKWh = 3.6e6;
/// A Julian year.
inline constexpr double kDaysPerYear = 365.25;
/// Of a device whose file doesn't tell; the default of SCI reports.
inline constexpr double kUsualLifetimeYears = 4;

/// gCO2e of one run, or of several.
struct Carbon {
  Interval operational; ///< joules / kJoulesPerKWh * PUE * intensity
  Interval embodied;    ///< made * seconds / lifetime * share
  Interval total() const { return operational + embodied; }
};

/// `share`: the part of the device that the run holds, from 0 to 1. None where
/// the site's intensity is unknown; other numbers that are unknown are stood in
/// for, and noted.
std::optional<Carbon> carbonOf(const Interval &joules, const Interval &seconds,
                               double share, const Device &device,
                               const Site &site, Unknowns &unknowns);

} // namespace rac

#endif // RAC_COST_CARBON_H
