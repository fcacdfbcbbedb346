//===- DeviceLookup.h - Devices and sites by name ---------------*- C++ -*-===//

#ifndef RAC_COST_DEVICELOOKUP_H
#define RAC_COST_DEVICELOOKUP_H

#include "rac/Cost/DeviceFile.h"

namespace rac {

/// A machine, as far as it takes to find its description.
struct Machine {
  std::string arch;                  ///< as in LLVM's triples
  std::string chip;                  ///< LLVM's name of the CPU
  std::vector<std::string> features; ///< LLVM's names, sorted
  /// B of one instance, by level name (L1d, L2, L3); what isn't known is
  /// absent.
  std::map<std::string, int64_t> cacheBytes;
  int64_t cores = 1; ///< that this process may use
};

/// The machine that this runs on. `root` stands for / in front of /sys.
Machine hostMachine(llvm::StringRef root = "");

/// The device that most resembles the machine: the same chip, else the most of
/// its features, else the nearest caches. Devices that need a feature that the
/// machine lacks come last. Told to `note` with the reason; the result's
/// `availableCores` are the machine's. Null where no device has its
/// architecture.
std::optional<Device> pickDevice(const Machine &machine,
                                 llvm::ArrayRef<Device> devices,
                                 std::string &note);

/// The device of a name (devices/NAME.json beside the tool or in the sources),
/// of a file (what has a slash or ends in .json), or of this machine (`host`).
/// `notes` gets warnings and what was picked.
llvm::Expected<Device> findDevice(llvm::StringRef nameOrFile,
                                  std::vector<std::string> &notes);
llvm::Expected<Site> findSite(llvm::StringRef nameOrFile);

} // namespace rac

#endif // RAC_COST_DEVICELOOKUP_H
