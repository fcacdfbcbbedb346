//===- CpuModel.h - Costs of a group on a CPU -------------------*- C++ -*-===//

#ifndef RAC_LIB_COST_CPUMODEL_H
#define RAC_LIB_COST_CPUMODEL_H

#include "Reuse.h"
#include "rac/Cost/KernelCost.h"
#include "rac/Cost/Traffic.h"

namespace rac {

struct ContractionShape;

/// One candidate on a CPU under one plan, its unknown dimensions assumed.
class CpuCosting {
public:
  CpuCosting(Coefficients &coefficients, const Assumptions &assumptions,
             PlanAttr plan, int64_t runThreads, Work work, FlowCache &flows)
      : coefficients(coefficients), assumptions(assumptions), plan(plan),
        threads(plan.getThreads() > 0 ? plan.getThreads()
                                      : std::max<int64_t>(1, runThreads)),
        runThreads(std::max<int64_t>(1, runThreads)), work(std::move(work)),
        flows(flows), isLibrary(plan.getKind() == KernelKind::library),
        type(dataTypeOf(plan.getPrecision()).value_or(DataType::f32)) {}

  /// The time; to be called once, and before the rest.
  const TimeFormula &formulate();
  KernelCost kernel();

private:
  // ---- computing: CpuCompute.cpp
  void computeLibrary();
  void computeGenerated();
  DataType typeOfSums(const WorkNest &nest, const ComputeUnit &unit) const;
  void addVectorWork(DataType type, double ops, double utilization);
  void addStarts();
  void addClocks(double clocks, bool isHidden);
  void addRepacking(const WorkNest &nest);
  void addTail(const ContractionShape &shape, double terms);
  void addRows(const WorkNest &nest, const NestSchedule &loops);
  void addScalars(const WorkNest &nest, double operations, double iterations);
  void addSelection(const WorkNest &nest, double chosen);
  void addTransposition(const WorkNest &nest, const NestSchedule &loops,
                        double operations, double iterations);
  void addSplits(llvm::ArrayRef<double> fills);
  void addRegisterTiles(const WorkNest &nest, const NestSchedule &loops,
                        double iterations);
  // ---- moving
  double ownPart(unsigned tensor) const;
  double burst() const;
  void addReaders(Traffic &traffic) const;
  void measureTraffic();
  void findWaits(const Traffic &traffic, TimeFormula::Transfer &transfer);
  double countShared() const;
  void addOverheads();

  Coefficients &coefficients;
  const Assumptions &assumptions;
  PlanAttr plan;
  double threads, runThreads;
  Work work;
  FlowCache &flows;
  bool isLibrary;
  DataType type;

  std::optional<Schedule> schedule;
  KernelCost cost;
  TimeFormula &formula = cost.formula;
};

} // namespace rac

#endif // RAC_LIB_COST_CPUMODEL_H
