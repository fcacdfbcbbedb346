//===- Accumulator.h - A domain's energy over a window ----------*- C++ -*-===//

#ifndef RAC_RUNTIME_ENERGY_ACCUMULATOR_H
#define RAC_RUNTIME_ENERGY_ACCUMULATOR_H

#include "Domain.h"

namespace rac::energy {

/// Adds up what a counter counts, or integrates power by the trapezoidal rule.
class Accumulator {
public:
  Accumulator(System &system, Domain domain)
      : system(system), domain(std::move(domain)) {}

  /// Begins a window.
  void start();
  /// To be called at least every `period` seconds.
  void sample();
  /// Ends the window.
  void finish();
  /// A counter's is for its wrapping, power's for its changes.
  double period() const;

  RacEnergyReading reading() const;
  bool failed() const { return !error.empty(); }

private:
  Error read(uint64_t &raw) const;
  void add(uint64_t raw, double elapsed);
  void fail(const Error &why);

  System &system;
  Domain domain;
  uint64_t last = 0;
  double begin = 0, end = 0, joules = 0;
  int64_t samples = 0;
  Error error;
};

} // namespace rac::energy

#endif // RAC_RUNTIME_ENERGY_ACCUMULATOR_H
