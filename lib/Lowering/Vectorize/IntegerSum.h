//===- IntegerSum.h - Sums of products with halves of bytes -----*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_INTEGERSUM_H
#define RAC_LIB_LOWERING_VECTORIZE_INTEGERSUM_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>
#include <string>

namespace rac::vectorize {

/// A sum that is multiplied once (BlockFactor.h) and is an i32: of halves of
/// bytes times signed bytes of rows, times powers of two. An instruction
/// multiplies as many bytes as fill a lane and adds them to it.
struct IntegerSum {
  /// A half of a byte times operand number `row`, times 2^shift.
  struct Product {
    bool high = false;
    unsigned row = 0;
    int64_t shift = 0;
  };

  std::string intrinsic;
  unsigned loop = 0;  ///< whose terms are taken together
  int64_t terms = 4;  ///< so many
  unsigned bytes = 0; ///< operand number of those that have the halves
  llvm::SmallVector<Product> products;
  llvm::SmallVector<int64_t> shifts; ///< that products have, the highest first
  /// Further terms of the sum, floats that are the same in all of the loop.
  llvm::SmallVector<mlir::Value> same;
};

/// What `op` sums up so, where one of `dots` ("u8:s8:INTRINSIC") can; rows are
/// contiguous along the loop, and it has whole groups of terms.
std::optional<IntegerSum> findIntegerSum(mlir::linalg::LinalgOp op,
                                         llvm::ArrayRef<std::string> dots);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_INTEGERSUM_H
