//===- VectorKernel.h - Products of a few vectors with a matrix -*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_VECTORKERNEL_H
#define RAC_LIB_TARGET_NVPTX_GEMM_VECTORKERNEL_H

#include "Contraction.h"
#include "Tile.h"

namespace rac::gemm {

/// The contraction with as few rows as that kernel is for, maybe with its
/// operands exchanged; none if both have more.
std::optional<Contraction> asVectorProduct(const Contraction &contraction);

/// Builds its kernel: the matrix, of which each element is used for a few rows
/// only, comes straight from memory in the order that it has there, and
/// threads share the depth.
void emitVectorProduct(Emit &e, const Contraction &contraction,
                       llvm::ArrayRef<Index> extents, const TileLimits &limits);

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_VECTORKERNEL_H
