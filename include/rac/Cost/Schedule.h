//===- Schedule.h - The loops that a plan makes of a candidate --*- C++ -*-===//

#ifndef RAC_COST_SCHEDULE_H
#define RAC_COST_SCHEDULE_H

#include "rac/Cost/Work.h"

namespace rac {

/// Memory within which processors fetch ahead.
constexpr int64_t kPageBytes = 4096;

/// What generated code is made for.
struct VectorShape {
  int64_t bits = 512; ///< of a register
  int64_t registers = 32;
  /// Whether sums that aren't in lanes are in memory, which is filled first; or
  /// each in a thread's register.
  bool fillsSums = true;
};

/// One loop nest of a candidate inside a tile.
struct NestSchedule {
  /// Iterations of each of the nest's loops while the loops over tiles from
  /// number i on run: extents[0] in all, extents.back() in one tile.
  llvm::SmallVector<llvm::SmallVector<double, 6>, 4> extents;
  /// The same inside of all blocks of the tile: sums stay in registers for as
  /// long.
  llvm::SmallVector<double, 6> block;
  /// Loops inside a tile, outermost first: how often, and how many of the
  /// loop's iterations each of them does.
  struct Level {
    unsigned loop;
    double trips, step;
  };
  llvm::SmallVector<Level, 8> levels;
  /// The loops whose iterations are lanes, and rows of a tile of registers;
  /// none where the nest stays scalar.
  std::optional<unsigned> vectorLoop, rowLoop;
  double lanes = 1, rows = 1, vectors = 1;
  /// B from one row to the next, where rows are reduced along the lanes,
  /// several in turn, and have nothing in common.
  std::optional<int64_t> ownRowBytes;
  /// Clocks of a vector's shuffles, where the nest writes in another order than
  /// it reads; else 0. The vector loop and the row loop are then those that are
  /// contiguous in what is read and in what is written.
  double shuffleClocks = 0;
  /// Whether these go by square blocks, of as many rows as lanes; or else by
  /// rows, all of which are side by side.
  bool isBlock = false;
  /// The elements that whole blocks or vectors of rows move, by all elements:
  /// more than 1 where the last ones overlap those before, less where what is
  /// left goes one by one.
  double wholeBlocks = 1;
  /// Runs once, whole, before the loops over tiles: a padded copy, and what it
  /// is made of.
  bool isBefore = false;
  /// The outermost of the loops that threads share, of which each has an equal
  /// part, in order; none where they share nothing.
  std::optional<unsigned> sharedLoop;
  /// Where no tiles are: levels before the one of that loop.
  unsigned sharedFrom = 0;
  /// What it writes is filled first, in a nest of its own.
  bool fills = false;
  /// Of a multiply-add of whole vectors in the tile of registers; at best a
  /// half.
  double clocks = 0.5;

  double iterationsOfTile() const;
};

/// The loops over tiles, then the nests of a tile one after the other.
struct Schedule {
  llvm::SmallVector<double, 4> tileTrips; ///< outermost first
  /// Of the one dimension that tiles cut, how many whole tiles it would be; of
  /// several, or none: 0.
  double wholeTiles = 0;
  /// By tensor, of those that pass between the nests of a tile: their shapes
  /// there; others': none.
  llvm::SmallVector<llvm::SmallVector<double, 4>, 4> passingShapes;
  llvm::SmallVector<NestSchedule, 4> nests;
  double tiles() const;
  /// Iterations of a nest in all.
  double iterations(const NestSchedule &nest) const {
    return (nest.isBefore ? 1 : tiles()) * nest.iterationsOfTile();
  }
  /// Iterations that threads can share: of the loops over tiles, or else of the
  /// outer loop of the largest nest.
  double parallelTrips(const Work &work) const;
  /// By what factor so many threads are faster than one, at most: those with
  /// the most tiles, or iterations, take longest.
  double speedup(const Work &work, double threads) const;
};

/// The nests as the plan's kernel has them: fused, and in generated code sums
/// in parts and filters as it reads them.
void arrangeNests(Work &work, PlanAttr plan);

/// How generated code runs a candidate whose elementwise nests are fused: the
/// plan's tiles, and lowering's choices for the rest.
Schedule scheduleOf(const Work &work, PlanAttr plan,
                    const VectorShape &vectors);

} // namespace rac

#endif // RAC_COST_SCHEDULE_H
