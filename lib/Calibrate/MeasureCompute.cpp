//===- MeasureCompute.cpp - Clocks and rates ------------------------------===//

#include "Measure.h"
#include "Team.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace rac;

/// Additions or steps in one go; a turn takes many.
static constexpr int64_t kChunk = 1 << 12;

static Probe clockProbe(int cores) {
  return {"the clock of " + std::to_string(cores) + " cores",
          [cores](int64_t times) {
            return runTeam(cores, [&](int) { addInTurn(times * kChunk); });
          }};
}

static Probe computeProbe(const ComputeKernel &kernel, int cores) {
  return {std::string(kernel.what) + " on all cores",
          [kernel, cores](int64_t times) {
            return runTeam(cores, [&](int) { kernel.run(times * kChunk); });
          }};
}

/// All else rests on the clocks: none of it is worth anything without them.
static bool areClocks(const Timing &one, const Timing &all) {
  constexpr double mostSlower = 4; // with all cores at work
  return all.seconds < mostSlower * one.seconds;
}

static llvm::Error clockProblem(const Timing &one, const Timing &all) {
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::format("one core counts at %.3g Hz, all at once at %.3g Hz: "
                      "others take the cores meanwhile",
                      kChunk / one.seconds, kChunk / all.seconds);
  return llvm::createStringError(text);
}

llvm::Error rac::measureCompute(Bench &bench) {
  Device &device = bench.device();
  const std::vector<ComputeKernel> &kernels = bench.options.kernels.compute;
  std::vector<Probe> probes = {clockProbe(1), clockProbe(bench.cores())};
  for (const ComputeKernel &kernel : kernels)
    probes.push_back(computeProbe(kernel, bench.cores()));
  // A turn is short: another process's slice may take all of it.
  constexpr int attempts = 10;
  std::vector<Timing> timings = bench.time(probes);
  for (int i = 1; i < attempts && !areClocks(timings[0], timings[1]); ++i)
    timings = bench.time(probes);
  if (!areClocks(timings[0], timings[1]))
    return clockProblem(timings[0], timings[1]);

  double boost = kChunk / timings[0].seconds;
  double base = std::min(boost, kChunk / timings[1].seconds);
  bool taken = bench.set(device.clocks.boostHz, "clocks.boost_hz", "Hz", boost,
                         timings[0].spread,
                         "additions that wait for each other, one core") &&
               bench.set(device.clocks.baseHz, "clocks.base_hz", "Hz", base,
                         timings[1].spread,
                         "additions that wait for each other, all cores");
  if (!taken)
    return llvm::createStringError(bench.result.notes.back());
  // What other numbers are multiplied with is the number as it was rounded.
  base = device.clocks.baseHz->v;
  for (size_t i = 0; i < kernels.size(); ++i) {
    const ComputeKernel &kernel = kernels[i];
    const Timing &timing = timings[2 + i];
    auto unit = llvm::find_if(device.units, [&](const ComputeUnit &unit) {
      return unit.kind == kernel.unit;
    });
    if (unit == device.units.end()) {
      bench.note("units: there is none of kind " + nameOf(kernel.unit) +
                 ", so what " + kernel.what + " attains is not written");
      continue;
    }
    // Rates are taken at the base clock, or at the unit's own.
    double clock = unit->clockHz ? unit->clockHz->v : base;
    double rate = kernel.opsPerStep * kChunk / timing.seconds;
    bench.set(unit->opsPerClock[kernel.type],
              "units." + unit->name + ".ops_per_clock." + nameOf(kernel.type),
              "op/clock", rate / clock, timing.spread,
              llvm::Twine(kernel.what) + " on registers, all cores at work");
  }
  return llvm::Error::success();
}
