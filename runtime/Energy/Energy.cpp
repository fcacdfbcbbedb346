//===- Energy.cpp - The C interface of the meters -------------------------===//

#include "Accumulator.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

using namespace rac::energy;

Found rac::energy::findMeters(System &system, const std::string &nvml) {
  Found found;
  // From the narrowest and finest to the widest.
  struct {
    const char *name;
    bool (*find)(System &, Found &);
  } const meters[] = {{"powercap", findPowercap},
                      {"perf", findPerf},
                      {"amd_energy", findAmdEnergy},
                      {"power_meter", findPowerMeter},
                      {"ina3221", findIna3221}};
  const char *used = nullptr;
  for (const auto &meter : meters) {
    if (used)
      found.attempts.push_back(
          {meter.name, false,
           std::string("not tried: it would count again what ") + used +
               " counts"});
    else if (meter.find(system, found))
      used = meter.name;
  }
  findNvml(nvml, found);
  return found;
}

struct RacEnergy {
  RacEnergy(const std::string &sysfs, const std::string &nvml)
      : system(sysfs), found(findMeters(system, nvml)) {
    for (const Domain &domain : found.domains)
      domains.emplace_back(system, domain);
    for (const Accumulator &domain : domains)
      period = std::min(period, domain.period());
  }
  ~RacEnergy() { endSampling(); }

  void start();
  void stop();

  Machine system;
  Found found;
  std::vector<Accumulator> domains;
  bool open = false;

private:
  void sampleUntilStopped();
  void endSampling();

  double period = 1;
  std::thread sampler;
  std::mutex mutex; // of what follows, and of the domains while sampling
  std::condition_variable wake;
  bool stopping = false;
};

void RacEnergy::sampleUntilStopped() {
  std::unique_lock<std::mutex> lock(mutex);
  auto next = std::chrono::steady_clock::now();
  auto step = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(period));
  for (;;) {
    next += step;
    if (wake.wait_until(lock, next, [&] { return stopping; }))
      return;
    for (Accumulator &domain : domains)
      domain.sample();
    // A sensor that answers slowly is read as often as it can be.
    next = std::max(next, std::chrono::steady_clock::now() - step);
  }
}

void RacEnergy::endSampling() {
  if (!sampler.joinable())
    return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  wake.notify_all();
  sampler.join();
  stopping = false;
}

void RacEnergy::start() {
  endSampling();
  open = false;
  for (Accumulator &domain : domains)
    domain.start();
  if (!domains.empty())
    sampler = std::thread([this] { sampleUntilStopped(); });
  open = true;
}

void RacEnergy::stop() {
  endSampling();
  for (Accumulator &domain : domains)
    domain.finish();
  open = false;
}

//===----------------------------------------------------------------------===//
// C
//===----------------------------------------------------------------------===//

static thread_local std::string lastError;

static int fail(RacStatus status, const std::string &message) {
  lastError = message;
  return status;
}

/// Calls `body`; what it throws becomes a status.
template <typename Body> static int guarded(const char *what, Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    lastError.clear(); // no memory for a message either
    return RAC_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    return fail(RAC_FAILED, std::string(what) + ": " + error.what());
  }
}

extern "C" int rac_energy_open(const RacEnergyOptions *options,
                               RacEnergy **energy) {
  return guarded("energy_open", [&]() -> int {
    if (!energy)
      return fail(RAC_INVALID_ARGUMENT,
                  "energy_open: where to put the meters is a null pointer");
    *energy = nullptr;
    if (options && options->size < sizeof(RacEnergyOptions))
      return fail(RAC_INVALID_ARGUMENT,
                  "energy_open: options.size must be sizeof(RacEnergyOptions)");
    const char *sysfs = options ? options->sysfs : nullptr;
    const char *nvml = options ? options->nvml : nullptr;
    *energy = new RacEnergy(sysfs ? sysfs : "/sys",
                            nvml ? nvml : "libnvidia-ml.so.1");
    return RAC_OK;
  });
}

extern "C" void rac_energy_close(RacEnergy *energy) { delete energy; }

extern "C" int32_t rac_energy_num_attempts(const RacEnergy *energy) {
  return energy ? int32_t(energy->found.attempts.size()) : 0;
}

extern "C" int rac_energy_attempt(const RacEnergy *energy, int32_t index,
                                  RacEnergyAttempt *attempt) {
  return guarded("energy_attempt", [&]() -> int {
    if (!attempt || index < 0 || index >= rac_energy_num_attempts(energy))
      return fail(RAC_INVALID_ARGUMENT, "energy_attempt: there is no number " +
                                            std::to_string(index));
    const Attempt &found = energy->found.attempts[index];
    *attempt = {found.meter.c_str(), found.used, found.message.c_str()};
    return RAC_OK;
  });
}

extern "C" int rac_energy_start(RacEnergy *energy) {
  return guarded("energy_start", [&]() -> int {
    if (!energy)
      return fail(RAC_INVALID_ARGUMENT,
                  "energy_start: the meters are a null pointer");
    energy->start();
    return RAC_OK;
  });
}

extern "C" int rac_energy_stop(RacEnergy *energy) {
  return guarded("energy_stop", [&]() -> int {
    if (!energy || !energy->open)
      return fail(RAC_INVALID_ARGUMENT, "energy_stop: no window is open");
    energy->stop();
    for (const Accumulator &domain : energy->domains)
      if (domain.failed())
        return fail(RAC_FAILED, domain.reading().error);
    return RAC_OK;
  });
}

extern "C" int32_t rac_energy_num_domains(const RacEnergy *energy) {
  return energy ? int32_t(energy->domains.size()) : 0;
}

extern "C" int rac_energy_reading(const RacEnergy *energy, int32_t index,
                                  RacEnergyReading *reading) {
  return guarded("energy_reading", [&]() -> int {
    if (!reading || index < 0 || index >= rac_energy_num_domains(energy))
      return fail(RAC_INVALID_ARGUMENT, "energy_reading: there is no number " +
                                            std::to_string(index));
    if (energy->open)
      return fail(RAC_INVALID_ARGUMENT,
                  "energy_reading: the window is still open");
    *reading = energy->domains[index].reading();
    return RAC_OK;
  });
}

extern "C" const char *rac_energy_origin_name(int32_t origin) {
  switch (origin) {
  case RAC_ENERGY_COUNTER:
    return "counter";
  case RAC_ENERGY_INTEGRATED_POWER:
    return "integrated-power";
  case RAC_ENERGY_MODELLED:
    return "modelled";
  case RAC_ENERGY_TDP:
    return "tdp";
  default:
    return nullptr;
  }
}

extern "C" const char *rac_energy_kind_name(int32_t kind) {
  switch (kind) {
  case RAC_ENERGY_PROCESSOR:
    return "processor";
  case RAC_ENERGY_MEMORY:
    return "memory";
  case RAC_ENERGY_BOARD:
    return "board";
  case RAC_ENERGY_ACCELERATOR:
    return "accelerator";
  default:
    return nullptr;
  }
}

extern "C" const char *rac_energy_last_error(void) { return lastError.c_str(); }
