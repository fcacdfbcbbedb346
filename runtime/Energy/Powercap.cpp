//===- Powercap.cpp - RAPL through Linux's powercap -----------------------===//
//
// /sys/class/powercap/intel-rapl:N is a package, intel-rapl:N:M a part of it
// (on AMD, too). Of these:
//   package-N    counted
//   dram         counted: it is no part of the package
//   core, uncore not counted: the package contains them
//   psys         not counted: it contains the package
// intel-rapl-mmio:N counts the same package through other registers.
//
//===----------------------------------------------------------------------===//

#include "Domain.h"

#include <cerrno>

using namespace rac::energy;

namespace {

// RAPL's counters are updated about once in a millisecond (Intel's manual,
// volume 3B, "RAPL interfaces"; AMD's likewise).
constexpr double kRaplUpdate = 1e-3;
// A counter that may wrap in less than this can't be read in time.
constexpr double kLeastWrapSeconds = 0.1;

const char kMeter[] = "powercap";

/// intel-rapl:N, but not intel-rapl:N:M.
bool isPackageZone(const std::string &name) {
  const std::string prefix = "intel-rapl:";
  return name.rfind(prefix, 0) == 0 &&
         name.find(':', prefix.size()) == std::string::npos;
}

Error explain(Error why) {
  if (why.find(errorText(EACCES)) != Error::npos)
    why += "; since CVE-2020-8694 only root may read it: run as root, or let "
           "root run  chmod a+r  on it";
  return why;
}

class Search {
public:
  Search(System &system, Found &found)
      : system(system), found(found),
        folder(system.sysfs() + "/class/powercap") {}
  bool run();

private:
  bool no(const std::string &why) {
    found.attempts.push_back({kMeter, false, why});
    return false;
  }
  Error addZone(const std::string &zone, const std::string &name,
                RacEnergyKind kind);
  void addMemory(const std::string &zone, const std::string &package);

  System &system;
  Found &found;
  std::string folder;
  std::vector<std::string> zones;
  std::vector<Domain> domains;
};

Error Search::addZone(const std::string &zone, const std::string &name,
                      RacEnergyKind kind) {
  Domain domain;
  domain.name = name;
  domain.meter = kMeter;
  domain.source = folder + "/" + zone + "/energy_uj";
  domain.kind = kind;
  domain.unit = 1e-6;
  domain.update = kRaplUpdate;
  std::string range = folder + "/" + zone + "/max_energy_range_uj";
  if (Error why = readNumber(system, range, domain.range); !why.empty())
    return explain(why);
  if (wrapSeconds(domain) < kLeastWrapSeconds)
    return range + ": it holds " + std::to_string(domain.range) +
           ", so small that the counter wraps unseen";
  domain.read = [&system = system, path = domain.source](uint64_t &value) {
    return explain(readNumber(system, path, value));
  };
  uint64_t value = 0;
  if (Error why = domain.read(value); !why.empty())
    return why;
  domains.push_back(domain);
  return {};
}

/// Of the package's parts, the one that it doesn't contain.
void Search::addMemory(const std::string &zone, const std::string &package) {
  for (const std::string &part : zones) {
    if (part.rfind(zone + ":", 0) != 0 ||
        readLine(system, folder + "/" + part + "/name") != "dram")
      continue;
    std::string name = package + "/dram";
    if (Error why = addZone(part, name, RAC_ENERGY_MEMORY); !why.empty())
      no(name + " is not counted: " + why);
  }
}

bool Search::run() {
  if (int status = system.list(folder, zones))
    return no(folder + ": " + errorText(status) +
              "; the kernel has no such driver, or a virtual machine hides it");
  for (const std::string &zone : zones) {
    if (!isPackageZone(zone))
      continue;
    std::string path = folder + "/" + zone + "/name";
    std::string name = readLine(system, path);
    if (name.empty())
      return no(path + ": it cannot be read, so what the zone counts is not "
                       "known");
    if (name.rfind("package", 0) != 0) {
      no(zone + " (" + name + ") is not counted: it may contain a package");
      continue;
    }
    if (Error why = addZone(zone, name, RAC_ENERGY_PROCESSOR); !why.empty())
      return no(why);
    addMemory(zone, name);
  }
  if (domains.empty())
    return no(folder + ": it has no intel-rapl package; the kernel has no such "
                       "driver, or a virtual machine hides it");
  std::string names;
  for (const Domain &domain : domains)
    names += (names.empty() ? "" : ", ") + domain.name;
  found.attempts.push_back({kMeter, true, names});
  found.domains.insert(found.domains.end(), domains.begin(), domains.end());
  return true;
}

} // namespace

bool rac::energy::findPowercap(System &system, Found &found) {
  return Search(system, found).run();
}
