//===- Estimate.h - What a group is thought to cost -------------*- C++ -*-===//

#ifndef RAC_COST_ESTIMATE_H
#define RAC_COST_ESTIMATE_H

#include "rac/Cost/Device.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// A number of the device that an estimate rests on.
struct Coefficient {
  std::string name; ///< the key: "memory.L2.core_bytes_per_s"
  double value = 0; ///< in the key's unit
  double unc = 0;   ///< as in the file
  Origin origin = Origin::guess;
  bool stoodIn = false; ///< the file has null there
};

/// What the time and the energy are made of; what belongs to a level is in the
/// order of `Estimate::bytes`. Times may overlap: they don't add up to the
/// whole. Energies do.
struct Breakdown {
  double computeSeconds = 0;
  llvm::SmallVector<double, 4> transferSeconds; ///< of each level
  double overheadSeconds = 0; ///< launch, library call, threads
  double opsJoules = 0;
  llvm::SmallVector<double, 4> bytesJoules; ///< of each level
  double staticJoules = 0;
};

/// What one run of a group is thought to cost. The intervals are what the
/// coefficients' stated uncertainties allow.
struct Estimate {
  Interval seconds;                             ///< s
  std::optional<Interval> joules = Interval(0); ///< J; none: unknown
  JoulesOrigin joulesOrigin = JoulesOrigin::modelled;
  double flops = 0; ///< FLOP, and integer operations
  /// What crosses each memory level, B, nearest first; the last is main memory.
  llvm::SmallVector<LevelBytes, 4> bytes;
  Breakdown breakdown;
  /// What it rests on; owned by the model.
  llvm::SmallVector<const Coefficient *, 8> coefficients;

  /// One after the other.
  Estimate &operator+=(const Estimate &other);
  friend Estimate operator+(Estimate a, const Estimate &b) { return a += b; }
  /// B to and from main memory.
  double memoryBytes() const { return bytes.empty() ? 0 : bytes.back().bytes; }
  CostAttr toAttr(mlir::MLIRContext *ctx) const;
};

/// Whether either of the two may turn out to take less time.
bool undecided(const Estimate &a, const Estimate &b);

} // namespace rac

#endif // RAC_COST_ESTIMATE_H
