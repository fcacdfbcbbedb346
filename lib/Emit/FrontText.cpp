//===- FrontText.cpp - A model's front of time, energy and memory ---------===//

#include "PlanJson.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;
namespace json = llvm::json;

static auto pointsOf(ModuleOp module) {
  auto front = module->getAttrOfType<ArrayAttr>("rac.front");
  return (front ? front : ArrayAttr::get(module.getContext(), {}))
      .getAsRange<PointAttr>();
}

/// A constant in every plan's memory.
static int64_t weightsOf(ModuleOp module) {
  auto search = module->getAttrOfType<SearchAttr>("rac.search");
  return search ? search.getWeights() : 0;
}

json::Value rac::frontToJson(ModuleOp module, StringRef model,
                             StringRef device) {
  json::Array points;
  for (PointAttr point : pointsOf(module)) {
    json::Object entry{
        {"seconds", double(point.getSeconds())},
        {"joules", nullptr},
        {"activation_bytes", double(point.getBytes())},
        {"peak_bytes", double(point.getBytes()) + weightsOf(module)},
        {"plan",
         json::Object{{"groups", point.getGroups()},
                      {"library", point.getLibrary()},
                      {"generated", point.getGroups() - point.getLibrary()},
                      {"one_thread", point.getSerial()}}},
        {"chosen", point.getChosen()}};
    if (point.getJoules() >= 0)
      entry["joules"] = double(point.getJoules());
    points.push_back(std::move(entry));
  }
  return json::Object{{"schema", "rac-pareto/1"},
                      {"model", model},
                      {"device", device},
                      {"weights_bytes", weightsOf(module)},
                      {"points", std::move(points)}};
}

void rac::printFront(ModuleOp module, llvm::raw_ostream &os) {
  constexpr double mib = 1 << 20;
  os << "   latency, ms    energy, mJ   memory, MiB   kernels  library  one "
        "thread\n";
  for (PointAttr point : pointsOf(module)) {
    std::string joules =
        point.getJoules() < 0
            ? "unknown"
            : llvm::formatv("{0:F4}", point.getJoules() * 1e3).str();
    os << llvm::formatv("{0,14:F4}{1,14}{2,14:F3}{3,10}{4,9}{5,12}{6}\n",
                        point.getSeconds() * 1e3, joules,
                        (point.getBytes() + weightsOf(module)) / mib,
                        point.getGroups(), point.getLibrary(),
                        point.getSerial(),
                        point.getChosen() ? "  (chosen)" : "");
  }
}
