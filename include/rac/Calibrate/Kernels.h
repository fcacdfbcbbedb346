//===- Kernels.h - What a CPU is asked to do, to be timed -------*- C++ -*-===//
//
// Loops that keep one thing busy: a compute unit, or the way from one memory
// level. Each target brings those for its instructions; some are for any CPU.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_CALIBRATE_KERNELS_H
#define RAC_CALIBRATE_KERNELS_H

#include "rac/Cost/Device.h"

namespace rac {

/// Multiply-adds on registers, enough of them independent of each other.
struct ComputeKernel {
  UnitKind unit = UnitKind::simd;
  DataType type = DataType::f32;
  const char *what = ""; ///< the instruction: "VFMADD231PS"
  double opsPerStep = 0; ///< a multiply-add counts two
  void (*run)(int64_t steps) = nullptr;
};

/// Reads `bytes` bytes, a multiple of kReadStep, 64-byte aligned, in order.
struct ReadKernel {
  const char *what = ""; ///< "512-bit loads"
  void (*run)(const char *begin, int64_t bytes) = nullptr;
};
constexpr int64_t kReadStep = 512;

struct Kernels {
  std::vector<ComputeKernel> compute; ///< at most one a unit and type
  ReadKernel read;
};

/// Any CPU's.
Kernels plainKernels();
/// A target's, and for what they leave out any CPU's.
Kernels withPlainKernels(Kernels kernels);

/// Additions that each wait for the one before: one a clock on any CPU that
/// rac knows.
void addInTurn(int64_t additions);

/// Follows pointers, from `start` on; the last one.
void *chase(void *start, int64_t steps);

} // namespace rac

#endif // RAC_CALIBRATE_KERNELS_H
