//===- Report.cpp - What was chosen, and what it will cost ----------------===//

#include "rac/Report/Report.h"
#include "Json.h"
#include "Sections.h"

using namespace rac;
namespace json = llvm::json;

template <typename T>
static std::optional<T> total(const Report &report,
                              std::optional<T> GroupReport::*member) {
  T sum = 0;
  for (const GroupReport &group : report.groups) {
    if (!(group.*member))
      return std::nullopt;
    sum += *(group.*member);
  }
  return sum;
}

std::optional<Interval> rac::totalSeconds(const Report &report) {
  return total(report, &GroupReport::seconds);
}

std::optional<Interval> rac::totalJoules(const Report &report) {
  return total(report, &GroupReport::joules);
}

/// How types were chosen; its joules are of the same device as the totals'.
static json::Value precisionOf(const Report &report) {
  if (!report.precision)
    return nullptr;
  json::Value precision = toJson(*report.precision);
  (*precision.getAsObject())["joules_origin"] =
      report.precision->joules
          ? json::Value(stringifyJoulesOrigin(totalJoulesOrigin(report)))
          : json::Value(nullptr);
  return precision;
}

JoulesOrigin rac::totalJoulesOrigin(const Report &report) {
  bool bound = llvm::any_of(report.groups, [](const GroupReport &group) {
    return group.joulesOrigin == JoulesOrigin::tdp;
  });
  return bound ? JoulesOrigin::tdp : JoulesOrigin::modelled;
}

/// The sum by level; of groups without costs nothing is known.
static json::Object totalBytes(const Report &report) {
  json::Object sums;
  for (const GroupReport &group : report.groups) {
    if (!group.seconds)
      return {};
    for (const auto &[level, bytes] : group.bytes) {
      json::Value &sum = sums[level];
      sum = sum.getAsNumber().value_or(0) + bytes;
    }
  }
  return sums;
}

static json::Object totals(const Report &report, Unknowns &unknowns) {
  std::optional<Interval> joules = totalJoules(report), grams;
  if (std::optional<Carbon> carbon = carbonOf(report, unknowns))
    grams = carbon->total();
  json::Object object{
      {"flops", orNull(total(report, &GroupReport::flops))},
      {"bytes", totalBytes(report)},
      {"joules_origin",
       joules ? json::Value(stringifyJoulesOrigin(totalJoulesOrigin(report)))
              : json::Value(nullptr)},
      {"peak_bytes", orNull(report.peakBytes)},
      {"weights_bytes", report.weightsBytes},
  };
  setInterval(object, "seconds", totalSeconds(report));
  setInterval(object, "joules", joules);
  setInterval(object, "gco2e", grams);
  return object;
}

static json::Value unknown(std::string what, llvm::StringLiteral why) {
  return json::Object{
      {"what", std::move(what)}, {"why", why}, {"instead", nullptr}};
}

static json::Array unknowns(const Report &report, const Unknowns &coefficients,
                            const json::Object &totals) {
  json::Array list;
  for (const Unknowns::StandIn &standIn : coefficients.list()) {
    // What isn't the device's says so itself.
    bool isSite = llvm::StringRef(standIn.what).starts_with("site.");
    list.push_back(json::Object{
        {"what", utf8(isSite ? standIn.what : "device." + standIn.what)},
        {"why", utf8(standIn.why)},
        {"instead", standIn.instead}});
  }
  for (llvm::StringRef name :
       {"flops", "seconds", "joules", "peak_bytes", "gco2e"})
    if (auto *value = totals.get(name); value && value->getAsNull())
      list.push_back(unknown(
          ("totals." + name).str(),
          name == "peak_bytes"
              ? llvm::StringLiteral("depends on the sizes of the inputs")
          : name == "gco2e" && !totals.get("joules")->getAsNull()
              ? llvm::StringLiteral("the site's carbon intensity is not known")
              : llvm::StringLiteral("no cost is known for some group")));
  if (!report.groups.empty() && totals.getObject("bytes")->empty())
    list.push_back(unknown("totals.bytes", "no cost is known for some group"));
  return list;
}

/// Names of sizes that only the run knows, and what costs take them as.
static json::Object sizes(const Report &report) {
  json::Object sizes;
  for (const auto &[name, size] : report.assumedSizes)
    sizes[json::fixUTF8(name)] = size;
  return sizes;
}

json::Value rac::toJson(const Report &report) {
  Unknowns coefficients = report.unknowns;
  json::Object sums = totals(report, coefficients);
  json::Array missing = unknowns(report, coefficients, sums);
  SearchReport budgets = report.search.value_or(SearchReport());
  return json::Object{
      {"schema", "rac-report/1"},
      {"model", utf8(report.model)},
      {"inputs", texts(report.inputs)},
      {"outputs", texts(report.outputs)},
      {"assumed_sizes", sizes(report)},
      {"provenance", json::Object{{"compiler", report.compiler},
                                  {"llvm", report.llvmVersion},
                                  {"flags", texts(report.flags)}}},
      {"device", report.device ? utf8(report.device->id) : nullptr},
      {"device_kind", report.device ? json::Value(nameOf(report.device->kind))
                                    : json::Value(nullptr)},
      {"device_description",
       report.device ? utf8(report.device->description) : nullptr},
      {"target", report.target},
      {"site", report.site ? utf8(report.site->id) : nullptr},
      {"objective", report.objective},
      {"budgets", json::Object{{"latency", orNull(budgets.maxSeconds)},
                               {"memory", orNull(budgets.maxBytes)},
                               {"error", report.precision
                                             ? orNull(report.precision->budget)
                                             : json::Value(nullptr)}}},
      {"precision", precisionOf(report)},
      {"search", report.search ? toJson(*report.search) : json::Value(nullptr)},
      {"threads", report.threads},
      {"totals", std::move(sums)},
      {"carbon", carbonToJson(report)},
      {"memory", memoryToJson(report)},
      {"roofline", rooflineToJson(report)},
      {"groups", groupsToJson(report.groups)},
      {"coefficients", coefficientsToJson(report)},
      {"kernels", kernelsToJson(report)},
      {"unknowns", std::move(missing)},
  };
}

json::Value rac::planSummary(const Report &report) {
  int64_t library = llvm::count_if(report.groups, [](const GroupReport &group) {
    return group.kind == "library";
  });
  json::Object object{
      {"groups", int64_t(report.groups.size())},
      {"library", library},
      {"generated", int64_t(report.groups.size()) - library},
      {"flops", orNull(total(report, &GroupReport::flops))},
      {"joules_origin", stringifyJoulesOrigin(totalJoulesOrigin(report))},
  };
  setInterval(object, "seconds", totalSeconds(report));
  setInterval(object, "joules", totalJoules(report));
  return object;
}
