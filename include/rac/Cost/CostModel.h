//===- CostModel.h - What a group costs under a plan ------------*- C++ -*-===//
//
// Every decision about how a model runs asks this interface, and nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_COSTMODEL_H
#define RAC_COST_COSTMODEL_H

#include "rac/Cost/Estimate.h"
#include "rac/Cost/GpuBlock.h"
#include "rac/Cost/KernelCost.h"
#include "rac/Cost/RunMemory.h"
#include "rac/Cost/Schedule.h"
#include "rac/Cost/TimeFormula.h"

namespace rac {

class FlowCache;

class CostModel {
public:
  virtual ~CostModel() = default;
  /// What it costs to run the candidate as one kernel the way `plan` says.
  virtual Estimate estimate(const Candidate &candidate,
                            PlanAttr plan) const = 0;
  /// The same of several plans, which have much in common.
  virtual std::vector<Estimate>
  estimates(const Candidate &candidate, llvm::ArrayRef<PlanAttr> plans) const {
    std::vector<Estimate> all;
    for (PlanAttr plan : plans)
      all.push_back(estimate(candidate, plan));
    return all;
  }
  /// What a candidate's cost rests on beside its ops: the same ops cost the
  /// same where it is equal.
  virtual std::vector<double> surroundings(const Candidate &candidate) const {
    return {};
  }
  /// By which part a way to run some ops must beat another one of the same ops
  /// so that the model can tell: below, it may as well take longer.
  virtual double leastGain() const { return 0; }
  /// Blocks that a GPU may compute the candidate's contraction with, some of
  /// them, the quickest first, with those that take less energy; none where
  /// there is no choice.
  virtual llvm::ArrayRef<GpuBlock> bestBlocks(const Candidate &candidate,
                                              mlir::Type precision) const {
    return {};
  }
};

/// Costs from loop nests, by reuse analysis, on a device's description:
/// docs/Cost.md. Not for use by several threads at once.
class DeviceModel : public CostModel {
public:
  /// A plan of 0 threads is costed with `threads`. `unknowns` is told what the
  /// device lacks; both must outlive the model, and it its estimates.
  DeviceModel(const Device &device, const Assumptions &assumptions,
              int64_t threads, Unknowns &unknowns)
      : assumptions(assumptions), least(assumptions.dimLow, SizeBound::least),
        typical(assumptions.dim), most(assumptions.dimHigh, SizeBound::most),
        threads(threads), coefficients(device, unknowns) {}
  Estimate estimate(const Candidate &candidate, PlanAttr plan) const override;
  std::vector<Estimate>
  estimates(const Candidate &candidate,
            llvm::ArrayRef<PlanAttr> plans) const override;
  /// How long ago each of its tensors was touched.
  std::vector<double> surroundings(const Candidate &candidate) const override;
  double leastGain() const override;
  llvm::ArrayRef<GpuBlock> bestBlocks(const Candidate &candidate,
                                      mlir::Type precision) const override;

  /// The time as a function of coefficients, which belong to this model: of a
  /// CPU, where a candidate is one kernel.
  TimeFormula timeFormula(const Candidate &candidate, PlanAttr plan) const;
  /// What each of its kernels takes, on any device, in their order.
  llvm::SmallVector<KernelCost, 4> kernels(const Candidate &candidate,
                                           PlanAttr plan) const;
  /// Gives a coefficient that some formula has another value than the device's.
  void setCoefficient(llvm::StringRef name, double value) {
    coefficients.set(name, value);
  }

private:
  /// By what stands for sizes that aren't known.
  using Flows = std::map<const AssumedSizes *, FlowCache>;
  /// At typical sizes, in intervals that hold the least and the most.
  Estimate estimateRange(const Candidate &candidate, PlanAttr plan,
                         Flows &flows) const;
  Estimate estimateFor(const Candidate &candidate, PlanAttr plan,
                       const AssumedSizes &sizes, Flows &flows) const;
  Work workIn(mlir::Type precision, const Candidate &candidate,
              const AssumedSizes &sizes) const;
  /// Whether sizes that aren't known make a difference.
  bool isUncertain(const Candidate &candidate) const;

  Assumptions assumptions;
  AssumedSizes least, typical, most;
  int64_t threads;
  mutable Coefficients coefficients;
  mutable GpuBlockCache blocks;
  /// Blocks don't change meanwhile.
  mutable std::map<std::pair<mlir::Block *, const AssumedSizes *>,
                   std::unique_ptr<RunMemory>>
      runs;
};

} // namespace rac

#endif // RAC_COST_COSTMODEL_H
