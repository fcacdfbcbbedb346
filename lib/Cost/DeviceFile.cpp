//===- DeviceFile.cpp - Devices and sites from JSON -----------------------===//

#include "rac/Cost/DeviceFile.h"
#include "JsonReader.h"
#include "JsonWriter.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace rac;

namespace {

/// What no single key shows to be impossible. The first problem, or "".
class Checks {
public:
  explicit Checks(const Device &device) : device(device) {}
  std::string run() {
    checkKind();
    checkClocks();
    checkUnits();
    checkMemory();
    checkPower();
    return problem;
  }

private:
  void fail(const Twine &key, const Twine &reason) {
    if (problem.empty())
      problem = (key + ": " + reason).str();
  }
  void checkKind();
  void checkClocks();
  void checkUnits();
  void checkMemory();
  void checkPower();
  /// Refuses a number that is above another.
  void notAbove(const Known &low, const Twine &lowKey, const Known &high,
                const Twine &highKey) {
    if (low && high && low->v > high->v)
      fail(lowKey, "is more than " + highKey);
  }

  const Device &device;
  std::string problem;
};

void Checks::checkKind() {
  bool gpu = device.kind == DeviceKind::gpu;
  if (gpu != device.topology.gpu.has_value())
    fail("topology.gpu", gpu ? "a GPU has its limits here" : "a CPU has none");
  if (!gpu && device.hostLink)
    fail("host_link", "a CPU is the host and has none");
  if (!device.topology.cores)
    fail("topology.cores", "must be known");
  notAbove(device.topology.availableCores, "topology.available_cores",
           device.topology.cores, "topology.cores");
}

void Checks::checkClocks() {
  notAbove(device.clocks.baseHz, "clocks.base_hz", device.clocks.boostHz,
           "clocks.boost_hz");
}

void Checks::checkUnits() {
  if (device.units.empty())
    fail("units", "a device has at least one");
  for (size_t i = 0; i < device.units.size(); ++i) {
    const ComputeUnit &unit = device.units[i];
    std::string key = "units[" + utostr(i) + "].";
    if (unit.scalable && unit.vectorLengths.empty())
      fail(key + "vector_lengths", "scalable vectors need lengths to plan for");
    auto sameTypes = [&](const auto &values, StringRef name) {
      for (const auto &[type, value] : values)
        if (!unit.opsPerClock.count(type))
          fail(key + name + "." + nameOf(type),
               "is not among the types of ops_per_clock");
    };
    sameTypes(unit.libraryFraction, "library_fraction");
    sameTypes(unit.generatedFraction, "generated_fraction");
    sameTypes(unit.generatedConvFraction, "generated_conv_fraction");
    sameTypes(unit.libraryConvFraction, "library_conv_fraction");
    sameTypes(unit.libraryDepthwiseFraction, "library_depthwise_fraction");
    sameTypes(unit.libraryHalfM, "library_half_m");
    sameTypes(unit.libraryHalfN, "library_half_n");
    sameTypes(unit.libraryHalfK, "library_half_k");
    sameTypes(unit.vectorFraction, "vector_fraction");
    sameTypes(unit.picojoulesPerOp, "pj_per_op");
  }
}

void Checks::checkMemory() {
  if (device.memory.empty() || device.memory.back().kind != LevelKind::memory)
    return fail("memory", "the last level must be of kind memory");
  const MemoryLevel *inner = nullptr; // the last of those that hold copies
  for (size_t i = 0; i < device.memory.size(); ++i) {
    const MemoryLevel &level = device.memory[i];
    std::string key = "memory[" + utostr(i) + "].";
    if (level.kind == LevelKind::memory && i + 1 < device.memory.size())
      fail(key + "kind", "only the last level is memory");
    if (i && level.scope < device.memory[i - 1].scope)
      fail(key + "scope", "fewer cores share it than the level before");
    if (level.scope == LevelScope::core && level.sharers &&
        level.sharers->v != 1)
      fail(key + "sharers", "a level of one core has one");
    notAbove(level.sharers, key + "sharers", device.topology.cores,
             "topology.cores");
    notAbove(level.coreBytesPerSecond, key + "core_bytes_per_s",
             level.deviceBytesPerSecond, key + "device_bytes_per_s");
    if (level.kind == LevelKind::software)
      continue;
    if (inner && inner->sizeBytes && level.sizeBytes &&
        level.sizeBytes->v < inner->sizeBytes->v)
      fail(key + "size_bytes",
           "is less than that of " + inner->name + ", which is nearer");
    inner = &level;
  }
}

void Checks::checkPower() {
  const Power &power = device.power;
  notAbove(power.idleWatts, "power.idle_w", power.tdpWatts, "power.tdp_w");
  notAbove(power.capWatts, "power.cap_w", power.tdpWatts, "power.tdp_w");
}

} // namespace

static void warnOf(const Device &device, std::vector<std::string> &warnings) {
  const MemoryLevel *inner = nullptr;
  for (const MemoryLevel &level : device.memory) {
    if (!level.deviceBytesPerSecond)
      continue;
    if (inner && level.deviceBytesPerSecond->v > inner->deviceBytesPerSecond->v)
      warnings.push_back(level.name + " is said to be faster than " +
                         inner->name + ", which is nearer");
    inner = &level;
  }
}

template <typename T> static Expected<T> parse(StringRef text, StringRef name) {
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return createStringError(name + ": " + toString(root.takeError()));
  Expected<T> result = JsonReader::read<T>(*root);
  if (!result)
    return createStringError(name + ": " + toString(result.takeError()));
  return result;
}

Expected<Device> rac::parseDevice(StringRef text, StringRef name,
                                  std::vector<std::string> *warnings) {
  Expected<Device> device = parse<Device>(text, name);
  if (!device)
    return device.takeError();
  if (std::string problem = Checks(*device).run(); !problem.empty())
    return createStringError(name + ": " + problem);
  if (warnings)
    warnOf(*device, *warnings);
  return device;
}

Expected<Site> rac::parseSite(StringRef text, StringRef name) {
  return parse<Site>(text, name);
}

static Expected<std::unique_ptr<MemoryBuffer>> readFile(StringRef path) {
  auto file = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return createStringError(path + ": " + file.getError().message());
  return std::move(*file);
}

Expected<Device> rac::loadDevice(StringRef path,
                                 std::vector<std::string> *warnings) {
  auto file = readFile(path);
  if (!file)
    return file.takeError();
  return parseDevice((*file)->getBuffer(), path, warnings);
}

Expected<Site> rac::loadSite(StringRef path) {
  auto file = readFile(path);
  if (!file)
    return file.takeError();
  return parseSite((*file)->getBuffer(), path);
}

std::string rac::formatDevice(const Device &device) {
  return JsonWriter::write(device);
}

Error rac::saveDevice(const Device &device, StringRef path) {
  Error error = writeToOutput(path, [&](raw_ostream &os) {
    os << formatDevice(device);
    return Error::success();
  });
  if (error)
    return createStringError(path + ": " + toString(std::move(error)));
  return Error::success();
}
