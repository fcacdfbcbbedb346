//===- Coefficients.cpp - The numbers that costs rest on ------------------===//

#include "rac/Cost/Coefficients.h"
#include "llvm/ADT/SmallString.h"
#include <limits>

using namespace llvm;
using namespace rac;

/// What was stood in for may be half as much, or twice.
constexpr double kStandInUncertainty = 1;

const Coefficient &Coefficients::get(const Twine &name, const Known &number,
                                     double instead, const Twine &why,
                                     bool isRate) {
  SmallString<64> buffer;
  StringRef key = name.toStringRef(buffer);
  auto place = known.find(std::string_view(key));
  if (place != known.end())
    return place->second;
  Coefficient &result = known[key.str()];
  result.name = key.str();
  result.isRate = isRate;
  result.value = unknowns.valueOr(number, key, instead, why);
  result.stoodIn = !number;
  result.unc = number ? number->unc : kStandInUncertainty;
  result.origin = number ? number->how : Origin::guess;
  return result;
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

const ComputeUnit &Coefficients::vectorUnit() const {
  const ComputeUnit *unit = device.unit(UnitKind::simd);
  return unit ? *unit : device.units.front();
}

VectorShape Coefficients::vectors() const {
  VectorShape vectors;
  const ComputeUnit &unit = vectorUnit();
  if (unit.vectorBits)
    vectors.bits = unit.vectorBits->v;
  if (unit.registers)
    vectors.registers = unit.registers->v;
  return vectors;
}

const ComputeUnit &Coefficients::bestUnit(DataType type) {
  const ComputeUnit *best = &vectorUnit();
  Known most = device.peakOpsPerSecond(*best, type);
  for (const ComputeUnit &unit : device.units)
    if (Known peak = device.peakOpsPerSecond(unit, type);
        peak && (!most || peak->v > most->v)) {
      best = &unit;
      most = peak;
    }
  return *best;
}

const Coefficient &Coefficients::peak(const ComputeUnit &unit, DataType type) {
  // Two operations at a time, a thousand million times a second: any core does.
  constexpr double modest = 2e9;
  Known f32 = device.peakOpsPerSecond(unit, DataType::f32);
  return get("units." + unit.name + ".ops_per_clock." + nameOf(type),
             device.peakOpsPerSecond(unit, type), f32 ? f32->v : modest,
             f32 ? "as for f32" : "a modest core's", /*isRate=*/true);
}

const Coefficient &Coefficients::scalarPeak(DataType type) {
  const ComputeUnit *scalar = device.unit(UnitKind::scalar);
  if (scalar)
    return peak(*scalar, type);
  const ComputeUnit &unit = vectorUnit();
  constexpr double elementBits = 32;
  double lanes = unit.vectorBits ? unit.vectorBits->v / elementBits : 1;
  return get("units.scalar.ops_per_clock." + nameOf(type), std::nullopt,
             peak(unit, type).value / lanes, "one lane of " + unit.name,
             /*isRate=*/true);
}

const Coefficient &Coefficients::fraction(const ComputeUnit &unit,
                                          DataType type, Kernel kernel) {
  auto of = [&](const NumberByType &values) {
    auto found = values.find(type);
    return found == values.end() ? Known() : found->second;
  };
  auto named = [&](StringRef key, const NumberByType &values, double instead,
                   const Twine &why) -> const Coefficient & {
    return get("units." + unit.name + "." + key + "." + nameOf(type),
               of(values), instead, why, /*isRate=*/true);
  };
  auto library = [&](StringRef key,
                     const NumberByType &values) -> const Coefficient & {
    if (of(values))
      return named(key, values, 1, "");
    const Coefficient &all =
        named("library_fraction", unit.libraryFraction, 1, "the peak");
    return named(key, values, all.value, "as library_fraction");
  };
  // What isn't known of a type may be as for f32.
  auto likeF32 = [&](StringRef key, const NumberByType &values, double instead,
                     const Twine &why) -> const Coefficient & {
    auto f32 = values.find(DataType::f32);
    return f32 == values.end() || !f32->second
               ? named(key, values, instead, why)
               : named(key, values, f32->second->v, "as for f32");
  };
  switch (kernel) {
  case Kernel::libraryMatmul:
    return named("library_fraction", unit.libraryFraction, 1, "the peak");
  case Kernel::libraryConv:
    return library("library_conv_fraction", unit.libraryConvFraction);
  case Kernel::libraryDepthwise:
    if (type != DataType::f32)
      return likeF32("library_depthwise_fraction",
                     unit.libraryDepthwiseFraction, 1, "the peak of f32");
    return library("library_depthwise_fraction", unit.libraryDepthwiseFraction);
  case Kernel::generatedMatmul:
    return likeF32("generated_fraction", unit.generatedFraction, 1, "the peak");
  case Kernel::generatedConv:
    return likeF32("generated_conv_fraction", unit.generatedConvFraction, 1,
                   "the peak");
  case Kernel::vector: {
    // Products of narrow numbers are of no use to what computes in f32.
    double f32 = device.rateOfF32(unit, type);
    return named("vector_fraction", unit.vectorFraction, std::min(1.0, f32),
                 f32 < 1 ? "the peak of f32" : "the peak");
  }
  }
  llvm_unreachable("all kernels are handled");
}

const Coefficient &Coefficients::half(const ComputeUnit &unit, DataType type,
                                      char size) {
  const NumberByType &values = size == 'm'   ? unit.libraryHalfM
                               : size == 'n' ? unit.libraryHalfN
                                             : unit.libraryHalfK;
  auto found = values.find(type);
  return get("units." + unit.name + ".library_half_" + Twine(size) + "." +
                 nameOf(type),
             found == values.end() ? Known() : found->second, 0,
             "no loss in small sizes", /*isRate=*/false);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

const Coefficient &Coefficients::deviceBandwidth(size_t level) {
  const MemoryLevel &memory = device.memory[level];
  std::string name = "memory." + memory.name + ".device_bytes_per_s";
  if (level + 1 < device.memory.size())
    return get(name, memory.deviceBytesPerSecond,
               coreBandwidth(level).value * device.topology.cores->v,
               "what all cores take", /*isRate=*/true);
  // One channel of DDR4-3200: the least that a machine has today.
  constexpr double oneChannel = 25.6e9;
  return get(name, memory.deviceBytesPerSecond, oneChannel,
             "one channel of DDR4-3200", /*isRate=*/true);
}

const Coefficient &Coefficients::coreBandwidth(size_t level) {
  const MemoryLevel &memory = device.memory[level];
  std::string name = "memory." + memory.name + ".core_bytes_per_s";
  if (level + 1 == device.memory.size()) {
    if (memory.coreBytesPerSecond)
      return get(name, memory.coreBytesPerSecond, 0, "", /*isRate=*/true);
    return get(name, std::nullopt,
               deviceBandwidth(level).value / device.topology.cores->v,
               "an equal share of the device's", /*isRate=*/true);
  }
  if (memory.coreBytesPerSecond)
    return get(name, memory.coreBytesPerSecond, 0, "", /*isRate=*/true);
  // Two loads a clock, as all that rac knows do; a quarter of that from each
  // level further away (Zen 4: 128, 32 and 8 to 16 B a clock; Golden Cove
  // likewise: chipsandcheese.com).
  if (level > 0)
    return get(name, std::nullopt, coreBandwidth(level - 1).value / 4,
               "a quarter of the level before", /*isRate=*/true);
  const ComputeUnit &unit = vectorUnit();
  constexpr double modest = 128, modestClock = 2e9;
  double bits = unit.vectorBits ? unit.vectorBits->v : modest;
  const Known &clock = unit.clockHz ? unit.clockHz : device.clocks.baseHz;
  return get(name, std::nullopt,
             2 * bits / 8 * (clock ? clock->v : modestClock),
             "two vectors a clock", /*isRate=*/true);
}

const Coefficient &Coefficients::peerBandwidth(size_t level) {
  const MemoryLevel &memory = device.memory[level];
  return get("memory." + memory.name + ".peer_bytes_per_s",
             memory.peerBytesPerSecond, coreBandwidth(level + 1).value,
             "as from the next level", /*isRate=*/true);
}

const Coefficient &Coefficients::latency(size_t level) {
  const MemoryLevel &memory = device.memory[level];
  // Of GPUs, whose kernels are what waits for it: 30 clocks near, some hundreds
  // far away (docs/Devices.md).
  bool near = memory.scope == LevelScope::core;
  return get("memory." + memory.name + ".latency_s", memory.latencySeconds,
             near ? 20e-9 : 400e-9, "the usual of a GPU", /*isRate=*/false);
}

double Coefficients::levelBytes(size_t level) {
  if (level + 1 == device.memory.size())
    return std::numeric_limits<double>::infinity();
  const MemoryLevel &memory = device.memory[level];
  // Twice as much as the level before, or the least that a core has.
  constexpr double least = 32768;
  if (memory.sizeBytes)
    return memory.sizeBytes->v;
  double instead = level ? 2 * levelBytes(level - 1) : least;
  return get("memory." + memory.name + ".size_bytes", std::nullopt, instead,
             level ? "twice the level before" : "the least there is",
             /*isRate=*/true)
      .value;
}

double Coefficients::lineBytes(size_t level) {
  constexpr double usual = 64;
  const MemoryLevel &memory = device.memory[level];
  return get("memory." + memory.name + ".line_bytes", memory.lineBytes, usual,
             "the usual", /*isRate=*/false)
      .value;
}

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

const Coefficient &Coefficients::overlap() {
  // Compute and transfers of a core that runs out of order mostly pass at once.
  constexpr double mostly = 4;
  return get("execution.overlap_exponent", device.execution.overlapExponent,
             mostly, "most of the shorter times are hidden", /*isRate=*/true);
}

const Coefficient &Coefficients::seconds(const Known &number, StringRef key) {
  return get("overheads." + key, number, 0, "left out", /*isRate=*/false);
}

const Coefficient &Coefficients::launch() {
  return seconds(device.overheads.launchSeconds, "launch_s");
}
const Coefficient &Coefficients::libraryCall() {
  return seconds(device.overheads.libraryCallSeconds, "library_call_s");
}
const Coefficient &Coefficients::forkJoin() {
  return seconds(device.overheads.forkJoinSeconds, "fork_join_s");
}

double Coefficients::clusterGroups() {
  constexpr double usual = 16;
  const std::optional<GpuLimits> &gpu = device.topology.gpu;
  return get("topology.gpu.cluster_groups", gpu ? gpu->clusterGroups : Known(),
             std::max(1.0, device.topology.cores->v / usual),
             "one for each 16 multiprocessors", /*isRate=*/true)
      .value;
}

//===----------------------------------------------------------------------===//
// Energy
//===----------------------------------------------------------------------===//

static const KnownEnergy *find(const EnergyByType &values, DataType type) {
  auto found = values.find(type);
  return found == values.end() || !found->second ? nullptr : &found->second;
}

static Known plain(const KnownEnergy &energy) {
  return energy ? Known(static_cast<const Number &>(*energy)) : Known();
}

/// That of an operation; of a type that the device's file doesn't know of the
/// unit f32's.
static const KnownEnergy *opEnergyOf(const ComputeUnit &unit, DataType type) {
  bool knows = unit.opsPerClock.count(type);
  return ::find(unit.picojoulesPerOp, knows ? type : DataType::f32);
}

const Coefficient *Coefficients::opEnergy(const ComputeUnit &unit,
                                          DataType type) {
  const KnownEnergy *energy = opEnergyOf(unit, type);
  if (!energy || (*energy)->how == Origin::tdp)
    return nullptr;
  bool own = energy == ::find(unit.picojoulesPerOp, type);
  return &get("units." + unit.name + ".pj_per_op." + nameOf(type),
              own ? plain(*energy) : Known(), (*energy)->v, "as for f32",
              /*isRate=*/false);
}

std::optional<EnergyScope> Coefficients::energyScope(const ComputeUnit &unit,
                                                     DataType type) const {
  const KnownEnergy *energy = opEnergyOf(unit, type);
  return energy ? std::optional((*energy)->scope) : std::nullopt;
}

const Coefficient &Coefficients::byteEnergy(size_t level, EnergyScope scope) {
  const MemoryLevel &memory = device.memory[level];
  const KnownEnergy &energy = memory.picojoulesPerByte;
  bool adds = energy && energy->scope == scope && energy->how != Origin::tdp;
  return get("memory." + memory.name + ".pj_per_byte",
             adds ? plain(energy) : Known(), 0,
             energy ? "left out: of another scope than operations"
                    : Twine("left out"),
             /*isRate=*/false);
}

const Coefficient &Coefficients::watts(const Known &number, StringRef key) {
  return get("power." + key, number, 0, "left out", /*isRate=*/false);
}
const Coefficient &Coefficients::idle() {
  return watts(device.power.idleWatts, "idle_w");
}
const Coefficient &Coefficients::coreStatic() {
  return watts(device.power.coreStaticWatts, "core_static_w");
}
const Coefficient &Coefficients::deviceStatic() {
  return watts(device.power.deviceStaticWatts, "device_static_w");
}

const Coefficient *Coefficients::tdp() {
  constexpr double unknown = -1;
  const Coefficient &tdp =
      get("power.tdp_w", device.power.tdpWatts, unknown,
          "nothing: the energy is unknown", /*isRate=*/false);
  return tdp.stoodIn ? nullptr : &tdp;
}
