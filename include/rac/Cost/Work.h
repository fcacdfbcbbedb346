//===- Work.h - Operations and bytes of some ops ----------------*- C++ -*-===//

#ifndef RAC_COST_WORK_H
#define RAC_COST_WORK_H

#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// What stands in for what only the run knows.
struct Assumptions {
  int64_t dim = 64;
};

/// Ops that would run as one kernel: a group, or what could become one.
struct Candidate {
  llvm::SmallVector<mlir::Operation *> ops;
  /// Tensors read from and left in memory.
  llvm::SmallVector<mlir::Value> inputs, outputs;

  static Candidate of(llvm::ArrayRef<mlir::Operation *> ops);
  static Candidate of(GroupOp group);
};

/// Floating-point (or integer) operations by how they are computed.
struct Work {
  double matmul = 0;
  double contraction = 0; // other
  double elementwise = 0;
  double bytes = 0;
};

double countElements(mlir::Value tensor, const Assumptions &assumptions);
double countBytes(mlir::Value tensor, const Assumptions &assumptions);
Work analyzeWork(const Candidate &candidate, const Assumptions &assumptions);

} // namespace rac

#endif // RAC_COST_WORK_H
