//===- BreakdownReport.cpp - What predictions are made of -----------------===//

#include "Json.h"
#include "Sections.h"
#include "rac/Cost/CostModel.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

namespace {

/// Names of a device's levels with one number for each.
std::vector<std::pair<std::string, double>> byLevel(const Device &device,
                                                    ArrayRef<double> values) {
  std::vector<std::pair<std::string, double>> named;
  for (auto [level, value] : llvm::zip(device.memory, values))
    named.push_back({level.name, value});
  return named;
}

json::Object
levelsToJson(const std::vector<std::pair<std::string, double>> &values) {
  json::Object object;
  for (const auto &[level, value] : values)
    object[level] = value;
  return object;
}

} // namespace

void rac::reportBreakdowns(ModuleOp module, Report &report) {
  if (!report.device)
    return;
  Unknowns unknowns;
  Assumptions assumptions;
  assumptions.modelBytes = weightBytes(module);
  DeviceModel costs(*report.device, assumptions, report.threads, unknowns);
  std::map<std::string, CoefficientReport> coefficients;
  size_t next = 0;
  module.walk([&](GroupOp group) {
    GroupReport &told = report.groups[next++];
    PlanAttr plan = group.getPlanAttr();
    if (!plan || !plan.getCost())
      return;
    Estimate estimate = costs.estimate(Candidate::of(group), plan);
    const Breakdown &parts = estimate.breakdown;
    BreakdownReport breakdown;
    breakdown.computeSeconds = parts.computeSeconds;
    breakdown.overheadSeconds = parts.overheadSeconds;
    breakdown.transferSeconds = byLevel(*report.device, parts.transferSeconds);
    if (estimate.joules && estimate.joulesOrigin == JoulesOrigin::modelled) {
      breakdown.opsJoules = parts.opsJoules;
      breakdown.staticJoules = parts.staticJoules;
      breakdown.bytesJoules = byLevel(*report.device, parts.bytesJoules);
    }
    for (const CoefficientUse &use : estimate.coefficients) {
      const Coefficient &number = *use.coefficient;
      breakdown.coefficients.push_back(
          {number.name, use.fewerSeconds, use.moreSeconds});
      coefficients[number.name] = {number.name, number.value, number.unc,
                                   number.origin, number.stoodIn};
    }
    told.breakdown = std::move(breakdown);
  });
  for (auto &[name, coefficient] : coefficients)
    report.coefficients.push_back(std::move(coefficient));
}

Report rac::withoutBreakdowns(Report report) {
  for (GroupReport &group : report.groups)
    group.breakdown.reset();
  report.coefficients.clear();
  return report;
}

json::Value rac::toJson(const BreakdownReport &breakdown) {
  json::Array coefficients;
  for (const BreakdownReport::Use &use : breakdown.coefficients)
    coefficients.push_back(json::Object{
        {"name", utf8(use.name)},
        {"seconds_range", json::Array{use.fewerSeconds, use.moreSeconds}}});
  return json::Object{{"compute_s", breakdown.computeSeconds},
                      {"transfer_s", levelsToJson(breakdown.transferSeconds)},
                      {"overhead_s", breakdown.overheadSeconds},
                      {"ops_j", orNull(breakdown.opsJoules)},
                      {"bytes_j", levelsToJson(breakdown.bytesJoules)},
                      {"static_j", orNull(breakdown.staticJoules)},
                      {"coefficients", std::move(coefficients)}};
}

json::Array rac::coefficientsToJson(const Report &report) {
  json::Array list;
  for (const CoefficientReport &number : report.coefficients)
    list.push_back(json::Object{{"name", utf8(number.name)},
                                {"v", number.value},
                                {"unc", number.unc},
                                {"how", nameOf(number.how)},
                                {"stood_in", number.stoodIn}});
  return list;
}
