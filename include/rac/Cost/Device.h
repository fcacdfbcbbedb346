//===- Device.h - What a device can do, and at what cost --------*- C++ -*-===//
//
// The content of devices/<id>.json, schema rac-device/1: docs/Devices.md says
// what the keys mean. Names end in the unit (s, Hz, B, W, pJ); an op is one
// FLOP or one integer operation, so a fused multiply-add counts two.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_DEVICE_H
#define RAC_COST_DEVICE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class Type;
} // namespace mlir

namespace rac {

/// Where a number comes from. `tdp`: an upper bound, all of the power that the
/// device may take divided by its peak rate; it holds what else costs energy.
enum class Origin { measured, datasheet, derived, guess, tdp };
/// What an energy was measured around. Numbers of two scopes don't add up.
enum class EnergyScope { circuit, path, package, board };
enum class DeviceKind { cpu, gpu };
enum class UnitKind { scalar, simd, matrix, tensor };
enum class LevelKind { cache, software, memory };
/// Which cores share one instance of a memory level.
enum class LevelScope { core, cluster, device };
enum class MeterKind { rapl, perf, msr, nvml, hwmon, ina3221 };
enum class DataType { f64, f32, tf32, bf16, f16, f8, i32, i16, i8, i4 };

/// A value and how far to trust it: the true one is taken to lie between
/// v / (1 + unc) and v * (1 + unc).
struct Number {
  double v = 0;
  Origin how = Origin::guess;
  std::string src;
  double unc = 0;
  /// Quality of the fit, where rac-calibrate made one.
  std::optional<double> r2, mape;

  double low() const { return v / (1 + unc); }
  double high() const { return v * (1 + unc); }
};
struct EnergyNumber : Number {
  EnergyScope scope = EnergyScope::package;
};

/// Null in the file is nullopt here: nobody knows.
using Known = std::optional<Number>;
using KnownEnergy = std::optional<EnergyNumber>;
/// A type without entry is not supported; one without value is, and nobody
/// knows how well.
using NumberByType = std::map<DataType, Known>;
using EnergyByType = std::map<DataType, KnownEnergy>;

/// What a launch may ask of one multiprocessor.
struct GpuLimits {
  Known warpSize;            ///< threads
  Known warpsPerCore;        ///< resident at once
  Known blocksPerCore;       ///< resident at once
  Known threadsPerBlock;     ///< at most
  Known registersPerCore;    ///< of 32 bits
  Known registersPerThread;  ///< at most, of 32 bits
  Known sharedBytesPerBlock; ///< at most, B
  Known blocksPerCluster;    ///< at most; unknown: there are no clusters
  Known clusterGroups; ///< of cores: a cluster's blocks are all in one (GPCs)
};

struct Topology {
  Known sockets;
  Known cores; ///< of the whole device; a GPU's are its multiprocessors (SMs)
  Known availableCores; ///< that a run may use; unknown: all
  Known smt;            ///< hardware threads of a core
  std::optional<GpuLimits> gpu;
};

struct Clocks {
  Known baseHz;  ///< sustained with all cores at work; rates are taken at it
  Known boostHz; ///< with few cores at work
};

/// Units of one core that compute in the same way.
struct ComputeUnit {
  std::string name;
  UnitKind kind = UnitKind::scalar;
  Known clockHz;    ///< where it isn't the base clock
  Known vectorBits; ///< of one register; of scalable ones on this device
  bool scalable = false;
  std::vector<int64_t> vectorLengths; ///< bits, that code is planned for
  Known registers;                    ///< that the instructions can name
  NumberByType opsPerClock;           ///< of one core
  /// What contractions attain of that: the library's, generated matrix products
  /// and generated convolutions. Above 1 where the clock rises above the base
  /// clock. docs/Cost.md has the formula.
  NumberByType libraryFraction, generatedFraction, generatedConvFraction;
  /// The library's convolutions; and those with one channel a group.
  NumberByType libraryConvFraction, libraryDepthwiseFraction;
  /// Rows, columns and terms of a sum at which the library attains half.
  NumberByType libraryHalfM, libraryHalfN, libraryHalfK;
  /// What other generated code attains of one operation a lane, unit and clock.
  NumberByType vectorFraction;
  EnergyByType picojoulesPerOp;
};

struct MemoryLevel {
  std::string name;
  LevelKind kind = LevelKind::cache;
  LevelScope scope = LevelScope::core;
  Known sharers;              ///< cores that share one instance
  Known sizeBytes;            ///< of one instance, B
  Known lineBytes;            ///< what moves at once, B
  Known ways;                 ///< associativity
  Known coreBytesPerSecond;   ///< what one core can read, B/s
  Known deviceBytesPerSecond; ///< what all can together, B/s
  /// What one core moves of lines that this cache of another core has, B/s.
  Known peerBytesPerSecond;
  Known latencySeconds; ///< s
  KnownEnergy picojoulesPerByte;
};

struct HostLink {
  Known bytesPerSecond; ///< each way, B/s
  Known latencySeconds; ///< s
};

/// How computing and moving data share time.
struct Execution {
  /// p of (sum t^p)^(1/p) over the times of computing and of each level's
  /// transfers: 1 adds them up, infinity takes the longest.
  Known overlapExponent;
};

/// Seconds that are spent beside computing.
struct Overheads {
  Known launchSeconds;      ///< to start a kernel
  Known forkJoinSeconds;    ///< to hand work to one more thread, and wait
  Known barrierSeconds;     ///< of all threads
  Known libraryCallSeconds; ///< of a library's kernel, beyond the launch
};

struct Power {
  Known idleWatts;         ///< of the device with nothing to do
  Known coreStaticWatts;   ///< more for each core at work, whatever it does
  Known deviceStaticWatts; ///< more once any core is at work
  Known tdpWatts;
  Known capWatts; ///< what the device is limited to, if below its TDP
};

struct Embodied {
  Known kgCO2e; ///< of making the device, with its share of the server
  Known lifetimeYears;
};

struct Meter {
  MeterKind kind = MeterKind::rapl;
  std::string name;
  EnergyScope scope = EnergyScope::package;
  Known windowSeconds; ///< the shortest it can honestly measure, s
};

struct Device {
  std::string id, description;
  DeviceKind kind = DeviceKind::cpu;
  std::string arch; ///< as in LLVM's triples: x86_64, aarch64, nvptx64
  std::string chip; ///< LLVM's name of the CPU or GPU: znver4, sm_90a
  /// LLVM's names of what a machine must have to be this device.
  std::vector<std::string> features;
  Topology topology;
  Clocks clocks;
  std::vector<ComputeUnit> units;
  std::vector<MemoryLevel> memory; ///< nearest first; the last is main memory
  std::optional<HostLink> hostLink;
  Execution execution;
  Overheads overheads;
  Power power;
  Embodied embodied;
  std::vector<Meter> meters;

