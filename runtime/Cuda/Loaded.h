//===- Loaded.h - A model on a device ---------------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_CUDA_LOADED_H
#define RAC_RUNTIME_CUDA_LOADED_H

#include "Driver.h"

namespace rac::runtime::cuda {

/// A model's kernels and weights on a device: once in a process, as long as a
/// context of the model is there.
struct Loaded {
  const RacModelInfo *info;
  int ordinal;
  int64_t users;
  Loaded *next;

  DeviceHandle device;
  ContextHandle context; // the device's primary one
  Module module;
  Kernel *kernels;
  Address weights;
  char deviceName[96];
  uint64_t blockSize; // of this structure and the kernels behind it
};

/// Loads a model onto device number `ordinal` unless it is there. RAC_OK, or
/// reports. The driver must be loaded.
int acquire(const RacModelInfo *info, const uint8_t *weights, int ordinal,
            Loaded *&loaded);
/// The last user unloads it.
void release(Loaded *loaded);

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_LOADED_H
