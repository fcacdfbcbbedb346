//===- MeasureEnergy.cpp - Power and energies, where there is a meter -----===//

#include "EnergyFit.h"
#include "LevelSpans.h"
#include "Measure.h"
#include "Team.h"
#include "rac-c/Energy.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <chrono>
#include <thread>

using namespace rac;

namespace {

/// The host's meters together.
class HostMeter {
public:
  explicit HostMeter(const std::string &root);
  ~HostMeter() { rac_energy_close(energy); }
  HostMeter(const HostMeter &) = delete;

  /// Why there is none, or "".
  const std::string &problem() const { return missing; }
  /// The longest that one of them needs, s.
  double shortestWindow() const { return shortest; }
  /// What they measure around.
  EnergyScope scope() const { return around; }
  /// "powercap"
  const std::string &name() const { return meter; }
  EnergyMeter interface();

private:
  bool stop(double &joules, double &seconds, std::string &problem);
  /// Calls `use` with each reading that is of the host.
  template <typename Use> void forEachReading(Use use) {
    for (int32_t i = 0; i < rac_energy_num_domains(energy); ++i) {
      RacEnergyReading reading = {};
      rac_energy_reading(energy, i, &reading);
      if (reading.kind != RAC_ENERGY_ACCELERATOR)
        use(reading);
    }
  }

  RacEnergy *energy = nullptr;
  std::string missing, meter;
  double shortest = 0;
  EnergyScope around = EnergyScope::package;
};

} // namespace

HostMeter::HostMeter(const std::string &root) {
  RacEnergyOptions where = {sizeof(where), nullptr, ""};
  if (!root.empty())
    where.sysfs = root.c_str();
  if (rac_energy_open(&where, &energy) != RAC_OK) {
    missing = rac_energy_last_error();
    return;
  }
  bool any = false;
  forEachReading([&](const RacEnergyReading &reading) {
    any = true;
    meter = reading.meter;
    shortest = std::max(shortest, reading.shortest_window_seconds);
    if (reading.kind == RAC_ENERGY_BOARD)
      around = EnergyScope::board;
  });
  if (any)
    return;
  std::vector<std::string> tried;
  for (int32_t i = 0; i < rac_energy_num_attempts(energy); ++i) {
    RacEnergyAttempt attempt = {};
    rac_energy_attempt(energy, i, &attempt);
    tried.push_back(
        (llvm::Twine(attempt.meter) + ": " + attempt.message).str());
  }
  missing = "no meter can be read (" + llvm::join(tried, "; ") + ")";
}

bool HostMeter::stop(double &joules, double &seconds, std::string &problem) {
  if (rac_energy_stop(energy) != RAC_OK) {
    problem = rac_energy_last_error();
    return false;
  }
  joules = seconds = 0;
  forEachReading([&](const RacEnergyReading &reading) {
    joules += reading.joules;
    seconds = std::max(seconds, reading.seconds);
  });
  return true;
}

EnergyMeter HostMeter::interface() {
  return {[this] { rac_energy_start(energy); },
          [this](double &joules, double &seconds, std::string &problem) {
            return stop(joules, seconds, problem);
          }};
}

namespace {

/// What is done while the meter runs: nothing, computing with each kernel,
/// reading each level.
class Works {
public:
  Works(Bench &bench, const MemorySpans &memory)
      : bench(bench), memory(memory) {}
  std::vector<EnergyWork> all() const;

private:
  EnergyWork work(std::string name, int cores,
                  std::function<void(int, int64_t)> chunk,
                  std::function<void(double, EnergyWindow &)> count) const;

  Bench &bench;
  const MemorySpans &memory;
};

} // namespace

/// `chunk(core, times)` on so many cores until the time is over; `count` is
/// told how often.
EnergyWork
Works::work(std::string name, int cores,
            std::function<void(int, int64_t)> chunk,
            std::function<void(double, EnergyWindow &)> count) const {
  size_t numOps = bench.options.kernels.compute.size();
  size_t numLevels = bench.result.device.memory.size();
  auto run = [=, chunk = std::move(chunk),
              count = std::move(count)](double seconds, EnergyWindow &did) {
    did.ops.assign(numOps, 0);
    did.bytes.assign(numLevels, 0);
    std::vector<int64_t> times(cores, 0);
    double taken = runTeam(cores, [&](int core) {
      double end = now() + seconds;
      do {
        chunk(core, 1);
        ++times[core];
      } while (now() < end);
    });
    did.coreSeconds = taken * cores;
    for (int64_t each : times)
      count(each, did);
  };
  return {std::move(name), run};
}

