//===- DotProduct.h - Sums of a few products in one step --------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_DOTPRODUCT_H
#define RAC_LIB_LOWERING_VECTORIZE_DOTPRODUCT_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>
#include <string>

namespace rac::vectorize {

/// An operand whose terms of a reduction lie side by side: it is read at (...,
/// loop floordiv terms, ..., loop mod terms).
struct Interleave {
  unsigned loop = 0;
  int64_t terms = 1;
  mlir::AffineMap groups; ///< all but the last index
};

/// Any loop's, which may be that of panels as well.
std::optional<Interleave> splitLast(mlir::AffineMap map);
/// A reduction's, in an operand of a linalg op.
std::optional<Interleave> interleaveOf(mlir::OpOperand &operand);

/// The innermost reduction that has several steps.
std::optional<unsigned> innermostReduction(mlir::linalg::LinalgOp op);

/// How a contraction of narrow numbers becomes instructions that multiply as
/// many of them as fill a lane, and add them to it; or, of matrices, two rows
/// of twice as many with two columns, which gives a block of four lanes.
struct DotProduct {
  std::string intrinsic;
  unsigned loop = 0; ///< the reduction whose terms are taken together
  int64_t terms = 1;
  unsigned rows = 0;    ///< operand number of what is the same for all lanes
  unsigned vectors = 1; ///< operand number of what isn't
  bool vectorsFirst = false; ///< whether the intrinsic takes these first
  int64_t blockRows = 1;     ///< rows that a register has a part of
};

/// The instructions of `dots` ("s8:u8:INTRINSIC", "2xs8:s8:INTRINSIC" for
/// blocks of two rows) that `op` can take once `vectors` has terms side by
/// side. The other operand has them already.
llvm::SmallVector<DotProduct> findDotProducts(mlir::linalg::LinalgOp op,
                                              mlir::OpOperand &vectors,
                                              llvm::ArrayRef<std::string> dots);

/// How a contraction becomes instructions that multiply vectors with one of a
/// few numbers, which a register repeats: one load brings several steps of the
/// reduction.
struct LaneProduct {
  std::string multiply, repeat;   ///< intrinsics
  unsigned loop = 0;              ///< the reduction that takes several steps
  int64_t terms = 1;              ///< at once
  unsigned rows = 0, vectors = 1; ///< operand numbers
};

/// The instruction, one of `dots` ("f32x4:f32:INTRINSIC:INTRINSIC"), for `op`
/// with lanes along `vectorLoop`.
std::optional<LaneProduct> findLaneProduct(mlir::linalg::LinalgOp op,
                                           unsigned vectorLoop,
                                           llvm::ArrayRef<std::string> dots);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_DOTPRODUCT_H
