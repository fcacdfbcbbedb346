//===- KernelCost.cpp - Time and energy of a kernel -----------------------===//

#include "rac/Cost/KernelCost.h"

using namespace mlir;
using namespace rac;

void KernelCost::countOps(const ComputeUnit &unit, DataType type,
                          double count) {
  for (Ops &known : ops)
    if (known.unit == &unit && known.type == type) {
      known.count += count;
      return;
    }
  ops.push_back({&unit, type, count});
}

void KernelCost::addEnergy(Coefficients &coefficients,
                           Estimate &estimate) const {
  constexpr double pico = 1e-12;
  double all = coefficients.getDevice().topology.cores->v;
  double share = std::min(1.0, cores / all);
  // What only moves data counts no operations, but needs to know of their
  // scope.
  KernelCost moving;
  ArrayRef<Ops> counted = ops;
  if (counted.empty()) {
    moving.countOps(coefficients.vectorUnit(), DataType::f32, 0);
    counted = moving.ops;
  }
  bool modelled = llvm::all_of(counted, [&](const Ops &o) {
    return coefficients.opEnergy(*o.unit, o.type) != nullptr;
  });
  if (!modelled) {
    // All the power that so many cores may take: a bound.
    estimate.joules.reset();
    estimate.joulesOrigin = JoulesOrigin::tdp;
    if (const Coefficient *tdp = coefficients.tdp())
      estimate.joules = estimate.seconds *
                        Interval(tdp->value, tdp->low(), tdp->high()) *
                        Interval(share);
    return;
  }
  Interval sum;
  auto add = [&](double amount, const Coefficient &each) {
    sum += Interval(amount) * Interval(each.value, each.low(), each.high());
    return amount * each.value;
  };
  for (const Ops &o : counted)
    estimate.breakdown.opsJoules +=
        add(o.count * pico, *coefficients.opEnergy(*o.unit, o.type));
  EnergyScope scope =
      *coefficients.energyScope(*counted.front().unit, counted.front().type);
  for (size_t level = 0; level < bytes.size(); ++level)
    estimate.breakdown.bytesJoules.push_back(
        add(bytes[level] * pico, coefficients.byteEnergy(level, scope)));
  auto hold = [&](const Coefficient &watts, double part) {
    sum += estimate.seconds * Interval(watts.value, watts.low(), watts.high()) *
           Interval(part);
    estimate.breakdown.staticJoules +=
        estimate.seconds.value * watts.value * part;
  };
  hold(coefficients.idle(), share);
  hold(coefficients.deviceStatic(), share);
  hold(coefficients.coreStatic(), std::min(busyCores, all));
  estimate.joules = sum;
}

std::optional<double> KernelCost::joules(Coefficients &coefficients,
                                         double seconds) const {
  Estimate estimate;
  estimate.seconds = seconds;
  addEnergy(coefficients, estimate);
  return estimate.joules ? std::optional(estimate.joules->value) : std::nullopt;
}

Estimate KernelCost::estimate(Coefficients &coefficients,
                              MLIRContext *ctx) const {
  using Values = TimeFormula::Values;
  Estimate estimate;
  estimate.flops = flops;
  auto at = [&](Values::Bound all, const Coefficient *one = nullptr,
                double value = 0) {
    return formula.seconds({all, one, value});
  };
  estimate.seconds = {
      formula.seconds({Values::thought, nullptr, 0}, &estimate.breakdown),
      at(Values::best), at(Values::worst)};
  for (const Coefficient *c : formula.coefficients()) {
    double low = at(Values::thought, c, c->low()),
           high = at(Values::thought, c, c->high());
    estimate.coefficients.push_back(
        {c, std::min(low, high), std::max(low, high)});
  }
  for (auto [level, moved] :
       llvm::zip_equal(coefficients.getDevice().memory, bytes))
    estimate.bytes.push_back({StringAttr::get(ctx, level.name), moved});
  estimate.breakdown.fillBytes = fills;
  addEnergy(coefficients, estimate);
  return estimate;
}