std::vector<EnergyWork> Works::all() const {
  size_t numOps = bench.options.kernels.compute.size();
  size_t numLevels = bench.result.device.memory.size();
  std::vector<EnergyWork> works;
  works.push_back({"idle", [=](double seconds, EnergyWindow &did) {
                     did.ops.assign(numOps, 0);
                     did.bytes.assign(numLevels, 0);
                     std::this_thread::sleep_for(
                         std::chrono::duration<double>(seconds));
                   }});
  constexpr int64_t steps = 1 << 14;
  auto nothing = [](double, EnergyWindow &) {};
  auto spin = [](int, int64_t) { addInTurn(steps); };
  works.push_back(work("one core counts", 1, spin, nothing));
  if (bench.cores() > 1)
    works.push_back(work("all cores count", bench.cores(), spin, nothing));
  for (size_t i = 0; i < numOps; ++i) {
    const ComputeKernel &kernel = bench.options.kernels.compute[i];
    works.push_back(work(
        kernel.what, bench.cores(),
        [run = kernel.run](int, int64_t) { run(steps); },
        [i, ops = kernel.opsPerStep * steps](double times, EnergyWindow &did) {
          did.ops[i] += ops * times;
        }));
  }
  for (const LevelSpans &spans : memory.levels)
    works.push_back(work(
        "reading " + bench.result.device.memory[spans.level].name,
        bench.cores(),
        [&spans, read = bench.options.kernels.read.run](int core, int64_t) {
          read(spans.all[core].begin, spans.all[core].bytes);
        },
        // What comes from a level crosses all that are nearer.
        [&spans](double times, EnergyWindow &did) {
          for (size_t level = 0; level <= spans.level; ++level)
            did.bytes[level] += times * spans.all.front().bytes;
        }));
  return works;
}

static void write(Bench &bench, const EnergyFit &fit, const HostMeter &meter) {
  Device &device = bench.device();
  std::string how = "non-negative fit to " + meter.name() +
                    "'s readings over idling, counting, computing and reading";
  auto watts = [&](Known &slot, llvm::StringRef key,
                   const std::optional<FittedTerm> &term) {
    if (!term)
      return bench.note(key + ": can't be told from the rest of the energy");
    bench.set(slot, key, "W", term->value, term->uncertainty, how, fit.quality);
  };
  watts(device.power.idleWatts, "power.idle_w", fit.idleWatts);
  watts(device.power.coreStaticWatts, "power.core_static_w", fit.coreWatts);
  constexpr double pico = 1e12;
  auto energy = [&](KnownEnergy &slot, const std::string &key,
                    llvm::StringRef unit,
                    const std::optional<FittedTerm> &term) {
    if (!term)
      return bench.note(key + ": can't be told from the rest of the energy");
    bench.setEnergy(slot, key, unit, term->value * pico, term->uncertainty, how,
                    meter.scope(), fit.quality);
  };
  for (auto [kernel, term] :
       llvm::zip(bench.options.kernels.compute, fit.joulesPerOp))
    for (ComputeUnit &unit : device.units)
      if (unit.kind == kernel.unit)
        energy(unit.picojoulesPerOp[kernel.type],
               "units." + unit.name + ".pj_per_op." + nameOf(kernel.type).str(),
               "pJ/op", term);
  for (auto [level, term] : llvm::zip(device.memory, fit.joulesPerByte))
    energy(level.picojoulesPerByte, "memory." + level.name + ".pj_per_byte",
           "pJ/B", term);
}

void rac::measureEnergy(Bench &bench) {
  constexpr llvm::StringLiteral kept = "energies are as they were: ";
  HostMeter meter(bench.options.energyRoot);
  if (!meter.problem().empty())
    return bench.note(kept + meter.problem());
  std::vector<std::string> problems; // told already
  MemorySpans memory(bench.device(), bench.cores(), problems);
  if (!*memory.buffer)
    return bench.note(kept + "there isn't enough memory");
  std::vector<EnergyWork> works = Works(bench, memory).all();
  for (EnergyWork &work : works)
    work.run = [&bench, name = work.name, run = work.run](double seconds,
                                                          EnergyWindow &did) {
      bench.progress("energy: " + name);
      run(seconds, did);
    };
  // A window is uncertain by 4 % at its shortest, by half a percent here.
  double seconds = meter.shortestWindow() * (bench.options.quick ? 1 : 8);
  int rounds = bench.options.quick ? 2 : 5;
  std::string problem;
  std::vector<EnergyWindow> windows =
      measureWindows(works, meter.interface(), seconds, rounds, problem);
  if (windows.empty())
    return bench.note(kept + problem);
  write(bench, fitEnergy(windows), meter);
}
