//===- HostDevice.cpp - Which description fits this machine ---------------===//

#include "rac/Cost/DeviceLookup.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <cmath>
#include <tuple>

using namespace llvm;
using namespace rac;

/// The first line of a small file, or "".
static std::string readLine(const Twine &path) {
  // As a stream: a file of sysfs is shorter than it says.
  auto file = MemoryBuffer::getFileAsStream(path);
  return file ? (*file)->getBuffer().trim().str() : "";
}

/// "48K" in bytes.
static std::optional<int64_t> parseSize(StringRef text) {
  int64_t unit = text.consume_back("K")   ? 1 << 10
                 : text.consume_back("M") ? 1 << 20
                                          : 1;
  int64_t count;
  if (text.getAsInteger(10, count) || count <= 0)
    return std::nullopt;
  return count * unit;
}

/// What Linux tells of the caches of the first CPU.
static std::map<std::string, int64_t> readCaches(StringRef root) {
  std::map<std::string, int64_t> sizes;
  constexpr unsigned most = 16; // more indices than any CPU has
  for (unsigned i = 0; i < most; ++i) {
    std::string folder =
        (root + "/sys/devices/system/cpu/cpu0/cache/index" + Twine(i)).str();
    std::string level = readLine(folder + "/level");
    std::string type = readLine(folder + "/type");
    auto size = parseSize(readLine(folder + "/size"));
    if (level.empty() || !size || (type != "Data" && type != "Unified"))
      continue;
    sizes["L" + level + (type == "Data" ? "d" : "")] = *size;
  }
  return sizes;
}

Machine rac::hostMachine(StringRef root) {
  Machine machine;
  machine.arch =
      Triple::getArchTypeName(Triple(sys::getProcessTriple()).getArch()).str();
  machine.chip = sys::getHostCPUName().str();
  for (const auto &feature : sys::getHostCPUFeatures())
    if (feature.second)
      machine.features.push_back(feature.first().str());
  sort(machine.features);
  machine.cacheBytes = readCaches(root);
  machine.cores = hardware_concurrency().compute_thread_count();
  return machine;
}

namespace {

/// How well a device fits; the smallest is the best.
struct Fit {
  const Device *device;
  int64_t missing; ///< features that the device has and the machine lacks
  bool otherChip;
  int64_t common;  ///< features that both have
  double distance; ///< of the caches, in doublings

  Fit(const Device &device, const Machine &machine);
  auto key() const {
    return std::make_tuple(missing, otherChip, -common, distance,
                           StringRef(device->id));
  }
};

} // namespace

Fit::Fit(const Device &device, const Machine &machine)
    : device(&device), otherChip(device.chip != machine.chip) {
  common = count_if(device.features, [&](const std::string &feature) {
    return is_contained(machine.features, feature);
  });
  missing = device.features.size() - common;
  distance = 0;
  for (const auto &[name, bytes] : machine.cacheBytes)
    if (const MemoryLevel *level = device.level(name);
        level && level->sizeBytes)
      distance += std::abs(std::log2(bytes / level->sizeBytes->v));
}

static std::string describeCaches(const Device &device,
                                  const Machine &machine) {
  std::vector<std::string> parts;
  for (const auto &[name, bytes] : machine.cacheBytes)
    if (const MemoryLevel *level = device.level(name);
        level && level->sizeBytes) {
      auto kib = [](double size) { return utostr(size / 1024) + " KiB"; };
      parts.push_back(name + " " + kib(bytes) +
                      (bytes == level->sizeBytes->v
                           ? ""
                           : " against " + kib(level->sizeBytes->v)));
    }
  return join(parts, ", ");
}

static std::string reason(const Fit &fit, const Machine &machine) {
  std::string why = fit.otherChip
                        ? "none describes a " + machine.chip + "; it has " +
                              itostr(fit.common) + " of the " +
                              itostr(fit.common + fit.missing) + " features"
                        : "this is a " + machine.chip;
  if (std::string caches = describeCaches(*fit.device, machine);
      !caches.empty())
    why += "; caches: " + caches;
  return why;
}

std::optional<Device> rac::pickDevice(const Machine &machine,
                                      ArrayRef<Device> devices,
                                      std::string &note) {
  std::optional<Fit> best;
  for (const Device &device : devices) {
    if (device.kind != DeviceKind::cpu || device.arch != machine.arch)
      continue;
    Fit fit(device, machine);
    if (!best || fit.key() < best->key())
      best = fit;
  }
  if (!best)
    return std::nullopt;
  Device device = *best->device;
  int64_t cores = std::min<int64_t>(machine.cores, device.topology.cores->v);
  device.topology.availableCores =
      Number{double(cores),
             Origin::measured,
             "threads that this process may use, at most the cores",
             0,
             {},
             {}};
  note = ("device " + device.id + ": " + reason(*best, machine) + "; " +
          Twine(cores) + " of " + Twine(int64_t(device.topology.cores->v)) +
          " cores may be used")
             .str();
  return device;
}
