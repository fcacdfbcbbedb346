//===- PostOps.h - Post-ops by loops of our own -----------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ONEDNN_POSTOPS_H
#define RAC_RUNTIME_ONEDNN_POSTOPS_H

#include "Problem.h"

namespace rac::onednn {

/// Whether the two below can be used. False: problem.error says why.
bool knowsPostOps(Problem &problem);

/// Applies the call's post-ops to rows [low, high) of its result: for what
/// oneDNN can't do itself, or only a hundred times slower.
void applyPostOps(Problem &problem, void *const *data, int64_t low,
                  int64_t high);
/// How many rows the result has.
int64_t numRows(Problem &problem);

/// The same for a result without any terms to sum up (K = 0), for which oneDNN
/// does nothing at all: starts from the bias, or zeros.
void computeEmptySum(Problem &problem, void *const *data);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_POSTOPS_H
