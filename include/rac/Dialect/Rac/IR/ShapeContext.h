//===- ShapeContext.h - One shape function for three uses -------*- C++ -*-===//
//
// An op's shape function computes its results' dimensions as affine expressions
// over its operands' dimensions and its index operands. Static inference folds
// the expressions, reification turns them into affine.apply, and verification
// compares them with the result types.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_DIALECT_RAC_IR_SHAPECONTEXT_H
#define RAC_DIALECT_RAC_IR_SHAPECONTEXT_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/Value.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

namespace rac {

/// The dimensions of one result; a null expression is known only to the run.
using Dims = llvm::SmallVector<mlir::AffineExpr>;

/// Gives a shape function its inputs, and remembers which values the symbols in
/// its expressions stand for.
class ShapeContext {
public:
  explicit ShapeContext(mlir::MLIRContext *ctx) : ctx(ctx) {}

  /// A symbol's origin: dimension `dim` of a tensor, or (dim < 0) an index
  /// value.
  struct Symbol {
    mlir::Value value;
    int64_t dim;
  };

  mlir::AffineExpr constant(int64_t value);
  /// Dimension `dim` of the ranked tensor `value`.
  mlir::AffineExpr dim(mlir::Value value, int64_t dim);
  /// All dimensions of `value`.
  Dims dims(mlir::Value value);
  /// An index value, or a constant index.
  mlir::AffineExpr index(mlir::OpFoldResult value);
  /// Both of ODS's halves of `op`'s list of mixed static and dynamic indices.
  /// Fails, with a diagnostic, where there is not one value for each `?`.
  llvm::FailureOr<Dims> indices(mlir::Operation *op, mlir::ValueRange dynamic,
                                llvm::ArrayRef<int64_t> fixed);

  llvm::ArrayRef<Symbol> getSymbols() const { return symbols; }

private:
  mlir::AffineExpr symbol(mlir::Value value, int64_t dim);

  mlir::MLIRContext *ctx;
  llvm::SmallVector<Symbol> symbols;
};

/// The static value of `expr`, or ShapedType::kDynamic.
int64_t staticDim(mlir::AffineExpr expr);

/// The static shapes that `op`'s shape function gives its results, kDynamic
/// where it can't tell. Fails, with a diagnostic, where the operands
/// contradict.
llvm::FailureOr<llvm::SmallVector<llvm::SmallVector<int64_t>>>
inferStaticShapes(mlir::Operation *op);

/// The size of a convolution's or pool's result along one dimension:
/// floor((in + pads - dilation * (window - 1) - 1) / stride) + 1.
mlir::AffineExpr windowedDim(mlir::AffineExpr in, int64_t pads, int64_t window,
                             int64_t dilation, int64_t stride);

namespace detail {
llvm::LogicalResult
reifyResultShapes(mlir::Operation *op, mlir::OpBuilder &builder,
                  mlir::ReifiedRankedShapedTypeDims &shapes);
llvm::LogicalResult verifyShapes(mlir::Operation *op);
/// numpy's broadcast of all operands; see the dialect's conventions for `?`.
llvm::LogicalResult inferBroadcastDims(mlir::Operation *op,
                                       ShapeContext &shapes,
                                       llvm::SmallVectorImpl<Dims> &results);
/// `op`'s memref is dense, and has a size for each dynamic dimension.
llvm::LogicalResult verifySizes(mlir::Operation *op, mlir::ValueRange sizes);
/// The broadcast of some shapes; failure where they don't fit.
llvm::FailureOr<Dims> broadcastDims(llvm::ArrayRef<Dims> shapes);
/// Whether `shape` broadcasts to `target`, which stays as it is.
bool broadcastsTo(const Dims &shape, const Dims &target);
} // namespace detail

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_SHAPECONTEXT_H
