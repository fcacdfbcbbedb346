//===- Images.h - Which code runs on a device -------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_CUDA_IMAGES_H
#define RAC_RUNTIME_CUDA_IMAGES_H

namespace rac::runtime::cuda {

/// Whether a device of compute capability `major`.`minor` may run code for
/// `chip` (RacImage.chip). What isn't known, such as "simulator", is left to
/// the driver.
bool canRun(const char *chip, int major, int minor);

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_IMAGES_H
