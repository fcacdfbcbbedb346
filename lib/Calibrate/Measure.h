//===- Measure.h - The parts of a calibration -------------------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_MEASURE_H
#define RAC_LIB_CALIBRATE_MEASURE_H

#include "Sampler.h"
#include "rac/Calibrate/Calibrate.h"
#include "rac/Calibrate/Fit.h"
#include "llvm/Support/Error.h"

namespace rac {

/// What the parts share: the device that they fill in, and how they measure.
class Bench {
public:
  Bench(const Device &base, const Machine &machine,
        const CalibrateOptions &options);

  std::vector<Timing> time(llvm::ArrayRef<Probe> probes) const {
    return timeInTurn(probes, sampler);
  }
  /// Puts a measured number where `slot` is, rounded to what its uncertainty
  /// bears; `how` says how it was measured. What no machine has, or was
  /// disturbed too much, is refused: a note says so, and `slot` stays.
  bool set(Known &slot, const llvm::Twine &key, llvm::StringRef unit, double v,
           double uncertainty, const llvm::Twine &how,
           std::optional<FitQuality> quality = std::nullopt);
  void setEnergy(KnownEnergy &slot, const llvm::Twine &key,
                 llvm::StringRef unit, double v, double uncertainty,
                 const llvm::Twine &how, EnergyScope scope,
                 std::optional<FitQuality> quality);
  void note(const llvm::Twine &text) { result.notes.push_back(text.str()); }
  void progress(const llvm::Twine &what) const {
    if (options.progress)
      options.progress(what.str());
  }

  Device &device() { return result.device; }
  /// Cores that may be used.
  int cores() const { return numCores; }

  const CalibrateOptions &options;
  const Machine &machine;
  SamplerOptions sampler;
  Calibration result;

private:
  Number numberOf(double v, double uncertainty, const llvm::Twine &how,
                  std::optional<FitQuality> quality) const;
  int numCores;
};

/// Uncertainties of factors, combined as independent ones are.
double combined(double a, double b);

/// Clocks, and what each unit computes in a clock; an error if the clocks can't
/// be told.
llvm::Error measureCompute(Bench &bench);
/// Bandwidth and latency of each level; the size of a last cache that is shared
/// with others.
void measureMemory(Bench &bench);
/// Launches, threads, library calls.
void measureOverheads(Bench &bench);
/// What the library and generated code attain, in groups of small networks.
void measureGroups(Bench &bench);
/// Power and energies, where there is a meter.
void measureEnergy(Bench &bench);

} // namespace rac

#endif // RAC_LIB_CALIBRATE_MEASURE_H
