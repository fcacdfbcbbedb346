//===- KernelsReport.cpp - What each kernel of a GPU takes ----------------===//

#include "Json.h"
#include "rac/Report/Report.h"
#include "llvm/ADT/StringMap.h"

using namespace rac;
namespace json = llvm::json;

json::Array rac::kernelsToJson(const Report &report) {
  llvm::StringMap<const GroupReport *> groups;
  for (const GroupReport &group : report.groups)
    groups[group.name] = &group;
  json::Array array;
  for (const KernelReport &kernel : report.kernels) {
    // Costs are of groups: a group of several kernels has one for them all.
    auto group = groups.find(kernel.group);
    std::optional<double> seconds;
    if (group != groups.end() && group->second->seconds)
      seconds = group->second->seconds->value;
    array.push_back(json::Object{
        {"name", utf8(kernel.name)},
        {"group", orNull(kernel.group)},
        {"chip", orNull(kernel.chip)},
        {"registers", orNull(kernel.registers)},
        {"spill_bytes", orNull(kernel.spillBytes)},
        {"stack_bytes", orNull(kernel.stackBytes)},
        {"shared_bytes", orNull(kernel.sharedBytes)},
        {"predicted_group_seconds", orNull(seconds)},
    });
  }
  return array;
}
