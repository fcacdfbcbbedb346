//===- Estimate.h - What a group is thought to cost -------------*- C++ -*-===//

#ifndef RAC_COST_ESTIMATE_H
#define RAC_COST_ESTIMATE_H

#include "rac/Cost/Coefficients.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// What the time and the energy are made of; what belongs to a level is in the
/// order of `Estimate::bytes`. Times overlap: they don't add up to the whole.
/// Energies do.
struct Breakdown {
  double computeSeconds = 0;
  llvm::SmallVector<double, 4> transferSeconds; ///< of each level
  double overheadSeconds = 0; ///< launch, library call, threads
  double opsJoules = 0;
  llvm::SmallVector<double, 4> bytesJoules; ///< of each level
  double staticJoules = 0;
  /// B that each cache brings in from the level after it.
  llvm::SmallVector<double, 4> fillBytes;
};

/// What an estimate takes of one coefficient.
struct CoefficientUse {
  const Coefficient *coefficient; ///< owned by the model
  /// s, with this one at the bound that takes less time, and more.
  double fewerSeconds = 0, moreSeconds = 0;
};

/// What one run of a group is thought to cost. The intervals are what the
/// coefficients' stated uncertainties, and assumed sizes, allow.
struct Estimate {
  Interval seconds;                             ///< s
  std::optional<Interval> joules = Interval(0); ///< J; none: unknown
  JoulesOrigin joulesOrigin = JoulesOrigin::modelled;
  double flops = 0; ///< FLOP, and integer operations
  /// What each level delivers to the one before it, and gets back, B: nearest
  /// first, of the first to and from registers, the last is main memory.
  llvm::SmallVector<LevelBytes, 4> bytes;
  Breakdown breakdown;
  llvm::SmallVector<CoefficientUse, 12> coefficients;

  /// One after the other.
  Estimate &operator+=(const Estimate &other);
  friend Estimate operator+(Estimate a, const Estimate &b) { return a += b; }
  /// B to and from main memory.
  double memoryBytes() const { return bytes.empty() ? 0 : bytes.back().bytes; }
  CostAttr toAttr(mlir::MLIRContext *ctx) const;
};

/// Whether the one that is thought to take more time may turn out to take less,
/// for values of the coefficients within their uncertainty. What both rest on
/// has the same value in both. To first order: each coefficient shifts the
/// difference on its own.
bool undecided(const Estimate &a, const Estimate &b);

} // namespace rac

#endif // RAC_COST_ESTIMATE_H
