//===- DeviceFields.h - The keys of a device file ---------------*- C++ -*-===//
//
// Says once which key holds which member, in the order of the file. What reads
// and what writes are archives: classes with the methods that are called here.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_COST_DEVICEFIELDS_H
#define RAC_LIB_COST_DEVICEFIELDS_H

#include "rac/Cost/DeviceFile.h"

namespace rac {

constexpr llvm::StringLiteral kDeviceSchema = "rac-device/1";
constexpr llvm::StringLiteral kSiteSchema = "rac-site/1";

/// What a number can be.
enum class NumberRange { count, positive, nonNegative, atLeastOne };

/// The names of an enum's cases, in their order.
template <typename E> struct EnumNames;
#define RAC_ENUM_NAMES(E, ...)                                                 \
  template <> struct EnumNames<E> {                                            \
    static constexpr llvm::StringLiteral list[] = {__VA_ARGS__};               \
  };
RAC_ENUM_NAMES(Origin, "measured", "datasheet", "derived", "guess", "tdp")
RAC_ENUM_NAMES(EnergyScope, "circuit", "path", "package", "board")
RAC_ENUM_NAMES(DeviceKind, "cpu", "gpu")
RAC_ENUM_NAMES(UnitKind, "scalar", "simd", "matrix", "tensor")
RAC_ENUM_NAMES(LevelKind, "cache", "software", "memory")
RAC_ENUM_NAMES(LevelScope, "core", "cluster", "device")
RAC_ENUM_NAMES(MeterKind, "rapl", "perf", "msr", "nvml", "hwmon", "ina3221")
RAC_ENUM_NAMES(DataType, "f64", "f32", "tf32", "bf16", "f16", "f8", "i32",
               "i16", "i8", "i4")
#undef RAC_ENUM_NAMES

template <typename A> void describe(A &a, GpuLimits &gpu) {
  a.number("warp_size", gpu.warpSize, NumberRange::count);
  a.number("warps_per_core", gpu.warpsPerCore, NumberRange::count);
  a.number("blocks_per_core", gpu.blocksPerCore, NumberRange::count);
  a.number("threads_per_block", gpu.threadsPerBlock, NumberRange::count);
  a.number("registers_per_core", gpu.registersPerCore, NumberRange::count);
  a.number("registers_per_thread", gpu.registersPerThread, NumberRange::count);
  a.number("shared_bytes_per_block", gpu.sharedBytesPerBlock,
           NumberRange::count);
  a.number("blocks_per_cluster", gpu.blocksPerCluster, NumberRange::count);
  a.number("cluster_groups", gpu.clusterGroups, NumberRange::count);
}

template <typename A> void describe(A &a, Topology &topology) {
  a.number("sockets", topology.sockets, NumberRange::count);
  a.number("cores", topology.cores, NumberRange::count);
  a.number("available_cores", topology.availableCores, NumberRange::count);
  a.number("smt", topology.smt, NumberRange::count);
  a.optionalObject("gpu", topology.gpu);
}

template <typename A> void describe(A &a, Clocks &clocks) {
  a.number("base_hz", clocks.baseHz, NumberRange::positive);
  a.number("boost_hz", clocks.boostHz, NumberRange::positive);
}

template <typename A> void describe(A &a, ComputeUnit &unit) {
  a.text("name", unit.name);
  a.choice("kind", unit.kind);
  a.number("clock_hz", unit.clockHz, NumberRange::positive);
  a.number("vector_bits", unit.vectorBits, NumberRange::count);
  a.flag("scalable", unit.scalable);
  a.counts("vector_lengths", unit.vectorLengths);
  a.number("registers", unit.registers, NumberRange::count);
  a.byType("ops_per_clock", unit.opsPerClock, NumberRange::positive);
  a.byType("library_fraction", unit.libraryFraction, NumberRange::positive);
  a.byType("generated_fraction", unit.generatedFraction, NumberRange::positive);
  a.byType("generated_conv_fraction", unit.generatedConvFraction,
           NumberRange::positive);
  a.byType("library_conv_fraction", unit.libraryConvFraction,
           NumberRange::positive);
  a.byType("library_depthwise_fraction", unit.libraryDepthwiseFraction,
           NumberRange::positive);
  a.byType("library_half_m", unit.libraryHalfM, NumberRange::nonNegative);
  a.byType("library_half_n", unit.libraryHalfN, NumberRange::nonNegative);
  a.byType("library_half_k", unit.libraryHalfK, NumberRange::nonNegative);
  a.byType("vector_fraction", unit.vectorFraction, NumberRange::positive);
  a.byType("pj_per_op", unit.picojoulesPerOp, NumberRange::nonNegative);
}

template <typename A> void describe(A &a, MemoryLevel &level) {
  a.text("name", level.name);
  a.choice("kind", level.kind);
  a.choice("scope", level.scope);
  a.number("sharers", level.sharers, NumberRange::count);
  a.number("size_bytes", level.sizeBytes, NumberRange::count);
  a.number("line_bytes", level.lineBytes, NumberRange::count);
  a.number("ways", level.ways, NumberRange::count);
  a.number("core_bytes_per_s", level.coreBytesPerSecond, NumberRange::positive);
  a.number("device_bytes_per_s", level.deviceBytesPerSecond,
           NumberRange::positive);
  a.number("peer_bytes_per_s", level.peerBytesPerSecond, NumberRange::positive);
  a.number("latency_s", level.latencySeconds, NumberRange::nonNegative);
  a.energy("pj_per_byte", level.picojoulesPerByte);
}

template <typename A> void describe(A &a, HostLink &link) {
  a.number("bytes_per_s", link.bytesPerSecond, NumberRange::positive);
  a.number("latency_s", link.latencySeconds, NumberRange::nonNegative);
}

template <typename A> void describe(A &a, Execution &execution) {
  a.number("overlap_exponent", execution.overlapExponent,
           NumberRange::atLeastOne);
}

template <typename A> void describe(A &a, Overheads &overheads) {
  a.number("launch_s", overheads.launchSeconds, NumberRange::nonNegative);
  a.number("fork_join_s", overheads.forkJoinSeconds, NumberRange::nonNegative);
  a.number("barrier_s", overheads.barrierSeconds, NumberRange::nonNegative);
  a.number("library_call_s", overheads.libraryCallSeconds,
           NumberRange::nonNegative);
}

template <typename A> void describe(A &a, Power &power) {
  a.number("idle_w", power.idleWatts, NumberRange::nonNegative);
  a.number("core_static_w", power.coreStaticWatts, NumberRange::nonNegative);
  a.number("device_static_w", power.deviceStaticWatts,
           NumberRange::nonNegative);
  a.number("tdp_w", power.tdpWatts, NumberRange::positive);
  a.number("cap_w", power.capWatts, NumberRange::positive);
}

template <typename A> void describe(A &a, Embodied &embodied) {
  a.number("kg_co2e", embodied.kgCO2e, NumberRange::nonNegative);
  a.number("lifetime_years", embodied.lifetimeYears, NumberRange::positive);
}

template <typename A> void describe(A &a, Meter &meter) {
  a.text("name", meter.name);
  a.choice("kind", meter.kind);
  a.choice("scope", meter.scope);
  a.number("window_s", meter.windowSeconds, NumberRange::positive);
}

template <typename A> void describe(A &a, Device &device) {
  a.schema(kDeviceSchema);
  a.text("id", device.id);
  a.text("description", device.description);
  a.choice("kind", device.kind);
  a.text("arch", device.arch);
  a.text("chip", device.chip);
  a.texts("features", device.features);
  a.object("topology", device.topology);
  a.object("clocks", device.clocks);
  a.list("units", device.units);
  a.list("memory", device.memory);
  a.optionalObject("host_link", device.hostLink);
  a.object("execution", device.execution);
  a.object("overheads", device.overheads);
  a.object("power", device.power);
  a.object("embodied", device.embodied);
  a.list("meters", device.meters);
}

template <typename A> void describe(A &a, Site &site) {
  a.schema(kSiteSchema);
  a.text("id", site.id);
  a.text("description", site.description);
  a.number("g_per_kwh", site.gramsPerKWh, NumberRange::nonNegative);
  a.number("pue", site.pue, NumberRange::atLeastOne);
}

} // namespace rac

#endif // RAC_LIB_COST_DEVICEFIELDS_H
