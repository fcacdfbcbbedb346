//===- Kernels.h - What an x86 CPU is asked to do, to be timed --*- C++ -*-===//

#ifndef RAC_TARGET_X86_KERNELS_H
#define RAC_TARGET_X86_KERNELS_H

#include "rac/Calibrate/Kernels.h"

namespace rac {

/// Those that the CPU this runs on can run; none on other architectures.
Kernels x86Kernels();

} // namespace rac

#endif // RAC_TARGET_X86_KERNELS_H
