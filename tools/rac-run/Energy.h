//===- Energy.h - The processor's energy counters ---------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_ENERGY_H
#define RAC_TOOLS_RACRUN_ENERGY_H

#include <cstdint>
#include <string>
#include <vector>

/// Linux's powercap counters (RAPL) of all processor packages. They count what
/// the whole package takes, other programs included, and change about once in a
/// millisecond.
class EnergyMeter {
public:
  EnergyMeter();
  bool available() const { return !zones.empty(); }
  /// Why there is none.
  const std::string &reason() const { return why; }
  void start();
  /// Joules since start().
  double stop();

private:
  struct Zone {
    std::string counter;
    uint64_t wraps, before;
  };
  std::vector<Zone> zones;
  std::string why;
};

/// Below this a reading is mostly the counter's own granularity.
constexpr double kShortestHonestWindow = 0.1; // s

#endif // RAC_TOOLS_RACRUN_ENERGY_H
