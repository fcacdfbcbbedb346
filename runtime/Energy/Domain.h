//===- Domain.h - What a meter measures -------------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ENERGY_DOMAIN_H
#define RAC_RUNTIME_ENERGY_DOMAIN_H

#include "System.h"
#include "rac-c/Energy.h"

#include <functional>

namespace rac::energy {

/// Something whose energy a meter counts, or whose power it tells.
struct Domain {
  std::string name, meter, source;
  RacEnergyKind kind = RAC_ENERGY_PROCESSOR;
  RacEnergyOrigin origin = RAC_ENERGY_COUNTER;
  /// What the raw value 1 stands for: J of a counter, W of power.
  double unit = 1;
  /// A counter's largest raw value, which 0 follows; 0: it never wraps.
  uint64_t range = 0;
  /// How often the raw value changes, s.
  double update = 0;
  /// Reads the raw value.
  std::function<Error(uint64_t &)> read;
};

/// A window is uncertain by an update at either end: by 4% with so many.
constexpr double kUpdatesPerWindow = 50;

/// No domain takes more (the largest package of 2025, EPYC 9755, has a TDP of
/// 500 W): tells how soon a counter may have wrapped twice.
constexpr double kMostWatts = 10000;

/// Seconds in which the domain's counter surely wraps at most once.
inline double wrapSeconds(const Domain &domain) {
  return double(domain.range) * domain.unit / kMostWatts;
}

struct Attempt {
  std::string meter;
  bool used;
  std::string message;
};

/// What was found, and what was looked for.
struct Found {
  std::vector<Domain> domains;
  std::vector<Attempt> attempts;
};

/// Each looks for one meter, adds its domains, and says what it saw. True: it
/// reads all that it should; else no domain is added.
bool findPowercap(System &system, Found &found);
bool findPerf(System &system, Found &found);
bool findAmdEnergy(System &system, Found &found);
bool findPowerMeter(System &system, Found &found);
bool findIna3221(System &system, Found &found);
/// `library` as dlopen takes it; empty: not tried.
bool findNvml(const std::string &library, Found &found);

/// All meters of which none counts what another does: of those of the host the
/// first that works, and those of accelerators.
Found findMeters(System &system, const std::string &nvml);

} // namespace rac::energy

#endif // RAC_RUNTIME_ENERGY_DOMAIN_H
