//===- Reduction.h - Reductions for other lowerings -------------*- C++ -*-===//

#ifndef RAC_LOWERING_RACTOLINALG_REDUCTION_H
#define RAC_LOWERING_RACTOLINALG_REDUCTION_H

#include "Utils.h"

namespace rac::lowering {

/// A vector of `rank` bits with those in `set` set.
llvm::SmallBitVector bitsAt(int64_t rank, llvm::ArrayRef<int64_t> set);
/// What leaves others as they are.
mlir::Value neutralConstant(mlir::OpBuilder &b, mlir::Location loc,
                            ReduceKind kind, mlir::Type type, bool isUnsigned);
/// One step of a reduction on scalars, floats reassociable.
mlir::Value combine(mlir::OpBuilder &b, mlir::Location loc, ReduceKind kind,
                    mlir::Value x, mlir::Value y, bool isUnsigned);
/// `tensor`, of rac elements `element`, reduced over `axes`, which go. Elements
/// of the result are storage of computeType(element); mean gives the sum.
mlir::Value reduceTensor(mlir::OpBuilder &b, mlir::Location loc,
                         ReduceKind kind, mlir::Value tensor,
                         mlir::Type element, const llvm::SmallBitVector &axes,
                         bool mayLoseNan = false);
/// Adds dimensions of size 1: those set in `dims`, of the result's.
mlir::Value insertUnitDims(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::Value tensor,
                           const llvm::SmallBitVector &dims);
/// A size as a scalar of `type`, for means.
mlir::Value countAs(mlir::OpBuilder &b, mlir::Location loc,
                    mlir::OpFoldResult count, mlir::Type type);
/// exp(x - max) / sum of it along `axis`, or its logarithm. A core takes a
/// hundred times as long for a product with a subnormal number as with another,
/// and where a mask adds -100, or the lowest number there is, exponentials are
/// little else: without `keepSubnormals` they are zero.
mlir::Value softmaxTensor(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value tensor, mlir::Type element, int64_t axis,
                          bool log, bool keepSubnormals);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_REDUCTION_H
