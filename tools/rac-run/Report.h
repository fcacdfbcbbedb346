//===- Report.h - What rac-run prints ---------------------------*- C++ -*-===//

#ifndef RAC_TOOLS_RACRUN_REPORT_H
#define RAC_TOOLS_RACRUN_REPORT_H

#include "Energy.h"
#include "Model.h"
#include "Options.h"
#include "Profile.h"

/// What was measured; times in seconds.
struct Measured {
  double load = 0, firstRun = 0, firstAnswer = 0;
  std::vector<double> runs;
  int64_t arenaBytes = -1, peakFirstAnswer = -1, peakEnd = -1;
  EnergyResult energy;
  Profile profile;

  /// The smallest time that a share of the runs stays within (0: the fastest
  /// run).
  double percentile(double share) const { return ::percentile(runs, share); }
};

void printText(const Options &options, const Model &model,
               const std::vector<Array> &inputs,
               const std::vector<DLTensor> &outputs, const Measured &measured);
void printJson(const Options &options, const Model &model,
               const std::vector<Array> &inputs,
               const std::vector<DLTensor> &outputs, const Measured &measured);

#endif // RAC_TOOLS_RACRUN_REPORT_H
