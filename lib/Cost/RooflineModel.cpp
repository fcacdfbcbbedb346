//===- RooflineModel.cpp - Time by compute and bandwidth ------------------===//

#include "rac/Cost/CostModel.h"

using namespace mlir;
using namespace rac;

namespace {

/// The numbers that the model takes from a device, for one type. Those that
/// nobody knows are stood in for, and noted.
class Rates {
public:
  Rates(const Device &device, DataType type, Unknowns &unknowns)
      : device(device), unknowns(unknowns), type(type) {}

  /// op/s of one core in code that is vectorised, its operands at hand.
  double vector() { return peak(*vectorUnit()); }
  /// op/s of one core in a matrix product and in other contractions, on the
  /// unit that is best at it.
  double matmul(bool library) {
    return library ? this->library()
                   : generated(vectorUnit()->generatedFraction,
                               "generated_fraction");
  }
  double contraction(bool library) {
    return library ? this->library()
                   : generated(vectorUnit()->generatedConvFraction,
                               "generated_conv_fraction");
  }
  double coreBandwidth();   ///< B/s
  double deviceBandwidth(); ///< B/s
  double launch() {
    return seconds(device.overheads.launchSeconds, "launch_s");
  }
  double libraryCall() {
    return seconds(device.overheads.libraryCallSeconds, "library_call_s");
  }
  double forkJoin() {
    return seconds(device.overheads.forkJoinSeconds, "fork_join_s");
  }
  /// W of one core at work: an upper bound, its share of the TDP. Negative:
  /// unknown.
  double coreWatts();

private:
  double peak(const ComputeUnit &unit);
  double library();
  double generated(const NumberByType &fractions, StringRef key) {
    return attained(*vectorUnit(), fractions, key);
  }
  /// The peak, and what is attained of it.
  double attained(const ComputeUnit &unit, const NumberByType &fractions,
                  StringRef key);
  const ComputeUnit *vectorUnit() {
    const ComputeUnit *unit = device.unit(UnitKind::simd);
    return unit ? unit : &device.units.front();
  }
  double seconds(const Known &number, StringRef key) {
    return unknowns.valueOr(number, "overheads." + key, 0, "left out");
  }

  const Device &device;
  Unknowns &unknowns;
  DataType type;
};

double Rates::peak(const ComputeUnit &unit) {
  if (Known known = device.peakOpsPerSecond(unit, type))
    return known->v;
  // Two operations at a time, a thousand million times a second: any core does.
  constexpr double modest = 2e9;
  Known f32 = device.peakOpsPerSecond(unit, DataType::f32);
  double instead = f32 ? f32->v : modest;
  unknowns.add("units." + unit.name + ".ops_per_clock." + nameOf(type), instead,
               f32 ? "as for f32" : "a modest core's");
  return instead;
}

double Rates::attained(const ComputeUnit &unit, const NumberByType &fractions,
                       StringRef key) {
  auto known = fractions.find(type);
  return peak(unit) *
         unknowns.valueOr(known == fractions.end() ? Known() : known->second,
                          "units." + unit.name + "." + key + "." + nameOf(type),
                          1, "the peak");
}

double Rates::library() {
  const ComputeUnit *best = vectorUnit();
  for (const ComputeUnit &unit : device.units)
    if (Known known = device.peakOpsPerSecond(unit, type);
        known && known->v > peak(*best))
      best = &unit;
  return attained(*best, best->libraryFraction, "library_fraction");
}

double Rates::deviceBandwidth() {
  // One channel of DDR4-3200: the least that a machine has today.
  constexpr double oneChannel = 25.6e9;
  const MemoryLevel &memory = device.mainMemory();
  return unknowns.valueOr(memory.deviceBytesPerSecond,
                          "memory." + memory.name + ".device_bytes_per_s",
                          oneChannel, "one channel of DDR4-3200");
}

double Rates::coreBandwidth() {
  const MemoryLevel &memory = device.mainMemory();
  return unknowns.valueOr(memory.coreBytesPerSecond,
                          "memory." + memory.name + ".core_bytes_per_s",
                          deviceBandwidth() / device.topology.cores->v,
                          "an equal share of the device's");
}

double Rates::coreWatts() {
  constexpr double unknown = -1;
  double watts = unknowns.valueOr(device.power.tdpWatts, "power.tdp_w", unknown,
                                  "nothing: the energy is unknown");
  if (watts < 0)
    return unknown;
  return watts / device.topology.cores->v;
}

} // namespace

Estimate RooflineModel::estimate(const Candidate &candidate,
                                 PlanAttr plan) const {
  Work work = analyzeWork(candidate, assumptions);
  bool library = plan.getKind() == KernelKind::library;
  int64_t used = plan.getThreads() > 0 ? plan.getThreads() : threads;
  used = std::max<int64_t>(1, used);

  Rates rates(device, dataTypeOf(plan.getPrecision()).value_or(DataType::f32),
              unknowns);
  // An op that is no multiply-add does half of what the unit counts for one.
  double compute = work.elementwise / (rates.vector() / 2);
  if (work.matmul > 0)
    compute += work.matmul / rates.matmul(library);
  double contraction =
      work.contraction > 0 ? work.contraction / rates.contraction(library) : 0;
  compute /= used;
  contraction /= used;
  double transfer = work.bytes / std::min(rates.coreBandwidth() * used,
                                          rates.deviceBandwidth());
  double overhead = rates.launch() + (library ? rates.libraryCall() : 0) +
                    (used > 1 ? (used - 1) * rates.forkJoin() : 0);

  Estimate cost;
  cost.breakdown.computeSeconds = compute + contraction;
  cost.breakdown.transferSeconds = {transfer};
  cost.breakdown.overheadSeconds = overhead;
  // Generated convolutions walk their filters with strides, which nothing
  // fetches ahead: they wait for memory, then compute.
  cost.seconds = library ? std::max(compute + contraction, transfer) + overhead
                         : std::max(compute, transfer) + contraction + overhead;
  double watts = rates.coreWatts();
  cost.joules.reset();
  if (watts >= 0)
    cost.joules = cost.seconds.value * used * watts;
  cost.joulesOrigin = JoulesOrigin::tdp;
  cost.flops = work.matmul + work.contraction + work.elementwise;
  auto name = StringAttr::get(plan.getContext(), device.mainMemory().name);
  cost.bytes = {{name, work.bytes}};
  return cost;
}
