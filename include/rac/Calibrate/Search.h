//===- Search.h - Parameters of a model that isn't linear -------*- C++ -*-===//

#ifndef RAC_CALIBRATE_SEARCH_H
#define RAC_CALIBRATE_SEARCH_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <string>
#include <vector>

namespace rac {

/// A positive number that the loss depends on.
struct Parameter {
  std::string name;
  double *value = nullptr;  ///< where it is; holds where to begin
  double low = 0, high = 0; ///< its bounds
  /// Of what the loss is a mean of, the part that depends on it: the rest
  /// tells nothing of how certain it is.
  double share = 1;
  /// By what factor, less one, it may be off before the loss grows by the
  /// search's tolerance, of its share; infinite where the loss hardly depends
  /// on it.
  double uncertainty = 0;
};

/// Moves the parameters, one after the other, to where the loss is least along
/// each, in log scale, until a round over all gains nothing. The loss there.
/// `tolerance` > 0, in the loss's unit, is what the uncertainties are told for.
double search(std::vector<Parameter> &parameters,
              llvm::function_ref<double()> loss, double tolerance,
              int mostRounds = 12);

} // namespace rac

#endif // RAC_CALIBRATE_SEARCH_H
