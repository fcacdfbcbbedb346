//===- LoopNest.h - What an op computes, as loops over tensors --*- C++ -*-===//
//
// Costs are derived from this and from nothing else that is known of an op.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_DIALECT_RAC_IR_LOOPNEST_H
#define RAC_DIALECT_RAC_IR_LOOPNEST_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallBitVector.h"

namespace rac {

class ElementwiseOpInterface;

/// How often a loop runs: `size` times, or as often as dimension `dim` of
/// `tensor` is large where only the run knows that (size is kDynamic).
struct Extent {
  int64_t size = 1;
  mlir::Value tensor;
  unsigned dim = 0;

  Extent(int64_t size) : size(size) {}
  Extent(mlir::Value tensor, unsigned dim)
      : size(mlir::cast<mlir::RankedTensorType>(tensor.getType())
                 .getDimSize(dim)),
        tensor(tensor), dim(dim) {}
};

/// The elements of a tensor that an iteration touches: one, at `map` of the
/// loops' positions.
struct Access {
  mlir::Value tensor;
  mlir::AffineMap map;
  /// Dimensions along which data decides where: what the map says of them is
  /// only how many different positions there can be.
  llvm::SmallBitVector scattered;
};

/// Perfectly nested loops, outermost first, around a computation of scalars.
struct LoopNest {
  llvm::SmallVector<Extent> loops;
  /// Loops whose iterations combine into one element, or must run in order.
  llvm::SmallBitVector reductions;
  llvm::SmallVector<Access> reads;
  llvm::SmallVector<Access> writes;
  /// What it computes in; null: it only moves.
  mlir::Type type;
  /// Of each iteration: multiply-adds that belong to a sum of products, other
  /// operations, and functions that take a polynomial (exp, log, ...).
  double multiplyAdds = 0, operations = 0, functions = 0;
  /// Where the last loop is further than the one around it nothing is computed
  /// that anyone uses: kernels may leave that out.
  bool isTriangle = false;
  /// Loops over what is brought in the order of its keys, the first read: where
  /// many threads do it, in passes of their own before the rest.
  llvm::SmallBitVector sorted;
  /// Reductions carry a sum from one iteration to the next, each of which
  /// leaves something: kernels may combine parts of it in any order.
  bool isScan = false;
};

/// Builds a loop nest: loops first, then the accesses.
class NestBuilder {
public:
  explicit NestBuilder(mlir::MLIRContext *ctx) : ctx(ctx) {}

  mlir::AffineExpr loop(Extent extent, bool reduction = false);
  /// A parallel loop for each dimension.
  llvm::SmallVector<mlir::AffineExpr> loopsOver(mlir::Value tensor);

  using Exprs = llvm::ArrayRef<mlir::AffineExpr>;
  /// `scattered`: the dimensions along which data decides.
  void read(mlir::Value tensor, Exprs at,
            llvm::ArrayRef<int64_t> scattered = {});
  void write(mlir::Value tensor, Exprs at,
             llvm::ArrayRef<int64_t> scattered = {});
  /// Reads what broadcasts to dimensions at positions `at`, as numpy does.
  void readBroadcast(mlir::Value tensor, Exprs at);
  /// The positions in `tensor` of what broadcasts to positions `at`.
  llvm::SmallVector<mlir::AffineExpr> broadcast(mlir::Value tensor, Exprs at);
  mlir::AffineExpr zero();

  /// What a loop goes over is sorted.
  void sort(mlir::AffineExpr loop);

  /// The finished nest. Counts are of each iteration.
  LoopNest finish(mlir::Type type, double multiplyAdds, double operations,
                  double functions = 0);

private:
  Access access(mlir::Value tensor, Exprs at,
                llvm::ArrayRef<int64_t> scattered);

  mlir::MLIRContext *ctx;
  LoopNest nest;
};

/// Visits the scalar ops that buildScalar builds for an element.
void visitScalars(ElementwiseOpInterface op,
                  llvm::function_ref<void(mlir::Operation &)> visit);

/// The nest of an elementwise op, its operations counted in what buildScalar
/// builds.
LoopNest elementwiseNest(ElementwiseOpInterface op);

} // namespace rac

#endif // RAC_DIALECT_RAC_IR_LOOPNEST_H
