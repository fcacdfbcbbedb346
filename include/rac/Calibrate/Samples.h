//===- Samples.h - A device file from measurements elsewhere ----*- C++ -*-===//
//
// What `scripts/gpu calibrate` found on a machine that has no compiler's
// libraries: schema rac-samples/1, docs/Calibration.md.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_CALIBRATE_SAMPLES_H
#define RAC_CALIBRATE_SAMPLES_H

#include "rac/Calibrate/Calibrate.h"
#include "rac/Calibrate/Fit.h"

namespace rac {

/// How well predictions agree with some of the samples.
struct Agreement {
  std::string what; ///< "groups of operators"
  size_t count = 0;
  FitQuality before, after; ///< by the given device, and by the fitted one
};

struct SamplesFit {
  Calibration calibration;
  std::vector<Agreement> agreements;
  /// Of each window of energy what was measured and what the fit says.
  std::vector<std::string> details;
};

/// `base` with the coefficients that agree best with the file's samples.
llvm::Expected<SamplesFit> fitSamples(const Device &base, llvm::StringRef file);

/// `device` with another number in place of the one that a key names:
/// "memory.L2.latency_s", "units.simt.pj_per_op.f32". Fails where the device
/// has no such key. `scope` is for energies.
llvm::Expected<Device>
withNumber(const Device &device, llvm::StringRef key, const Number &number,
           std::optional<EnergyScope> scope = std::nullopt);

} // namespace rac

#endif // RAC_CALIBRATE_SAMPLES_H
