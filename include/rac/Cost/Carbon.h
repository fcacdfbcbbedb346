//===- Carbon.h - Grams of a run --------------------------------*- C++ -*-===//
//
// The Software Carbon Intensity of the Green Software Foundation (ISO/IEC
// 21031), for one run: its energy's part and its share of making the device.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_CARBON_H
#define RAC_COST_CARBON_H

#include "rac/Cost/DeviceFile.h"

namespace rac {

/// gCO2e of one run.
struct Carbon {
  double operational = 0; ///< joules / 3.6e6 J/kWh * intensity * PUE
  double embodied = 0;    ///< made * seconds / lifetime * share
  double total() const { return operational + embodied; }
};

/// `share`: the part of the device that the run holds, from 0 to 1. None where
/// the site's intensity is unknown; other numbers that are unknown are stood in
/// for, and noted.
std::optional<Carbon> carbonOf(double joules, double seconds, double share,
                               const Device &device, const Site &site,
                               Unknowns &unknowns);

} // namespace rac

#endif // RAC_COST_CARBON_H
