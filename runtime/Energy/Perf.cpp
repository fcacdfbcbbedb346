//===- Perf.cpp - RAPL through perf events --------------------------------===//
//
// The kernel's `power` events, energy-pkg and energy-ram: 64-bit counters that
// never wrap, one for each CPU of the event source's cpumask, which names one
// CPU for each package (or die).
//
//===----------------------------------------------------------------------===//

#include "Domain.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>

using namespace rac::energy;

namespace {

// The kernel reads RAPL's own counters, which change about every millisecond.
constexpr double kRaplUpdate = 1e-3;

const char kMeter[] = "perf";

/// Numbers as in "0-1,4": false if it is no such list.
bool parseCpus(const std::string &text, std::vector<int> &cpus) {
  constexpr long kMostCpus = 65536;
  const char *at = text.c_str();
  while (*at) {
    char *end = nullptr;
    long low = strtol(at, &end, 10), high = low;
    if (end == at)
      return false;
    if (*end == '-') {
      at = end + 1;
      high = strtol(at, &end, 10);
      if (end == at)
        return false;
    }
    if (low < 0 || high < low || high >= kMostCpus || (*end && *end != ','))
      return false;
    for (long cpu = low; cpu <= high; ++cpu)
      cpus.push_back(int(cpu));
    at = *end ? end + 1 : end;
  }
  return !cpus.empty();
}

class Search {
public:
  Search(System &system, Found &found)
      : system(system), found(found),
        folder(system.sysfs() + "/bus/event_source/devices/power") {}
  bool run();

private:
  bool no(const std::string &why) {
    found.attempts.push_back({kMeter, false, why});
    return false;
  }
  Error addEvent(const std::string &event, RacEnergyKind kind);
  Error addCounter(const std::string &event, RacEnergyKind kind,
                   uint64_t config, double scale, int cpu);

  System &system;
  Found &found;
  std::string folder;
  uint64_t type = 0;
  std::vector<int> cpus;
  std::vector<Domain> domains;
};

Error Search::addCounter(const std::string &event, RacEnergyKind kind,
                         uint64_t config, double scale, int cpu) {
  int descriptor = system.openPerf(uint32_t(type), config, cpu);
  std::string source =
      "perf event power/" + event + "/ of CPU " + std::to_string(cpu);
  if (descriptor == -EOPNOTSUPP)
    return folder + ": a simulated tree has no kernel to open events of";
  if (descriptor < 0) {
    Error why = source + ": " + errorText(-descriptor);
    if (descriptor == -EACCES || descriptor == -EPERM)
      why += "; it takes CAP_PERFMON, or 0 or less in "
             "/proc/sys/kernel/perf_event_paranoid";
    return why;
  }
  Domain domain;
  // By the CPU, since several dies may have the same package's number.
  domain.name = event + "@cpu" + std::to_string(cpu);
  domain.meter = kMeter;
  domain.source = source;
  domain.kind = kind;
  domain.unit = scale;
  domain.update = kRaplUpdate;
  // Closed with the last copy of the function.
  std::shared_ptr<int> handle(new int(descriptor), [&system = system](int *fd) {
    system.closePerf(*fd);
    delete fd;
  });
  domain.read = [&system = system, handle, source](uint64_t &value) -> Error {
    if (int status = system.readPerf(*handle, value))
      return source + ": " + errorText(status);
    return {};
  };
  domains.push_back(domain);
  return {};
}

/// events/NAME is "event=0x02", NAME.scale is J for each step.
Error Search::addEvent(const std::string &event, RacEnergyKind kind) {
  std::string path = folder + "/events/" + event;
  std::string text = readLine(system, path);
  const std::string prefix = "event=";
  char *end = nullptr;
  uint64_t config = 0;
  if (text.rfind(prefix, 0) == 0)
    config = strtoull(text.c_str() + prefix.size(), &end, 0);
  if (!end || *end || end == text.c_str() + prefix.size())
    return path + ": it holds '" + text + "', not an event's number";
  std::string scaleText = readLine(system, path + ".scale");
  double scale = strtod(scaleText.c_str(), &end);
  if (*end || !(scale > 0) || !std::isfinite(scale))
    return path + ".scale: it holds '" + scaleText + "', no number of joules";
  if (std::string unit = readLine(system, path + ".unit"); unit != "Joules")
    return path + ".unit: it holds '" + unit + "', not Joules";
  for (int cpu : cpus)
    if (Error why = addCounter(event, kind, config, scale, cpu); !why.empty())
      return why;
  return {};
}

bool Search::run() {
  std::vector<std::string> events;
  if (int status = system.list(folder + "/events", events))
    return no(folder + "/events: " + errorText(status) +
              "; the kernel has no such events, or a virtual machine hides "
              "them");
  if (Error why = readNumber(system, folder + "/type", type); !why.empty())
    return no(why);
  std::string mask = readLine(system, folder + "/cpumask");
  if (!parseCpus(mask, cpus))
    return no(folder + "/cpumask: it holds '" + mask + "', no list of CPUs");
  if (Error why = addEvent("energy-pkg", RAC_ENERGY_PROCESSOR); !why.empty())
    return no(why);
  std::string names = "energy-pkg";
  for (const std::string &event : events)
    if (event == "energy-ram") {
      size_t before = domains.size();
      if (Error why = addEvent(event, RAC_ENERGY_MEMORY); !why.empty()) {
        domains.resize(before);
        no(event + " is not counted: " + why);
      } else {
        names += ", " + event;
      }
    }
  found.attempts.push_back({kMeter, true, names});
  found.domains.insert(found.domains.end(), domains.begin(), domains.end());
  return true;
}

} // namespace

bool rac::energy::findPerf(System &system, Found &found) {
  return Search(system, found).run();
}
