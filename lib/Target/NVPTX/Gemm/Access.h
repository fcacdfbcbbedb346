//===- Access.h - Where an operand's elements are ---------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_ACCESS_H
#define RAC_LIB_TARGET_NVPTX_GEMM_ACCESS_H

#include "../Padding.h"
#include "Emit.h"
#include "mlir/IR/AffineMap.h"

namespace rac::gemm {

/// A digit of a number that counts the iterations of several loops, and by how
/// many elements an address grows with it.
struct Term {
  Index extent, stride;
  int64_t multiple; ///< of which the stride is one; 0: it is 0
  /// The dimension of the operand that it alone indexes, and the first one that
  /// it does after merging.
  std::optional<unsigned> first, last;
  /// The bound of the operand that it moves along, by so much.
  std::optional<unsigned> bound = std::nullopt;
  int64_t step = 0;
};

/// Beyond a dimension of the operand there are zeros.
struct Bound {
  Index first; ///< where the loops begin; may be before the dimension's start
  Index size;
};

/// From the slowest digit to the fastest.
using Terms = llvm::SmallVector<Term>;

/// How far from the first element that number is.
Index distance(Emit &e, llvm::ArrayRef<Term> terms, Index number);

/// By how much that number moves along a bound.
Index movement(Emit &e, llvm::ArrayRef<Term> terms, Index number,
               unsigned bound);

/// Whether addresses are a sum of what each loop adds.
bool isSeparable(mlir::AffineMap map);

/// Whether an operand that is accessed so can be taken from where it was copied
/// from: what is around that are zeros, and each loop moves along one bound.
bool canSkip(const nvptx::Padding &padding, mlir::AffineMap map);

/// An operand as one-dimensional memory; its address is a sum of `base` and
/// what each loop adds to it.
class Access {
public:
  /// `loops`: which of the contraction's loops each dimension of `map` is, and
  /// `extents` those loops' sizes. `padding`: of the buffer, whose source is
  /// what is accessed then.
  Access(Emit &e, mlir::Value buffer, mlir::AffineMap map,
         llvm::ArrayRef<unsigned> loops, llvm::ArrayRef<Index> extents,
         const nvptx::Padding *padding = nullptr);

  mlir::Value memory() const { return flat; }
  mlir::Type element() const;
  Index start() const { return base; }
  llvm::ArrayRef<Bound> bounds() const { return bounded; }
  /// Where there is an element for sure; none if there may be no elements.
  std::optional<Index> somewhere(Emit &e) const;
  /// What the loops of a role add together.
  Terms along(Emit &e, llvm::ArrayRef<unsigned> role) const;
  /// So many elements, a power of two and at most `most`, always lie together
  /// and aligned along a role, from a multiple of that on; 1 if none do.
  int64_t vectorLength(Emit &e, llvm::ArrayRef<unsigned> role,
                       int64_t most) const;

private:
  mlir::Value flat;
  Index base;
  int64_t baseMultiple = 0; ///< of which `base` is one; 0: it is 0
  bool dense;               ///< the layout is the identity
  llvm::SmallVector<Terms> loopTerms;
  llvm::SmallVector<Bound> bounded;
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_ACCESS_H
