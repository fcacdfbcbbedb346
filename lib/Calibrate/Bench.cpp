//===- Bench.cpp - What the parts of a calibration share ------------------===//

#include "Measure.h"
#include <cmath>

using namespace rac;

double rac::combined(double a, double b) { return std::sqrt(a * a + b * b); }

Bench::Bench(const Device &base, const Machine &machine,
             const CalibrateOptions &options)
    : options(options), machine(machine),
      numCores(static_cast<int>(machine.cores)) {
  result.device = base;
  if (options.quick) {
    sampler.seconds = 2e-4;
    sampler.rounds = 3;
  }
  sampler.progress = options.progress;
}

Number Bench::numberOf(double v, double uncertainty, const llvm::Twine &how,
                       std::optional<FitQuality> quality) const {
  Number number;
  number.v = roundTo(v, 4);
  number.how = Origin::measured;
  number.src = ("rac-calibrate" +
                llvm::StringRef(options.quick ? " --quick" : "") + ": " + how)
                   .str();
  number.unc = roundTo(std::max(0.0, uncertainty), 2);
  if (quality) {
    number.r2 = roundTo(quality->r2, 4);
    number.mape = roundTo(quality->mape, 3);
  }
  return number;
}

void Bench::set(Known &slot, const llvm::Twine &key, llvm::StringRef unit,
                double v, double uncertainty, const llvm::Twine &how,
                std::optional<FitQuality> quality) {
  slot = numberOf(v, uncertainty, how, quality);
  result.findings.push_back({key.str(), unit.str(), *slot});
}

void Bench::setEnergy(KnownEnergy &slot, const llvm::Twine &key,
                      llvm::StringRef unit, double v, double uncertainty,
                      const llvm::Twine &how, EnergyScope scope,
                      std::optional<FitQuality> quality) {
  EnergyNumber &number = slot.emplace();
  static_cast<Number &>(number) = numberOf(v, uncertainty, how, quality);
  number.scope = scope;
  result.findings.push_back({key.str(), unit.str(), number});
}
