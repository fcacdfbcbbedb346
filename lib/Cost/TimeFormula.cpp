//===- TimeFormula.cpp - Seconds as a function of coefficients ------------===//

#include "rac/Cost/TimeFormula.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace llvm;
using namespace rac;

double TimeFormula::Values::of(const Coefficient &coefficient) const {
  if (&coefficient == one)
    return oneAt;
  if (all == thought)
    return coefficient.value;
  return (all == best) == coefficient.isRate ? coefficient.high()
                                             : coefficient.low();
}

/// (sum t^p)^(1/p), scaled so that nothing overflows.
static double together(ArrayRef<double> times, double p) {
  double longest = 0, sum = 0;
  for (double t : times)
    longest = std::max(longest, t);
  if (longest == 0)
    return 0;
  for (double t : times)
    sum += std::pow(t / longest, p);
  return longest * std::pow(sum, 1 / p);
}

double TimeFormula::seconds(const Values &values, Breakdown *breakdown) const {
  auto of = [&](const Coefficient *coefficient) {
    return coefficient ? values.of(*coefficient) : 1;
  };
  double compute = 0, hidden = 0;
  for (const Compute &c : computes) {
    double rate = of(c.peak) * of(c.fraction) * c.utilization;
    double time = c.ops / rate;
    for (const Compute::Half &h : c.halves)
      time *= 1 + of(h.half) / h.size;
    (c.isHidden ? hidden : compute) += time;
  }
  compute /= speedup;
  hidden /= speedup;
  SmallVector<double> times = {compute, hidden}, all = {};
  double waited = 0, near = 0, ahead = 0;
  for (const Transfer &t : transfers) {
    double rate = of(t.core);
    if (t.latency && t.inFlight > 0)
      rate = std::min(rate, t.inFlight / of(t.latency));
    double seconds = t.bytes > 0 ? t.bytes / (rate * speedup) : 0;
    if (t.device)
      seconds = std::max(seconds, (t.bytes + t.backBytes - t.sharedBytes) /
                                      of(t.device));
    if (t.peerBytes > 0)
      seconds += t.peerBytes / (of(t.peer) * speedup);
    all.push_back(seconds);
    switch (t.kind) {
    case Transfer::overlaps:
      times.push_back(all.back());
      break;
    case Transfer::addsUp:
      near += all.back();
      break;
    case Transfer::isWaitedFor:
      waited += (1 - t.ahead) * all.back();
      ahead += t.ahead * all.back();
      break;
    }
  }
  times.append({near, ahead});
  double overhead = 0;
  for (const Overhead &o : overheads)
    overhead += o.times * of(o.each);
  if (breakdown) {
    breakdown->computeSeconds = compute + hidden;
    breakdown->transferSeconds.assign(all.begin(), all.end());
    breakdown->overheadSeconds = overhead;
  }
  if (starts.each)
    times.push_back(starts.times * of(starts.each));
  // An exponent below 1 would add to the sum.
  double exponent = std::max(1.0, of(overlap));
  // Best for 600 groups of small networks on Emerald Rapids, on one core and on
  // two, whatever else was fitted.
  constexpr double mostOfWaits = 1.5;
  double own = together(times, exponent);
  return afterWaits * own +
         together({(1 - afterWaits) * own, waited},
                  std::min(exponent, mostOfWaits)) +
         overhead;
}

SmallVector<const Coefficient *, 16> TimeFormula::coefficients() const {
  SmallVector<const Coefficient *, 16> used;
  auto add = [&](const Coefficient *coefficient) {
    if (coefficient && !is_contained(used, coefficient))
      used.push_back(coefficient);
  };
  for (const Compute &c : computes) {
    add(c.peak);
    add(c.fraction);
    for (const Compute::Half &h : c.halves)
      add(h.half);
  }
  for (const Transfer &t : transfers)
    if (t.bytes > 0 || t.peerBytes > 0 || t.backBytes > 0) {
      add(t.core);
      add(t.device);
      add(t.latency);
      add(t.peer);
    }
  add(starts.each);
  add(overlap);
  for (const Overhead &o : overheads)
    add(o.each);
  return used;
}
