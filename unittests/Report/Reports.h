//===- Reports.h - Reports with numbers that are easy to check --*- C++ -*-===//

#ifndef RAC_UNITTESTS_REPORT_REPORTS_H
#define RAC_UNITTESTS_REPORT_REPORTS_H

#include "rac/Report/Report.h"

namespace rac {

inline Number number(double v, double unc = 0) {
  return Number{v, Origin::guess, "test", unc, {}, {}};
}

inline GroupReport group(llvm::StringRef name, llvm::StringRef kind,
                         Interval seconds, Interval joules) {
  GroupReport group;
  group.name = name.str();
  group.kind = kind.str();
  group.precision = "f32";
  group.seconds = seconds;
  group.joules = joules;
  group.flops = 1000;
  group.bytes = {{"L1d", 800}, {"DRAM", 100}};
  return group;
}

/// Two groups, 4 s and 36 kJ in all, on 1 of 4 cores; 400 g/kWh.
inline Report report() {
  Report report;
  report.model = "m";
  report.target = "host";
  report.inputs = {"x: f32[2]"};
  report.outputs = {"y: f32[2]"};
  report.groups = {group("a", "library", {1, 0.5, 2}, {12e3, 6e3, 24e3}),
                   group("b", "generated", {3, 1, 5}, {24e3, 12e3, 48e3})};
  Device device;
  device.id = "d";
  device.topology.cores = number(4);
  device.clocks = {number(1e9), number(2e9)};
  ComputeUnit unit;
  unit.name = "simd";
  unit.opsPerClock = {{DataType::f32, number(8)}, {DataType::bf16, {}}};
  device.units = {unit};
  MemoryLevel cache, memory;
  cache.name = "L1d";
  memory.name = "DRAM";
  memory.coreBytesPerSecond = number(6);
  memory.deviceBytesPerSecond = number(10);
  device.memory = {cache, memory};
  // Of 1461 days; one core of four for 86400 s is a quarter of 1/1461 of it.
  device.embodied = {number(1461), number(4)};
  report.device = device;
  Site site;
  site.id = "s";
  site.description = "Somewhere";
  site.gramsPerKWh = number(400);
  site.pue = number(1);
  report.site = site;
  return report;
}

} // namespace rac

#endif // RAC_UNITTESTS_REPORT_REPORTS_H
