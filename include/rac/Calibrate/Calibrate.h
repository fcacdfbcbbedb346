//===- Calibrate.h - A device file for this machine -------------*- C++ -*-===//
//
// Measures on the machine that it runs on what can be measured there, and puts
// it into a device description in place of what was there: docs/Calibration.md.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_CALIBRATE_CALIBRATE_H
#define RAC_CALIBRATE_CALIBRATE_H

#include "rac/Calibrate/Kernels.h"
#include "rac/Cost/DeviceLookup.h"

namespace rac {

struct CalibrateOptions {
  Kernels kernels; ///< what to compute and to read with
  /// Fewer and shorter turns, for tests: all numbers are there, and uncertain.
  bool quick = false;
  /// Where the groups that were timed are kept; empty: nowhere.
  std::string samplesFolder;
  /// Measures nothing, and fits to what is in `samplesFolder`.
  bool fitOnly = false;
  /// Stands for /sys where meters are looked for; empty: /sys itself.
  std::string energyRoot;
  /// Called with what is being measured, often.
  std::function<void(const std::string &)> progress;
};

/// A number that was measured and is in the device now.
struct Finding {
  std::string key;  ///< "memory.L2.core_bytes_per_s"
  std::string unit; ///< "B/s"
  Number number;
};

struct Calibration {
  Device device;
  std::vector<Finding> findings; ///< in the order they were measured
  /// What could not be measured and is as it was, each with the reason.
  std::vector<std::string> notes;
};

/// `base` describes the machine as far as anybody knew; all that isn't measured
/// stays as it is there, with its origin. `machine` is the one that this runs
/// on. Fails where other work leaves nothing to be told.
llvm::Expected<Calibration> calibrate(const Device &base,
                                      const Machine &machine,
                                      const CalibrateOptions &options);

} // namespace rac

#endif // RAC_CALIBRATE_CALIBRATE_H
