//===- DeviceImages.h - What a model brings for its accelerator -*- C++ -*-===//

#ifndef RAC_EMIT_DEVICEIMAGES_H
#define RAC_EMIT_DEVICEIMAGES_H

#include <cstdint>
#include <string>
#include <vector>

namespace rac {

/// As rac-c/Device.h's RacImage, RacKernel and RacDeviceInfo.
struct DeviceImage {
  std::string chip, data;
};
struct DeviceKernel {
  std::string name;
  std::string group; ///< that it computes, or one of them; empty: of none
  int32_t sharedBytes = 0, numParams = 0;
  bool overlaps = false;
};
struct DeviceImages {
  std::vector<DeviceImage> images;
  std::vector<DeviceKernel> kernels;
  /// Each group's name and the kernels that it launches, in order.
  std::vector<std::pair<std::string, std::vector<std::string>>> groupKernels;
  std::vector<std::string> messages;
  std::string ptx;      ///< to read
  std::string ptxasLog; ///< what ptxas -v said of each kernel
};

} // namespace rac

#endif // RAC_EMIT_DEVICEIMAGES_H
