//===- CostModel.h - What a group costs under a plan ------------*- C++ -*-===//
//
// Every decision about how a model runs asks this interface, and nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_COSTMODEL_H
#define RAC_COST_COSTMODEL_H

#include "rac/Cost/Estimate.h"
#include "rac/Cost/Work.h"

namespace rac {

class CostModel {
public:
  virtual ~CostModel() = default;
  /// What it costs to run the candidate as one kernel the way `plan` says.
  virtual Estimate estimate(const Candidate &candidate,
                            PlanAttr plan) const = 0;
};

/// Time is the larger of computing and moving bytes, plus the overhead of a
/// kernel; energy is the cores' share of the device's TDP for that time, an
/// upper bound.
class RooflineModel : public CostModel {
public:
  /// A plan of 0 threads is costed with `threads`. `unknowns` is told what the
  /// device lacks.
  RooflineModel(const Device &device, const Assumptions &assumptions,
                int64_t threads, Unknowns &unknowns)
      : device(device), assumptions(assumptions), threads(threads),
        unknowns(unknowns) {}
  Estimate estimate(const Candidate &candidate, PlanAttr plan) const override;

private:
  const Device &device;
  Assumptions assumptions;
  int64_t threads;
  Unknowns &unknowns;
};

} // namespace rac

#endif // RAC_COST_COSTMODEL_H
