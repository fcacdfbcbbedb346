//===- Report.h - What was chosen, and what it will cost --------*- C++ -*-===//
//
// The report of `--report`, schema rac-report/1 (docs/Report.md). Units are s,
// J, B, FLOP and g; what is not known is null, and `unknowns` says so.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_REPORT_REPORT_H
#define RAC_REPORT_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Cost/DeviceFile.h"
#include "rac/Lowering/MemoryTimeline.h"
#include "rac/Report/PrecisionReport.h"
#include "rac/Report/SearchReport.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace rac {

/// Taken where nobody says how often a model runs: a round number, no guess.
inline constexpr double kDefaultRunsPerDay = 1000;

/// A number of the device that predictions rest on.
struct CoefficientReport {
  std::string name; ///< the key in the device's file
  double value = 0, unc = 0;
  Origin how = Origin::guess;
  bool stoodIn = false; ///< the file has null there
};

/// What a group's time and energy are made of. Times overlap, and don't add up
/// to the whole; energies do.
struct BreakdownReport {
  double computeSeconds = 0, overheadSeconds = 0;
  std::vector<std::pair<std::string, double>> transferSeconds; ///< by level
  std::optional<double> opsJoules, staticJoules; ///< none: energy is a bound
  std::vector<std::pair<std::string, double>> bytesJoules;
  /// The group's seconds with the number as good, and as bad, as it may be.
  struct Use {
    std::string name;
    double fewerSeconds, moreSeconds;
  };
  std::vector<Use> coefficients;
};

struct GroupReport {
  std::string name, kind, precision;
  std::vector<std::string> ops;
  std::vector<int64_t> tiles, reduction, order, registers;
  int64_t warps = 0, stages = 0, split = 0;
  bool inLaunch = false;
  std::vector<int64_t> cluster;
  int64_t threads = 0; ///< 0: all that the run has
  std::optional<Interval> seconds, joules;
  JoulesOrigin joulesOrigin = JoulesOrigin::modelled;
  std::optional<double> flops;
  /// B that cross each memory level, nearest first.
  std::vector<std::pair<std::string, double>> bytes;
  /// Of a GPU, that it launches, in order: names of Report::kernels.
  std::vector<std::string> kernels;
  std::vector<AlternativeReport> alternatives;
  std::optional<BreakdownReport> breakdown; ///< none: nobody asked
};

/// What a GPU's kernel takes, once it is assembled.
struct KernelReport {
  std::string name, group;
  std::string chip; ///< that it was assembled for
  std::optional<int64_t> registers, spillBytes, stackBytes, sharedBytes;
};

struct Report {
  std::string model, target, objective = "latency";
  std::string compiler, llvmVersion;        ///< with their versions
  std::vector<std::string> flags;           ///< what shapes the result
  std::vector<std::string> inputs, outputs; ///< "name: f32[n, 3]"
  /// Names of sizes that only the run knows, and what costs take them as.
  std::vector<std::pair<std::string, int64_t>> assumedSizes;
  /// What was planned for, with what was unknown of it.
  std::optional<Device> device;
  Unknowns unknowns;
  std::optional<Site> site;         ///< where it will run; none: no gCO2e
  bool siteGiven = false;           ///< else it is a default
  std::optional<double> runsPerDay; ///< none: kDefaultRunsPerDay
  /// That costs are for; of a GPU its multiprocessors, all of them.
  int64_t threads = 1;
  std::vector<GroupReport> groups;
  /// That the groups' predictions rest on, by name.
  std::vector<CoefficientReport> coefficients;
  std::vector<KernelReport> kernels; ///< empty: not of a GPU, or not assembled
  /// How types were chosen; none: they weren't.
  std::optional<PrecisionReport> precision;
  std::optional<SearchReport> search;   ///< none: the plan came from a file
  std::optional<MemoryTimeline> memory; ///< once it is planned
  std::optional<int64_t> peakBytes;     ///< the arena, where its size is fixed
  int64_t weightsBytes = 0;
};

/// The planned groups of a level-2 module.
std::vector<GroupReport> reportGroups(mlir::ModuleOp module);

/// Adds to the report of that module what its predictions are made of.
void reportBreakdowns(mlir::ModuleOp module, Report &report);
/// What a library holds, whether or not anybody asked for more.
Report withoutBreakdowns(Report report);

llvm::json::Value toJson(const Report &report);

/// The report's `groups`.
llvm::json::Array groupsToJson(llvm::ArrayRef<GroupReport> groups);

/// The report's `kernels`, with the times that are predicted for their groups.
llvm::json::Array kernelsToJson(const Report &report);

/// A few numbers of the plan, for a model's description.
llvm::json::Value planSummary(const Report &report);

/// One run of all groups; none if it isn't known of each. J, s.
std::optional<Interval> totalSeconds(const Report &report);
std::optional<Interval> totalJoules(const Report &report);
/// `tdp` if that is what any of the groups' is.
JoulesOrigin totalJoulesOrigin(const Report &report);

} // namespace rac

#endif // RAC_REPORT_REPORT_H
