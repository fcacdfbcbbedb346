//===- FitGroups.cpp - Coefficients of the cost model ---------------------===//

#include "FitGroups.h"
#include "rac/Calibrate/Search.h"
#include "rac/Cost/TimeFormula.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <utility>

using namespace rac;

namespace {

/// The samples' times as functions of coefficients, which are shared by name.
class Problem {
public:
  Problem(llvm::ArrayRef<GroupSample> samples, const Device &device);
  GroupFit solve();

private:
  DeviceModel &modelFor(const GroupSample &sample, const Device &device);
  void addParameter(const Coefficient &coefficient, const Device &device);
  std::vector<double> predict();
  double doubt() const;
  double loss();

  llvm::ArrayRef<GroupSample> samples;
  std::vector<double> measured;
  Unknowns unknowns;
  /// By threads and bytes of the model.
  std::map<std::pair<int64_t, double>, DeviceModel> models;
  std::vector<TimeFormula> formulas;    ///< whose numbers are the models'
  std::map<std::string, double> values; ///< by name
  std::vector<Parameter> parameters;    ///< whose numbers are the values
  /// Of each parameter, what a bandwidth was measured to be alone; else 0.
  std::vector<double> alone;
};

} // namespace

/// What one core was measured to read from a level of which `name` is what all
/// take; else 0.
static double ofOneCore(llvm::StringRef name, const Device &device) {
  for (const MemoryLevel &level : device.memory)
    if (name == "memory." + level.name + ".device_bytes_per_s" &&
        level.coreBytesPerSecond)
      return level.coreBytesPerSecond->v;
  return 0;
}

/// Whether groups tell of it, and between which bounds it may be.
static std::optional<std::pair<double, double>>
boundsOf(const Coefficient &coefficient, const Device &device) {
  llvm::StringRef name = coefficient.name;
  double value = coefficient.value;
  bool isMeasured = coefficient.origin == Origin::measured;
  if (name.starts_with("units.")) {
    if (name.contains(".library_half_"))
      return std::pair(1e-2, 1e3);
    if (!name.contains("_fraction."))
      return std::nullopt; // rates are measured
    // Of the peak with all cores at work; one alone may have a higher clock.
    const Clocks &clocks = device.clocks;
    double most = clocks.baseHz && clocks.boostHz
                      ? std::max(1.0, clocks.boostHz->v / clocks.baseHz->v)
                      : 1;
    return std::pair(1e-3, most);
  }
  if (name == "execution.overlap_exponent")
    return std::pair(1.0, 16.0);
  // Nothing takes less in company than alone, but it may find less there.
  constexpr double most = 8;
  if (name.starts_with("overheads.") && value > 0)
    return std::pair(isMeasured ? value / (1 + coefficient.unc) : value / most,
                     value * most);
  if (!name.starts_with("memory.") || !name.contains("bytes_per_s"))
    return std::nullopt;
  // Nothing is read faster than alone; where lines go back as well, which
  // isn't counted for all levels, it is at most half as fast.
  if (isMeasured)
    return std::pair(std::max(value / 2, ofOneCore(name, device)),
                     value * (1 + coefficient.unc));
  constexpr double unsure = 4;
  return std::pair(value / unsure, value * unsure);
}

DeviceModel &Problem::modelFor(const GroupSample &sample,
                               const Device &device) {
  Assumptions assumptions;
  assumptions.modelBytes = sample.modelBytes;
  return models
      .try_emplace({sample.threads, sample.modelBytes}, device, assumptions,
                   sample.threads, unknowns)
      .first->second;
}

Problem::Problem(llvm::ArrayRef<GroupSample> samples, const Device &device)
    : samples(samples) {
  for (const GroupSample &sample : samples) {
    measured.push_back(sample.seconds);
    formulas.push_back(
        modelFor(sample, device).timeFormula(sample.candidate, sample.plan));
    for (const Coefficient *coefficient : formulas.back().coefficients()) {
      addParameter(*coefficient, device);
      for (Parameter &parameter : parameters)
        if (parameter.name == coefficient->name)
          parameter.share += 1.0 / samples.size();
    }
  }
}

void Problem::addParameter(const Coefficient &coefficient,
                           const Device &device) {
  auto [place, isNew] = values.emplace(coefficient.name, coefficient.value);
  auto bounds = boundsOf(coefficient, device);
  if (!isNew || !bounds)
    return;
  Parameter parameter;
  parameter.name = coefficient.name;
  parameter.value = &place->second;
  parameter.low = bounds->first;
  parameter.high = bounds->second;
  parameter.share = 0;
  // A search by factors doesn't leave zero.
  place->second = std::clamp(place->second, parameter.low, parameter.high);
  bool isMeasured = coefficient.origin == Origin::measured &&
                    llvm::StringRef(coefficient.name).starts_with("memory.");
  alone.push_back(isMeasured ? coefficient.value : 0);
  parameters.push_back(std::move(parameter));
}

std::vector<double> Problem::predict() {
  for (auto &[key, model] : models)
    for (const Parameter &parameter : parameters)
      model.setCoefficient(parameter.name, *parameter.value);
  std::vector<double> seconds;
  for (const TimeFormula &formula : formulas)
    seconds.push_back(formula.seconds({}));
  return seconds;
}

/// What was measured alone is believed if groups hardly say otherwise: few of
/// them go to memory, and a few that were disturbed would halve it. In points
/// of the loss.
double Problem::doubt() const {
  constexpr double pointsOfDoubling = 0.1;
  double sum = 0;
  for (auto [parameter, value] : llvm::zip_equal(parameters, alone))
    if (value > 0)
      sum += std::abs(std::log2(*parameter.value / value));
  return pointsOfDoubling * sum;
}

/// Mean errors relative to the longer of the two times, in %: as much for half
/// as for twice the time, and no sample, however disturbed, counts for more
/// than 100.
double Problem::loss() {
  double sum = 0;
  for (auto [guess, taken] : llvm::zip_equal(predict(), measured))
    sum += 1 - std::min(guess, taken) / std::max(guess, taken);
  constexpr double percent = 100;
  return percent * sum / measured.size() + doubt();
}

GroupFit Problem::solve() {
  GroupFit fit;
  fit.before = qualityOf(predict(), measured);
  constexpr double onePoint = 1; // of a percentage error
  std::vector<double> before;
  for (const Parameter &parameter : parameters)
    before.push_back(*parameter.value);
  search(parameters, [&] { return loss(); }, onePoint);
  // What hardly matters stays as it was, unless the others only fit with it: of
  // a bandwidth that is not felt, more of it makes no difference, but less may.
  // The quality is of what is told.
  constexpr double noPoint = 0.02, most = 9; // as far as a search looks
  double least = loss();
  for (auto [parameter, value] : llvm::zip_equal(parameters, before)) {
    if (std::isfinite(parameter.uncertainty))
      continue;
    double found = std::exchange(*parameter.value, value);
    if (double with = loss(); with > least + noPoint) {
      *parameter.value = found;
      parameter.uncertainty = most;
    } else {
      least = std::min(least, with);
    }
  }
  fit.after = qualityOf(predict(), measured);
  for (const Parameter &parameter : parameters)
    if (std::isfinite(parameter.uncertainty))
      fit.coefficients.push_back(
          {parameter.name, *parameter.value, parameter.uncertainty});
  return fit;
}

GroupFit rac::fitGroups(llvm::ArrayRef<GroupSample> samples,
                        const Device &device) {
  return Problem(samples, device).solve();
}
