//===- KernelCost.h - What one kernel takes, before it is priced -*- C++
//-*-===//

#ifndef RAC_LIB_COST_KERNELCOST_H
#define RAC_LIB_COST_KERNELCOST_H

#include "rac/Cost/TimeFormula.h"

namespace rac {

/// Amounts of what a device's coefficients give a time and an energy for.
struct KernelCost {
  TimeFormula formula;
  double flops = 0;
  llvm::SmallVector<double, 4> bytes; ///< by level
  llvm::SmallVector<double, 4> fills; ///< of each cache
  /// Cores of the device that nothing else can use meanwhile.
  double cores = 1;

  /// For energy: operations by unit and type.
  struct Ops {
    const ComputeUnit *unit;
    DataType type;
    double count;
  };
  llvm::SmallVector<Ops, 4> ops;
  void countOps(const ComputeUnit &unit, DataType type, double count);

  Estimate estimate(Coefficients &coefficients, mlir::MLIRContext *ctx) const;

private:
  void addEnergy(Coefficients &coefficients, Estimate &estimate) const;
};

} // namespace rac

#endif // RAC_LIB_COST_KERNELCOST_H
