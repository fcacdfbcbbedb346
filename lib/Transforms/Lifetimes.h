//===- Lifetimes.h - When tensors are in memory -----------------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_LIFETIMES_H
#define RAC_LIB_TRANSFORMS_LIFETIMES_H

#include "Search/Option.h"
#include "mlir/IR/BuiltinOps.h"
#include "rac/Cost/InPlace.h"
#include "llvm/ADT/DenseMap.h"

namespace rac {

/// The steps of a run are a module's ops in the order they are written; ops in
/// regions come between their parent and what follows it.
class Lifetimes {
public:
  Lifetimes(mlir::ModuleOp module, const Assumptions &assumptions);

  int32_t step(mlir::Operation *op) const { return steps.lookup(op); }

  /// The first step that writes the op's results: of a concatenation, that
  /// which computes the first part.
  int32_t firstUse(mlir::Operation *op) const;

  /// The last step that reads the tensor, or a reshaped view of it. `latest`
  /// says when an op of the same block will have run, if not at its own step.
  int32_t lastUse(mlir::Value value,
                  llvm::function_ref<int32_t(mlir::Operation *)> latest) const;
  int32_t lastUse(mlir::Value value) const;

  /// Whether a planned group writes its result over the tensor, where it is the
  /// last to read it: the library adds a residual to what lies there.
  bool isOverwritten(mlir::Operation *by, mlir::Value value) const;

  /// B of the tensor in the arena: none of views, constants, and of what is
  /// written into another tensor, or the caller's buffers, at once.
  double bytes(mlir::Value value) const;

private:
  AssumedSizes sizes;
  int64_t alignment = 1; ///< of parts on the module's device, B
  llvm::DenseMap<mlir::Operation *, int32_t> steps, ends;
};

/// What the tensors between a module's groups hold.
std::vector<Held> heldBetweenGroups(mlir::ModuleOp module,
                                    const Assumptions &assumptions);

/// B of the module's constants, each once.
int64_t constantBytes(mlir::ModuleOp module);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_LIFETIMES_H
