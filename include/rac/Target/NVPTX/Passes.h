//===- Passes.h - What only NVPTX knows -------------------------*- C++ -*-===//

#ifndef RAC_TARGET_NVPTX_PASSES_H
#define RAC_TARGET_NVPTX_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace rac {
class RacDialect;

namespace nvptx {
/// B, of which each buffer's address that kernels get is a multiple: what a
/// thread reads or writes at once, and a tensor map begins at
/// (cuTensorMapEncodeTiled's globalAddress).
constexpr int64_t kBufferAlignment = 16;
} // namespace nvptx

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

#endif // RAC_TARGET_NVPTX_PASSES_H
