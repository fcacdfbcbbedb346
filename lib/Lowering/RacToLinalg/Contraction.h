//===- Contraction.h - Sums of products for other lowerings -----*- C++ -*-===//

#ifndef RAC_LOWERING_RACTOLINALG_CONTRACTION_H
#define RAC_LOWERING_RACTOLINALG_CONTRACTION_H

#include "Utils.h"

namespace rac::lowering {

/// A tensor operand of a sum of products, and its rac element type.
struct Factor {
  mlir::Value value;
  mlir::AffineMap map;
  mlir::Type element;
  int64_t zero = 0; ///< is subtracted from each element
};

/// What products of `element` are summed in: i32 for integers.
mlir::Type accumulatorType(mlir::Type element);
/// lhs * rhs as scalars of the accumulator type.
mlir::Value buildProduct(mlir::OpBuilder &b, mlir::Location loc,
                         const Factor &lhs, const Factor &rhs,
                         mlir::Value lhsStored, mlir::Value rhsStored);
/// The generic that adds lhs * rhs to `out`.
mlir::Value
buildContraction(mlir::OpBuilder &b, mlir::Location loc, const Factor &lhs,
                 const Factor &rhs, const Operand &out,
                 llvm::ArrayRef<mlir::utils::IteratorType> iterators);
/// Zeros of the accumulator type.
mlir::Value zeroAccumulator(mlir::OpBuilder &b, mlir::Location loc,
                            llvm::ArrayRef<mlir::OpFoldResult> sizes,
                            mlir::Type element);
/// The batched matrix product; with `transposed`, rhs is ... x N x K. Elements
/// of the result are of the accumulator type, its sizes `sizes`.
mlir::Value buildMatmul(mlir::OpBuilder &b, mlir::Location loc, mlir::Value lhs,
                        mlir::Type lhsElement, mlir::Value rhs,
                        mlir::Type rhsElement,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        bool transposed);
/// Whether a matrix of weights is whole blocks of rows.
bool isReadInBlocks(DequantizeWeightsOp weights);
/// `lhs`, whose last dimension has `rows` elements, with it as blocks of
/// `block`, filled up with zeros to `filled`.
mlir::Value inBlocks(mlir::OpBuilder &b, mlir::Location loc, mlir::Value lhs,
                     int64_t rows, int64_t filled, int64_t block);
/// Positions of what there is one of for each block of weights at `at`; along a
/// dimension with one block, the first.
llvm::SmallVector<mlir::AffineExpr>
blocksAt(mlir::OpBuilder &b, llvm::ArrayRef<mlir::AffineExpr> at,
         DequantizeWeightsOp weights);
/// The product of `lhs`, of f32, with one matrix of weights in few bits that is
/// read in blocks.
mlir::Value buildNarrowMatmul(mlir::OpBuilder &b, mlir::Location loc,
                              mlir::Value lhs, DequantizeWeightsOp weights,
                              mlir::Value steps, mlir::Value scales,
                              mlir::Value zeros,
                              llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// Whether such a product, of `sizes`, is of one row and 4 bits, in blocks
/// whose terms are whole groups of four.
bool isFixedPoint(DequantizeWeightsOp weights,
                  llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// The same product of integers, each block of the row scaled to fill 23 bits.
mlir::Value buildFixedPointMatmul(mlir::OpBuilder &b, mlir::Location loc,
                                  mlir::Value lhs, DequantizeWeightsOp weights,
                                  mlir::Value steps, mlir::Value scales,
                                  mlir::Value zeros,
                                  llvm::ArrayRef<mlir::OpFoldResult> sizes);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_CONTRACTION_H
