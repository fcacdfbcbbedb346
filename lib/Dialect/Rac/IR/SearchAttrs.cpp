//===- SearchAttrs.cpp - What a plan was chosen among ---------------------===//

#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

LogicalResult
AlternativeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        StringRef form, PlanAttr plan, StringRef reason, bool) {
  if (form.empty() || reason.empty())
    return emitError() << "an alternative needs a form and a reason";
  if (!plan || !plan.getCost())
    return emitError() << "an alternative needs a plan with its cost";
  return success();
}

LogicalResult SearchAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 Objective, Real score, Real bound, bool exact,
                                 Real maxSeconds, int64_t maxBytes,
                                 int64_t activations, int64_t weights, int64_t,
                                 int64_t, ArrayAttr rivals) {
  if (bound > score)
    return emitError() << "a plan can't score " << double(score)
                       << ", less than the bound of " << double(bound);
  if (maxSeconds < 0 || maxBytes < 0)
    return emitError() << "a budget can't be negative";
  if (activations < 0 || weights < 0)
    return emitError() << "memory can't be negative";
  if (rivals && !llvm::all_of(rivals, llvm::IsaPred<PointAttr>))
    return emitError() << "rivals are #rac.point";
  return success();
}

SearchAttr SearchAttr::withMemory(int64_t activations, int64_t weights) const {
  return get(getContext(), getObjective(), getScore(), getBound(), getExact(),
             getMaxSeconds(), getMaxBytes(), activations, weights,
             getCandidates(), getUndecided(), getRivals());
}

SearchAttr SearchAttr::withBudgets(double maxSeconds, int64_t maxBytes) const {
  return get(getContext(), getObjective(), getScore(), getBound(), getExact(),
             maxSeconds, maxBytes, getActivations(), getWeights(),
             getCandidates(), getUndecided(), getRivals());
}
