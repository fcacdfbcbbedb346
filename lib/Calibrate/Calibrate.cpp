//===- Calibrate.cpp - A device file for this machine ---------------------===//

#include "rac/Calibrate/Calibrate.h"
#include "Measure.h"
#include "llvm/ADT/STLExtras.h"

using namespace rac;

/// What the system tells of itself needs no measuring.
static void describeMachine(Bench &bench) {
  Device &device = bench.device();
  const Machine &machine = bench.machine;
  device.chip = machine.chip;
  llvm::erase_if(device.features, [&](const std::string &feature) {
    bool has = llvm::is_contained(machine.features, feature);
    if (!has)
      bench.note("features: this machine lacks " + feature);
    return !has;
  });
  // A virtual machine sees a part of the device, of which power and carbon are.
  double cores = bench.cores();
  if (!device.topology.cores || device.topology.cores->v < cores)
    bench.set(device.topology.cores, "topology.cores", "", cores, 0,
              "the cores that this process may use; there may be more");
  bench.set(device.topology.availableCores, "topology.available_cores", "",
            cores, 0, "the cores that this process may use");
  for (const auto &[name, bytes] : machine.cacheBytes) {
    for (MemoryLevel &level : device.memory)
      if (level.name == name && level.kind == LevelKind::cache)
        bench.set(level.sizeBytes, "memory." + name + ".size_bytes", "B", bytes,
                  0, "as Linux tells it");
  }
}

llvm::Expected<Calibration> rac::calibrate(const Device &base,
                                           const Machine &machine,
                                           const CalibrateOptions &options) {
  Bench bench(base, machine, options);
  if (options.fitOnly) {
    measureGroups(bench);
    return std::move(bench.result);
  }
  describeMachine(bench);
  if (llvm::Error problem = measureCompute(bench))
    return std::move(problem);
  measureMemory(bench);
  measureOverheads(bench);
  measureGroups(bench);
  measureEnergy(bench);
  return std::move(bench.result);
}
