//===- Hwmon.cpp - Meters among Linux's hardware monitors -----------------===//
//
// amd_energy   counters of AMD's sockets (a driver that Linux had from 5.8 to
//              5.12, and distributions still bring)
// power_meter  ACPI's power meter: power of a socket, a module or the machine,
//              averaged over an interval. On Arm servers there is often nothing
//              else.
//
//===----------------------------------------------------------------------===//

#include "Hwmon.h"

#include <algorithm>

using namespace rac::energy;

std::vector<std::string> rac::energy::hwmonNamed(System &system,
                                                 const std::string &name) {
  std::string folder = system.sysfs() + "/class/hwmon";
  std::vector<std::string> names, result;
  if (system.list(folder, names))
    return {};
  for (const std::string &entry : names) {
    std::string path = folder + "/" + entry;
    // Older drivers keep their files with the device.
    if (readLine(system, path + "/name") == name ||
        readLine(system, path + "/device/name") == name)
      result.push_back(path);
  }
  return result;
}

static bool no(Found &found, const char *meter, const std::string &why) {
  found.attempts.push_back({meter, false, why});
  return false;
}

static bool noneNamed(System &system, Found &found, const char *meter) {
  return no(found, meter,
            system.sysfs() + "/class/hwmon: no monitor is named " + meter);
}

static bool use(Found &found, const char *meter,
                const std::vector<Domain> &domains) {
  std::string names;
  for (const Domain &domain : domains)
    names += (names.empty() ? "" : ", ") + domain.name;
  found.attempts.push_back({meter, true, names});
  found.domains.insert(found.domains.end(), domains.begin(), domains.end());
  return true;
}

//===----------------------------------------------------------------------===//
// amd_energy
//===----------------------------------------------------------------------===//

bool rac::energy::findAmdEnergy(System &system, Found &found) {
  const char *meter = "amd_energy";
  // AMD's registers are updated every millisecond (PPR, MSR C001_029B).
  constexpr double kUpdate = 1e-3;
  std::vector<Domain> domains;
  std::vector<std::string> folders = hwmonNamed(system, meter);
  if (folders.empty())
    return noneNamed(system, found, meter);
  for (const std::string &folder : folders) {
    std::vector<std::string> files;
    system.list(folder, files);
    for (const std::string &file : files) {
      const std::string suffix = "_label";
      if (file.rfind("energy", 0) != 0 || file.size() < suffix.size() ||
          file.compare(file.size() - suffix.size(), suffix.size(), suffix) != 0)
        continue;
      // Esocket0 and so on; a socket contains its cores, Ecore000 …
      std::string label = readLine(system, folder + "/" + file);
      if (label.rfind("Esocket", 0) != 0)
        continue;
      Domain domain;
      domain.name = "package-" + label.substr(7);
      domain.meter = meter;
      domain.source =
          folder + "/" + file.substr(0, file.size() - suffix.size()) + "_input";
      domain.unit = 1e-6;
      domain.update = kUpdate;
      domain.read = [&system, path = domain.source](uint64_t &value) {
        return readNumber(system, path, value);
      };
      uint64_t value = 0;
      if (Error why = domain.read(value); !why.empty())
        return no(found, meter, why);
      domains.push_back(domain);
    }
  }
  if (domains.empty())
    return no(found, meter, folders[0] + ": it has no counter of a socket");
  return use(found, meter, domains);
}

//===----------------------------------------------------------------------===//
// power_meter
//===----------------------------------------------------------------------===//

/// power1_average and its interval.
static Error addPowerMeter(System &system, const std::string &folder,
                           const std::string &label,
                           std::vector<Domain> &domains) {
  // Meters that don't say how often they change: what ACPI's commonly report.
  constexpr double kUsualInterval = 1;
  Domain domain;
  domain.name = label.empty() ? "board" : label;
  domain.meter = "power_meter";
  domain.source = folder + "/power1_average";
  domain.kind = RAC_ENERGY_BOARD;
  domain.origin = RAC_ENERGY_INTEGRATED_POWER;
  domain.unit = 1e-6;
  uint64_t milliseconds = 0, value = 0;
  domain.update = kUsualInterval;
  if (readNumber(system, folder + "/power1_average_interval", milliseconds)
          .empty() &&
      milliseconds > 0)
    domain.update = std::max(double(milliseconds) * 1e-3, kShortestPeriod);
  domain.read = [&system, path = domain.source](uint64_t &value) {
    return readNumber(system, path, value);
  };
  if (Error why = domain.read(value); !why.empty())
    return why;
  domains.push_back(domain);
  return {};
}

bool rac::energy::findPowerMeter(System &system, Found &found) {
  const char *meter = "power_meter";
  struct Monitor {
    std::string folder, label;
  };
  std::vector<Monitor> monitors, grace;
  for (const std::string &folder : hwmonNamed(system, meter)) {
    std::vector<std::string> files;
    system.list(folder, files);
    bool here =
        std::find(files.begin(), files.end(), "power1_average") != files.end();
    Monitor monitor = {here ? folder : folder + "/device", ""};
    monitor.label = readLine(system, monitor.folder + "/power1_oem_info");
    monitors.push_back(monitor);
    // NVIDIA Grace has a meter for the module, which contains the socket
    // ("Grace"), which contains "CPU" and "SysIO" (Grace performance tuning
    // guide, power and thermals).
    if (monitor.label.rfind("Grace Power", 0) == 0)
      grace.push_back(monitor);
  }
  if (monitors.empty())
    return noneNamed(system, found, meter);
  if (monitors.size() > 1 && grace.empty()) {
    std::string labels;
    for (const Monitor &monitor : monitors)
      labels += (labels.empty() ? "" : ", ") + monitor.folder + " ('" +
                monitor.label + "')";
    return no(found, meter,
              "which of these contains which is not known, so "
              "none is used: " +
                  labels);
  }
  std::vector<Domain> domains;
  for (const Monitor &monitor : grace.empty() ? monitors : grace)
    if (Error why =
            addPowerMeter(system, monitor.folder, monitor.label, domains);
        !why.empty())
      return no(found, meter, why);
  return use(found, meter, domains);
}
