//===- PrecisionReport.cpp - Which types groups have, and why -------------===//

#include "rac/Report/PrecisionReport.h"
#include "Json.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace rac;
namespace json = llvm::json;

/// JSON has no infinity.
static json::Value finiteOrNull(std::optional<double> value) {
  return value && std::isfinite(*value) ? json::Value(*value)
                                        : json::Value(nullptr);
}

static json::Value toJson(const GroupPrecision &group) {
  json::Array types;
  for (const TypeReport &type : group.types)
    types.push_back(json::Object{{"precision", type.type},
                                 {"error", finiteOrNull(type.error)},
                                 {"seconds", finiteOrNull(type.seconds)},
                                 {"joules", finiteOrNull(type.joules)},
                                 {"reason", orNull(type.reason)}});
  json::Array tried;
  for (const auto &[how, error] : group.triedSteps)
    tried.push_back(json::Object{{"by", how}, {"error", finiteOrNull(error)}});
  return json::Object{{"name", utf8(group.name)},
                      {"precision", group.type},
                      {"steps", orNull(group.steps)},
                      {"tried_steps", std::move(tried)},
                      {"types", std::move(types)}};
}

json::Array rac::errorFrontToJson(const PrecisionReport &report) {
  json::Array points;
  for (const ErrorPoint &point : report.front)
    points.push_back(json::Object{{"max_error", finiteOrNull(point.budget)},
                                  {"error", finiteOrNull(point.error)},
                                  {"seconds", point.seconds},
                                  {"joules", finiteOrNull(point.joules)},
                                  {"chosen", point.chosen}});
  return points;
}

json::Value rac::toJson(const PrecisionReport &report) {
  json::Array groups;
  for (const GroupPrecision &group : report.groups)
    groups.push_back(::toJson(group));
  return json::Object{
      {"asked", report.asked},
      {"metric", report.metric},
      {"max_error", finiteOrNull(report.budget)},
      {"samples", json::Object{{"from", utf8(report.samples)},
                               {"random", report.random},
                               {"calibration", report.calibration},
                               {"held_back", report.heldBack},
                               {"runs", report.runs}}},
      {"error",
       json::Object{{"composed", finiteOrNull(report.composed)},
                    {"calibration", finiteOrNull(report.calibrationError)},
                    {"held_back", finiteOrNull(report.heldBackError)},
                    {"bound", finiteOrNull(report.errorBound)},
                    {"of", report.verifiedByLibrary ? "library" : "probe"}}},
      {"search", json::Object{{"score", report.score},
                              {"bound", report.bound},
                              {"exact", report.exact}}},
      {"in_f32", json::Object{{"seconds", report.secondsInF32},
                              {"joules", finiteOrNull(report.joulesInF32)}}},
      {"seconds", report.seconds},
      {"joules", finiteOrNull(report.joules)},
      {"given_up", texts(report.givenUp)},
      {"front", errorFrontToJson(report)},
      {"groups", std::move(groups)}};
}

std::string rac::precisionLine(const PrecisionReport &report) {
  llvm::MapVector<llvm::StringRef, int> counts;
  for (const GroupPrecision &group : report.groups)
    ++counts[group.type];
  std::vector<std::string> parts;
  for (const auto &[type, count] : counts)
    parts.push_back(std::to_string(count) + " in " + type.str());
  std::string line = llvm::join(parts, ", ");
  if (std::optional<double> error = report.heldBackError
                                        ? report.heldBackError
                                        : report.calibrationError) {
    line += llvm::formatv(
                "; {0} error {1:e2} on {2} samples {3}", report.metric, *error,
                report.heldBackError ? report.heldBack : report.calibration,
                report.heldBackError ? "held back" : "of the calibration")
                .str();
    if (report.errorBound && std::isfinite(*report.errorBound))
      line +=
          llvm::formatv(", at 95 % below {0:e2} on others", *report.errorBound)
              .str();
    if (report.budget)
      line += llvm::formatv(", at most {0} allowed", *report.budget).str();
  }
  if (report.seconds > 0)
    line += llvm::formatv("; {0:f2} times as fast as f32",
                          report.secondsInF32 / report.seconds)
                .str();
  if (!report.givenUp.empty())
    line += llvm::formatv("; {0} groups went back to wider types",
                          report.givenUp.size())
                .str();
  return line;
}

void rac::printErrorFront(const PrecisionReport &report,
                          llvm::raw_ostream &os) {
  os << "\n     max error         error   latency, ms    energy, mJ\n";
  for (const ErrorPoint &point : report.front) {
    std::string joules =
        point.joules ? llvm::formatv("{0:F4}", *point.joules * 1e3).str()
                     : "unknown";
    os << llvm::formatv("{0,14:e3}{1,14:e3}{2,14:F4}{3,14}{4}\n", point.budget,
                        point.error, point.seconds * 1e3, joules,
                        point.chosen ? "  (chosen)" : "");
  }
}
