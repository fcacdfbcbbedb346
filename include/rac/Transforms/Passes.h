//===- Passes.h - Passes on the rac dialect ---------------------*- C++ -*-===//

#ifndef RAC_TRANSFORMS_PASSES_H
#define RAC_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace rac {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "rac/Transforms/Passes.h.inc"

} // namespace rac

#endif // RAC_TRANSFORMS_PASSES_H
