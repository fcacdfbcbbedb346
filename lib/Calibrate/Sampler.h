//===- Sampler.h - Times of short runs, taken in turn -----------*- C++ -*-===//
//
// A machine that is shared, or changes its clock, is slower at some times than
// at others. So nothing is measured in one go: all probes take turns, each for
// a few milliseconds, round after round.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_CALIBRATE_SAMPLER_H
#define RAC_LIB_CALIBRATE_SAMPLER_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rac {

/// Something to time.
struct Probe {
  std::string name; ///< for the progress
  /// Does it so many times; returns the seconds that took.
  std::function<double(int64_t times)> run;
};

/// Seconds of doing it once.
struct Timing {
  /// The lower quartile of the rounds: what it takes when hardly disturbed.
  double seconds = 0;
  /// What lies between the quartiles, relative to `seconds`.
  double spread = 0;
};

struct SamplerOptions {
  double seconds = 4e-3; ///< of one turn
  int rounds = 15;
  /// What spreads by more was disturbed, and is timed again, so many times in
  /// all; the timing that spreads least counts.
  double mostSpread = 0.25;
  int attempts = 3;
  std::function<void(const std::string &)> progress; ///< may be empty
};

/// Each probe's timing, in their order.
std::vector<Timing> timeInTurn(llvm::ArrayRef<Probe> probes,
                               const SamplerOptions &options);

/// s of a monotonic clock.
double now();

/// How long `action()` takes, s.
template <typename Action> double secondsOf(Action action) {
  double start = now();
  action();
  return now() - start;
}

} // namespace rac

#endif // RAC_LIB_CALIBRATE_SAMPLER_H
