//===- Sampler.cpp - Times of short runs, taken in turn -------------------===//

#include "Sampler.h"
#include "rac/Calibrate/Fit.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <chrono>
#include <numeric>

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
    // A core that was taken away must not pass for a slow one.
    double taken =
        std::min({probe.run(times), probe.run(times), probe.run(times)});
    if (taken >= seconds / 2 || times >= most)
      return taken > 0 ? std::max<int64_t>(1, times * (seconds / taken))
                       : times;
    // At most tenfold: the first few may have been slow.
    double factor = taken > 0 ? seconds / taken : 10;
    times = std::max<int64_t>(times + 1, times * std::min(factor, 10.0));
  }
}

static Timing timingOf(const std::vector<double> &seconds) {
  Timing timing;
  timing.seconds = quantile(seconds, 0.25);
  timing.spread = quantile(seconds, 0.75) / timing.seconds - 1;
  return timing;
}

std::vector<Timing> rac::timeInTurn(llvm::ArrayRef<Probe> probes,
                                    const SamplerOptions &options) {
  auto tell = [&](const Probe &probe) {
    if (options.progress)
      options.progress(probe.name);
  };
  std::vector<int64_t> times;
  for (const Probe &probe : probes) {
    tell(probe);
    times.push_back(timesFor(probe, options.seconds));
  }
  std::vector<Timing> timings(probes.size());
  std::vector<size_t> wanted(probes.size());
  std::iota(wanted.begin(), wanted.end(), 0);
  for (int attempt = 0; attempt < options.attempts && !wanted.empty();
       ++attempt) {
    std::vector<std::vector<double>> seconds(probes.size());
    for (int round = 0; round < options.rounds; ++round)
      for (size_t i : wanted) {
        tell(probes[i]);
        seconds[i].push_back(probes[i].run(times[i]) / times[i]);
      }
    for (size_t i : wanted) {
      Timing timing = timingOf(seconds[i]);
      if (attempt == 0 || timing.spread < timings[i].spread)
        timings[i] = timing;
    }
    // By comparison so that a time of 0, whose spread is no number, is done.
    llvm::erase_if(wanted, [&](size_t i) {
      return !(timings[i].spread > options.mostSpread);
    });
  }
  return timings;
}
