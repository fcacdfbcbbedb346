//===- Kernel.h - The kernel of a product -----------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_KERNEL_H
#define RAC_LIB_TARGET_NVPTX_GEMM_KERNEL_H

#include "Contraction.h"
#include "Tile.h"

namespace rac::gemm {

/// Builds, before the contraction, the kernels that compute it, and erases it
/// with its fill and epilogue.
void emitContraction(const Contraction &contraction, Unit unit,
                     const TileLimits &limits);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_KERNEL_H
