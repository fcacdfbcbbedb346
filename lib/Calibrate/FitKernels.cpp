//===- FitKernels.cpp - Coefficients of a GPU's kernels -------------------===//

#include "FitKernels.h"
#include "rac/Calibrate/Search.h"
#include <cmath>
#include <limits>

using namespace rac;

namespace {

class Problem {
public:
  Problem(llvm::ArrayRef<SampledNetwork> networks, const Device &device);
  KernelFit solve();

private:
  struct Sample {
    size_t network;
    double seconds;
    llvm::SmallVector<KernelCost, 4> kernels;
  };
  void addParameters(const TimeFormula &formula, const Device &device);
  void apply();
  double predict(const Sample &sample) const;
  double loss();
  /// Groups of whole models or of others; or whole models.
  FitQuality qualityOfGroups(bool models, size_t &count) const;
  FitQuality qualityOfModels(size_t &count) const;
  void judge(std::vector<Agreement> &agreements, bool before) const;

  llvm::ArrayRef<SampledNetwork> networks;
  Unknowns unknowns;
  std::map<double, DeviceModel> models; ///< by bytes of the network
  std::vector<Sample> samples;
  std::map<std::string, double> values; ///< by name
  std::vector<Parameter> parameters;    ///< whose numbers are the values
};

} // namespace

/// Whether kernels tell of it, and between which bounds it may be.
static std::optional<std::pair<double, double>>
boundsOf(const Coefficient &coefficient) {
  llvm::StringRef name = coefficient.name;
  // Clocks may be a tenth above those that peaks are told for.
  if (name.starts_with("units."))
    return name.contains("_fraction.") ? std::optional(std::pair(1e-3, 1.1))
                                       : std::nullopt;
  if (name == "execution.overlap_exponent")
    return std::pair(1.0, 16.0);
  // From other chips, or measured alone: in company it is another, but of the
  // same order.
  constexpr double most = 4;
  if (coefficient.value > 0 &&
      (name.starts_with("overheads.") || name.starts_with("memory.")))
    return std::pair(coefficient.value / most, coefficient.value * most);
  return std::nullopt;
}

Problem::Problem(llvm::ArrayRef<SampledNetwork> networks, const Device &device)
    : networks(networks) {
  for (const auto &[number, network] : llvm::enumerate(networks)) {
    Assumptions assumptions;
    assumptions.modelBytes = network.modelBytes;
    DeviceModel &model =
        models.try_emplace(network.modelBytes, device, assumptions, 1, unknowns)
            .first->second;
    for (const SampledGroup &group : network.groups) {
      samples.push_back(
          {number, group.seconds, model.kernels(group.candidate, group.plan)});
      if (group.seconds > 0 && !network.isModel)
        for (const KernelCost &kernel : samples.back().kernels)
          addParameters(kernel.formula, device);
    }
  }
}

void Problem::addParameters(const TimeFormula &formula, const Device &device) {
  for (const Coefficient *coefficient : formula.coefficients()) {
    auto bounds = boundsOf(*coefficient);
    auto [place, isNew] = values.emplace(coefficient->name, coefficient->value);
    if (!isNew || !bounds)
      continue;
    // A type that the device's file doesn't know of a unit has no place there.
    auto fits = withNumber(device, coefficient->name,
                           {coefficient->value, Origin::guess, "fitted", 0,
                            std::nullopt, std::nullopt});
    if (!fits) {
      llvm::consumeError(fits.takeError());
      continue;
    }
    Parameter parameter;
    parameter.name = coefficient->name;
    parameter.value = &place->second;
    std::tie(parameter.low, parameter.high) = *bounds;
    // A search by factors doesn't leave zero.
    place->second = std::clamp(place->second, parameter.low, parameter.high);
    parameters.push_back(std::move(parameter));
  }
}

void Problem::apply() {
  for (auto &[bytes, model] : models)
    for (const Parameter &parameter : parameters)
      model.setCoefficient(parameter.name, *parameter.value);
}

double Problem::predict(const Sample &sample) const {
  double seconds = 0;
  for (const KernelCost &kernel : sample.kernels)
    seconds += kernel.formula.seconds({});
  return seconds;
}

/// In %, by factors: half and twice the time are equally wrong, so that whole
/// models come out neither short nor long.
double Problem::loss() {
  apply();
  double sum = 0, count = 0;
  for (const Sample &sample : samples) {
    if (sample.seconds <= 0 || networks[sample.network].isModel)
      continue;
    sum += std::abs(std::log(predict(sample) / sample.seconds));
    ++count;
  }
  constexpr double percent = 100;
  return percent * sum / std::max(1.0, count);
}

static FitQuality quality(llvm::ArrayRef<double> predicted,
                          llvm::ArrayRef<double> measured) {
  return measured.empty() ? FitQuality() : qualityOf(predicted, measured);
}

FitQuality Problem::qualityOfGroups(bool ofModels, size_t &count) const {
  std::vector<double> predicted, measured;
  for (const Sample &sample : samples)
    if (sample.seconds > 0 && networks[sample.network].isModel == ofModels) {
      predicted.push_back(predict(sample));
      measured.push_back(sample.seconds);
    }
  count = measured.size();
  return quality(predicted, measured);
}

FitQuality Problem::qualityOfModels(size_t &count) const {
  std::map<size_t, double> sums;
  for (const Sample &sample : samples)
    if (networks[sample.network].isModel)
      sums[sample.network] += predict(sample);
  std::vector<double> predicted, measured;
  for (auto [network, seconds] : sums) {
    predicted.push_back(seconds);
    measured.push_back(networks[network].seconds);
  }
  count = measured.size();
  return quality(predicted, measured);
}

void Problem::judge(std::vector<Agreement> &agreements, bool before) const {
  if (before)
    for (llvm::StringRef what :
         {"groups of operators", "groups of whole models", "whole models"})
      agreements.push_back({what.str(), 0, {}, {}});
  for (auto [number, agreement] : llvm::enumerate(agreements))
    (before ? agreement.before : agreement.after) =
        number < 2 ? qualityOfGroups(number == 1, agreement.count)
                   : qualityOfModels(agreement.count);
}

KernelFit Problem::solve() {
  KernelFit fit;
  judge(fit.agreements, /*before=*/true);
  std::map<std::string, double> given = values;
  // Of a percentage error: a type's coefficient matters for few of the samples.
  constexpr double tolerance = 0.1;
  // One coefficient's valley may open when others have moved.
  constexpr int starts = 4;
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < starts; ++i) {
    double found = search(parameters, [&] { return loss(); }, tolerance);
    constexpr double worthwhile = 1e-2; // of what there is
    if (found > least * (1 - worthwhile))
      break;
    least = found;
  }
  least = loss();
  for (Parameter &parameter : parameters) {
    double found = *parameter.value;
    if (std::isinf(parameter.uncertainty)) {
      // Samples bound it from one side only: as far as the search looked.
      constexpr double most = 9;
      *parameter.value = given[parameter.name];
      if (loss() < least + tolerance)
        continue;
      *parameter.value = found;
      parameter.uncertainty = most;
    }
    fit.coefficients.push_back({parameter.name, found, parameter.uncertainty});
  }
  apply();
  judge(fit.agreements, /*before=*/false);
  return fit;
}

KernelFit rac::fitKernels(llvm::ArrayRef<SampledNetwork> networks,
                          const Device &device) {
  return Problem(networks, device).solve();
}
