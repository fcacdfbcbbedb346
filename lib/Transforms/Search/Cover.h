//===- Cover.h - Items computed by columns ----------------------*- C++ -*-===//
//
// Covering a graph, as in technology mapping: a column computes its root from
// the results of the items it needs, whatever lies between being computed
// inside. Every result that is wanted, or that a chosen column needs, must be
// the root of one chosen column. An item inside several is computed several
// times.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_LIB_TRANSFORMS_SEARCH_COVER_H
#define RAC_LIB_TRANSFORMS_SEARCH_COVER_H

#include "Choice.h"

namespace rac {

struct Column {
  unsigned root = 0;
  llvm::SmallVector<unsigned, 4> members; ///< with the root
  llvm::SmallVector<unsigned, 4> needs;   ///< all before the root
  std::vector<Option> options;            ///< ways to run it
};

struct CoverItem {
  int32_t step = 0;      ///< of the run, increasing
  double bytes = 0;      ///< of its result, B
  bool wanted = false;   ///< outside
  int32_t usedUntil = 0; ///< step of the last use outside, if wanted
};

struct CoverProblem {
  std::vector<CoverItem> items; ///< in an order in which they can be computed
  std::vector<Column> columns;
};

struct Pick {
  unsigned column, option;
};

struct Cover {
  Option option; ///< of all its columns together
  std::vector<Pick> picks;
};

struct CoverFront {
  std::vector<Cover> covers; ///< by increasing seconds
  /// As for Slot.
  bool complete = true;
  std::optional<Price> floor;
};

/// The Pareto front of ways to cover the items, of memory too if `withMemory`.
/// By dynamic programming backwards over the items; the states are which
/// results are needed of the items before. `goal` says what to keep where there
/// are more than the limits allow.
CoverFront cover(const CoverProblem &problem, const Goal &goal, bool withMemory,
                 const SearchLimits &limits);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_SEARCH_COVER_H
