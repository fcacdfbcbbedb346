//===- FitSamples.cpp - A device file from measurements elsewhere ---------===//

#include "FitKernels.h"
#include "SampleFile.h"
#include "rac/Calibrate/Samples.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rac;
namespace json = llvm::json;

/// The element of an array that has a name; null: none has it.
static json::Value *named(json::Array &array, llvm::StringRef name) {
  for (json::Value &value : array)
    if (json::Object *object = value.getAsObject())
      if (object->getString("name") == name)
        return &value;
  return nullptr;
}

llvm::Expected<Device> rac::withNumber(const Device &device,
                                       llvm::StringRef key,
                                       const Number &number,
                                       std::optional<EnergyScope> scope) {
  auto root = json::parse(formatDevice(device));
  if (!root)
    return root.takeError();
  json::Value *at = &*root;
  llvm::SmallVector<llvm::StringRef, 4> path;
  key.split(path, '.');
  for (auto [depth, part] : llvm::enumerate(path)) {
    json::Value *next = nullptr;
    if (json::Object *object = at->getAsObject()) {
      next = object->get(part);
      // Tables by type may lack the last key.
      if (!next && depth > 2 && depth + 1 == path.size())
        next = &(*object)[part];
    } else if (json::Array *array = at->getAsArray()) {
      next = named(*array, part);
    }
    if (!next)
      return llvm::createStringError("device " + device.id + " has no " + key);
    at = next;
  }
  json::Object entry{{"v", number.v},
                     {"how", nameOf(number.how)},
                     {"src", number.src},
                     {"unc", number.unc}};
  if (scope)
    entry["scope"] = nameOf(*scope);
  if (number.r2)
    entry["r2"] = *number.r2;
  if (number.mape)
    entry["mape"] = *number.mape;
  *at = std::move(entry);
  return parseDevice(llvm::formatv("{0}", *root).str(), device.id);
}

namespace {

class Writer {
public:
  Writer(const Device &base, const SampleFile &file) : file(file) {
    fit.calibration.device = base;
  }
  llvm::Error set(llvm::StringRef key, llvm::StringRef unit, double value,
                  double uncertainty, const llvm::Twine &how,
                  const FitQuality &quality,
                  std::optional<EnergyScope> scope = std::nullopt);
  SamplesFit fit;

private:
  const SampleFile &file;
};

} // namespace

llvm::Error Writer::set(llvm::StringRef key, llvm::StringRef unit, double value,
                        double uncertainty, const llvm::Twine &how,
                        const FitQuality &quality,
                        std::optional<EnergyScope> scope) {
  Number number;
  number.v = roundTo(value, 4);
  number.how = Origin::measured;
  number.src = ("rac-calibrate --samples: " + how + ", " + file.device + ", " +
                llvm::StringRef(file.date).take_front(10))
                   .str();
  number.unc = roundTo(std::max(0.0, uncertainty), 2);
  number.r2 = roundTo(quality.r2, 4);
  number.mape = roundTo(quality.mape, 3);
  auto changed = withNumber(fit.calibration.device, key, number, scope);
  if (!changed)
    return changed.takeError();
  fit.calibration.device = std::move(*changed);
  fit.calibration.findings.push_back({key.str(), unit.str(), number});
  return llvm::Error::success();
}

static llvm::StringRef unitOf(llvm::StringRef key) {
  return key.ends_with("bytes_per_s") ? "B/s" : key.ends_with("_s") ? "s" : "";
}

llvm::Expected<SamplesFit> rac::fitSamples(const Device &base,
                                           llvm::StringRef path) {
  SampleFile file;
  if (llvm::Error problem = file.load(path))
    return std::move(problem);
  Writer writer(base, file);
  if (!file.networks.empty()) {
    KernelFit kernels = fitKernels(file.networks, base);
    std::string how = "fitted to " +
                      std::to_string(kernels.agreements.front().count) +
                      " groups of small networks";
    for (const FittedCoefficient &found : kernels.coefficients)
      if (llvm::Error problem = writer.set(found.name, unitOf(found.name),
                                           found.value, found.uncertainty, how,
                                           kernels.agreements.front().after))
        return std::move(problem);
    llvm::append_range(writer.fit.agreements, kernels.agreements);
  }
  if (!file.windows.empty()) {
    // What kernels do is counted for the times that were found.
    KernelEnergyFit energy = fitKernelEnergy(file.windows, file.networks,
                                             writer.fit.calibration.device);
    std::string how = "non-negative fit to " +
                      std::to_string(file.windows.size()) +
                      " windows of NVML's counter";
    for (const KernelEnergyFit::Term &found : energy.terms) {
      std::optional<EnergyScope> scope;
      if (found.isEnergy)
        scope = EnergyScope::board;
      llvm::StringRef unit = !found.isEnergy ? "W"
                             : llvm::StringRef(found.key).contains("byte")
                                 ? "pJ/B"
                                 : "pJ/op";
      // No part is known better than the sums of them are explained.
      constexpr double percent = 100;
      double uncertainty =
          std::max(found.term.uncertainty, energy.windows.after.mape / percent);
      if (llvm::Error problem =
              writer.set(found.key, unit, found.term.value, uncertainty, how,
                         energy.windows.after, scope))
        return std::move(problem);
    }
    llvm::append_range(writer.fit.calibration.notes, energy.notes);
    writer.fit.agreements.push_back(energy.windows);
    for (const auto &[name, joules, guess] : energy.each)
      writer.fit.details.push_back(
          llvm::formatv("{0}: {1:F1} J, by the fit {2:F1} J ({3:P1})", name,
                        joules, guess, guess / joules - 1));
  }
  return std::move(writer.fit);
}
