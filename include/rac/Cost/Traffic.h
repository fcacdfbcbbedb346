//===- Traffic.h - Bytes that cross a memory level --------------*- C++ -*-===//
//
// Reuse analysis. A candidate under a plan is a sequence of loop nests inside
// the loops over tiles. What an iteration of a loop touched is still there in
// the next one if there is room for all that lies between, in its sets of the
// cache (least recently used goes first); else it comes in again. From the
// innermost loop outwards that gives the bytes brought in. docs/Cost.md
// explains it.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_TRAFFIC_H
#define RAC_COST_TRAFFIC_H

#include "rac/Cost/Footprint.h"
#include "rac/Cost/Schedule.h"

namespace rac {

/// Bytes between a cache and the next level.
struct Traffic {
  double fills = 0;      ///< brought in; a line that is written is, too
  double peers = 0;      ///< of these, what another core's cache has
  double writeBacks = 0; ///< changed lines that go back
  llvm::SmallVector<double, 4> fillsOf; ///< by tensor
  double total() const { return fills + writeBacks; }
};

/// B of a tensor that are in the cache when a candidate of `candidateBytes`
/// starts: what was just computed, if the candidate is small; weights, if the
/// model is. Infinite: all.
double heldBefore(const WorkTensor &tensor, double candidateBytes,
                  double cacheBytes, const Assumptions &assumptions);

/// How long ago a tensor was touched (WorkTensor).
struct LastTouch {
  double since = 0, meanwhile = 0;
  /// B that a run touches in all; infinite: not known.
  double run = std::numeric_limits<double>::infinity();
};

/// B of `touched` of a tensor that are in the cache when a candidate comes to
/// them that touches `candidateBytes`.
double heldSince(LastTouch last, double touched, double candidateBytes,
                 const CacheShape &cache);
/// The same from one nest of a candidate to a later one, where the order of
/// touches is known: of a cache the oldest goes first.
double heldWithin(LastTouch last, double touched, double candidateBytes,
                  double cacheBytes);

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
