//===- SetRoom.h - Room for a tensor in a cache's sets ----------*- C++ -*-===//

#ifndef RAC_LIB_COST_SETROOM_H
#define RAC_LIB_COST_SETROOM_H

#include "mlir/Support/LLVM.h"
#include "rac/Cost/Footprint.h"
#include <optional>

namespace rac {

/// Lines that are touched of a tensor, and the sets that they are spread over.
struct Occupied {
  double lines = 0;
  Spread spread;
  /// The first set of the period's neighbours, as long as all tensors that it
  /// is known of move along together; none: it begins anywhere.
  std::optional<double> first = std::nullopt;

  double least() const { return std::floor(lines / spread.sets); }
  /// Of the sets, those with a line more than the least.
  double fuller() const { return lines / spread.sets - least(); }
  /// Whether it is known which sets it has.
  bool isPlaced() const { return first && spread.period > 0; }
  bool has(double set) const {
    double within = std::fmod(set - *first, spread.period);
    return (within < 0 ? within + spread.period : within) < spread.width;
  }
  /// The part of the sets that it has, of those that it may have.
  double density(double allSets) const {
    return std::min(1.0, spread.sets / allSets * spread.period / spread.width);
  }
};

/// The part of tensor `t` that has room beside the others, each of which
/// occupies `share` of what `of` says.
double keptOf(unsigned t, unsigned tensors, const CacheShape &cache,
              double share, llvm::function_ref<Occupied(unsigned)> of);

} // namespace rac

#endif // RAC_LIB_COST_SETROOM_H
