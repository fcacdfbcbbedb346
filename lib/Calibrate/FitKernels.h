//===- FitKernels.h - Coefficients of a GPU's kernels -----------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_FITKERNELS_H
#define RAC_LIB_CALIBRATE_FITKERNELS_H

#include "FitGroups.h"
#include "SampleFile.h"
#include "rac/Calibrate/Samples.h"

namespace rac {

struct KernelFit {
  std::vector<FittedCoefficient> coefficients;
  /// Of the groups that were fitted to, those of whole models, and whole
  /// models.
  std::vector<Agreement> agreements;
};

/// The coefficients with which predicted and measured times of the groups of
/// networks that are no whole models differ by the smallest factor in the mean.
/// What hardly matters is left out.
KernelFit fitKernels(llvm::ArrayRef<SampledNetwork> networks,
                     const Device &device);

struct KernelEnergyFit {
  struct Term {
    std::string key; ///< "units.simt.pj_per_op.f32"
    bool isEnergy;   ///< pJ; else W
    FittedTerm term;
  };
  std::vector<Term> terms;
  std::vector<std::string> notes; ///< what couldn't be told, and why
  Agreement windows;
  /// Of each window: its name, J measured, J by the fit.
  std::vector<std::tuple<std::string, double, double>> each;
};

/// Static power and energies of operations and bytes that explain the windows:
/// non-negative, with the least sum of absolute relative errors.
KernelEnergyFit fitKernelEnergy(llvm::ArrayRef<SampledWindow> windows,
                                llvm::ArrayRef<SampledNetwork> networks,
                                const Device &device);

} // namespace rac

#endif // RAC_LIB_CALIBRATE_FITKERNELS_H
