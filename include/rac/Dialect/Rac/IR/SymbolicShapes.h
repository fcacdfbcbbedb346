//===- SymbolicShapes.h - Sizes as expressions over few roots ---*- C++ -*-===//
//
// Answers whether two sizes that only the run knows are equal: each is brought
// to an expression over roots, which are dimensions of arguments and index
// values that nothing is known of.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_DIALECT_RAC_IR_SYMBOLICSHAPES_H
#define RAC_DIALECT_RAC_IR_SYMBOLICSHAPES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "rac/Dialect/Rac/IR/ShapeContext.h"
#include "llvm/ADT/DenseMap.h"

namespace rac {

/// Valid as long as the values it was asked about keep their definitions.
class SymbolicShapes {
public:
  explicit SymbolicShapes(mlir::MLIRContext *ctx) : ctx(ctx) {}

  /// Dimension `dim` of a tensor, or (dim < 0) an index value.
  using Root = ShapeContext::Symbol;

  /// The shape of a ranked tensor; no expression is null. It stays where it is.
  const Dims &shape(mlir::Value tensor);
  mlir::AffineExpr dim(mlir::Value tensor, int64_t dim) {
    return shape(tensor)[dim];
  }
  mlir::AffineExpr index(mlir::OpFoldResult value);
  bool sameShape(mlir::Value a, mlir::Value b) { return shape(a) == shape(b); }

  /// What symbol i stands for is getRoots()[i].
  llvm::ArrayRef<Root> getRoots() const { return roots; }

private:
  Dims computeShape(mlir::Value tensor);
  void settle(mlir::scf::ForOp loop);
  void assumeShape(mlir::Value tensor, Dims dims);
  void forgetSince(size_t number);
  mlir::AffineExpr computeIndex(mlir::Value value);
  mlir::AffineExpr root(mlir::Value value, int64_t dim);
  mlir::AffineExpr namedRoot(mlir::BlockArgument argument, int64_t dim);

  /// Roots that are some constant, for the length of an argument.
  using Facts = llvm::DenseMap<mlir::AffineExpr, int64_t>;
  void assume(mlir::AffineExpr expr, int64_t value, Facts &facts);
  mlir::AffineExpr substitute(mlir::AffineExpr expr, const Facts &facts);
  mlir::AffineExpr computeSelect(mlir::arith::SelectOp op);

  mlir::MLIRContext *ctx;
  llvm::SmallVector<Root> roots;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::AffineExpr> rootOf;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Dims>> shapes;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> indices;
  /// What both have, in the order it was found.
  llvm::SmallVector<mlir::Value> known;
};

/// The product, with factors in a canonical order.
mlir::AffineExpr multiplySizes(mlir::AffineExpr a, mlir::AffineExpr b);
/// The quotient where the divisor's factors are among the dividend's or the
/// divisor is a positive constant; else null.
mlir::AffineExpr divideSizes(mlir::AffineExpr a, mlir::AffineExpr b);

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_SYMBOLICSHAPES_H
