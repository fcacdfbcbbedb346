//===- DeviceFile.h - Devices and sites from JSON ---------------*- C++ -*-===//

#ifndef RAC_COST_DEVICEFILE_H
#define RAC_COST_DEVICEFILE_H

#include "rac/Cost/Device.h"
#include "llvm/Support/Error.h"

namespace rac {

/// Where the electricity comes from; sites/<id>.json, schema rac-site/1.
struct Site {
  std::string id, description;
  Known gramsPerKWh; ///< gCO2e/kWh of the grid, by location
  Known pue;         ///< power usage effectiveness: what the building adds
};

/// Reads a device description. What is misspelt, missing, of the wrong type or
/// impossible is an error that names the file, the key and the reason; what is
/// merely odd goes to `warnings`.
llvm::Expected<Device> loadDevice(llvm::StringRef path,
                                  std::vector<std::string> *warnings = nullptr);
/// The same for text; `name` stands for the file in messages.
llvm::Expected<Device>
parseDevice(llvm::StringRef text, llvm::StringRef name,
            std::vector<std::string> *warnings = nullptr);

/// The text of a device file: what parseDevice makes the same device of.
std::string formatDevice(const Device &device);
/// Writes a device file, whole or not at all.
llvm::Error saveDevice(const Device &device, llvm::StringRef path);

llvm::Expected<Site> loadSite(llvm::StringRef path);
llvm::Expected<Site> parseSite(llvm::StringRef text, llvm::StringRef name);

} // namespace rac

#endif // RAC_COST_DEVICEFILE_H
