//===- Report.h - What was chosen, and what it will cost --------*- C++ -*-===//
//
// The report of `--report`, schema rac-report/1. Units are s, J, B and FLOP;
// what is not known is null, and `unknowns` says so.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_REPORT_REPORT_H
#define RAC_REPORT_REPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "rac/Cost/DeviceFile.h"
#include "rac/Report/SearchReport.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace rac {

struct GroupReport {
  std::string name, kind, precision;
  std::vector<std::string> ops;
  std::vector<int64_t> tiles;
  int64_t threads = 0;
  std::optional<double> seconds, joules, flops;
  /// B that cross each memory level, nearest first.
  std::vector<std::pair<std::string, double>> bytes;
  std::vector<AlternativeReport> alternatives;
};

struct Report {
  std::string model, target, objective = "latency";
  /// What was planned for, with what was unknown of it.
  std::optional<Device> device;
  Unknowns unknowns;
  std::optional<Site> site; ///< where it will run; none: no gCO2e
  int64_t threads = 0;
  std::vector<GroupReport> groups;
  std::optional<SearchReport> search; ///< none: the plan came from a file
  std::optional<int64_t> peakBytes;   ///< the arena, where its size is fixed
  int64_t weightsBytes = 0;
};

/// The planned groups of a level-2 module.
std::vector<GroupReport> reportGroups(mlir::ModuleOp module);

llvm::json::Value toJson(const Report &report);

/// The report's `groups`.
llvm::json::Array groupsToJson(llvm::ArrayRef<GroupReport> groups);

/// A few numbers of the plan, for a model's description.
llvm::json::Value planSummary(const Report &report);

} // namespace rac

#endif // RAC_REPORT_REPORT_H