  const ComputeUnit *unit(UnitKind kind) const;
  const MemoryLevel *level(llvm::StringRef name) const;
  const MemoryLevel &mainMemory() const { return memory.back(); }
  /// What one core's `unit` computes in a second at most, op/s, at its own
  /// clock or the base clock. Derived, the uncertainties combined.
  Known peakOpsPerSecond(const ComputeUnit &unit, DataType type) const;
  /// f32's rate over the type's, which is below 1 where the unit is quicker at
  /// products of the type; 1 where one of them is unknown.
  double rateOfF32(const ComputeUnit &unit, DataType type) const;
  /// Whether some unit is known to compute in the type.
  bool computesIn(DataType type) const;
};

/// What was unknown and mattered, and what stood in. Each is listed once, in
/// the order they were asked for.
class Unknowns {
public:
  struct StandIn {
    std::string what; ///< the key: "memory.L2.latency_s"
    double instead;
    std::string why; ///< why this value: "as the level below"
  };

  /// The number's value, or else `instead`, which is noted.
  double valueOr(const Known &number, const llvm::Twine &what, double instead,
                 const llvm::Twine &why);
  void add(const llvm::Twine &what, double instead, const llvm::Twine &why);
  const std::vector<StandIn> &list() const { return standIns; }

private:
  std::vector<StandIn> standIns;
};

llvm::StringRef nameOf(Origin);
llvm::StringRef nameOf(EnergyScope);
llvm::StringRef nameOf(DeviceKind);
llvm::StringRef nameOf(UnitKind);
llvm::StringRef nameOf(LevelKind);
llvm::StringRef nameOf(LevelScope);
llvm::StringRef nameOf(MeterKind);
llvm::StringRef nameOf(DataType);

/// The data type that computing in `type` is; none where no device knows it.
std::optional<DataType> dataTypeOf(mlir::Type type);

} // namespace rac

#endif // RAC_COST_DEVICE_H
