//===- RegisterTile.cpp - How much stays in registers ---------------------===//

#include "rac/Lowering/RegisterTile.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

using namespace rac;
using llvm::divideCeil;

// The same on Zen 4 and 5, Golden Cove and Neoverse V1 and V2: two loads a
// clock, at least; a multiply-add takes four clocks (uops.info; Arm's software
// optimization guides).
constexpr double kLoads = 2, kLatency = 4;
/// Beyond this, loads of the rows' elements outnumber what they save (12 to 14
/// rows of 2 vectors use all of 32 registers).
constexpr int64_t kMostRows = 14, kMostVectors = 4;
/// Lines whose addresses agree in these bytes compete for one set of a
/// first-level cache of 64 sets of 64 B; of its 8 or 12 ways rows may take 7,
/// since few of the vectors, which are read in order, come to one set
/// meanwhile.
constexpr int64_t kSetBytes = 4096, kRowsPerSet = 7;

/// Lines that processors fetch together (Intel's optimization manual: the L2
/// spatial prefetcher).
constexpr int64_t kLinePair = 2;

/// Clocks that a step of the reduction takes in a tile. Of blocks, each has its
/// rows brought together first, by what multiplies.
static double clocks(int64_t rows, int64_t vectors,
                     const RegisterTileProblem &problem) {
  int64_t blocks = divideCeil(rows, problem.blockRows);
  int64_t products = blocks * problem.blockRows * vectors;
  int64_t brought = problem.blockRows > 1 ? rows / problem.blockRows : 0;
  int64_t loads = problem.lanewise ? products + vectors
                                   : rows + problem.blockRows * vectors;
  return std::max({double(products + brought) / double(problem.multiplyAdds),
                   double(loads) / kLoads, kLatency});
}

/// `extent` in whole steps, and what is left. An extent not known counts as
/// many: what is left of it then hardly matters; so does one of nothing, whose
/// steps take no less.
struct Parts {
  int64_t whole, rest;
  Parts(std::optional<int64_t> extent, int64_t step) {
    constexpr int64_t many = 256;
    if (extent == 0)
      extent = std::nullopt;
    whole = extent ? *extent / step : std::max<int64_t>(1, many / step);
    rest = extent ? *extent % step : 0;
  }
  double of(double size) const { return double(whole) * size; }
};

/// Of the rows that are left after whole tiles.
static double clocksOfRest(int64_t rest, int64_t vectors,
                           const RegisterTileProblem &problem,
                           const RegisterTile &tile) {
  if (rest == 0)
    return 0;
  if (!problem.halves)
    return clocks(rest, vectors, problem);
  double sum = 0;
  for (int64_t rows = tile.rows / 2; rows > 1; rows /= 2)
    if (rows <= rest) {
      sum += clocks(rows, vectors, problem);
      rest -= rows;
    }
  return sum + double(rest) * clocks(1, vectors, problem);
}

static double clocks(const RegisterTileProblem &problem,
                     const RegisterTile &tile) {
  Parts rows(problem.rows, tile.rows), vectors(problem.vectors, tile.vectors);
  auto column = [&](int64_t width) {
    return rows.of(clocks(tile.rows, width, problem)) +
           clocksOfRest(rows.rest, width, problem, tile);
  };
  double sum = vectors.of(column(tile.vectors)) +
               (vectors.rest ? column(vectors.rest) : 0);
  // By what is computed, which differs where an extent isn't known.
  return sum / (rows.of(tile.rows) + rows.rest) /
         (vectors.of(tile.vectors) + vectors.rest);
}

int64_t rac::registersOfTile(const RegisterTileProblem &problem,
                             const RegisterTile &tile) {
  auto [rows, vectors] = tile;
  // Windows overlap: what the next place of one reads again stays as well.
  // Beside that a weight, a load, and one that LLVM needs for not to spill.
  if (problem.lanewise)
    return rows * vectors + (rows - 1) * vectors + 3;
  if (problem.blockRows == 1)
    return rows * vectors + vectors + (problem.rowRegisters ? rows : 1);
  // Of the vectors, one is multiplied while the next is loaded.
  int64_t blocks = divideCeil(rows, problem.blockRows);
  return blocks * problem.blockRows * vectors + blocks + 2;
}

double rac::clocksOfTile(const RegisterTileProblem &problem,
                         const RegisterTile &tile) {
  return clocks(problem, tile);
}

/// Rows that don't drive each other out of the first-level cache.
static int64_t mostRows(const RegisterTileProblem &problem) {
  if (!problem.rowStride)
    return kRowsPerSet;
  int64_t sets =
      kSetBytes / std::gcd(std::max<int64_t>(1, *problem.rowStride), kSetBytes);
  return std::min(kMostRows, kRowsPerSet * sets);
}

