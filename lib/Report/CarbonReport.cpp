//===- CarbonReport.cpp - Energy and gCO2e of a run, and of a year --------===//

#include "Json.h"
#include "Sections.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rac;
namespace json = llvm::json;

double rac::shareOf(const Report &report) {
  double cores = report.device->topology.cores->v;
  return std::min<double>(std::max<int64_t>(1, report.threads), cores) / cores;
}

std::optional<Carbon> rac::carbonOf(const Report &report, Unknowns &unknowns) {
  std::optional<Interval> joules = totalJoules(report);
  std::optional<Interval> seconds = totalSeconds(report);
  if (!report.site || !report.device || !joules || !seconds)
    return std::nullopt;
  return carbonOf(*joules, *seconds, shareOf(report), *report.device,
                  *report.site, unknowns);
}

/// What so many runs take and emit.
static json::Value footprint(const Report &report, double runs) {
  auto times = [&](std::optional<Interval> one) {
    if (one)
      one = *one * runs;
    return one;
  };
  Unknowns noted;
  std::optional<Carbon> carbon = carbonOf(report, noted);
  std::optional<Interval> joules = totalJoules(report), operational, embodied,
                          total;
  if (carbon) {
    operational = carbon->operational;
    if (report.device->embodied.kgCO2e)
      embodied = carbon->embodied;
    total = carbon->total();
  }
  std::optional<Interval> kWh;
  if (joules)
    kWh = *joules / kJoulesPerKWh;
  json::Object object{{"runs", runs}};
  setInterval(object, "joules", times(joules));
  setInterval(object, "kwh", times(kWh));
  setInterval(object, "operational_g", times(operational));
  setInterval(object, "embodied_g", times(embodied));
  setInterval(object, "total_g", times(total));
  return object;
}

json::Value rac::carbonToJson(const Report &report) {
  if (!report.device)
    return nullptr;
  const Device &device = *report.device;
  json::Value site = nullptr;
  if (report.site)
    site = json::Object{{"id", report.site->id},
                        {"description", utf8(report.site->description)},
                        {"given", report.siteGiven},
                        {"g_per_kwh", toJson(report.site->gramsPerKWh)},
                        {"pue", toJson(report.site->pue)}};
  double perDay = report.runsPerDay.value_or(kDefaultRunsPerDay);
  double cores = device.topology.cores->v;
  return json::Object{
      {"method", "SCI (ISO/IEC 21031): ((E * I) + M) per R, R: one run"},
      {"site", std::move(site)},
      {"embodied_kg", toJson(device.embodied.kgCO2e)},
      {"lifetime_years", toJson(device.embodied.lifetimeYears)},
      {"device_share",
       json::Object{
           {"v", shareOf(report)},
           {"how", "derived"},
           {"src", llvm::formatv("{0} of {1} cores",
                                 std::min<double>(report.threads, cores), cores)
                       .str()},
           {"unc", 0}}},
      {"runs_per_day", perDay},
      {"runs_per_day_given", report.runsPerDay.has_value()},
      {"per_run", footprint(report, 1)},
      {"per_thousand_runs", footprint(report, 1000)},
      {"per_year", footprint(report, perDay * kDaysPerYear)}};
}
