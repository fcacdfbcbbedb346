//===- SearchReport.h - What a plan was chosen among ------------*- C++ -*-===//

#ifndef RAC_REPORT_SEARCHREPORT_H
#define RAC_REPORT_SEARCHREPORT_H

#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <vector>

namespace rac {

/// A way to run a group's ops that lost.
struct AlternativeReport {
  std::string form, kind, reason;
  std::vector<int64_t> tiles;
  int64_t threads = 0;
  double seconds = 0;           ///< s
  std::optional<double> joules; ///< J
  bool undecided = false;       ///< it may be the better one
};

/// The best plan for an objective.
struct RivalReport {
  std::string objective;
  double seconds = 0;           ///< s
  std::optional<double> joules; ///< J
  double bytes = 0;             ///< B of activations at their peak
  bool chosen = false;          ///< it is the model's plan
};

struct SearchReport {
  double score = 0, bound = 0;
  bool exact = false;
  std::optional<double> maxSeconds; ///< s
  std::optional<int64_t> maxBytes;  ///< B
  int64_t activationBytes = 0;      ///< B, predicted
  int64_t candidates = 0, undecided = 0;
  std::vector<RivalReport> rivals;
};

std::vector<AlternativeReport> reportAlternatives(GroupOp group);
/// None where the module's plan was not searched for.
std::optional<SearchReport> reportSearch(mlir::ModuleOp module);

llvm::json::Value toJson(const AlternativeReport &alternative);
llvm::json::Value toJson(const SearchReport &search);

} // namespace rac

#endif // RAC_REPORT_SEARCHREPORT_H
