//===- Padding.h - Windows that reach over an input's border ----*- C++ -*-===//
//
// A window's op reads a copy of its input in the middle of a constant. Where
// the constant adds nothing to the result, the op can read the input itself and
// leave out what lies outside.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_PADDING_H
#define RAC_LIB_LOWERING_VECTORIZE_PADDING_H

#include "LoopRoles.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace rac::vectorize {

/// A dimension of an input that is read at stride * parallel + dilation *
/// window + constant, which may be outside.
struct PaddedDim {
  unsigned dim = 0, window = 0;
  std::optional<unsigned> parallel; ///< none: there is one position only
  int64_t stride = 0, dilation = 1, constant = 0;
};

/// How an op reads an input in place.
struct Padding {
  unsigned operand = 0; ///< number
  llvm::SmallVector<mlir::Value>
      first; ///< index of position 0, may be negative
  llvm::SmallVector<PaddedDim> dims;
  /// Of `dims` the one along which a tile has rows.
  std::optional<PaddedDim> rows;
  mlir::Value start; ///< `first` in that dimension, of the padded copy
  int64_t low = 0;   ///< so much of which lies before the input
};

using Paddings = llvm::DenseMap<mlir::Operation *, Padding>;

/// What two indices may be in the same iteration of a parallel loop, where that
/// alone and constants say so.
std::optional<llvm::SmallVector<std::pair<int64_t, int64_t>>>
valuesTogether(mlir::Value first, mlir::Value second);

/// Has ops of `function` read their inputs themselves instead of padded copies,
/// which are erased where all that read one can.
Paddings readInPlace(mlir::func::FuncOp function, const VectorTarget &target,
                     llvm::ArrayRef<int64_t> wanted);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_PADDING_H
