//===- Report.cpp - What was chosen, and what it will cost ----------------===//

#include "rac/Report/Report.h"
#include "rac/Cost/Carbon.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

static GroupReport reportGroup(GroupOp group) {
  GroupReport report;
  report.name = group.getSym().str();
  for (Operation &op : group.getBodyBlock()->without_terminator())
    report.ops.push_back(op.getName().getStringRef().str());
  PlanAttr plan = group.getPlanAttr();
  if (!plan)
    return report;
  report.kind = stringifyKernelKind(plan.getKind()).str();
  llvm::raw_string_ostream(report.precision) << plan.getPrecision();
  report.tiles = plan.getTiles().vec();
  report.threads = plan.getThreads();
  report.alternatives = reportAlternatives(group);
  if (CostAttr cost = plan.getCost()) {
    report.seconds = cost.getSeconds().value;
    if (cost.getJoules())
      report.joules = cost.getJoules()->value;
    report.flops = cost.getFlops();
    for (const LevelBytes &level : cost.getBytes())
      report.bytes.push_back({level.level.str(), level.bytes});
  }
  return report;
}

std::vector<GroupReport> rac::reportGroups(ModuleOp module) {
  std::vector<GroupReport> groups;
  module.walk([&](GroupOp group) { groups.push_back(reportGroup(group)); });
  return groups;
}

static json::Value text(llvm::StringRef value) {
  return json::isUTF8(value) ? value.str() : json::fixUTF8(value);
}

static json::Value orNull(std::optional<double> value) {
  return value ? json::Value(*value) : json::Value(nullptr);
}

static json::Value orNull(llvm::StringRef value) {
  return value.empty() ? json::Value(nullptr) : text(value);
}

/// The sum over all groups, if each of them is known.
static std::optional<double> total(const Report &report,
                                   std::optional<double> GroupReport::*member) {
  double sum = 0;
  for (const GroupReport &group : report.groups) {
    if (!(group.*member))
      return std::nullopt;
    sum += *(group.*member);
  }
  return sum;
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

static json::Object bytesOf(const GroupReport &group) {
  json::Object levels;
  for (const auto &[level, bytes] : group.bytes)
    levels[level] = bytes;
  return levels;
}

static json::Value toJson(const GroupReport &group) {
  json::Array alternatives;
  for (const AlternativeReport &other : group.alternatives)
    alternatives.push_back(rac::toJson(other));
  return json::Object{
      {"name", text(group.name)},
      {"ops", json::Array(group.ops)},
      {"kind", orNull(group.kind)},
      {"precision", orNull(group.precision)},
      {"threads", group.threads},
      {"tiles", json::Array(group.tiles)},
      {"flops", orNull(group.flops)},
      {"bytes", bytesOf(group)},
      {"seconds", orNull(group.seconds)},
      {"joules", orNull(group.joules)},
      {"alternatives", std::move(alternatives)},
  };
}

json::Array rac::groupsToJson(ArrayRef<GroupReport> groups) {
  json::Array array;
  for (const GroupReport &group : groups)
    array.push_back(::toJson(group));
  return array;
}

/// What one run emits, as far as it can be known.
static std::optional<Carbon> carbon(const Report &report, Unknowns &unknowns) {
  std::optional<double> joules = total(report, &GroupReport::joules);
  std::optional<double> seconds = total(report, &GroupReport::seconds);
  if (!report.site || !report.device || !joules || !seconds)
    return std::nullopt;
  double cores = report.device->topology.cores->v;
  double held = std::min<double>(std::max<int64_t>(1, report.threads), cores);
  return carbonOf(*joules, *seconds, held / cores, *report.device, *report.site,
                  unknowns);
}

static json::Array unknowns(const Report &report, const Unknowns &coefficients,
                            const json::Object &totals) {
  json::Array list;
  for (const Unknowns::StandIn &standIn : coefficients.list())
    list.push_back(json::Object{{"what", text("device." + standIn.what)},
                                {"why", text(standIn.why)},
                                {"instead", standIn.instead}});
  for (llvm::StringRef name :
       {"flops", "seconds", "joules", "peak_bytes", "gco2e"})
    if (auto *value = totals.get(name); value && value->getAsNull())
      list.push_back(json::Object{
          {"what", ("totals." + name).str()},
          {"why", name == "peak_bytes" ? "depends on the sizes of the inputs"
                  : name == "gco2e" && !report.site
                      ? "no site was given"
                      : "no cost is known for some group"},
          {"instead", nullptr}});
  if (!report.groups.empty() && totals.getObject("bytes")->empty())
    list.push_back(json::Object{{"what", "totals.bytes"},
                                {"why", "no cost is known for some group"},
                                {"instead", nullptr}});
  return list;
}

json::Value rac::toJson(const Report &report) {
  std::optional<double> joules = total(report, &GroupReport::joules);
  Unknowns coefficients = report.unknowns;
  std::optional<Carbon> grams = carbon(report, coefficients);
  json::Object totals{
      {"flops", orNull(total(report, &GroupReport::flops))},
      {"bytes", totalBytes(report)},
      {"seconds", orNull(total(report, &GroupReport::seconds))},
      {"joules", orNull(joules)},
      {"joules_origin",
       joules ? json::Value("modelled") : json::Value(nullptr)},
      {"peak_bytes", report.peakBytes ? json::Value(*report.peakBytes)
                                      : json::Value(nullptr)},
      {"weights_bytes", report.weightsBytes},
      {"gco2e", grams ? json::Value(grams->total()) : json::Value(nullptr)},
  };
  json::Array missing = unknowns(report, coefficients, totals);
  SearchReport budgets = report.search.value_or(SearchReport());
  return json::Object{
      {"schema", "rac-report/1"},
      {"model", text(report.model)},
      {"device", report.device ? text(report.device->id) : nullptr},
      {"target", report.target},
      {"site", report.site ? text(report.site->id) : nullptr},
      {"objective", report.objective},
      {"budgets",
       json::Object{{"latency", orNull(budgets.maxSeconds)},
                    {"memory", budgets.maxBytes ? json::Value(*budgets.maxBytes)
                                                : json::Value(nullptr)},
                    {"error", nullptr}}},
      {"search", report.search ? toJson(*report.search) : json::Value(nullptr)},
      {"threads", report.threads},
      {"totals", std::move(totals)},
      {"groups", groupsToJson(report.groups)},
      {"unknowns", std::move(missing)},
  };
}

json::Value rac::planSummary(const Report &report) {
  int64_t library = llvm::count_if(report.groups, [](const GroupReport &group) {
    return group.kind == "library";
  });
  return json::Object{
      {"groups", int64_t(report.groups.size())},
      {"library", library},
      {"generated", int64_t(report.groups.size()) - library},
      {"flops", orNull(total(report, &GroupReport::flops))},
      {"seconds", orNull(total(report, &GroupReport::seconds))},
      {"joules", orNull(total(report, &GroupReport::joules))},
      {"joules_origin", "modelled"},
  };
}
