//===- AssumedSizes.h - What stands for sizes not known ---------*- C++ -*-===//

#ifndef RAC_COST_ASSUMEDSIZES_H
#define RAC_COST_ASSUMEDSIZES_H

#include "rac/Dialect/Rac/IR/SizeRanges.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>

namespace rac {

class SymbolicShapes;

/// Sizes of tensors where those of the inputs are what the module says. What
/// doesn't follow from them, or where it says nothing, is `other`. Values that
/// it was asked about must keep their definitions while it is in use.
class AssumedSizes {
public:
  AssumedSizes(double other, SizeBound bound = SizeBound::typical);
  ~AssumedSizes();
  AssumedSizes(AssumedSizes &&);

  /// Of a dimension of a ranked tensor; at least 1, where that isn't known.
  double size(mlir::Value tensor, unsigned dim) const;
  /// B of a tensor, a truth value taking one.
  double bytes(mlir::Value tensor) const;

private:
  double compute(mlir::Value tensor, unsigned dim) const;
  double evaluate(mlir::AffineExpr expr) const;

  double other;
  SizeBound bound;
  mutable std::unique_ptr<SymbolicShapes> shapes;
  mutable llvm::DenseMap<std::pair<mlir::Value, unsigned>, double> known;
};

} // namespace rac

#endif // RAC_COST_ASSUMEDSIZES_H
