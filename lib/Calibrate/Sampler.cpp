//===- Sampler.cpp - Times of short runs, taken in turn -------------------===//

#include "Sampler.h"
#include "rac/Calibrate/Fit.h"
#include <algorithm>
#include <chrono>

using namespace rac;

double rac::now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

/// How often a turn does it: as often as takes the time. Warms up, too.
static int64_t timesFor(const Probe &probe, double seconds) {
  constexpr int64_t most = 1 << 30; // a clock that stands still ends here
  probe.run(1);
  int64_t times = 1;
  while (true) {
    double taken = probe.run(times);
    if (taken >= seconds / 2 || times >= most)
      return taken > 0 ? std::max<int64_t>(1, times * (seconds / taken))
                       : times;
    // At most tenfold: the first few may have been slow.
    double factor = taken > 0 ? seconds / taken : 10;
    times = std::max<int64_t>(times + 1, times * std::min(factor, 10.0));
  }
}

std::vector<Timing> rac::timeInTurn(llvm::ArrayRef<Probe> probes,
                                    const SamplerOptions &options) {
  std::vector<int64_t> times;
  for (const Probe &probe : probes) {
    if (options.progress)
      options.progress(probe.name);
    times.push_back(timesFor(probe, options.seconds));
  }
  std::vector<std::vector<double>> seconds(probes.size());
  for (int round = 0; round < options.rounds; ++round)
    for (size_t i = 0; i < probes.size(); ++i) {
      if (options.progress)
        options.progress(probes[i].name);
      seconds[i].push_back(probes[i].run(times[i]) / times[i]);
    }
  std::vector<Timing> timings;
  for (std::vector<double> &list : seconds) {
    Timing timing;
    timing.seconds = quantile(list, 0.25);
    timing.spread = quantile(list, 0.75) / timing.seconds - 1;
    timings.push_back(timing);
  }
  return timings;
}
