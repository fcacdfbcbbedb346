//===- EnergyFit.h - Power and energies from a meter's readings -*- C++ -*-===//
//
// E = idle power * time + static power of cores at work * their time
//     + ops * energy of one + bytes * energy of one
// (Choi, Vuduc et al., "A roofline model of energy", IPDPS 2013, with the
// static power in two parts.) One workload's readings tell only the sum; those
// of several that differ in what they do tell the parts.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_CALIBRATE_ENERGYFIT_H
#define RAC_LIB_CALIBRATE_ENERGYFIT_H

#include "rac/Calibrate/Fit.h"
#include <functional>
#include <string>

namespace rac {

/// What was done, and what a meter said meanwhile.
struct EnergyWindow {
  double seconds = 0, joules = 0;
  double coreSeconds = 0;    ///< of all cores at work, together
  std::vector<double> ops;   ///< by compute kernel
  std::vector<double> bytes; ///< read from each memory level
};

struct EnergyFit {
  std::optional<FittedTerm> idleWatts, coreWatts;
  std::vector<std::optional<FittedTerm>> joulesPerOp, joulesPerByte;
  FitQuality quality;
};

/// All windows have equally many ops and bytes, and joules > 0.
EnergyFit fitEnergy(llvm::ArrayRef<EnergyWindow> windows);

/// A meter between whose start and stop things are done.
struct EnergyMeter {
  std::function<void()> start;
  /// Joules and seconds of the window; none, with `problem`, where the meter
  /// failed.
  std::function<bool(double &joules, double &seconds, std::string &problem)>
      stop;
};

/// Something to do for about so many seconds; adds up what it did.
struct EnergyWork {
  std::string name;
  std::function<void(double seconds, EnergyWindow &did)> run;
};

/// Does everything in turn, `rounds` times, for `seconds` each; the windows, or
/// none and the problem.
std::vector<EnergyWindow> measureWindows(llvm::ArrayRef<EnergyWork> works,
                                         const EnergyMeter &meter,
                                         double seconds, int rounds,
                                         std::string &problem);

} // namespace rac

#endif // RAC_LIB_CALIBRATE_ENERGYFIT_H
