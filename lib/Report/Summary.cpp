//===- Summary.cpp - A report in five lines -------------------------------===//

#include "rac/Report/Summary.h"
#include "Sections.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace rac;

/// Three digits, without an exponent.
static std::string threeDigits(double value) {
  int whole = value == 0 ? 1 : int(std::floor(std::log10(value))) + 1;
  int decimals = std::max(0, 3 - std::max(whole, 1));
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*f", decimals, value);
  return text;
}

std::string rac::quantityText(double value, llvm::StringRef unit) {
  struct Prefix {
    double factor;
    const char *name;
  };
  constexpr Prefix prefixes[] = {{1e9, "G"},  {1e6, "M"},  {1e3, "k"},
                                 {1, ""},     {1e-3, "m"}, {1e-6, "µ"},
                                 {1e-9, "n"}, {1e-12, "p"}};
  // What rounds up to a thousand of one is one of the next.
  constexpr double kRoundsUp = 0.9995;
  const Prefix *prefix = llvm::find_if(prefixes, [&](const Prefix &candidate) {
    return value >= candidate.factor * kRoundsUp;
  });
  if (prefix == std::end(prefixes))
    prefix = value > 0 ? std::prev(std::end(prefixes)) : &prefixes[3];
  return threeDigits(value / prefix->factor) + " " + prefix->name + unit.str();
}

static std::string mebibytes(double bytes) {
  return llvm::formatv("{0:f1} MiB", bytes / (1 << 20)).str();
}

/// "1.23 ms (1.00 ms to 2.00 ms)"
static std::string withRange(const std::optional<Interval> &value,
                             llvm::StringRef unit) {
  if (!value)
    return "unknown";
  std::string text = quantityText(value->value, unit);
  if (value->isExact())
    return text;
  return text + " (" + quantityText(value->low, unit) + " to " +
         quantityText(value->high, unit) + ")";
}

static std::string join(llvm::ArrayRef<std::string> texts) {
  return texts.empty() ? "nothing" : llvm::join(texts, ", ");
}

static std::string plan(const Report &report) {
  int64_t library = llvm::count_if(report.groups, [](const GroupReport &group) {
    return group.kind == "library";
  });
  std::string memory = report.peakBytes ? mebibytes(double(*report.peakBytes))
                                        : "by the inputs' shapes";
  return llvm::formatv("{0} kernels, of which the library computes {1}; "
                       "weights {2}, working memory {3}",
                       report.groups.size(), library,
                       mebibytes(double(report.weightsBytes)), memory)
      .str();
}

static std::string energy(const Report &report) {
  std::optional<Interval> joules = totalJoules(report);
  if (!joules)
    return "energy unknown";
  if (totalJoulesOrigin(report) == JoulesOrigin::tdp)
    return quantityText(joules->value, "J") + " at most (by TDP)";
  return withRange(joules, "J");
}

/// What `threads` counts.
static std::string threadsOf(const Report &report) {
  bool isGpu = report.device && report.device->kind == DeviceKind::gpu;
  std::string text = isGpu ? " multiprocessor" : " thread";
  return report.threads == 1 ? text : text + "s";
}

static std::string run(const Report &report) {
  std::string text = withRange(totalSeconds(report), "s") + ", " +
                     energy(report) + ", predicted for " +
                     std::to_string(report.threads) + threadsOf(report);
  if (report.device)
    text += " of " + report.device->id;
  for (const auto &[name, size] : report.assumedSizes)
    text += ", " + name + " = " + std::to_string(size);
  return text;
}

static std::string carbon(const Report &report) {
  Unknowns noted;
  std::optional<Carbon> grams = carbonOf(report, noted);
  if (!grams)
    return "unknown";
  double perDay = report.runsPerDay.value_or(kDefaultRunsPerDay);
  return llvm::formatv(
             "{0}CO2e a run, {1}CO2e a year at {2:f0} runs a day; site {3}, "
             "{4:f0} g/kWh{5}",
             quantityText(grams->total().value, "g"),
             quantityText(grams->total().value * perDay * kDaysPerYear, "g"),
             perDay, report.site->id, report.site->gramsPerKWh->v,
             report.siteGiven ? "" : " (the default: --site)")
      .str();
}

std::string rac::summaryText(const Report &report, const WrittenFiles &files) {
  std::string written =
      files.output + ", " + mebibytes(double(files.outputBytes));
  if (!files.report.empty())
    written += "; report " + files.report;
  return "model    " + join(report.inputs) + " -> " + join(report.outputs) +
         "\nplan     " + plan(report) +
         (report.precision ? "\ntypes    " + precisionLine(*report.precision)
                           : "") +
         "\na run    " + run(report) + "\ncarbon   " + carbon(report) +
         "\nwritten  " + written + "\n";
}
