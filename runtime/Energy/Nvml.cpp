//===- Nvml.cpp - NVIDIA's management library -----------------------------===//
//
// Loaded when it is asked for, by the names and types of its C interface, which
// NVIDIA keeps stable: nothing of NVIDIA's is needed to build. From Volta on
// nvmlDeviceGetTotalEnergyConsumption counts mJ; before,
// nvmlDeviceGetPowerUsage tells mW, which is integrated.
//
//===----------------------------------------------------------------------===//

#include "Domain.h"

#include <dlfcn.h>
#include <memory>

using namespace rac::energy;

// As in nvml.h, where nvmlDevice_t points to one.
struct nvmlDevice_st;

namespace {
using Device = nvmlDevice_st;

// Both change every 10 to 100 ms, depending on the board (Yang, Adamek and
// Armour, "Part-time power measurements", arXiv 2312.02741).
constexpr double kUpdate = 0.1;

const char kMeter[] = "nvml";

/// The library, as long as anything reads from it.
class Library {
public:
  explicit Library(const std::string &name);
  ~Library();
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  /// "nvmlInit_v2: Driver Not Loaded"; empty where status is 0.
  Error explain(const char *function, int status) const;

  Error problem;
  int (*getCount)(unsigned *) = nullptr;
  int (*getHandle)(unsigned, Device **) = nullptr;
  int (*getName)(Device *, char *, unsigned) = nullptr;
  int (*getEnergy)(Device *, unsigned long long *) = nullptr; // from Volta on
  int (*getPower)(Device *, unsigned *) = nullptr;

private:
  template <typename Function>
  void find(const char *name, Function &function, bool needed = true);

  void *handle;
  bool started = false;
  int (*initialize)() = nullptr;
  int (*shutdown)() = nullptr;
  const char *(*errorString)(int) = nullptr;
};

template <typename Function>
void Library::find(const char *name, Function &function, bool needed) {
  function = reinterpret_cast<Function>(dlsym(handle, name));
  if (!function && needed && problem.empty())
    problem = std::string("the library lacks ") + name;
}

Library::Library(const std::string &name)
    : handle(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle) {
    problem = dlerror();
    return;
  }
  find("nvmlInit_v2", initialize);
  find("nvmlShutdown", shutdown);
  find("nvmlErrorString", errorString);
  find("nvmlDeviceGetCount_v2", getCount);
  find("nvmlDeviceGetHandleByIndex_v2", getHandle);
  find("nvmlDeviceGetName", getName);
  find("nvmlDeviceGetTotalEnergyConsumption", getEnergy, /*needed=*/false);
  find("nvmlDeviceGetPowerUsage", getPower);
  if (!problem.empty())
    return;
  problem = explain("nvmlInit_v2", initialize());
  started = problem.empty();
}

Library::~Library() {
  if (started)
    shutdown();
  if (handle)
    dlclose(handle);
}

Error Library::explain(const char *function, int status) const {
  if (status == 0)
    return {};
  const char *text = errorString(status);
  return std::string(function) + ": " + (text ? text : "unknown error") +
         " (NVML status " + std::to_string(status) + ")";
}

Domain domainOf(const std::shared_ptr<Library> &library, unsigned index,
                Device *device) {
  char model[96] = "";
  if (library->getName(device, model, sizeof(model)) != 0)
    model[0] = 0;
  Domain domain;
  domain.name = "gpu-" + std::to_string(index);
  if (model[0])
    domain.name += std::string(" (") + model + ")";
  domain.meter = kMeter;
  domain.kind = RAC_ENERGY_ACCELERATOR;
  domain.unit = 1e-3;
  domain.update = kUpdate;
  return domain;
}

Error useCounter(const std::shared_ptr<Library> &library, Device *device,
                 Domain &domain) {
  domain.origin = RAC_ENERGY_COUNTER;
  domain.source = "nvmlDeviceGetTotalEnergyConsumption";
  if (!library->getEnergy)
    return "the library lacks " + domain.source;
  domain.read = [library, device](uint64_t &value) {
    unsigned long long millijoules = 0;
    Error why = library->explain("nvmlDeviceGetTotalEnergyConsumption",
                                 library->getEnergy(device, &millijoules));
    value = millijoules;
    return why;
  };
  uint64_t value = 0;
  return domain.read(value);
}

Error usePower(const std::shared_ptr<Library> &library, Device *device,
               Domain &domain) {
  domain.origin = RAC_ENERGY_INTEGRATED_POWER;
  domain.source = "nvmlDeviceGetPowerUsage";
  domain.read = [library, device](uint64_t &value) {
    unsigned milliwatts = 0;
    Error why = library->explain("nvmlDeviceGetPowerUsage",
                                 library->getPower(device, &milliwatts));
    value = milliwatts;
    return why;
  };
  uint64_t value = 0;
  return domain.read(value);
}

} // namespace

bool rac::energy::findNvml(const std::string &name, Found &found) {
  auto no = [&](const std::string &why) {
    found.attempts.push_back({kMeter, false, why});
    return false;
  };
  if (name.empty())
    return no("not tried: no library's name was given");
  auto library = std::make_shared<Library>(name);
  if (!library->problem.empty())
    return no(library->problem);
  unsigned count = 0;
  if (Error why =
          library->explain("nvmlDeviceGetCount_v2", library->getCount(&count));
      !why.empty())
    return no(why);
  if (count == 0)
    return no("the driver knows no GPU");
  std::vector<Domain> domains;
  std::string names;
  for (unsigned i = 0; i < count; ++i) {
    Device *device = nullptr;
    if (Error why = library->explain("nvmlDeviceGetHandleByIndex_v2",
                                     library->getHandle(i, &device));
        !why.empty())
      return no("gpu-" + std::to_string(i) + ": " + why);
    Domain domain = domainOf(library, i, device);
    Error counter = useCounter(library, device, domain);
    if (!counter.empty()) {
      if (Error why = usePower(library, device, domain); !why.empty())
        return no(domain.name + ": " + counter + "; " + why);
      no(domain.name +
         " has no counter, so its power is integrated: " + counter);
    }
    names += (names.empty() ? "" : ", ") + domain.name;
    domains.push_back(domain);
  }
  found.attempts.push_back({kMeter, true, names});
  found.domains.insert(found.domains.end(), domains.begin(), domains.end());
  return true;
}
