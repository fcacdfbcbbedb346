//===- Energy.cpp - Measuring the energy of runs --------------------------===//

#include "Energy.h"

#include <algorithm>
#include <cmath>
#include <thread>

/// At least so long is the machine watched while idle, s: 1000 updates of a
/// processor's counter.
static constexpr double kIdleSeconds = 1;
/// Before that it may calm down, s: threads that wait for work spin at first
/// (docs/ThreadPool.md).
static constexpr double kCalmSeconds = 0.1;

static void sleepFor(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

std::string triedMeters(const EnergyResult &result) {
  std::string lines;
  for (const EnergyAttempt &attempt : result.attempts)
    lines += text("\n         %-12s %s%s", attempt.meter.c_str(),
                  attempt.used ? "reads " : "", attempt.message.c_str());
  return lines;
}

bool EnergyMeter::counted(int32_t kind) const {
  return onAccelerator || kind != RAC_ENERGY_ACCELERATOR;
}

void EnergyMeter::open(const Options &options, const Model &model) {
  if (options.energy == EnergyWanted::No)
    return;
  result.wanted = true;
  const Json &plan = model.description["plan"];
  if (plan["joules"].kind == Json::Number) {
    result.predicted = plan["joules"].number;
    result.predictedOrigin = plan["joules_origin"].string.empty()
                                 ? rac_energy_origin_name(RAC_ENERGY_MODELLED)
                                 : plan["joules_origin"].string;
  }
  onAccelerator = model.description["target"].string.rfind("nvptx", 0) == 0;
  RacEnergyOptions where = {sizeof(where), nullptr, nullptr};
  if (!options.energyRoot.empty()) {
    // What is real and what is simulated must not be mixed.
    where.sysfs = options.energyRoot.c_str();
    where.nvml = "";
  }
  if (!options.energyNvml.empty())
    where.nvml = options.energyNvml.c_str();
  if (rac_energy_open(&where, &energy) != RAC_OK)
    die("--energy: %s", rac_energy_last_error());
  for (int32_t i = 0; i < rac_energy_num_attempts(energy); ++i) {
    RacEnergyAttempt attempt = {};
    rac_energy_attempt(energy, i, &attempt);
    result.attempts.push_back(
        {attempt.meter, attempt.message, attempt.used != 0});
  }
  bool any = false;
  for (int32_t i = 0; i < rac_energy_num_domains(energy); ++i) {
    RacEnergyReading reading = {};
    rac_energy_reading(energy, i, &reading);
    if (!counted(reading.kind))
      continue;
    any = true;
    shortest = std::max(shortest, reading.shortest_window_seconds);
  }
  shortest = std::max(shortest, options.energyWindow);
  if (!any)
    result.problem = text("there is no meter of what the model runs on, the %s",
                          onAccelerator ? "accelerator" : "processor");
  if (!any && options.energy == EnergyWanted::Required)
    die("--energy=require: %s:%s", result.problem.c_str(),
        triedMeters(result).c_str());
}

/// Ends a window; notes the domain that failed, if one did.
bool EnergyMeter::finish() {
  if (rac_energy_stop(energy) == RAC_OK)
    return true;
  for (int32_t i = 0; i < rac_energy_num_domains(energy); ++i) {
    RacEnergyReading reading = {};
    rac_energy_reading(energy, i, &reading);
    if (reading.error && counted(reading.kind))
      result.problem = text("%s: %s", reading.domain, reading.error);
  }
  return result.problem.empty();
}

void EnergyMeter::measureIdle() {
  if (!active())
    return;
  sleepFor(kCalmSeconds);
  start();
  sleepFor(std::max(shortest, kIdleSeconds));
  finish();
  for (int32_t i = 0; i < rac_energy_num_domains(energy); ++i) {
    RacEnergyReading reading = {};
    rac_energy_reading(energy, i, &reading);
    result.domains.push_back(
        {reading.domain, reading.meter, reading.source,
         rac_energy_kind_name(reading.kind),
         rac_energy_origin_name(reading.origin), NAN, NAN,
         reading.joules / reading.seconds, reading.resolution_joules,
         reading.shortest_window_seconds, false, counted(reading.kind),
         reading.error ? reading.error : ""});
    result.idleSeconds = std::max(result.idleSeconds, reading.seconds);
  }
}

void EnergyMeter::start() {
  if (active() && rac_energy_start(energy) != RAC_OK)
    die("--energy: %s", rac_energy_last_error());
}

void EnergyMeter::stop() {
  if (!active())
    return;
  result.measured = finish();
  result.origin = rac_energy_origin_name(RAC_ENERGY_COUNTER);
  for (int32_t i = 0; i < rac_energy_num_domains(energy); ++i) {
    RacEnergyReading reading = {};
    rac_energy_reading(energy, i, &reading);
    EnergyDomain &domain = result.domains[i];
    domain.joules = reading.joules;
    domain.seconds = reading.seconds;
    domain.tooShort = reading.too_short;
    if (reading.error)
      domain.error = reading.error;
    if (!domain.counted)
      continue;
    result.joules += domain.joules;
    result.idleWatts += domain.idleWatts;
    result.seconds = std::max(result.seconds, domain.seconds);
    if (reading.origin == RAC_ENERGY_INTEGRATED_POWER)
      result.origin = domain.origin;
  }
}
