//===- Bench.cpp - What the parts of a calibration share ------------------===//

#include "Measure.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <limits>

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
  // What is told, not measured, is exact.
  number.v = uncertainty > 0 ? roundTo(v, 4) : v;
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

/// What a number of a unit is on any machine: beyond that, something else was
/// measured, for example how long another process had the core.
static std::pair<double, double> boundsOf(llvm::StringRef unit) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (unit == "Hz")
    return {2e8, 1e10};
  if (unit == "op/clock")
    return {0.25, 1e5};
  if (unit == "B/s") // from one channel of old memory to all of a big chip's L1
    return {5e8, 1e15};
  if (unit == "s")
    return {0, 1e-3};
  if (unit.empty()) // parts, exponents, cores
    return {1e-4, 1e5};
  return {0, infinite};
}

bool Bench::set(Known &slot, const llvm::Twine &key, llvm::StringRef unit,
                double v, double uncertainty, const llvm::Twine &how,
                std::optional<FitQuality> quality) {
  auto refuse = [&](const char *why) {
    std::string text;
    llvm::raw_string_ostream(text)
        << key << ": " << llvm::format("%.4g", v) << " " << unit << ", " << why
        << ": others take the cores meanwhile; it stays as it was";
    note(text);
    return false;
  };
  auto [low, high] = boundsOf(unit);
  if (!(low <= v && v <= high))
    return refuse("which no machine has");
  // --quick is known to be bad.
  constexpr double mostUncertain = 1;
  if (uncertainty > mostUncertain && !quality && !options.quick)
    return refuse("of which a quarter of the times are twice those of another "
                  "quarter");
  slot = numberOf(v, uncertainty, how, quality);
  result.findings.push_back({key.str(), unit.str(), *slot});
  return true;
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
