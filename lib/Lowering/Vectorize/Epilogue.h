//===- Epilogue.h - What is done with a result in registers -----*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_EPILOGUE_H
#define RAC_LIB_LOWERING_VECTORIZE_EPILOGUE_H

#include "LoopRoles.h"

namespace rac::vectorize {

/// An elementwise op that alone reads a reduction's result, or that writes its
/// own in that one's place: it is computed on the registers that hold it, which
/// then never go to memory.
struct Epilogue {
  mlir::linalg::LinalgOp op;
  /// Which of its operands is that result.
  unsigned operandNumber = 0;
  /// The reduction's roles, as its own loops have them.
  LoopRoles roles;
  /// For each loop of `op`, that of the reduction it is.
  llvm::SmallVector<unsigned> loops;

  llvm::SmallVector<mlir::Value>
  positionOf(llvm::ArrayRef<mlir::Value> position) const;
};

/// The epilogue of `op`, which has `roles` and starts from what `fill` writes.
std::optional<Epilogue> findEpilogue(mlir::linalg::LinalgOp op,
                                     mlir::linalg::FillOp fill,
                                     const LoopRoles &roles, bool scalable);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_EPILOGUE_H
