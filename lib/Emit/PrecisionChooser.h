//===- PrecisionChooser.h - A type for each group ---------------*- C++ -*-===//

#ifndef RAC_LIB_EMIT_PRECISIONCHOOSER_H
#define RAC_LIB_EMIT_PRECISIONCHOOSER_H

#include "ChoosePrecision.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Precision/Assign.h"
#include "rac/Precision/Study.h"
#include "llvm/ADT/StringMap.h"

namespace rac {

/// Of a group, predicted.
struct Cost {
  double seconds = 0;
  std::optional<double> joules;
  PlanAttr plan; ///< what costs this, of groups in their types

  Cost &operator+=(const Cost &other) {
    seconds += other.seconds;
    if (joules && other.joules)
      *joules += *other.joules;
    else
      joules = std::nullopt;
    return *this;
  }
};
/// Of no group.
inline Cost noCost() { return {0, 0, {}}; }
using Costs = llvm::StringMap<Cost>; ///< by group

/// One way for a group to compute.
struct TypeWay {
  GroupType type;
  std::optional<KernelKind> kind; ///< none: as planned in f32
  Cost cost;
  double error = 0;
  std::string reason; ///< why it isn't considered; empty: it is
};

/// What the steps towards a choice hand on to each other: first begin() and
/// costInF32(), or beginAs(), then decide().
class PrecisionChooser {
public:
  PrecisionChooser(mlir::ModuleOp module, const ModelSignature &signature,
                   const Device &device, const TargetSpec &target,
                   const PrecisionRequest &request)
      : module(module), signature(signature), device(device), target(target),
        request(request), context(module.getContext()) {}

  llvm::Error begin();
  /// Asked the same as `other`, whose costs are known, of another plan of the
  /// model.
  void beginAs(const PrecisionChooser &other);
  /// Whether no bit may change.
  bool keepsAll() const { return report.budget && *report.budget == 0; }
  void keepAll();
  /// What the plan takes as it is, which the result is compared with.
  llvm::Expected<Cost> costInF32();
  /// Gives the groups of the module the types that were found.
  llvm::Error decide();
  double score() const { return assignment.cost; }
  double score(const Cost &cost) const {
    return perSecond * cost.seconds + perJoule * cost.joules.value_or(0);
  }
  PrecisionReport &found() { return report; }

private:
  llvm::Error check();
  llvm::Error readSamples();
  llvm::Error makeProbe();
  llvm::Error costWays();
  llvm::Error costSmoothing();
  llvm::Error measureWays();
  llvm::Error choose();
  llvm::Error findFront();
  llvm::Expected<Costs> costsOf(mlir::ModuleOp copy) const;
  llvm::Expected<Costs> costsIn(GroupType type, std::optional<KernelKind> kind);
  llvm::Expected<std::vector<TypeWay>> waysIn(GroupType type);
  bool measuredAbove(double error) const {
    return report.budget && !(error <= *report.budget);
  }
  /// What has to keep the budget: what other samples stay below, unless so few
  /// could show that of no types.
  double held(const MeasuredError &error) const {
    return showsBudget ? error.bound : error.error;
  }
  AssignProblem problem(double budget) const;
  /// The least score at a budget that errors measured together keep.
  llvm::Expected<bool> assignWithin(double budget);
  llvm::Expected<MeasuredError> verify();
  Assignment allInF32() const;
  bool changesNothing(llvm::ArrayRef<unsigned> picks) const;
  PlanAttr planOf(PlanAttr plan, unsigned group, GroupType type) const;
  using Kinds = llvm::ArrayRef<std::optional<KernelKind>>;
  /// `costed`, where there are any: whose blocks of a GPU are taken.
  void setPlans(mlir::ModuleOp module, llvm::ArrayRef<GroupType> types,
                Kinds kinds, llvm::ArrayRef<PlanAttr> costed = {}) const;
  /// Gives the module's groups what was picked.
  void setPicked(mlir::ModuleOp module) const;
  const TypeWay &wayOf(unsigned group, unsigned pick) const;
  std::string nameOf(GroupType type) const;
  Cost total(llvm::ArrayRef<unsigned> picks) const;
  llvm::SmallVector<GroupType> typesOf(llvm::ArrayRef<unsigned> picks) const;
  void describe();

  mlir::ModuleOp module;
  const ModelSignature &signature;
  const Device &device;
  const TargetSpec &target;
  const PrecisionRequest &request;
  mlir::MLIRContext *context;
  PrecisionReport report;
  ErrorMetric metric = ErrorMetric::relativeL2;
  mlir::Type half;
  llvm::SmallVector<GroupType> candidates; ///< beside f32
  std::shared_ptr<const SplitSamples> samples;
  Probe probe;
  TargetSpec host;
  std::unique_ptr<LoadedModel> model;
  std::optional<Study> study;
  bool showsBudget = true;
  Costs stageCosts; ///< of rounding a tensor in a group of its own
  double perSecond = 1, perJoule = 0;
  std::vector<llvm::SmallVector<TypeWay, 4>> ways; ///< by group of the probe
  // What assignWithin found.
  Assignment assignment;
  MeasuredError measured;
};

} // namespace rac

#endif // RAC_LIB_EMIT_PRECISIONCHOOSER_H
