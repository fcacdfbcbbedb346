//===- DeviceMemory.h - Memory of the device --------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_CUDA_DEVICEMEMORY_H
#define RAC_RUNTIME_CUDA_DEVICEMEMORY_H

#include "Driver.h"

namespace rac::runtime::cuda {

/// Makes a buffer of the device's memory, or of page-locked host memory, hold
/// `bytes`, or fails the run; `what` is what it is for. Where it has to grow,
/// contents are lost, all earlier work is waited for, and what was recorded is
/// forgotten.
void reserveDevice(RacContext *context, const char *what, Buffer &buffer,
                   uint64_t bytes);
void reserveHost(RacContext *context, const char *what, Buffer &buffer,
                 uint64_t bytes);
void freeDevice(Buffer &buffer);
void freeHost(Buffer &buffer);

/// A stack of allocations of the device's memory, in chunks that are kept when
/// it is emptied: an address that was given once stays valid.
struct DeviceStack {
  struct Chunk;
  Chunk *first, *current;
  uint64_t total;

  /// Or fails the run.
  void *push(RacContext *context, uint64_t bytes);
  void clear();
  void free();
};

} // namespace rac::runtime::cuda

#endif // RAC_RUNTIME_CUDA_DEVICEMEMORY_H
