//===- TimeFormula.h - Seconds as a function of coefficients ----*- C++ -*-===//
//
// The amounts that a candidate takes of each of the device's coefficients. The
// time can so be asked for with the coefficients as they are thought to be, at
// their bounds, or with one of them at a bound.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_COST_TIMEFORMULA_H
#define RAC_COST_TIMEFORMULA_H

#include "rac/Cost/Coefficients.h"
#include "rac/Cost/Estimate.h"

namespace rac {

struct TimeFormula {
  /// ops / (peak * fraction * utilization) * (1 + half / size) for each half.
  struct Compute {
    double ops = 0;
    const Coefficient *peak = nullptr;
    const Coefficient *fraction = nullptr; ///< null: 1
    double utilization = 1;
    struct Half {
      const Coefficient *half;
      double size;
    };
    llvm::SmallVector<Half, 3> halves;
    /// It passes while a core that runs out of order computes something else.
    bool isHidden = false;
  };
  /// max(bytes / (core * speedup), (bytes + backBytes - sharedBytes) / device)
  /// + peerBytes / (peer * speedup); null device: the core's own. A core that
  /// waits for what it has asked for takes at most inFlight / latency.
  struct Transfer {
    double bytes = 0;
    const Coefficient *core = nullptr;
    const Coefficient *device = nullptr;
    const Coefficient *latency = nullptr; ///< null: none
    double inFlight = 0;                  ///< B of a core
    double backBytes = 0;                 ///< go back, in `device` only
    double sharedBytes =
        0; ///< come with what another core gets: not `device`'s
    /// What comes from another core's cache instead.
    double peerBytes = 0;
    const Coefficient *peer = nullptr;
    /// What passes at the same time: whatever else does; all but the other
    /// levels that add up; little.
    enum Kind { overlaps, addsUp, isWaitedFor } kind = overlaps;
    /// The part of what would be waited for that is fetched ahead: it overlaps.
    double ahead = 0;
  };
  struct Overhead {
    const Coefficient *each = nullptr;
    double times = 1;
  };

  llvm::SmallVector<Compute, 4> computes;
  llvm::SmallVector<Transfer, 4> transfers; ///< by level
  llvm::SmallVector<Overhead, 4> overheads;
  /// Blocks of a GPU, which are handed out one after the other while others
  /// run.
  Overhead starts;
  const Coefficient *overlap = nullptr;
  /// The part of what a core computes that begins when all that it waits for
  /// has come.
  double afterWaits = 0;
  double threads = 1;
  /// By how much threads shorten what they share.
  double speedup = 1;

  /// Which values coefficients have.
  struct Values {
    enum Bound { thought, best, worst } all = thought;
    const Coefficient *one = nullptr; ///< this one at `oneAt` instead
    double oneAt = 0;
    double of(const Coefficient &coefficient) const;
  };
  double seconds(const Values &values, Breakdown *breakdown = nullptr) const;
  /// Those that matter, each once, in a fixed order.
  llvm::SmallVector<const Coefficient *, 16> coefficients() const;
};

} // namespace rac

#endif // RAC_COST_TIMEFORMULA_H
