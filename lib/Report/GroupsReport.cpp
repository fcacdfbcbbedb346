//===- GroupsReport.cpp - What each group does, costs and why -------------===//

#include "Json.h"
#include "Sections.h"

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
  report.reduction = plan.getReduction().vec();
  report.order = plan.getOrder().vec();
  report.registers = plan.getRegisters().vec();
  report.warps = plan.getWarps();
  report.stages = plan.getStages();
  report.split = plan.getSplit();
  report.inLaunch = plan.getInLaunch();
  report.cluster = plan.getCluster().vec();
  report.threads = plan.getThreads();
  report.alternatives = reportAlternatives(group);
  if (CostAttr cost = plan.getCost()) {
    report.seconds = cost.getSeconds();
    report.joules = cost.getJoules();
    report.joulesOrigin = cost.getJoulesOrigin();
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

static std::optional<double> ratio(std::optional<double> a,
                                   std::optional<double> b) {
  if (!a || !b || *b <= 0)
    return std::nullopt;
  return *a / *b;
}

static std::optional<double> value(const std::optional<Interval> &interval) {
  return interval ? std::optional(interval->value) : std::nullopt;
}

static json::Value toJson(const GroupReport &group,
                          std::optional<double> allSeconds,
                          std::optional<double> allJoules) {
  std::optional<double> seconds = value(group.seconds),
                        joules = value(group.joules), memory;
  json::Object bytes;
  for (const auto &[level, crossing] : group.bytes) {
    bytes[level] = crossing;
    memory = crossing;
  }
  json::Array alternatives;
  for (const AlternativeReport &other : group.alternatives)
    alternatives.push_back(rac::toJson(other));
  json::Object object{
      {"name", utf8(group.name)},
      {"ops", texts(group.ops)},
      {"kind", orNull(group.kind)},
      {"precision", orNull(group.precision)},
      {"threads", group.threads},
      {"tiles", json::Array(group.tiles)},
      {"reduction", json::Array(group.reduction)},
      {"order", json::Array(group.order)},
      {"registers", json::Array(group.registers)},
      {"warps", group.warps},
      {"stages", group.stages},
      {"split", group.split},
      {"in_launch", group.inLaunch},
      {"cluster", json::Array(group.cluster)},
      {"kernels", texts(group.kernels)},
      {"flops", orNull(group.flops)},
      {"bytes", std::move(bytes)},
      {"seconds_share", orNull(ratio(seconds, allSeconds))},
      {"joules_share", orNull(ratio(joules, allJoules))},
      {"flops_per_byte", orNull(ratio(group.flops, memory))},
      {"flops_per_s", orNull(ratio(group.flops, seconds))},
      {"joules_origin",
       group.joules ? json::Value(stringifyJoulesOrigin(group.joulesOrigin))
                    : json::Value(nullptr)},
      {"alternatives", std::move(alternatives)},
      {"breakdown",
       group.breakdown ? rac::toJson(*group.breakdown) : json::Value(nullptr)},
  };
  setInterval(object, "seconds", group.seconds);
  setInterval(object, "joules", group.joules);
  return object;
}

/// The sum over the groups; none if it isn't known of each.
static std::optional<double>
sumOf(ArrayRef<GroupReport> groups,
      std::optional<Interval> GroupReport::*member) {
  double sum = 0;
  for (const GroupReport &group : groups) {
    if (!(group.*member))
      return std::nullopt;
    sum += (group.*member)->value;
  }
  return sum;
}

json::Array rac::groupsToJson(ArrayRef<GroupReport> groups) {
  std::optional<double> seconds = sumOf(groups, &GroupReport::seconds),
                        joules = sumOf(groups, &GroupReport::joules);
  json::Array array;
  for (const GroupReport &group : groups)
    array.push_back(::toJson(group, seconds, joules));
  return array;
}
