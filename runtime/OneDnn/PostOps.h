//===- PostOps.h - Post-ops by loops of our own ------------------*- C++
//-*-===//

#ifndef RAC_RUNTIME_ONEDNN_POSTOPS_H
#define RAC_RUNTIME_ONEDNN_POSTOPS_H

#include "Problem.h"

namespace rac::onednn {

/// Whether the two below can be used. False: problem.error says why.
bool knowsPostOps(Problem &problem);

/// Applies the call's post-ops to its result, row by row: for what oneDNN can't
/// do itself, or only a hundred times slower.
void applyPostOps(Problem &problem, void *const *data);

/// The same for a result without any terms to sum up (K = 0), for which oneDNN
/// does nothing at all: starts from the bias, or zeros.
void computeEmptySum(Problem &problem, void *const *data);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_POSTOPS_H