/// Vectors of a tile that loads each of them: a whole row's, which lie side by
/// side and are fetched in order, or pairs.
static int64_t lanewiseWidth(const RegisterTileProblem &problem) {
  int64_t whole = problem.vectors.value_or(kMostVectors + 1);
  int64_t width =
      whole > kMostVectors ? kLinePair : std::max<int64_t>(1, whole);
  while (problem.panel && problem.panel % width != 0)
    --width;
  return width;
}

RegisterTile rac::chooseRegisterTile(const RegisterTileProblem &problem) {
  int64_t most = mostRows(problem), narrowest = 1, widest = kMostVectors;
  if (problem.rows)
    most = std::min(most, std::max<int64_t>(1, *problem.rows));
  if (problem.vectors)
    widest = std::clamp<int64_t>(*problem.vectors, 1, widest);
  if (problem.lanewise)
    narrowest = widest = lanewiseWidth(problem);
  RegisterTile best;
  std::optional<std::tuple<double, double, int64_t>> least;
  for (int64_t vectors = narrowest; vectors <= widest; ++vectors) {
    if (problem.panel && problem.panel % vectors != 0)
      continue;
    for (int64_t rows = 1; rows <= most; ++rows) {
      RegisterTile tile{rows, vectors};
      if (registersOfTile(problem, tile) > problem.registers && rows > 1)
        break;
      auto cost = std::make_tuple(clocks(problem, tile), 1.0 / rows, -vectors);
      if (!least || cost < *least) {
        least = cost;
        best = tile;
      }
    }
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Rows that are reduced
//===----------------------------------------------------------------------===//

/// Rows are streams of memory, and have addresses of their own: with four, what
/// is waited for at their ends is already a quarter.
constexpr int64_t kMostOwnRows = 4;
/// Of sums of a row: as many as hide the latency of an addition where two are
/// started in a clock. Where the run alone knows how many vectors there are,
/// what may be left of them takes as long as many would save.
constexpr int64_t kMostSums = 8, kMostSumsOfUnknown = 4;

/// Until the lanes of sums are added up, a half of them at a time: a shuffle
/// and an addition wait for each other.
static double clocksOfLanes(int64_t lanes) {
  constexpr double shuffle = 3; // uops.info: lanes of another half
  return std::log2(double(std::max<int64_t>(1, lanes))) * (shuffle + kLatency);
}

/// Of a tile's rows, from their first element to their last: whole steps of its
/// vectors, then single ones, the last with some lanes only.
static double clocksOfColumns(const RowTileProblem &problem,
                              const RegisterTile &tile) {
  constexpr int64_t many = 256;
  int64_t elements = problem.elements.value_or(many * problem.lanes);
  int64_t whole = elements / problem.lanes, ragged = elements % problem.lanes;
  int64_t steps = whole / tile.vectors;
  int64_t rest = whole % tile.vectors + (ragged != 0);
  auto step = [&](int64_t vectors) {
    return std::max(double(tile.rows * vectors) / kLoads, kLatency);
  };
  return double(steps) * step(tile.vectors) + double(rest) * step(1);
}

double rac::clocksOfRowTile(const RowTileProblem &problem,
                            const RegisterTile &tile) {
  constexpr int64_t many = 256;
  int64_t vectors =
      problem.elements ? divideCeil(*problem.elements, problem.lanes) : many;
  return clocksOfColumns(problem, tile) /
         double(tile.rows * std::max<int64_t>(1, vectors));
}

RegisterTile rac::chooseRowTile(const RowTileProblem &problem) {
  int64_t mostRows =
      std::clamp<int64_t>(problem.rows.value_or(kMostOwnRows), 1, kMostOwnRows);
  int64_t mostSums = problem.elements ? kMostSums : kMostSumsOfUnknown;
  RegisterTile best;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t rows = mostRows; rows >= 1; --rows)
    for (int64_t vectors = 1; vectors <= mostSums; ++vectors) {
      RegisterTile tile{rows, vectors};
      // Beside the sums what a row brings to all its elements, what is loaded,
      // and a mask or constant.
      if (rows * vectors + rows + 2 > problem.registers)
        break;
      double clocks =
          (clocksOfColumns(problem, tile) + clocksOfLanes(problem.lanes)) /
          double(rows);
      if (clocks < least) {
        least = clocks;
        best = tile;
      }
    }
  return best;
}

int64_t rac::lanesOfBlock(int64_t vectorBits, int64_t registers, int64_t bits) {
  return std::min<int64_t>(vectorBits / std::max<int64_t>(8, bits),
                           llvm::bit_floor(uint64_t(registers)) / 2);
}
