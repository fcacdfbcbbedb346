//===- Energy.cpp - The processor's energy counters -----------------------===//

#include "Energy.h"

#include <fstream>

static bool read(const std::string &path, uint64_t &value) {
  return bool(std::ifstream(path) >> value);
}

EnergyMeter::EnergyMeter() {
  why = "this machine has no powercap (RAPL) counters";
  constexpr int kMostPackages = 64;
  for (int i = 0; i < kMostPackages; ++i) {
    std::string folder = "/sys/class/powercap/intel-rapl:" + std::to_string(i);
    Zone zone = {folder + "/energy_uj", 0, 0};
    if (!std::ifstream(folder + "/name"))
      break;
    if (read(zone.counter, zone.before) &&
        read(folder + "/max_energy_range_uj", zone.wraps))
      zones.push_back(zone);
    else
      why = zone.counter + " is not readable by this user";
  }
}

void EnergyMeter::start() {
  for (Zone &zone : zones)
    read(zone.counter, zone.before);
}

double EnergyMeter::stop() {
  double joules = 0;
  for (Zone &zone : zones) {
    uint64_t now = 0;
    read(zone.counter, now);
    uint64_t used =
        now >= zone.before ? now - zone.before : now + zone.wraps - zone.before;
    joules += 1e-6 * double(used);
  }
  return joules;
}
