//===- Front.h - What nothing else is better than ---------------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_SEARCH_FRONT_H
#define RAC_LIB_TRANSFORMS_SEARCH_FRONT_H

#include "Option.h"
#include <optional>

namespace rac {

/// Whether `a` holds no more than `b` at any step.
bool holdsNoMore(llvm::ArrayRef<Held> a, llvm::ArrayRef<Held> b);

/// The most that is held at once, B.
double peakBytes(llvm::ArrayRef<Held> held);

/// Which options are on the Pareto front of seconds and joules, and of memory
/// at every step if `withMemory`; by increasing seconds. Of equals the one that
/// holds less for a shorter time, then the first.
llvm::SmallVector<unsigned> paretoFront(llvm::ArrayRef<const Option *> options,
                                        bool withMemory);

/// The lower left boundary of the convex hull of some prices: vertices by
/// increasing seconds and decreasing joules.
class Hull {
public:
  Hull() : vertices{Price{}} {}
  explicit Hull(std::vector<Price> prices);

  /// All sums of one price from each.
  friend Hull operator+(const Hull &a, const Hull &b);

  /// The best point of the hull moved by `shift`, in at most `maxSeconds` after
  /// that; its score is a lower bound of what the prices can reach. Scores are
  /// linear or a product, so it is a vertex or lies where `maxSeconds` cuts an
  /// edge. `slope` gets the weights for which that point is the best without a
  /// limit. None: no point is fast enough.
  std::optional<Price> best(const Goal &goal, Price shift,
                            Price *slope = nullptr) const;
  llvm::ArrayRef<Price> getVertices() const { return vertices; }

private:
  std::vector<Price> vertices;
};

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SEARCH_FRONT_H
