//===- FitKernelEnergy.cpp - Joules of a GPU's operations and bytes -------===//

#include "FitKernels.h"

using namespace rac;

namespace {

/// Columns of the linear system, by the key of the coefficient.
class Amounts {
public:
  double &of(size_t window, const std::string &key) {
    auto [place, isNew] = columns.try_emplace(key, numWindows, 0.0);
    return place->second[window];
  }
  explicit Amounts(size_t numWindows) : numWindows(numWindows) {}
  /// A window's energy is a sum of these.
  std::map<std::string, std::vector<double>> columns;

private:
  size_t numWindows;
};

} // namespace

/// What all kernels of a network do in a run; `share`: of the device's cores at
/// work, in the mean over the time.
static std::map<std::string, double>
amountsOf(const SampledNetwork &network, const Device &device, double &share) {
  std::map<std::string, double> amounts;
  Unknowns unknowns;
  Assumptions assumptions;
  assumptions.modelBytes = network.modelBytes;
  DeviceModel model(device, assumptions, 1, unknowns);
  double busy = 0, seconds = 0;
  for (const SampledGroup &group : network.groups)
    for (const KernelCost &kernel :
         model.kernels(group.candidate, group.plan)) {
      for (const KernelCost::Ops &ops : kernel.ops)
        amounts["units." + ops.unit->name + ".pj_per_op." +
                nameOf(ops.unit->opsPerClock.count(ops.type) ? ops.type
                                                             : DataType::f32)
                    .str()] += ops.count;
      for (auto [level, moved] : llvm::zip_equal(device.memory, kernel.bytes))
        amounts["memory." + level.name + ".pj_per_byte"] += moved;
      double took = kernel.formula.seconds({});
      busy += took * kernel.busyCores;
      seconds += took;
    }
  share = seconds > 0 ? busy / seconds : 0;
  return amounts;
}

static std::string keyOfOps(const std::string &name) {
  auto [unit, type] = llvm::StringRef(name).split('.');
  return ("units." + unit + ".pj_per_op." + type).str();
}

KernelEnergyFit rac::fitKernelEnergy(llvm::ArrayRef<SampledWindow> windows,
                                     llvm::ArrayRef<SampledNetwork> networks,
                                     const Device &device) {
  KernelEnergyFit fit;
  fit.windows.what = "windows of energy";
  fit.windows.count = windows.size();
  if (windows.empty())
    return fit;
  Amounts amounts(windows.size());
  for (auto [i, window] : llvm::enumerate(windows)) {
    amounts.of(i, "power.idle_w") = window.seconds;
    if (window.isActive)
      amounts.of(i, "power.device_static_w") = window.seconds;
    double cores = window.cores;
    for (const SampledNetwork &network : networks)
      if (network.name == window.network)
        for (const auto &[key, amount] : amountsOf(network, device, cores))
          amounts.of(i, key) = amount * window.runs;
    amounts.of(i, "power.core_static_w") = cores * window.seconds;
    for (const auto &[name, count] : window.ops)
      amounts.of(i, keyOfOps(name)) = count;
    for (const auto &[name, moved] : window.bytes)
      amounts.of(i, "memory." + name + ".pj_per_byte") = moved;
  }

  std::vector<Observation> observations(windows.size());
  for (auto [i, window] : llvm::enumerate(windows)) {
    observations[i].measured = window.joules;
    for (const auto &[key, column] : amounts.columns)
      observations[i].amounts.push_back(column[i]);
  }
  LinearFit linear = fitTerms(observations);
  fit.windows.after = linear.quality;
  std::vector<double> guesses(windows.size());
  constexpr double pico = 1e12;
  for (auto [column, term] : llvm::zip_equal(amounts.columns, linear.terms)) {
    const auto &[key, values] = column;
    if (!term) {
      fit.notes.push_back(key + ": can't be told from the rest of the energy");
      continue;
    }
    for (auto [guess, amount] : llvm::zip_equal(guesses, values))
      guess += amount * term->value;
    bool isEnergy = llvm::StringRef(key).contains("pj_per_");
    FittedTerm each = *term;
    if (isEnergy)
      each.value *= pico;
    fit.terms.push_back({key, isEnergy, each});
  }
  for (auto [window, guess] : llvm::zip_equal(windows, guesses))
    fit.each.push_back({window.name, window.joules, guess});
  return fit;
}
