//===- Hwmon.h - Linux's hardware monitors ----------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ENERGY_HWMON_H
#define RAC_RUNTIME_ENERGY_HWMON_H

#include "Domain.h"

namespace rac::energy {

/// The folders of the monitors of that name.
std::vector<std::string> hwmonNamed(System &system, const std::string &name);

/// Power is not sampled more often than this, s: reading a sensor over I2C or
/// ACPI takes time and energy itself.
constexpr double kShortestPeriod = 0.01;

} // namespace rac::energy

#endif // RAC_RUNTIME_ENERGY_HWMON_H
