//===- LoopBuilder.h - scf loops over tensors -------------------*- C++ -*-===//

#ifndef RAC_LIB_IMPORT_LOOPBUILDER_H
#define RAC_LIB_IMPORT_LOOPBUILDER_H

#include "GraphImporter.h"
#include "llvm/ADT/ScopeExit.h"

namespace rac::onnximport {

/// What one iteration gives.
struct Iteration {
  llvm::SmallVector<Value> carried;
  /// Each of one step's rank; they are stacked along a new first dimension.
  llvm::SmallVector<Value> stacked;
  /// Whether to go on, an i1 tensor; null for always.
  Value goOn;
  /// Set where the body uses something unsupported.
  bool poisoned = false;
};

/// Builds a body at the insertion point, for iteration `i` (an index) and the
/// carried values. May be called more than once.
using IterationBuilder = llvm::function_ref<llvm::FailureOr<Iteration>(
    AffineExpr i, llvm::ArrayRef<Value> carried)>;

struct LoopResult {
  llvm::SmallVector<Value> carried, stacked;
  bool poisoned = false;
};

/// A loop of `count` iterations (null for no limit) that ends early where
/// `goOn`, an i1 tensor, or what the body says of it, is false. Where the body
/// always goes on it is a scf.for, else a scf.while. `reverse` stacks the last
/// iteration's values first.
llvm::FailureOr<LoopResult> buildLoop(TensorBuilder &tb, AffineExpr count,
                                      Value goOn, llvm::ArrayRef<Value> initial,
                                      size_t numStacked,
                                      llvm::ArrayRef<bool> reverse,
                                      IterationBuilder body);

/// The least static type that both are; null where they differ in more.
RankedTensorType commonType(RankedTensorType x, RankedTensorType y);

} // namespace rac::onnximport

#endif // RAC_LIB_IMPORT_LOOPBUILDER_H
