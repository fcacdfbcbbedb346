//===- Traffic.h - Bytes that cross a memory level --------------*- C++ -*-===//
//
// Reuse analysis. A candidate under a plan is a sequence of loop nests inside
// the loops over tiles. For a cache of some size, what an iteration of a loop
// touches is still there in the next one if all of it fits (least recently used
// goes first); then the loop brings in what it touches in all, else what an
// iteration brings in, each time. From the innermost loop outwards that gives
// the bytes brought in. docs/Cost.md explains it.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_TRAFFIC_H
#define RAC_COST_TRAFFIC_H

#include "rac/Cost/Schedule.h"
#include <cmath>

namespace rac {

/// A cache that a candidate's accesses go through.
struct CacheShape {
  double bytes = 0; ///< infinite: holds everything
  double line = 64; ///< B
  /// Whether a line that is only written comes in first.
  bool fetchesWritten = true;
  /// Lines of a set, in one of which a line's address places it; 0: a line may
  /// be anywhere.
  double ways = 0;
  /// Whether it is that of all cores, whose parts are picked by hashed
  /// addresses so that any line may go first; else what was least recently used
  /// does.
  bool isShared = false;

  /// Whole ones; sizes may be rounded.
  double sets() const {
    return ways > 0 ? std::max(1.0, std::round(bytes / line / ways)) : 1;
  }
};

/// Bytes between a cache and the next level.
struct Traffic {
  double fills = 0;      ///< brought in; a line that is written is, too
  double writeBacks = 0; ///< changed lines that go back
  double total() const { return fills + writeBacks; }
};

/// B of the lines that `use` touches while each loop runs `extents` of its
/// iterations.
double footprint(const WorkTensor &tensor, const WorkUse &use,
                 llvm::ArrayRef<double> extents, double line);

/// Over how many of a cache's sets the lines of such a footprint are spread:
/// rows that are a large power of two apart meet in few.
double setsCovered(const WorkTensor &tensor, const WorkUse &use,
                   llvm::ArrayRef<double> extents, const CacheShape &cache);

/// B of a tensor that are in the cache when a candidate of `candidateBytes`
/// starts: what was just computed, if the candidate is small; weights, if the
/// model is. Infinite: all.
double heldBefore(const WorkTensor &tensor, double candidateBytes,
                  double cacheBytes, const Assumptions &assumptions);

/// How long ago a tensor was touched (WorkTensor).
struct LastTouch {
  double since = 0, meanwhile = 0;
};

/// B of `touched` of a tensor that are in the cache when a candidate comes to
/// them that touches `candidateBytes`.
double heldSince(LastTouch last, double touched, double candidateBytes,
                 const CacheShape &cache);

/// What a generated candidate moves.
Traffic generatedTraffic(const Work &work, const Schedule &schedule,
                         const CacheShape &cache,
                         const Assumptions &assumptions);

/// What it moves between registers and the nearest level, B.
double registerTraffic(const Work &work, const Schedule &schedule);

/// What a library moves that blocks its contractions for the cache: each tensor
/// once, and the products no more than 2 m n k / sqrt(elements that fit), the
/// least there can be (Smith, Lowery, Langou and van de Geijn, "A tight I/O
/// lower bound for matrix multiplication", 2019).
Traffic libraryTraffic(const Work &work, const CacheShape &cache,
                       const Assumptions &assumptions);

} // namespace rac

#endif // RAC_COST_TRAFFIC_H
