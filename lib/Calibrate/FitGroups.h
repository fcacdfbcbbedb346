//===- FitGroups.h - Coefficients of the cost model -------------*- C++ -*-===//

#ifndef RAC_LIB_CALIBRATE_FITGROUPS_H
#define RAC_LIB_CALIBRATE_FITGROUPS_H

#include "rac/Calibrate/Fit.h"
#include "rac/Cost/CostModel.h"

namespace rac {

/// A group that was timed.
struct GroupSample {
  Candidate candidate;
  PlanAttr plan;
  int64_t threads = 1;   ///< of the run
  double modelBytes = 0; ///< as Assumptions::modelBytes
  double seconds = 0;    ///< median of runs
};

/// A coefficient of the device that was fitted.
struct FittedCoefficient {
  std::string name; ///< the key: "units.avx512.library_fraction.f32"
  double value = 0;
  double uncertainty = 0; ///< relative
};

struct GroupFit {
  /// Those that the samples tell of.
  std::vector<FittedCoefficient> coefficients;
  FitQuality before, after; ///< of all samples
};

/// The coefficients with which the cost model's mean absolute
/// relative error over the samples is least, beginning with the device's own.
/// What hardly matters for the samples is left out. Some of a network's groups
/// may be alike: all count the same.
GroupFit fitGroups(llvm::ArrayRef<GroupSample> samples, const Device &device);

} // namespace rac

#endif // RAC_LIB_CALIBRATE_FITGROUPS_H
