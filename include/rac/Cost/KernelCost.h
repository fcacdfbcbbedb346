//===- KernelCost.h - What a kernel takes, not priced yet -------*- C++ -*-===//

#ifndef RAC_COST_KERNELCOST_H
#define RAC_COST_KERNELCOST_H

#include "rac/Cost/TimeFormula.h"

namespace rac {

/// Amounts of what a device's coefficients give a time and an energy for.
struct KernelCost {
  TimeFormula formula;
  double flops = 0;
  llvm::SmallVector<double, 4> bytes; ///< by level
  llvm::SmallVector<double, 4> fills; ///< of each cache
  /// Cores of the device that nothing else can use meanwhile, and how many of
  /// them are at work, in the mean.
  double cores = 1, busyCores = 1;

  /// For energy: operations by unit and type.
  struct Ops {
    const ComputeUnit *unit;
    DataType type;
    double count;
  };
  llvm::SmallVector<Ops, 4> ops;
  void countOps(const ComputeUnit &unit, DataType type, double count);

  Estimate estimate(Coefficients &coefficients, mlir::MLIRContext *ctx) const;
  /// J if it takes so long; none: unknown.
  std::optional<double> joules(Coefficients &coefficients,
                               double seconds) const;

private:
  void addEnergy(Coefficients &coefficients, Estimate &estimate) const;
};

} // namespace rac

#endif // RAC_COST_KERNELCOST_H
