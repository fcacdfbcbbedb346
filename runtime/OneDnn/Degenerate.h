//===- Degenerate.h - Products of nothing ------------------------*- C++ -*-===//

#ifndef RAC_RUNTIME_ONEDNN_DEGENERATE_H
#define RAC_RUNTIME_ONEDNN_DEGENERATE_H

#include "Problem.h"

namespace rac::onednn {

/// A call whose result has elements but whose sums have no terms (K = 0): the bias, or
/// zeros, with the post-ops applied. oneDNN does nothing at all for them. False: error.
bool runDegenerate(Problem &problem, void *const *data);

} // namespace rac::onednn

#endif // RAC_RUNTIME_ONEDNN_DEGENERATE_H
