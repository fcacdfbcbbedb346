//===- Kernel.h - The kernel of a product -----------------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_KERNEL_H
#define RAC_LIB_TARGET_NVPTX_GEMM_KERNEL_H

#include "Contraction.h"
#include "Tile.h"

namespace rac::gemm {

/// Builds the kernels that compute the contraction in tiles, tiles of the
/// operands coming through shared memory.
void emitProduct(Emit &e, const Contraction &contraction, const Atom &atom,
                 const Tile &tile, llvm::ArrayRef<Index> extents);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_KERNEL_H
