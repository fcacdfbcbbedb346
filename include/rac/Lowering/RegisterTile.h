//===- RegisterTile.h - How much stays in registers -------------*- C++ -*-===//

#ifndef RAC_LOWERING_REGISTERTILE_H
#define RAC_LOWERING_REGISTERTILE_H

#include <cstdint>
#include <optional>

namespace rac {

/// A tile of a result that stays in registers while reductions run.
struct RegisterTile {
  int64_t rows = 1;
  int64_t vectors = 1; ///< in a row
};

/// What the choice of a tile depends on. Extents that only the run can tell are
/// missing.
struct RegisterTileProblem {
  std::optional<int64_t> rows;    ///< of the result
  std::optional<int64_t> vectors; ///< in a row of the result, rounded up
  /// From one row of what is multiplied with the vectors to the next (B).
  std::optional<int64_t> rowStride;
  int64_t registers = 32; ///< vector registers there are
  /// Vectors that may not be crossed by a tile; 0: none.
  int64_t panel = 0;
  /// Several numbers of each row stay in a register of their own.
  bool rowRegisters = false;
  int64_t multiplyAdds = 2; ///< of vectors, that a core starts in a clock
  /// Rows that each register of the tile has a part of: two where instructions
  /// multiply blocks of matrices. A vector of the result takes as many of them.
  int64_t blockRows = 1;
  /// What a row brings differs by lane as well (depthwise convolutions): it is
  /// loaded for each vector of the tile, not for each row.
  bool lanewise = false;
  /// Whether what is left of the rows, which the run alone knows, is computed
  /// by tiles of half as many rows, a quarter, down to one.
  bool halves = false;
};

/// The tile that lowering takes where a plan names none: the one of the least
/// clocks a step of the reduction, over whole tiles and what is left at the
/// ends; among equals the one that loads the fewest vectors.
RegisterTile chooseRegisterTile(const RegisterTileProblem &problem);

/// Registers that a tile and what is loaded for it take.
int64_t registersOfTile(const RegisterTileProblem &problem,
                        const RegisterTile &tile);

/// Clocks of a vector of the result for each step of the reduction, on average
/// over whole tiles and what is left at the ends; at best a half.
double clocksOfTile(const RegisterTileProblem &problem,
                    const RegisterTile &tile);

/// Whether a step of the reduction multiplies for longer than it loads, so that
/// vectors for later tiles can be fetched meanwhile.
inline bool fetchesAhead(double rows, double vectors) {
  return rows * vectors > rows + vectors;
}

/// Rows each of which is reduced to one number by vectors along it.
struct RowTileProblem {
  std::optional<int64_t> rows;
  std::optional<int64_t> elements; ///< of a row
  int64_t lanes = 1;               ///< elements of a vector
  int64_t registers = 32;
};

/// The tile of such that lowering takes: rows that are reduced in one loop, and
/// for each of them vectors of sums that don't wait for each other; the one of
/// the least clocks a row, among equals the one of the most rows.
RegisterTile chooseRowTile(const RowTileProblem &problem);

/// Clocks of an element's vector in such a tile, on average over a row.
double clocksOfRowTile(const RowTileProblem &problem, const RegisterTile &tile);

/// What may stay in the second-level cache beside as much else, B: that has
/// 1 MiB on Zen 4 and Neoverse V1 and V2, 2 MiB on Golden Cove.
constexpr int64_t kHalfOfSecondCache = 1 << 19;

/// Rows, and elements of each, of the square blocks that transpositions go by:
/// a block needs as many registers as it has rows, and as many again. `bits`:
/// of the widest element; of narrow ones a block has parts of registers.
int64_t lanesOfBlock(int64_t vectorBits, int64_t registers, int64_t bits);

/// Up to so many rows are put side by side by shuffles of two registers; more
/// have square blocks.
constexpr int64_t kMostSideBySide = 4;

} // namespace rac

#endif // RAC_LOWERING_REGISTERTILE_H
