//===- ChainFinder.h - From one contraction to another ----------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_CHAINFINDER_H
#define RAC_LIB_TRANSFORMS_CHAINFINDER_H

#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include "llvm/ADT/SetVector.h"

namespace rac {

/// Finds the ops between what a contraction reads and an earlier contraction,
/// all of one shape and needed nowhere else.
class ChainFinder {
public:
  /// From operand `passed` of `last` back to the one op that `begins` a chain.
  ChainFinder(mlir::Operation *last, mlir::Value passed, SymbolicShapes &shapes,
              llvm::function_ref<bool(mlir::Operation *)> begins)
      : last(last), passed(passed), shapes(shapes), begins(begins) {}

  /// The members, without `last`, in no order; empty if there is no such chain.
  llvm::SmallVector<mlir::Operation *> find();

private:
  /// Takes `op` and what it needs of the same shape, back to the beginning.
  bool grow(mlir::Operation *op);
  /// Whether a beginning is behind `value`, through ops of its shape.
  bool leadsToFirst(mlir::Value value);

  mlir::Operation *last;
  mlir::Value passed;
  mlir::Operation *first = nullptr;
  SymbolicShapes &shapes;
  llvm::function_ref<bool(mlir::Operation *)> begins;
  llvm::SmallSetVector<mlir::Operation *, 8> members;
};

/// The elementwise ops of its shape after `last`, each the only user of the one
/// before, in their order.
llvm::SmallVector<mlir::Operation *> elementwiseAfter(mlir::Operation *last,
                                                      SymbolicShapes &shapes);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_CHAINFINDER_H
