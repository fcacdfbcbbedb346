//===- SearchReport.cpp - What a plan was chosen among --------------------===//

#include "rac/Report/SearchReport.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

std::vector<AlternativeReport> rac::reportAlternatives(GroupOp group) {
  std::vector<AlternativeReport> reports;
  if (!group.getAlternatives())
    return reports;
  for (auto other : group.getAlternatives()->getAsRange<AlternativeAttr>()) {
    PlanAttr plan = other.getPlan();
    CostAttr cost = plan.getCost();
    AlternativeReport report;
    report.form = other.getForm().str();
    report.kind = stringifyKernelKind(plan.getKind()).str();
    report.reason = other.getReason().str();
    report.tiles = plan.getTiles().vec();
    report.threads = plan.getThreads();
    report.seconds = cost.getSeconds().value;
    if (cost.getJoules())
      report.joules = cost.getJoules()->value;
    report.undecided = other.getUndecided();
    reports.push_back(std::move(report));
  }
  return reports;
}

std::optional<SearchReport> rac::reportSearch(ModuleOp module) {
  auto search = module->getAttrOfType<SearchAttr>("rac.search");
  if (!search)
    return std::nullopt;
  SearchReport report;
  report.score = search.getScore();
  report.bound = search.getBound();
  report.exact = search.getExact();
  if (search.getMaxSeconds() > 0)
    report.maxSeconds = search.getMaxSeconds();
  if (search.getMaxBytes() > 0)
    report.maxBytes = search.getMaxBytes();
  report.activationBytes = search.getActivations();
  report.candidates = search.getCandidates();
  report.undecided = search.getUndecided();
  if (search.getRivals())
    for (auto point : search.getRivals().getAsRange<PointAttr>()) {
      RivalReport rival;
      rival.objective = point.getLabel().str();
      rival.seconds = point.getSeconds();
      if (point.getJoules() >= 0)
        rival.joules = point.getJoules();
      rival.bytes = point.getBytes();
      rival.chosen = point.getChosen();
      report.rivals.push_back(std::move(rival));
    }
  return report;
}

template <typename Number> static json::Value orNull(std::optional<Number> n) {
  return n ? json::Value(*n) : json::Value(nullptr);
}

json::Value rac::toJson(const AlternativeReport &alternative) {
  return json::Object{{"form", alternative.form},
                      {"kind", alternative.kind},
                      {"threads", alternative.threads},
                      {"tiles", json::Array(alternative.tiles)},
                      {"seconds", alternative.seconds},
                      {"joules", orNull(alternative.joules)},
                      {"reason", alternative.reason},
                      {"undecided", alternative.undecided}};
}

json::Value rac::toJson(const SearchReport &search) {
  json::Array rivals;
  for (const RivalReport &rival : search.rivals)
    rivals.push_back(json::Object{{"objective", rival.objective},
                                  {"seconds", rival.seconds},
                                  {"joules", orNull(rival.joules)},
                                  {"activation_bytes", rival.bytes},
                                  {"same_plan", rival.chosen}});
  return json::Object{
      {"score", search.score},
      {"bound", search.bound},
      {"gap", search.score > 0 ? 1 - search.bound / search.score : 0},
      {"exact", search.exact},
      {"activation_bytes", search.activationBytes},
      {"candidates", search.candidates},
      {"undecided_groups", search.undecided},
      {"best_for", std::move(rivals)}};
}
