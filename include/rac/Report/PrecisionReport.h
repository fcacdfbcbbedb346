//===- PrecisionReport.h - Which types groups have, and why -----*- C++ -*-===//

#ifndef RAC_REPORT_PRECISIONREPORT_H
#define RAC_REPORT_PRECISIONREPORT_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>
#include <vector>

namespace rac {

/// A type that a group could compute in.
struct TypeReport {
  std::string type;
  /// Of the model's answers, with this group alone in this type.
  std::optional<double> error;
  std::optional<double> seconds, joules; ///< of the group, predicted
  std::string reason;                    ///< why it isn't taken; empty: it is
};

struct GroupPrecision {
  std::string name, type;
  std::string steps; ///< of its first operand, and who found them
  /// Who else found some, and the error with these.
  std::vector<std::pair<std::string, std::optional<double>>> triedSteps;
  std::vector<TypeReport> types;
};

/// What there is at another budget.
struct ErrorPoint {
  double budget = 0, error = 0; ///< error as measured on the samples
  double seconds = 0;
  std::optional<double> joules;
  bool chosen = false;
};

struct PrecisionReport {
  std::string asked;  ///< as --precision has it
  std::string metric; ///< as --error-metric has it
  std::optional<double> budget;
  std::string samples; ///< where they are from
  bool random = false;
  int64_t calibration = 0, heldBack = 0; ///< how many
  int64_t runs = 0;                      ///< of the model, to find out
  double composed = 0;                   ///< errors of the groups, added up
  std::optional<double> calibrationError, heldBackError; ///< measured
  std::optional<double> errorBound; ///< that on other samples, at 95 %
  /// Whether the compiled model was run on what was held back, or what rounds
  /// as it does.
  bool verifiedByLibrary = false;
  double score = 0, bound = 0;
  bool exact = false;
  double secondsInF32 = 0, seconds = 0;
  std::optional<double> joulesInF32, joules;
  std::vector<std::string> givenUp; ///< what a failed verification took back
  std::vector<GroupPrecision> groups;
  std::vector<ErrorPoint> front;
};

llvm::json::Value toJson(const PrecisionReport &report);
/// Types and errors in a line, for people.
std::string precisionLine(const PrecisionReport &report);
/// The front as a table.
void printErrorFront(const PrecisionReport &report, llvm::raw_ostream &os);
llvm::json::Array errorFrontToJson(const PrecisionReport &report);

} // namespace rac

#endif // RAC_REPORT_PRECISIONREPORT_H
