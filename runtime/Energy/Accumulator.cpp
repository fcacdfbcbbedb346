//===- Accumulator.cpp - A domain's energy over a window ------------------===//

#include "Accumulator.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace rac::energy;

void Accumulator::fail(const Error &why) {
  char when[64];
  snprintf(when, sizeof(when), " (%.3f s after the start)",
           system.seconds() - begin);
  error = why + when;
}

Error Accumulator::read(uint64_t &raw) const {
  Error why = domain.read(raw);
  if (why.empty() && domain.range && raw > domain.range)
    why = domain.source + ": it holds " + std::to_string(raw) +
          ", above its range of " + std::to_string(domain.range);
  return why;
}

void Accumulator::start() {
  joules = 0;
  samples = 0;
  error.clear();
  begin = end = system.seconds();
  if (Error why = read(last); !why.empty())
    return fail(why);
  begin = end = system.seconds();
  samples = 1;
}

void Accumulator::sample() {
  if (failed())
    return;
  uint64_t raw = 0;
  if (Error why = read(raw); !why.empty())
    return fail(why);
  double now = system.seconds();
  add(raw, now - end);
  last = raw;
  end = now;
  ++samples;
}

void Accumulator::finish() {
  sample();
  // No part of a machine that is on takes nothing.
  if (!failed() && domain.origin == RAC_ENERGY_COUNTER && joules == 0 &&
      end - begin >= kUpdatesPerWindow * domain.update)
    fail(domain.source + ": it did not move from " + std::to_string(last) +
         "; the machine, or the virtual machine, does not count");
}

void Accumulator::add(uint64_t raw, double elapsed) {
  if (domain.origin == RAC_ENERGY_INTEGRATED_POWER) {
    joules += (double(last) + double(raw)) / 2 * domain.unit * elapsed;
    return;
  }
  std::string went =
      "it went from " + std::to_string(last) + " to " + std::to_string(raw);
  if (domain.range == 0) {
    if (raw < last)
      return fail(domain.source + ": " + went +
                  ", and is no counter that wraps");
    joules += double(raw - last) * domain.unit;
    return;
  }
  if (elapsed > wrapSeconds(domain))
    return fail(domain.source + ": it was not read for " +
                std::to_string(elapsed) + " s and may have wrapped unseen");
  // The value after the largest is 0.
  uint64_t steps = raw >= last ? raw - last : domain.range - last + raw + 1;
  joules += double(steps) * domain.unit;
}

double Accumulator::period() const {
  constexpr double kCounterPeriod = 1; // s: often enough, and costs nothing
  if (domain.origin == RAC_ENERGY_INTEGRATED_POWER)
    return domain.update;
  if (domain.range == 0)
    return kCounterPeriod;
  return std::min(kCounterPeriod, wrapSeconds(domain) / 2);
}

RacEnergyReading Accumulator::reading() const {
  RacEnergyReading reading = {};
  reading.domain = domain.name.c_str();
  reading.meter = domain.meter.c_str();
  reading.source = domain.source.c_str();
  reading.kind = domain.kind;
  reading.origin = domain.origin;
  reading.joules = failed() ? NAN : joules;
  reading.seconds = end - begin;
  reading.resolution_joules = domain.origin == RAC_ENERGY_COUNTER
                                  ? domain.unit
                                  : domain.unit * domain.update;
  reading.update_seconds = domain.update;
  reading.shortest_window_seconds = kUpdatesPerWindow * domain.update;
  reading.too_short = reading.seconds < reading.shortest_window_seconds;
  reading.samples = samples;
  reading.error = failed() ? error.c_str() : nullptr;
  return reading;
}
