//===- RoundDevice.h - A device of round numbers, for tests -----*- C++ -*-===//

#ifndef RAC_UNITTESTS_COST_ROUNDDEVICE_H
#define RAC_UNITTESTS_COST_ROUNDDEVICE_H

#include "rac/Cost/Device.h"

inline rac::Known number(double v, double unc = 0) {
  return rac::Number{v, rac::Origin::guess, "test", unc, {}, {}};
}

inline rac::KnownEnergy
energy(double v, rac::EnergyScope scope = rac::EnergyScope::package,
       rac::Origin how = rac::Origin::measured) {
  rac::EnergyNumber number;
  number.v = v;
  number.how = how;
  number.src = "test";
  number.scope = scope;
  return number;
}

/// Four cores of 2e8 FLOP/s, of which the library attains 1e9 in products and
/// generated code 1e8; a cache of 1 MB at 1e10 B/s, memory at 1e9 B/s a core
/// and 3e9 in all. Times add up.
inline rac::Device roundDevice() {
  using namespace rac;
  Device device;
  device.topology.cores = number(4);
  device.clocks.baseHz = number(1e8);
  ComputeUnit unit;
  unit.name = "fpu";
  unit.kind = UnitKind::simd;
  unit.vectorBits = number(512);
  unit.registers = number(32);
  unit.opsPerClock[DataType::f32] = number(2);
  unit.libraryFraction[DataType::f32] = number(5);
  unit.libraryConvFraction[DataType::f32] = number(4);
  unit.libraryDepthwiseFraction[DataType::f32] = number(0.25);
  unit.libraryHalfM[DataType::f32] = number(0);
  unit.libraryHalfN[DataType::f32] = number(0);
  unit.libraryHalfK[DataType::f32] = number(0);
  unit.generatedFraction[DataType::f32] = number(0.5);
  unit.vectorFraction[DataType::f32] = number(1);
  device.units.push_back(unit);
  MemoryLevel cache;
  cache.name = "L1d";
  cache.sizeBytes = number(1e6);
  cache.lineBytes = number(64);
  cache.coreBytesPerSecond = number(1e10);
  device.memory.push_back(cache);
  MemoryLevel memory;
  memory.name = "DRAM";
  memory.kind = LevelKind::memory;
  memory.scope = LevelScope::device;
  memory.coreBytesPerSecond = number(1e9);
  memory.deviceBytesPerSecond = number(3e9);
  device.memory.push_back(memory);
  device.execution.overlapExponent = number(1);
  device.overheads.launchSeconds = number(1e-6);
  device.overheads.libraryCallSeconds = number(2e-6);
  device.overheads.forkJoinSeconds = number(5e-6);
  device.power.tdpWatts = number(16);
  return device;
}

#endif // RAC_UNITTESTS_COST_ROUNDDEVICE_H
