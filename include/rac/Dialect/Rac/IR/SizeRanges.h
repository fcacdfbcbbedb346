//===- SizeRanges.h - What sizes a model is planned for ---------*- C++ -*-===//

#ifndef RAC_DIALECT_RAC_IR_SIZERANGES_H
#define RAC_DIALECT_RAC_IR_SIZERANGES_H

#include "mlir/IR/BuiltinOps.h"
#include <array>
#include <optional>

namespace rac {

/// A size that only the run knows: at least, most likely, at most.
enum class SizeBound { least, typical, most };
using SizeRange = std::array<int64_t, 3>; ///< by SizeBound

/// What the module's `rac.assumed_sizes` (pass rac-assume-sizes) says of a
/// dimension of one of its entry function's inputs, if it says anything.
std::optional<SizeRange> assumedRange(mlir::ModuleOp module, unsigned input,
                                      unsigned dim);
/// Whether it says anything.
bool hasAssumedRanges(mlir::ModuleOp module);
/// By input and dimension, known ones as well.
void setAssumedRanges(mlir::ModuleOp module,
                      llvm::ArrayRef<llvm::SmallVector<SizeRange>> byInput);

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_SIZERANGES_H
